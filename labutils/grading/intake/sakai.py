"""Sakai's download: `Assignment/Last, First(id)/Submission attachment(s)/...`, beside them what is Sakai's own.

A team's folder is called `Title (id)`; where names are hidden, `4f3a9b Anonymous`. The inner folder's name is in the
language of whoever downloads: then Sakai is known by its `timestamp.txt` or `grades.csv`. Folders can be off: then the
same stands in front of the file's name. Source: AssignmentServiceImpl.java of Sakai.
"""

import contextlib
import csv
import re
from pathlib import Path

from .owner import Owner

WHO = r"(?:^|.*?/)(?P<name>[^/]+?)(?:\s*\((?P<id>[^()/]+)\))?"
HANDED_IN = re.compile(WHO + r"[/_]Submission attachment\(s\)[/_](?P<file>.+)")
OWN = re.compile(
    WHO + r"[/_](?:(?:timestamp|comments|members)\.txt|[^/]*(?:feedback|submission)_?text\.\w+|feedback attachment.*)",
    re.I,
)
TRANSLATED = re.compile(
    r"(?:^|.*?/)(?P<name>[^/]*,[^/]*?)\s*\((?P<id>[^()/]+)\)(?:/(?P<inner>[^/]+)/|_(?P<front>[^/_]+)_)(?P<file>.+)"
)
FEEDBACK = ("feedback", "rückmeldung", "retroal", "comentari", "comment", "rétroaction", "devolu")  # is the teacher's
BESIDE = re.compile(r"(?:.*[/_])?(?:timestamp\.txt|grades\.(?:csv|xlsx?))")
LATE = ("late", "tarde")  # as grades.csv says it in English and Spanish


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where it is not named as Sakai names files."""
    for shape in (HANDED_IN, OWN, TRANSLATED):
        if found := shape.fullmatch(path):
            parts = found.groupdict()
            inner = (parts.get("inner") or parts.get("front") or "").casefold()
            file = "" if any(word in inner for word in FEEDBACK) else parts.get("file", "")
            return Owner(parts["id"] or parts["name"], parts["name"].strip(","), file)
    return None


def named(folder, owners):
    """Return {path: `Owner`} with who was late, as a grades.csv in the download says; its spreadsheets are not read.

    Parameters: folder, of the download; owners, {path: `Owner`, or None where a file is not Sakai's}.
    """
    late = set()
    for path, owner in owners.items():
        if owner is None and re.fullmatch(r"(?:.*/)?grades\.csv", path):
            with contextlib.suppress(OSError, csv.Error):
                text = Path(folder, path).read_text(encoding="utf-8-sig", errors="replace")
                for line in csv.reader(text.splitlines(), delimiter=max(",;", key=text.count)):
                    if any(cell.strip().casefold() in LATE for cell in line[4:]):  # ids, names and grade come first
                        late |= set(line[:2])
    return {path: owner and owner._replace(late=bool({owner.id, owner.name} & late)) for path, owner in owners.items()}
