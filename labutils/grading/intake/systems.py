"""Recognises by its shape which course system a download comes from, and sorts its files by student."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from . import blackboard, canvas, gradescope, moodle, sakai
from .names import ignored, person
from .owner import Owner

SYSTEMS = (moodle, sakai, gradescope, blackboard, canvas)
MOST_FILES = 200_000  # of a whole class
WORK = re.compile(r"(?i).*(\.ipynb(\.\w+)?|\.zip)")  # what students hand in; beside it lies what is the system's own


def walk(folder):
    """Yield (name, entry) of all below a folder but what a computer lays there: "a/b.ipynb"; links are not followed."""
    folders = [""]
    while folders:
        here = folders.pop()
        with os.scandir(os.path.join(folder, here)) as entries:
            for entry in entries:
                if not ignored(entry.name):
                    yield f"{here}{entry.name}", entry
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{here}{entry.name}/")


def paths(folder):
    """Return the files below a folder, sorted; none where there are more than any system's download holds."""
    found = []
    for name, entry in walk(folder):
        if entry.is_file(follow_symlinks=False):
            found.append(name)
        if len(found) > MOST_FILES:
            return []
    return sorted(found)


def recognised(names):
    """Return the system in whose shape most of what students handed in is named, or None."""
    names = [name for name in names if not any(map(ignored, name.split("/")))]
    work = [name for name in names if WORK.fullmatch(name)] or names
    fitting = {system: [name for name in work if system.owner(name)] for system in SYSTEMS}
    if not any(name.rpartition("/")[2] == gradescope.METADATA or "_export/" in name for name in names):
        fitting[gradescope] = []  # a student's own folder may be called submission_1
    if len({name.rpartition("/")[0] for name in fitting[canvas]}) > 1:
        fitting[canvas] = []  # Canvas' download is flat
    best = max(SYSTEMS, key=lambda system: len(fitting[system]))
    return best if 2 * len(fitting[best]) > len(work) else None


def students(folder, names):
    """Return [(name, id, late, again, {file: Path}), ...] of a system's download, or None where it is none's.

    A student who handed in again has the last attempt, or the last version of each file. What is not named as the rest
    is has a row of its own, without an id. Parameters: folder; names, what `paths` found in it.
    """
    system = recognised(names)
    if system is None:
        return None
    owners = {name: system.owner(name) for name in [*names, *empty_folders(folder)]}
    if system is blackboard:
        users = blackboard.users({owner.id for owner in owners.values() if owner})
        owners = {n: owner and owner._replace(id=users[owner.id], name=users[owner.id]) for n, owner in owners.items()}
    found = {}
    for name, owner in owners.items():
        if owner is None and not WORK.fullmatch(name):
            continue  # the system's own, about nobody
        owner = owner or Owner("", name, name)
        entry = found.setdefault(owner.id or name, Entry(owner.name, owner.id, set(), {}))
        entry.said.update(word for word in ("late", "again") if getattr(owner, word))
        if owner.file:
            entry.files.setdefault(owner.attempt if system is blackboard else "", []).append(
                (owner, Path(folder, name))
            )
    if system is gradescope:
        for metadata in (name for name in names if name.rpartition("/")[2] == gradescope.METADATA):
            for id, said in gradescope.names(Path(folder, metadata)).items():
                found[id] = found.get(id, Entry("", id, set(), {}))._replace(name=said)
    called = [entry.name for entry in found.values()]
    return [entry.student(called.count(entry.name) > 1) for entry in found.values()]


def empty_folders(folder):
    """Return the folders in which there is no file, and no folder, that somebody handed in: "a/b/"."""
    found = []
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not ignored(name)]
        if here != str(folder) and not folders and not [name for name in files if not ignored(name)]:
            found.append(Path(here).relative_to(folder).as_posix() + "/")
    return found


class Entry(NamedTuple):
    """What a download has of one student: name, id, {"late", "again"} where it says so, and files by attempt."""

    name: str
    id: str
    said: set
    files: dict

    def student(self, twice):
        """Return (name, id, late, again, {file: Path}); where a name is there twice, the id stands behind it."""
        last = self.files[max(self.files)] if self.files else []
        newest = {}
        for owner, path in sorted(last, key=lambda one: one[0].attempt):
            newest[owner.file] = path
        again = "again" in self.said or len(self.files) > 1 or len(newest) < len(last)
        name = f"{self.name} ({self.id})" if twice and self.id else self.name
        return person(name), person(self.id), "late" in self.said, again, newest
