"""Finds what students handed in: a folder, a zip or loose notebooks for each, in one folder.

All of it is hostile: links are never followed, and nothing is opened before its kind and size are known. Whatever is
wrong with a submission is its reason; none stops the others.
"""

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

from . import systems
from .names import called, choose, file_name, ignored, person
from .notebooks import shown, why
from .zips import MOST_FILES, from_zip, unpacked, zip_names

MOST_FLAGS = 20  # of one submission


class Submission(NamedTuple):
    """What one student handed in: {name in the course: file}, what is odd about it, and why it cannot be graded.

    `notebooks` has the names of the course's notebooks without .ipynb; `reason` is "" where the submission is sound.
    `id`, `late` and `again`, a later version, are what a course system says; `place` is the path in its download of a
    file that was handed in, by which it takes feedback back.
    """

    student: str
    notebooks: dict
    flags: list
    reason: str
    id: str = ""
    late: bool = False
    again: bool = False
    place: str = ""


def files(folder):
    """Return (names, flags): the files below a folder as "a/b.ipynb", sorted; links and devices are flagged instead."""
    names, flags = [], []
    for count, (name, entry) in enumerate(systems.walk(folder), 1):
        if count > MOST_FILES:
            raise ValueError(f"expected at most {MOST_FILES} files, found more; hand in the notebooks alone")
        if entry.is_file(follow_symlinks=False):
            names.append(name)
        elif not entry.is_dir(follow_symlinks=False):
            kind = "a link, which was not followed" if entry.is_symlink() else "no file that could be read"
            flags.append(f"{shown(name)}: {kind}")
    return sorted(names), sorted(flags)


def from_folder(folder, into, stems):
    """Return ({stem: path}, flags) of a student's folder; where it holds no notebook but one zip, of the zip."""
    names, links = files(folder)
    notebooks, flags = from_files({name: Path(folder, name) for name in names}, into, stems)
    return notebooks, links + flags


def from_files(paths, into, stems):
    """Return ({stem: path}, flags) of a student's files, {name: path}; with no notebook but one zip, of the zip."""
    chosen, flags = choose(list(paths), stems)
    zips = [name for name in paths if name.lower().endswith(".zip")]
    if chosen or not zips:
        beside = [f"{shown(name)} is there too and was not looked at" for name in zips]
        return {stem: paths[name] for stem, name in chosen.items()}, flags + beside
    if len(zips) > 1:
        raise ValueError(f"expected notebooks or one zip, found {len(zips)} zips; leave the one that counts")
    notebooks, more = from_zip(paths[zips[0]], into, stems)
    return notebooks, flags + more


def handed_in(folder, stems):
    """Return {student: {kind: names}}: what lies in a folder of submissions, by whose it is.

    A loose notebook belongs to the student whose name stands in front of the notebook's, as in anna_01_....ipynb;
    where none does, to one who is called as the folder is.
    """
    found = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if ignored(entry.name):
                continue
            bare, notebook = os.path.splitext(entry.name)[0], called(entry.name, stems)
            if entry.is_symlink():
                student, kind = bare, "link"
            elif entry.is_dir(follow_symlinks=False):
                student, kind = entry.name, "folder"
            elif not entry.is_file(follow_symlinks=False):
                student, kind = bare, "other"
            elif entry.name.lower().endswith(".zip"):
                student, kind = bare, "zip"
            elif notebook:
                student, kind = notebook[1] or Path(folder).resolve().name, "loose"
            else:
                student, kind = bare, "other"
            found.setdefault(person(student), {}).setdefault(kind, []).append(entry.name)
    return found


def one(student, kinds, folder, into, stems):
    """Return the Submission of one student: the folder if there is one, else the zip, else the loose notebooks."""
    kind = next(kind for kind in ("folder", "zip", "loose", "link", "other") if kind in kinds)
    names, flags = kinds.pop(kind), []
    try:
        if kind in ("folder", "zip"):
            name, *same = sorted(names)  # two spellings of one name, which some systems keep apart
            take = from_folder if kind == "folder" else from_zip
            kinds = {"same": same, **kinds}
            notebooks, flags = take(Path(folder, name), into, stems)
        elif kind == "loose":
            chosen, flags = choose(names, stems)
            notebooks = {stem: Path(folder, name) for stem, name in chosen.items()}
        else:
            what = "a link, which is not followed" if kind == "link" else shown(names[0])
            raise ValueError(f"expected a folder, a zip or notebooks, found {what}")
        if not notebooks:
            raise ValueError(nothing(stems, flags))
        reason = ""
    except (ValueError, OSError) as error:
        notebooks, reason = {}, why(error)
    flags += [f"{shown(name)} is there too and was not looked at" for names in kinds.values() for name in names]
    return Submission(student, notebooks, shortened(flags), reason)


