"""Sakai's download: `Assignment/Last, First(id)/Submission attachment(s)/...`, beside them what is Sakai's own.

The folder's name is in the language of whoever downloads: then Sakai is known by its `timestamp.txt` or `grades.csv`.
Folders can be off: then the same stands in front of the file's name. Source: AssignmentServiceImpl.java of Sakai.
"""

import re

from .owner import Owner

STUDENT = r"(?:^|.*?/)(?P<name>[^/]+?)\s*\((?P<id>[^()/]+)\)[/_]"
HANDED_IN = re.compile(STUDENT + r"Submission attachment\(s\)[/_](?P<file>.+)")
TRANSLATED = re.compile(r"(?:^|.*?/)(?P<name>[^/]*,[^/]*?)\s*\((?P<id>[^()/]+)\)(?:/[^/]+/|_[^/_]+_)(?P<file>.+)")
OWN = re.compile(
    STUDENT + r"(?:timestamp\.txt|comments\.txt|[^/]*(?:feedback|submission)[^/]*|Feedback Attachment.*)", re.I
)
BESIDE = re.compile(r"(?:.*[/_])?(?:timestamp\.txt|grades\.(?:csv|xlsx?))")


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where it is not named as Sakai names files."""
    for shape in (HANDED_IN, OWN, TRANSLATED):
        if found := shape.fullmatch(path):
            return Owner(found["id"], found["name"].strip(","), found.groupdict().get("file", ""))
    return None
