"""Finds what students handed in: a folder, a zip or loose notebooks for each, in one folder.

All of it is hostile: links are never followed, and nothing is opened before its kind and size are known. Whatever is
wrong with a submission is its reason; none stops the others.
"""

import filecmp
import html
import os
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

from . import downloads, same_student, systems
from .names import file_name, ignored, person
from .notebooks import MOST_BYTES, shown, why
from .versions import called, choose
from .zips import MOST_FILES, from_zip, unpacked

MOST_TYPED = 1_000_000  # signs
TAGS = re.compile(r"(?s)<(head|style|script)\b.*?(?:</\1>|\Z)|<[^<>]*>")
MOST_FLAGS = 20  # of one submission
PACKED = re.compile(r"(?i)\.(7z|rar|tar|t?gz|tgz|bz2|xz|zst|zipx)$")
OWN = re.compile(r"(?i).*\.(csv|tsv|xlsx?|ods|ya?ml|json|html?|md|txt|log|ini)")  # lists, and what lies beside


class Submission(NamedTuple):
    """What one student handed in: {name in the course: file}, what is odd about it, and why it cannot be graded.

    `notebooks` has the names of the course's notebooks without .ipynb; `reason` is "" where the submission is sound.
    `id`, `late` and `again`, a later version, are what a course system says; `place` is the path in its download of a
    file that was handed in, by which it takes feedback back; `members` as in `Owner`.
    """

    student: str
    notebooks: dict
    flags: list
    reason: str
    id: str = ""
    late: bool | None = None
    again: bool = False
    place: str = ""
    members: tuple = ()


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


def from_files(paths, into, stems):
    """Return ({stem: path}, flags) of a student's files, {name: path}: the notebooks, and those that only zips hold.

    Raises: ValueError with the reason where there is no notebook, and a zip could not be read.
    """
    chosen, flags = choose(list(paths), stems)
    notebooks, broken = {stem: paths[name] for stem, name in chosen.items()}, []
    zips = [name for name in sorted(paths) if name.lower().endswith(".zip")]
    for number, name in enumerate(zips):
        try:
            found, more = from_zip(paths[name], into / f"zip {number}", stems)
        except (ValueError, OSError) as error:
            broken.append(why(error))
            flags.append(f"{shown(name)}: {why(error)}")
            continue
        other = [stem for stem in found if stem in notebooks and not same(found[stem], notebooks[stem])]
        flags += more + [f"{stem}: another version is in {shown(name)}, which was not taken" for stem in other]
        notebooks = found | notebooks
    packed = filter(PACKED.search, paths)
    flags += [f"{shown(name)}: an archive that is not read here; ask for a zip" for name in packed]
    if broken and not notebooks:
        raise ValueError(broken[0])
    return notebooks, flags


def same(one, other):
    """Return whether two files hold the same bytes."""
    return os.path.getsize(one) == os.path.getsize(other) <= MOST_BYTES and filecmp.cmp(one, other, shallow=False)


