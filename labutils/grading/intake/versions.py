"""Which of the files that somebody handed in are the course's notebooks, and which of several versions counts."""

import re
import unicodedata

from .notebooks import shown

COPY = re.compile(r"(?i)(copy|kopie|copie|copia)")
COPY_OF = r"(copy|kopie|copie|copia)[\W_]+(of|von|de|di)[\W_]*"
# What stands behind a notebook's name without being the name of somebody.
NO_NAME = re.compile(
    r"(?i)\b(copy|kopie|copie|copia|final|fixed|new|neu|done|solved|solutions?|submission|v|version)?\d{0,2}\b"
)
VERSION = re.compile(r"(?i)(?:^|.*/)version (\d+)/.*")  # the folders in which Microsoft Teams keeps what was handed in


def called(name, stems):
    """Return (stem, what stands in front of it, what behind) where a name is a course notebook's, or was; else None.

    Capitals, blanks, "Copy of", "(1)", "-Copy1" and a student's name in front don't matter.
    """
    name = unicodedata.normalize("NFKC", name)
    if not re.search(r"(?i)\.ipynb(\.txt|\.json)?$", name):  # a browser or a text editor appends the second
        return None
    for stem in stems:
        words = r"[\W_]+".join(map(re.escape, stem.split("_")))
        if found := re.search(rf"(?i)(?<![a-z0-9]){words}(?![a-z0-9])", name):
            front = re.sub(rf"(?i)^{COPY_OF}|{COPY_OF}$", "", name[: found.start()])
            behind = re.sub(r"(?i)^\.ipynb(?= *-)|(\.ipynb|\.txt|\.json)+$", "", name[found.end() :])
            behind = " ".join(NO_NAME.sub("", behind.replace("_", " ")).split())
            return stem, front.strip(" _-.,"), behind.strip(" -.,()[]")
    return None


def changes(name, stem):
    """Return how far a file's name is from the notebook's: 0 not at all, 1 has something in front of it, 2 changed."""
    name = name.rpartition("/")[2]
    if not name.endswith(f"{stem}.ipynb") or COPY.search(name):
        return 2
    return int(name != f"{stem}.ipynb")


def choose(names, stems):
    """Return ({stem: name}, flags): which of a submission's files are the course's notebooks.

    Where there are several versions, the one whose name is exactly right wins, then the one nearest to the top, then
    the highest of folders called "Version 2", then the shortest name, then the first in the alphabet: rules that give
    the same on every computer, which a file's time does not.
    """

    def rank(name, stem):
        number = VERSION.fullmatch(name)
        return changes(name, stem), name.count("/"), -int(number[1][:9]) if number else 0, len(name), name

    versions, flags = {}, []
    for name in names:
        if found := called(name.rpartition("/")[2], stems):
            versions.setdefault(found[0], []).append(name)
        elif name.lower().endswith(".ipynb"):
            flags.append(f"{shown(name)}: no notebook of the course has this name")
    chosen = {}
    for stem in filter(versions.get, stems):
        first, *others = sorted(versions[stem], key=lambda name: rank(name, stem))
        chosen[stem] = first
        if others:
            flags.append(f"{stem}: {1 + len(others)} versions, {shown(first)} was taken, not {shown(others[0])}")
        elif changes(first, stem) == 2:
            flags.append(f"{stem}: taken from {shown(first)}")
    return chosen, flags
