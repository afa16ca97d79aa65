"""Sakai's download: `Assignment/Last, First(id)/Submission attachment(s)/...`, beside them what is Sakai's own."""

import re

from .owner import Owner

STUDENT = r"(?:^|.*?/)(?P<name>[^/]+?)\s*\((?P<id>[^()/]+)\)/"
HANDED_IN = re.compile(STUDENT + r"Submission attachment\(s\)/(?P<file>.+)")
OWN = re.compile(
    STUDENT + r"(?:timestamp\.txt|comments\.txt|[^/]*(?:feedback|submission)[^/]*|Feedback Attachment.*)", re.I
)


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where it is not named as Sakai names files."""
    if found := HANDED_IN.fullmatch(path):
        return Owner(found["id"], found["name"], found["file"])
    found = OWN.fullmatch(path)
    return Owner(found["id"], found["name"], "") if found else None
