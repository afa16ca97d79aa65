"""Blackboard's download: flat, `Assignment_user_attempt_date_file`, and a text for each attempt besides."""

import os
import re

from .owner import Owner

NAMED = re.compile(r"(?P<front>.+?)_attempt_(?P<date>\d{4}(?:-\d\d){2}(?:-\d\d){0,3})(?:_(?P<file>.+)|\.txt)")


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where Blackboard did not name it."""
    found = NAMED.fullmatch(path.rpartition("/")[2])
    if not found:
        return None
    return Owner(found["front"], found["front"], found["file"] or "", attempt=found["date"])


def users(fronts):
    """Return {what stands before `_attempt_`: user name}: without what all begin with, which is the assignment.

    Of one student alone the user name is taken for what follows the last underscore.
    """
    common = os.path.commonprefix(list(fronts)) if len(fronts) > 1 else max(fronts, default="")
    length = common.rfind("_") + 1
    return {front: front[length:] for front in fronts}
