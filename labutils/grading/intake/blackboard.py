"""Blackboard's download: flat, `Assignment_user_attempt_date_file`, and a text for each attempt besides."""

import os
import re
from pathlib import Path

from .owner import Owner

NAMED = re.compile(  # "attempt" is in the language of whoever downloads: intento, Versuch, poging
    r"(?P<front>.+?)_(?:attempt|[^\W\d_]+(?=_\d{4}(?:-\d\d){5}))_"
    r"(?P<date>\d{4}(?:-\d\d){2}(?:-\d\d){0,3})(?:_(?P<file>.+)|\.txt)"
)

PERSON = re.compile(r"\s*[^:\n]{1,40}:[ \t]*(\S[^\n]*?)[ \t]*\(([^()\s]+)\)[ \t]*\r?\n?")  # "Name: Anna Adams (aadams)"


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where Blackboard did not name it."""
    found = NAMED.fullmatch(path.rpartition("/")[2])
    if not found:
        return None
    return Owner(found["front"], found["front"], found["file"] or "", attempt=found["date"])


def named(folder, owners):
    """Return {path: `Owner`} with each student's user name as the id, and the full name where the download has it.

    It stands in the text that Blackboard lays beside each attempt. Where there is none, the user name is what is left
    without what all begin with, which is the assignment; of one student alone, what follows the last underscore.
    Parameters: folder, of the download; owners, {path: `Owner`, or None where a file is not Blackboard's}.
    """
    fronts = {owner.id for owner in owners.values() if owner}
    common = os.path.commonprefix(list(fronts)) if len(fronts) > 1 else max(fronts, default="")
    people = {front: (front[common.rfind("_") + 1 :],) * 2 for front in fronts}
    for path, owner in owners.items():
        if owner and not owner.file:
            people[owner.id] = _person(Path(folder, path)) or people[owner.id]
    return {
        path: owner
        and owner._replace(id=people[owner.id][0], name=people[owner.id][1], part=_assignment(owner, people))
        for path, owner in owners.items()
    }


def _assignment(owner, people):
    return owner.id.removesuffix(people[owner.id][0])


def _person(file):
    """Return (user name, full name) as the first line of an attempt's text has them, or None."""
    try:
        with open(file, encoding="utf-8-sig", errors="replace") as opened:
            found = PERSON.match(opened.read(1000))
    except OSError:
        return None
    return found and (found[2], found[1])
