"""Recognises by its shape which course system a download comes from, and sorts its files by student."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from . import blackboard, brightspace, canvas, gradescope, moodle, nbgrader, sakai
from .names import ignored, person
from .owner import Owner

SYSTEMS = (moodle, sakai, gradescope, blackboard, brightspace, nbgrader, canvas)
BY_ATTEMPT = (blackboard, brightspace, nbgrader)  # of a student's attempts at an assignment the last counts
LASTING = (sakai, blackboard, nbgrader, canvas)  # have the same id of a student in every download
MOST_FILES = 200_000  # of a whole class
WORK = re.compile(r"(?i).*(\.ipynb(\.\w+)?|\.zip)")  # what students hand in; beside it lies what is the system's own

# Canvas', Moodle's and Sakai's
TYPED = re.compile(r"(?i)(?:.*_\d+_(?:text|link)|(?:.*_)?onlinetext|.*_submission_?text)\.html")


class Found(NamedTuple):
    """What was handed in by one student: {name as the student had it: Path}, and folders of which all is the student's.

    `odd` has what is neither, or was left out, [(name, whether it is a link)]; `typed` what was typed into a system's
    own page, [(the file that has it, the text, or None where that is all of the file)]; `lasts` is whether the id is
    the student's in all downloads of the system; `members` as in `Owner`.
    """

    name: str
    id: str = ""
    late: bool | None = None
    again: bool = False
    files: dict = {}
    folders: list = []
    odd: list = []
    typed: list = []
    lasts: bool = False
    members: tuple = ()


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
    if not any(sakai.BESIDE.fullmatch(name) for name in names):
        fitting[sakai] = list(filter(sakai.HANDED_IN.fullmatch, fitting[sakai]))
    people = {(owner.id, owner.name) for owner in map(canvas.owner, fitting[canvas])}
    if len({name.rpartition("/")[0] for name in fitting[canvas]}) > 1 or len(people) > len(dict(people)):
        fitting[canvas] = []  # Canvas' download is flat, and each of its numbers one student's
    best = max(SYSTEMS, key=lambda system: len(fitting[system]))
    return best if 2 * len(fitting[best]) > len(work) else None


def students(folder, names):
    """Return the `Found` of a system's download, or None where it is none's.

    A student who handed in again has the last attempt, or the last version of each file. What is not named as the rest
    is has a row of its own, without an id. Parameters: folder; names, what `paths` found in it.
    """
    system = recognised(names)
    if system is None:
        return None
    owners = {name: system.owner(name) for name in [*names, *empty_folders(folder)]}
    owners = system.named(folder, owners) if hasattr(system, "named") else owners
    found = {}
    for name, owner in owners.items():
        if owner is None and not WORK.fullmatch(name):
            continue  # the system's own, about nobody
        owner = owner or Owner("", name, name)
        found.setdefault(owner.id or name, []).append((owner, Path(folder, name)))
    return [_student(files, system) for files in found.values()]


def _student(files, system):
    """Return the `Found` of one student from [(`Owner`, Path), ...] of all that the download has of them."""
    owner, again = files[0][0], any(owner.again for owner, _ in files)
    typed = [(path, None) for one, path in files if not one.file and TYPED.fullmatch(path.name)]
    typed += [(path, one.typed) for one, path in files if one.typed]
    files = sorted((one for one in files if one[0].file), key=lambda one: one[0].attempt)
    counting, odd = files, []
    if system in BY_ATTEMPT:
        last = {owner.part: owner.attempt for owner, _ in files}
        counting = [one for one in files if last[one[0].part] == one[0].attempt]
        again_there = {(one.part, one.file) for one, _ in counting}
        left = [one for one, _ in files if WORK.fullmatch(one.file) and (one.part, one.file) not in again_there]
        odd = [(f"{one.file} of an earlier attempt, {one.attempt},", False) for one in left]
        times = {one.attempt for one, _ in files} - set(last.values())
        unknown = not all(re.match(r"\d{4}-", time) for time in times)  # a date in words, which the rest may not follow
        odd += [(f"what came {time}, perhaps later than the rest,", False) for time in sorted(times) if unknown]
    newest = {}
    for one, path in counting:
        name = one.file if len({owner.part for owner, _ in files}) < 2 else f"{one.part}/{one.file}"
        newest[name] = path
    again = again or len(newest) < len(files)
    lasts = system in LASTING and bool(owner.id)
    late = True if any(one.late for one, _ in files) else owner.late
    who = Found(person(owner.name), person(owner.id), late, again, newest, members=owner.members)
    return who._replace(odd=odd, typed=typed, lasts=lasts)


def empty_folders(folder):
    """Return the folders in which there is no file, and no folder, that somebody handed in: "a/b/"."""
    found = []
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not ignored(name)]
        if here != str(folder) and not folders and not [name for name in files if not ignored(name)]:
            found.append(Path(here).relative_to(folder).as_posix() + "/")
    return found
