"""Canvas' download: flat, `name_LATE_user_attachment_file`; a notebook that was handed in again ends with -1, -2, ...

What was typed or linked has no attachment: `name_user_text.html`. Source: lib/content_zipper.rb of canvas-lms.
"""

import re

from .owner import Owner

# No id begins with 0, as the course's notebooks do: anna_4711_01_... is a student's own way to name a file, and
# anna_01_..._2026_11_21T10_... otter-grader's.
NAMED = re.compile(
    r"(?P<name>[^/A-Z]*?)_(?P<late>(?:LATE|late)_)?(?!\d{4}_\d\d_\d\d[T_])(?P<user>[1-9]\d*)"
    r"_(?:[1-9]\d*_(?P<file>.+)|(?:text|link)\.html)"
)
ANONYMOUS = re.compile(r"anon_(?P<late>LATE_)?(?P<user>\w+?)_(?:[1-9]\d*_(?P<file>.+)|(?:text|link)\.html)")
AGAIN = re.compile(r"-(\d{1,2})(?=\.ipynb(?:\.txt|\.json)?$)|(?<=\.ipynb)-(\d{1,2})(?=\.(?:txt|json)$)")


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where it is not named as Canvas names files."""
    name = path.rpartition("/")[2]
    anonymous = ANONYMOUS.fullmatch(name)
    found = anonymous or NAMED.fullmatch(name)
    if not found:
        return None
    file = found["file"] or ""
    again = AGAIN.search(file)
    person = f"anon {found['user']}" if anonymous else found["name"] or f"user {found['user']}"
    attempt = f"{int(again[1] or again[2]) if again else 0:06}"
    return Owner(found["user"], person, AGAIN.sub("", file), bool(found["late"]), bool(again), attempt)
