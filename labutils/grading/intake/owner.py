"""Whose a file is, as a course system's names say it."""

from typing import NamedTuple


class Owner(NamedTuple):
    """A student as a course system names one: the id that tells two apart, the name, and what is said of the file.

    `file` is the file's own name, with its folders, as the student had it; "" where it is the system's own, about the
    student. `late`, None where nothing says it, and `again`, a later version, are what the name says; of what was
    handed in for one `part`, an assignment, the last `attempt` counts. `typed` is what the student typed into the
    system's own page, where a text of the system's holds it among other things. `members` are those of a team, each
    with the texts by which a list may know them: ((name, number, address), ...).
    """

    id: str
    name: str
    file: str
    late: bool | None = None
    again: bool = False
    attempt: str = ""
    part: str = ""
    typed: str = ""
    members: tuple = ()