def handed_in(folder, stems):
    """Return a `Found` for each student, by what lies in a folder: folders, zips and loose notebooks with their names.

    A loose notebook belongs to the student whose name stands in front of the notebook's, as in anna_01_....ipynb, or
    else behind it; where none does, to one who is called as the folder is. Tables and the like beside are nobody's.
    GitHub Classroom calls the folder lab-submissions, and what lies in it lab-anna.
    """
    found, beside, here = {}, [], Path(folder).resolve().name
    assignment = here.removesuffix("submissions") if here.endswith("-submissions") else ""
    with os.scandir(folder) as entries:
        entries = sorted(entries, key=lambda entry: entry.name)
        files_here = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        loose = list(filter(None, (called(name, stems) for name in files_here)))
        fronts, backs = {front for _, front, _ in loose}, {back for _, _, back in loose}
        behind = len(fronts) == 1 and len(backs) > 1 and "" not in backs  # lab1_01_..._anna, lab1_01_..._ben
        for entry in entries:
            bare, notebook = os.path.splitext(entry.name)[0], called(entry.name, stems)
            if ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                student = entry.name
            elif notebook and entry.is_file(follow_symlinks=False):
                student = notebook[1 + behind] or notebook[2] or here
            else:
                student = bare
            student = student.removeprefix(assignment) or student
            one = found.setdefault(person(student), systems.Found(person(student), files={}, folders=[], odd=[]))
            path = Path(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                one.folders.append(path)
            elif entry.is_file(follow_symlinks=False) and (notebook or entry.name.lower().endswith(".zip")):
                one.files[entry.name] = path
            else:
                one.odd.append((entry.name, entry.is_symlink()))
                beside += [one.name] * bool(OWN.fullmatch(entry.name))
    if any(one.files or one.folders for one in found.values()):
        for name in beside:  # lists of the course's, where others handed in folders, zips or notebooks
            if not found[name].files and not found[name].folders:
                del found[name]
    return list(found.values())


def one(found, parts, into, stems):
    """Return the `Submission` of one student, of all that was handed in, a `systems.Found`; parts, all downloads."""
    paths, flags, notebooks, reason = dict(found.files), [], {}, ""
    try:
        for folder in found.folders:
            names, links = files(folder)
            flags += links
            paths |= {f"{folder.name}/{name}" if name in paths else name: Path(folder, name) for name in names}
        if not paths and found.odd and not found.folders:
            what = "a link, which is not followed" if found.odd[0][1] else shown(found.odd[0][0])
            raise ValueError(f"expected a folder, a zip or notebooks, found {what}")
        notebooks, more = from_files(paths, into, stems)
        flags = more + flags
        if not notebooks:
            raise ValueError(nothing(stems, more, paths))
    except (ValueError, OSError) as error:
        reason = why(error)
    if paths or found.folders:
        flags += [f"{shown(name)} is there too and was not looked at" for name, _ in found.odd]
    flags += list(filter(None, (said(*typed) for typed in found.typed)))
    place = next((place for path in found.files.values() for place in relative(path, parts)), "") if found.id else ""
    system = found.id, found.late, found.again, place, found.members
    return Submission(found.name, notebooks, shortened(flags), reason, *system)


def said(path, content=None):
    """Return the flag of what was typed into a course system's own page, "" where nothing was.

    Parameters: path, of the file that has it; content, what was typed, None where it is all of the file.
    """
    try:
        if content is None:
            with open(path, encoding="utf-8", errors="replace") as file:
                content = file.read(MOST_TYPED)
    except OSError as error:
        return f"{shown(path.name)}, typed into the course system, cannot be read: {error.strerror}"
    text = " ".join(html.unescape(TAGS.sub(" ", content)).split())
    where = f"all of it is in {shown(path.name)}"
    return f"typed into the course system, not into a notebook: {shown(text)}; {where}" * bool(text)


def relative(path, parts):
    """Return [the path in the download that it belongs to], [] where it belongs to none of them."""
    return [path.relative_to(part).as_posix() for part in parts if path.is_relative_to(part)]


def shortened(flags):
    """Return flags, and how many more there are where they are many."""
    more = len(flags) - MOST_FLAGS
    return flags if more <= 0 else [*flags[:MOST_FLAGS], f"and {more} more like these"]


def nothing(stems, flags, paths):
    """Return the reason where no notebook of the course was found; it names what was found in its place."""
    found = flags[:1] or [f"only {', '.join(map(shown, sorted(paths)[:3]))}"] * bool(paths)
    return f"expected notebooks such as {stems[0]}.ipynb, found none" + "".join(f"; {one}" for one in found)


def collect(folder, into, stems):
    """Return an iterator that finds a Submission for each student, in the order of their names.

    Parameters: folder, a course system's download, recognised by its shape, or a folder or a zip for each student, or
        loose notebooks; or the zip of any of them, or a folder in which several lie, or a list of them; into, a folder
        that is there for as long as the submissions are looked at: zips are unpacked there; stems, the names of the
        course's notebooks.
    Raises: ValueError where the folder is none or holds nothing; what is wrong with one submission is its reason.
    """
    given, parts = folder if isinstance(folder, (list, tuple)) else [folder], []
    for number, path in enumerate(given):
        if os.path.isfile(path) and zipfile.is_zipfile(path):
            path = unpacked(path, Path(into, f"whole download {number}"))
        if not os.path.isdir(path):
            raise ValueError(f"{path}: expected a folder of submissions, found none")
        parts += downloads.within(path, into, stems)
    found = []
    for part in parts:
        of_system = systems.students(part, systems.paths(part))
        found.append(handed_in(downloads.entered(part, stems), stems) if of_system is None else of_system)
    if not any(found):
        raise ValueError(f"{given[0]}: expected a folder, a zip or notebooks for each student, found nothing")
    whole = sorted(same_student.together(found), key=lambda one: (one.name, one.id))
    return (one(student, parts, Path(into, file_name(student.name)), stems) for student in whole)