def shortened(flags):
    """Return flags, and how many more there are where they are many."""
    more = len(flags) - MOST_FLAGS
    return flags if more <= 0 else [*flags[:MOST_FLAGS], f"and {more} more like these"]


def of_system(entry, folder, into, stems):
    """Return the Submission of one student of a course system's download, as `systems.students` has it."""
    student, id, late, again, paths = entry
    place = next((path.relative_to(folder).as_posix() for path in paths.values()), "")
    notebooks, flags, reason = {}, [], ""
    try:
        notebooks, flags = from_files(paths, Path(into, file_name(student)), stems)
        if not notebooks:
            raise ValueError(nothing(stems, flags))
    except (ValueError, OSError) as error:
        reason = why(error)
    return Submission(student, notebooks, shortened(flags), reason, id, late, again, place)


def nothing(stems, flags):
    """Return the reason where no notebook of the course was found."""
    return f"expected notebooks such as {stems[0]}.ipynb, found none" + "".join(f"; {flag}" for flag in flags[:1])


def of_a_class(names, stems):
    """Return whether the files of one folder are several students': a notebook lies in several folders of it."""
    found = [(called(name.rpartition("/")[2], stems), name.split("/")[1:]) for name in names]
    found = [(named[0], place) for named, place in found if named and place]
    if any(len(place) == 1 for _, place in found):  # right in it: it is a student's own
        return False
    return any(len({place[0] for named, place in found if named == stem}) > 1 for stem in stems)


def entered(folder, stems):
    """Return the folder that holds a folder for each student: this one, or the one that it alone encloses."""
    while True:
        inside = [entry for entry in os.scandir(folder) if not ignored(entry.name)]
        if len(inside) != 1 or not inside[0].is_dir(follow_symlinks=False):
            return folder
        names = [f"{inside[0].name}/{name}" for name in systems.paths(inside[0].path)]
        if not of_a_class(names, stems) and "submi" not in inside[0].name.lower():
            return folder
        folder = inside[0].path


def collect(folder, into, stems):
    """Return an iterator that finds a Submission for each student, in the order of their names.

    Parameters: folder, a course system's download, recognised by its shape, or a folder or a zip for each student, or
        loose notebooks; or the zip of any of them; into, a folder that is there for as
        long as the submissions are looked at: zips are unpacked there; stems, the names of the course's notebooks.
    Raises: ValueError where the folder is none or holds nothing; what is wrong with one submission is its reason.
    """
    if os.path.isfile(folder) and zipfile.is_zipfile(folder):
        folder = unpacked(folder, Path(into, "the whole download"))
    if not os.path.isdir(folder):
        raise ValueError(f"{folder}: expected a folder of submissions, found none")
    names = systems.paths(folder)
    work = [Path(folder, name) for name in names if systems.WORK.fullmatch(name)]
    if len(work) == 1 and zipfile.is_zipfile(work[0]) and not systems.recognised(names):
        inner = [name for name in zip_names(work[0]) if systems.WORK.fullmatch(name)]
        if systems.recognised(inner) or of_a_class(inner, stems):
            folder = unpacked(work[0], Path(into, "the download in it"))
            names = systems.paths(folder)
    if (from_system := systems.students(folder, names)) is not None:
        return (of_system(entry, folder, into, stems) for entry in sorted(from_system, key=lambda entry: entry[:2]))
    folder = entered(folder, stems)
    found = handed_in(folder, stems)
    if not found:
        raise ValueError(f"{folder}: expected a folder, a zip or notebooks for each student, found nothing")
    return (one(student, found[student], folder, Path(into, file_name(student)), stems) for student in sorted(found))
