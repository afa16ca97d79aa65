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
from .texts import read

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
MOST_BYTES = 5_000_000  # of a table
BESIDE = re.compile(r"(?:.*[/_])?(?:timestamp\.txt|grades\.(?:csv|xlsx?))")
LATE, IN_TIME = ("late", "tarde"), ("", "on time", "a tiempo")  # as grades.csv says it in English and Spanish
MEMBER = re.compile(r"\s*([^;]+?)\s*\(([^()]+)\)")  # of a team, in members.txt: "Adams, Anna(aadams); ..."


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
    """Return {path: `Owner`} with who was late, as a grades.csv in the download says, and with the members of teams.

    Spreadsheets are not read, nor are other words than English and Spanish: then nobody knows.
    Parameters: folder, of the download; owners, {path: `Owner`, or None where a file is not Sakai's}.
    """
    late, members = {}, {}
    for path, owner in owners.items():
        if owner is None and re.fullmatch(r"(?:.*/)?grades\.csv", path):
            late |= _lateness(read(Path(folder, path), MOST_BYTES))
        elif owner and not owner.file and path.endswith("members.txt"):  # Sakai's, not one that was handed in
            members[owner.id] = tuple(MEMBER.findall(read(Path(folder, path), MOST_BYTES)))
    return {
        path: owner and owner._replace(late=late.get(owner.id, late.get(owner.name)), members=members.get(owner.id, ()))
        for path, owner in owners.items()
    }


def _lateness(text):
    """Return {id, and name, of a line in a grades.csv: whether it says late, None where it cannot be told}."""
    late = {}
    with contextlib.suppress(csv.Error):
        for line in csv.reader(text.splitlines(), delimiter=max(",;", key=text.count)):
            if len(line) > 5:  # ids, names, grade and time come first, or a team's title, id, members, ...
                word = line[6 if len(line) > 6 else 5].strip().casefold()
                late |= dict.fromkeys(line[:2], word in LATE if word in (*LATE, *IN_TIME) else None)
    return late
