"""Brightspace's download: `4711-5678 - Anna Adams - Nov 2, 2026 1003 AM/...`, a folder for each time handed in.

The same may stand in front of each file's name. An index.html lies beside.
"""

import re
from datetime import datetime

from .owner import Owner

NAMED = re.compile(
    r"(?:^|.*?/)(?P<id>\d+-\d+) - (?P<name>[^/]+?) - (?P<day>[^/]*?\d{4}) (?P<time>\d{3,4} [AP]M)(?:/| - )(?P<file>.*)"
)


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where Brightspace did not name it."""
    found = NAMED.fullmatch(path)
    if not found:
        return None
    try:
        when = datetime.strptime(f"{found['day']} {found['time']:0>7}", "%b %d, %Y %I%M %p").isoformat()
    except ValueError:  # a month in another language
        when = f"{found['day']} {found['time']:0>7}"
    return Owner(f"{found['id']} {found['name']}", found["name"], found["file"], attempt=when)


def named(folder, owners):
    """Return {path: `Owner`} with the number alone as the id, where only one student of the download has it.

    Parameters: folder, of the download, which is not needed; owners, {path: `Owner`, or None}.
    """
    numbers = [id.partition(" ")[0] for id in {owner.id for owner in owners.values() if owner}]
    alone = {number for number in numbers if numbers.count(number) == 1}
    return {
        path: owner._replace(id=number) if owner and (number := owner.id.partition(" ")[0]) in alone else owner
        for path, owner in owners.items()
    }
