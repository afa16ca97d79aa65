"""Recognises by its shape which course system a download comes from, and sorts its files by student."""

import os
import re
from pathlib import Path

from . import blackboard, canvas, gradescope, moodle, sakai
from .names import ignored, person

SYSTEMS = (moodle, sakai, gradescope, blackboard, canvas)
MOST_FILES = 200_000  # of a whole class
WORK = re.compile(r"(?i).*(\.ipynb(\.\w+)?|\.zip)")  # what students hand in; beside it lies what is the system's own


def paths(folder):
    """Return the files below a folder as "a/b.ipynb", sorted; links and what a computer's system lays there left out.

    Raises: ValueError where there are more than a class hands in.
    """
    found, folders = [], [""]
    while folders:
        here = folders.pop()
        with os.scandir(os.path.join(folder, here)) as entries:
            for entry in entries:
                if ignored(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{here}{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    found.append(f"{here}{entry.name}")
        if len(found) > MOST_FILES:
            raise ValueError(
                f"{folder}: expected at most {MOST_FILES} files, found more; name the download's own folder"
            )
    return sorted(found)


def recognised(names):
    """Return the system in whose shape all that students handed in is named, or None."""
    work = [name for name in names if WORK.fullmatch(name)]
    return next((system for system in SYSTEMS if work and all(map(system.owner, work))), None)


def students(folder):
    """Return [(name, id, late, again, {file: Path}), ...] of a system's download, or None where it is none's.

    A student whose file was handed in again has the last version of it.
    """
    names = paths(folder)
    system = recognised(names)
    if system is None:
        return None
    found, versions = {}, {}
    for name in names:
        if (owner := system.owner(name)) is None:
            continue  # the system's own, about nobody
        entry = found.setdefault(owner.id, {"name": owner.name, "late": False, "again": False, "files": {}})
        entry["late"] |= owner.late
        entry["again"] |= owner.again
        if owner.file:
            last = versions.get((owner.id, owner.file))
            entry["again"] |= last is not None
            if last is None or owner.attempt >= last:
                versions[owner.id, owner.file] = owner.attempt
                entry["files"][owner.file] = Path(folder, name)
    if system is gradescope:
        for metadata in (name for name in names if name.rpartition("/")[2] == gradescope.METADATA):
            for id, said in gradescope.names(Path(folder, metadata)).items():
                if id in found:
                    found[id]["name"] = said
    called = [entry["name"] for entry in found.values()]
    return [
        (
            person(entry["name"] if called.count(entry["name"]) == 1 else f"{entry['name']} ({id})"),
            person(id),
            entry["late"],
            entry["again"],
            entry["files"],
        )
        for id, entry in found.items()
    ]
