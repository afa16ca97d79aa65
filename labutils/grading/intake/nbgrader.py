"""nbgrader's exchange: `inbound/user+assignment+2026-11-01 10:00:00 UTC+.../...`, a folder for each time handed in."""

import re

from .owner import Owner

NAMED = re.compile(
    r"(?:^|.*?/)(?P<user>[^/+]+)\+(?P<assignment>[^/+]+)\+(?P<time>\d{4}-\d\d-\d\d[^/+]*)(?:\+[^/]*)?/(?P<file>.*)"
)
OWN = "timestamp.txt"
HANDED_IN, COURSE = "submitted", {"source", "release", "autograded", "feedback"}  # folders of a course


def owner(path):
    """Return the `Owner` of a file by its path in the exchange, or None where nbgrader did not name it."""
    found = NAMED.fullmatch(path)
    if not found:
        return None
    file = "" if found["file"] == OWN else found["file"]
    return Owner(found["user"], found["user"], file, attempt=found["time"], part=found["assignment"])
