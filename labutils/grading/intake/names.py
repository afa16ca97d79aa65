"""The names of people and of files: how they are spelled, and which are no student's."""

import hashlib
import re
import unicodedata

RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")  # Windows opens devices by these names
TOOLS = {"__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__", "site-packages", "node_modules", "venv", "$RECYCLE.BIN"}
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
