"""Blackboard's download: flat, `Assignment_user_attempt_date_file`, and a text for each attempt besides."""

import re

from .owner import Owner

NAMED = re.compile(
    r"(?P<assignment>.+)_(?P<user>[^_/]+)_attempt_(?P<date>\d{4}(?:-\d\d){2}(?:-\d\d){0,3})(?:_(?P<file>.+)|\.txt)"
)


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where Blackboard did not name it."""
    found = NAMED.fullmatch(path.rpartition("/")[2])
    if not found:
        return None
    return Owner(found["user"], found["user"], found["file"] or "", attempt=found["date"])
