"""Blackboard's download: flat, `Assignment_user_attempt_date_file`, and a text for each attempt besides.

The text has who it was, what was typed into Blackboard's own page, and the files' names.
"""

import os
import re
from collections import Counter
from pathlib import Path

from .owner import Owner
from .texts import read

NAMED = re.compile(
    r"(?P<front>.+?)_(?P<word>[^\W\d_]+)_(?P<date>\d{4}-\d\d-\d\d)(?P<time>(?:-\d\d)*)(?:_(?P<file>.+)|\.txt)"
)
# "Name: Anna Adams (aadams)"
PERSON = re.compile(r"\s*[^:\n]{1,40}:[ \t]*(\S[^\n]*?)[ \t]*\(([^()\s]+)\)[ \t]*(?:\r?\n|\Z)")
MOST_BYTES = 1_000_000  # of an attempt's text
EMPTY = {  # what Blackboard says where a student said nothing
    "Submission Field:",
    "There is no student submission text data for this assignment.",
    "Comments:",
    "There are no student comments for this assignment.",
    "Files:",
    "No files were attached to this submission.",
}


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where Blackboard did not name it.

    "attempt" is in the language of whoever downloads: intento, Versuch, poging; then the time tells.
    """
    found = NAMED.fullmatch(path.rpartition("/")[2])
    if not found or found["word"] != "attempt" and len(found["time"]) != len("-10-00-00"):
        return None
    return Owner(found["front"], found["front"], found["file"] or "", attempt=found["date"] + found["time"])


def named(folder, owners):
    """Return {path: `Owner`} with each student's user name as the id, and the full name where the download has it.

    It stands in the text that Blackboard lays beside each attempt. Where there is none, the user name is what is left
    without what all begin with, which is the assignment; of one student alone, what follows the last underscore.
    Parameters: folder, of the download; owners, {path: `Owner`, or None where a file is not Blackboard's}.
    """
    fronts = {owner.id for owner in owners.values() if owner}
    common = os.path.commonprefix(list(fronts)) if len(fronts) > 1 else max(fronts, default="")
    people = {front: (front[common.rfind("_") + 1 :],) * 2 for front in fronts}
    texts = {path: read(Path(folder, path), MOST_BYTES) for path, owner in owners.items() if owner and not owner.file}
    for path, text in texts.items():
        if person := PERSON.match(text):
            people[owners[path].id] = person[2], person[1]
    typed = _typed(texts)
    found = {}
    for path, owner in owners.items():
        if owner:
            user, name = people[owner.id]
            part = owner.id.removesuffix(user)
            owner = owner._replace(id=user, name=name, part=part, typed=typed.get(path, ""))
        found[path] = owner
    return found


def _typed(texts):
    """Return {path: what the student typed} of the attempts' texts: no line of the head, of the files, of Blackboard's.

    In other languages than English, Blackboard's lines are those that most texts have.
    """
    lines = {path: text.replace("\r", "").partition("\n\n")[2].split("\n") for path, text in texts.items()}
    counted = Counter(line for one in lines.values() for line in set(one))
    theirs = EMPTY | {line for line, count in counted.items() if len(texts) > 2 and 2 * count > len(texts)}
    return {
        path: "\n".join(line for line in one if line.strip() not in theirs and not line.startswith("\t"))
        for path, one in lines.items()
    }
