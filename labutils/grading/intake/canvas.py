"""Canvas' download: flat, `name_LATE_user_attachment_file`; a file that was handed in again ends with -1, -2, ...

Source: lib/content_zipper.rb of canvas-lms.
"""

import re

from .owner import Owner

NAMED = re.compile(r"(?P<name>[^_/A-Z]+)_(?P<late>LATE_)?(?P<user>\d+)_\d+_(?P<file>.+)")
ANONYMOUS = re.compile(r"(?P<name>anon)_(?P<late>LATE_)?(?P<user>\w+?)_\d+_(?P<file>.+)")
AGAIN = re.compile(r"-(\d+)(?=(\.[^.]+)+$)")


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where it is not named as Canvas names files."""
    name = path.rpartition("/")[2]
    found = NAMED.fullmatch(name) or ANONYMOUS.fullmatch(name)
    if not found:
        return None
    file, again = found["file"], AGAIN.search(found["file"])
    person = found["name"] if found["name"] != "anon" else f"anon {found['user']}"
    attempt = f"{int(again[1]) if again else 0:06}"
    return Owner(found["user"], person, AGAIN.sub("", file), bool(found["late"]), bool(again), attempt)
