"""Finds the downloads in what an instructor has: one or several, zipped or not, in any enclosing folders."""

import os
import shutil
import tempfile
from pathlib import Path

from . import nbgrader, systems
from .names import ignored
from .versions import called
from .zips import unpacked, zip_names

DEEPEST = 3  # zips in zips
TEAMS_DRAFTS = "Working files"  # beside "Submitted files", as Microsoft Teams keeps them


def of_a_class(names, stems):
    """Return whether the files of one folder are several students': a notebook lies in several folders of it."""
    found = [(called(name.rpartition("/")[2], stems), name.split("/")[1:]) for name in names]
    found = [(named, place) for named, place in found if named and place]
    if loose := [named for named, place in found if len(place) == 1]:  # right in it: with names in front, or one's own
        _, fronts, backs = map(set, zip(*loose))
        twice = len(loose) > len({stem for stem, _, _ in loose})  # one's own may end otherwise, each once
        return len(fronts) > 1 and "" not in fronts or twice and len(backs) > 1 and "" not in backs
    found = [(named[0], place) for named, place in found]
    return any(len({place[0] for named, place in found if named == stem}) > 1 for stem in stems)


def entered(folder, stems):
    """Return the folder that holds a folder for each student: this one, or the one below that it alone encloses.

    What lies beside and is no notebook and no zip does not count. Of nbgrader's course it is `submitted`.
    """
    here, names = Path(folder), systems.paths(folder)
    while True:
        with os.scandir(here) as entries:
            inside = [one for one in entries if not ignored(one.name)]
        inside = [one for one in inside if one.is_dir(follow_symlinks=False) or systems.WORK.fullmatch(one.name)]
        if nbgrader.COURSE & {one.name for one in inside}:
            inside = [one for one in inside if one.name == nbgrader.HANDED_IN] or inside
        inside = [one for one in inside if one.name != TEAMS_DRAFTS or len(inside) == 1]
        if len(inside) != 1 or not inside[0].is_dir(follow_symlinks=False):
            return folder
        below = inside[0].name + "/"
        here, names = Path(inside[0].path), [name.removeprefix(below) for name in names if name.startswith(below)]
        zipped = [f"{name}/{one}" for name in names if name.lower().endswith(".zip") for one in zip_names(here / name)]
        if of_a_class([f"in/{name}" for name in names + zipped], stems) or "submi" in here.name.lower():
            return entered(here, stems)


def below(names):
    """Return names of files without the folders that enclose all of them."""
    common = os.path.commonpath(list(map(os.path.dirname, names))) if names else ""
    return [name[len(common) :].lstrip("/") for name in names]


def sections(folders, stems):
    """Return whether folders are parts of a class: each has several students', and none has one that another has."""
    held = [systems.paths(folder) for folder in folders]
    students = [{name.partition("/")[0] for name in names if "/" in name} for names in held]
    apart = len(folders) > 1 and sum(map(len, students)) == len(set().union(*students))
    return apart and all(of_a_class([f"in/{name}" for name in names], stems) for names in held)


def looks_like_one(names):
    """Return whether files of these names are a course system's download, or several of them beside each other."""
    if systems.recognised(names):
        return True
    parts = {}
    for name in below(names):
        parts.setdefault(name.partition("/")[0], []).append(name)
    return len(parts) > 1 and all(map(systems.recognised, parts.values()))


def within(folder, into, stems, depth=0):
    """Return the folders of which each is one download, or a class's folder: this one, or those that lie in it.

    Zips of whole downloads are unpacked into folders in `into`, which is made where it is missing.
    """
    names = systems.paths(folder)
    found, taken = _unpacked(folder, names, into, stems, depth) if depth < DEEPEST else ([], [])
    work = [name for name in names if systems.WORK.fullmatch(name) and name not in taken]
    if not work and found:
        return found
    inside = [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    inside = [path for path in sorted(inside) if not ignored(os.path.basename(path)) and systems.paths(path)]
    if inside and not [name for name in work if "/" not in name]:
        deeper = []
        for path in inside:
            deeper += within(path, into, stems, DEEPEST)
            if not of_system(deeper[-1]):
                below_it = deeper if len(inside) == 1 < len(deeper) else [folder]
                return found + (inside if sections(inside, stems) else below_it)
        if len(deeper) > 1 or not systems.recognised(names):
            return found + deeper
    return [*found, folder]


def of_system(folder):
    """Return whether a folder is a course system's download."""
    return systems.recognised(systems.paths(folder)) is not None


def _unpacked(folder, names, into, stems, depth):
    """Return (folders of the downloads in the zips of a folder, which are unpacked; the names of these zips)."""
    system = systems.recognised(names)
    work = [name for name in names if systems.WORK.fullmatch(name)]
    zips = [name for name in work if name.lower().endswith(".zip") and not (system and system.owner(name))]
    inside = {name: [n for n in zip_names(Path(folder, name)) if systems.WORK.fullmatch(n)] for name in zips}
    classes = zips == work and all(of_a_class(names, stems) for names in inside.values())
    found, taken = [], []
    for name, within_it in inside.items():
        nested = work == [name] and len(within_it) == 1 and within_it[0].lower().endswith(".zip")
        alone = work == [name] and of_a_class([f"in/{one}" for one in below(within_it)], stems)
        if classes or nested or alone or within_it and looks_like_one(within_it):
            os.makedirs(into, exist_ok=True)
            to = Path(tempfile.mkdtemp(prefix="download ", dir=into))
            try:
                unpacked(Path(folder, name), to)
            except ValueError:  # then it is somebody's, who has the reason
                shutil.rmtree(to)
                continue
            parts = within(to, into, stems, depth + 1)
            if nested and not classes and not any(map(of_system, parts)):
                shutil.rmtree(to)  # a student's own zip in a zip
                continue
            found, taken = found + parts, [*taken, name]
    return found, taken
