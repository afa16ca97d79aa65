"""Moodle's download: `Full Name_participant_assignsubmission_file/...`, a folder for each student or all in the name.

What was typed online lies in `..._assignsubmission_onlinetext`. A team has the group's name and number in place of the
student's, those without one no number; where names are hidden, all are called Participant. An older Moodle sets the
group that was chosen in front, `Group A-Full Name`. Source: mod/assign/classes/downloader.php of Moodle.
"""

import os
import re

from .owner import Owner

NAMED = re.compile(
    r"(?:^|.*?/)(?P<name>[^/]+?)(?:_(?P<id>\d+))?"
    r"_assign(?P<kind>submission_[a-z]+|feedback_[a-z]+)_?(?:/|(?<=_))(?P<file>.*)"
)
OWN = re.compile("feedback_.*|submission_(?:onlinetext|comments)")  # Moodle's, or the teacher's


def owner(path):
    """Return the `Owner` of a file by its path in the download, or None where it is not named as Moodle names files."""
    found = NAMED.fullmatch(path)
    if not found:
        return None
    name = found["name"].strip()
    hidden = found["id"] and name.lower() == "participant"
    shown = f"{name} {found['id']}" if hidden else name
    return Owner(found["id"] or name, shown, "" if OWN.fullmatch(found["kind"]) else found["file"])


def named(folder, owners):
    """Return {path: `Owner`} without the group that stands in front of all names, as in "Group A-Anna Adams".

    It is one where there are several students, and it has a digit or a blank: `Anne-` alone may be the half of a name.
    Parameters: folder, of the download, which is not needed; owners, {path: `Owner`, or None}.
    """
    names = {owner.name for owner in owners.values() if owner}
    common = os.path.commonprefix(list(names)) if len(names) > 1 else ""
    group = common[: common.rfind("-") + 1]
    if not re.search(r"[\d ]", group) or group in names:
        return owners
    return {path: owner and owner._replace(name=owner.name[len(group) :].strip()) for path, owner in owners.items()}
