"""What the names of files say: whose they are, which notebook of the course each is, and what ours are called."""

import hashlib
import re
import unicodedata

from .notebooks import shown

RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")  # Windows opens devices by these names
TOOLS = {"__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__", "site-packages", "node_modules", "venv", "$RECYCLE.BIN"}
COPY = re.compile(r"(?i)(copy|kopie|copie|copia)")
# What stands behind a notebook's name without being the name of somebody.
NO_NAME = re.compile(
    r"(?i)\b(copy|kopie|copie|copia|final|fixed|new|neu|done|solved|solutions?|submission|v|version)?\d{0,2}\b"
)
STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
DIGEST = 10  # hexadecimal digits


def file_name(student):
    """Return a name for a student's files that every system can hold, and that no other student gets.

    A name of small letters, digits and - _ . is its own; any other is spelled with those, and ends with a digest.
    """
    plain = re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,60}", student) and not student.endswith(".")
    if plain and not RESERVED.match(student) and not re.search(rf"-[0-9a-f]{{{DIGEST}}}$", student):
        return student
    digest = hashlib.sha256(student.encode("utf-8", "backslashreplace")).hexdigest()[:DIGEST]
    letters = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', letters).strip('-')[:40] or 'student'}-{digest}"


def person(name):
    """Return a student's name as one spelling that any file can hold and nothing obeys.

    That is NFC, and written out are bytes that are no UTF-8 and signs that steer a terminal or turn a text around.
    """
    name = unicodedata.normalize("NFC", name).encode("utf-8", "backslashreplace").decode()
    return STEERING.sub(lambda sign: sign[0].encode("unicode_escape").decode(), name)


def ignored(name):
    """Return whether a file or folder is a system's or a tool's own, and nothing that somebody hands in."""
    return name.startswith((".", "~$")) or name in TOOLS


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
            front = re.sub(rf"{COPY.pattern}[\W_]+(of|von|de|di)[\W_]*$", "", name[: found.start()])
            behind = re.sub(r"(?i)(\.ipynb|\.txt|\.json)+$", "", name[found.end() :])
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
    the shortest name, then the first in the alphabet: rules that give the same on every computer, which a file's time
    does not.
    """
    versions, flags = {}, []
    for name in names:
        if found := called(name.rpartition("/")[2], stems):
            versions.setdefault(found[0], []).append(name)
        elif name.lower().endswith(".ipynb"):
            flags.append(f"{shown(name)}: no notebook of the course has this name")
    chosen = {}
    for stem in filter(versions.get, stems):
        first, *others = sorted(
            versions[stem], key=lambda name: (changes(name, stem), name.count("/"), len(name), name)
        )
        chosen[stem] = first
        if others:
            flags.append(f"{stem}: {1 + len(others)} versions, {shown(first)} was taken, not {shown(others[0])}")
        elif changes(first, stem) == 2:
            flags.append(f"{stem}: taken from {shown(first)}")
    return chosen, flags
