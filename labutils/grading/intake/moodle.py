"""Moodle's download: `Full Name_participant_assignsubmission_file/...`, a folder for each student or all in the name.

What was typed online lies in `..._assignsubmission_onlinetext`. Source: mod/assign/classes/downloader.php of Moodle.
"""

import re

from .owner import Owner

NAMED = re.compile(
    r"(?:^|.*?/)(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?:/|(?<=_))(?P<file>.*)"
)


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where it is not named as Moodle names files."""
    found = NAMED.fullmatch(path)
    if not found:
        return None
    return Owner(found["id"], found["name"].strip(), found["file"] if found["kind"] == "file" else "")
