"""Brightspace's download: `4711-5678 - Anna Adams - Nov 2, 2026 1003 AM/...`, a folder for each time handed in.

The same may stand in front of each file's name. The date is in the language of whoever downloads: `2 novembre 2026
15 h 03`. An index.html lies beside.
"""

import re
from datetime import datetime

from .owner import Owner

NAMED = re.compile(
    r"(?:^|.*?/)(?P<id>\d+-\d+) ?- (?P<name>[^/]+?) - (?P<day>(?:(?! - )[^/])*?(?<!\d)\d{4}(?!\d)(?:(?! - )[^/])*?),? ?"
    r"(?P<time>\d{1,2}(?: ?[h.] ?)?\d\d)(?: ?(?P<half>[^\W\d_]{1,6}\.?))?(?:/| - )(?P<file>.*)"
)


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where Brightspace did not name it.

    Of an attempt whose month is in another language than English the time is kept as it stands there.
    """
    found = NAMED.fullmatch(path)
    if not found:
        return None
    day, half = " ".join(re.findall(r"\w+", found["day"])), found["half"] if found["half"] in ("AM", "PM") else ""
    time, clock = re.sub(r"[ h.]", "", found["time"]).zfill(4) + half, "%I%M%p" if half else "%H%M"
    when = f"{found['day']}, {found['time']} {found['half'] or ''}".strip()
    for style in ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%Y %m %d"):
        try:
            when = datetime.strptime(f"{day} {time}", f"{style} {clock}").isoformat()
        except ValueError:
            continue
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
