"""What lateness costs, by one rule that is stated; the points themselves stay as they are."""

import csv
import re

from ..intake.notebooks import shown
from . import filled_in_tables

TABLE = "late.csv"
NUMBER = r"(\d+(?:[.,]\d+)?)"
RULE = re.compile(
    rf"\s*{NUMBER}\s*(%|points?)\s*((?:a|per|each|every|/)\s*day)?\s*(?:,?\s*at most\s+{NUMBER}\s*(%|points?)\s*)?",
    re.IGNORECASE,
)
GRAMMAR = '"10 % a day", "5 points a day", "10 %" (once), or any of these with ", at most 50 %"'


class Rule:
    """A rule such as "10 % a day, at most 50 %": what it takes off, of the points reached, for each day begun.

    Raises: ValueError where the text is none.
    """

    def __init__(self, text):
        found = RULE.fullmatch(text)
        if not found:
            raise ValueError(f"--late: expected a rule such as {GRAMMAR}, found {shown(text)}")
        number, unit, daily, most, most_unit = found.groups()
        self.text, self.daily = " ".join(text.split()), bool(daily)
        self.step = self._part(number, unit)
        self.most = self._part(most, most_unit) if most else (1.0, 0.0)

    @staticmethod
    def _part(number, unit):
        """Return (the share of the points, the points) that a number and its unit stand for."""
        value = filled_in_tables.number(number)
        if unit == "%" and value > 100:
            raise ValueError(f"--late: expected at most 100 %, found {number} %")
        return (value / 100, 0.0) if unit == "%" else (0.0, value)

    def penalty(self, points, days):
        """Return the points that so many days, a number above 0, cost of the points reached: at most all of them."""
        times = -(-days // 1) if self.daily else 1
        wanted = times * (self.step[0] * points + self.step[1])
        return round(min(wanted, self.most[0] * points + self.most[1], points), 6)


def read(folder):
    """Return {student as in the table: days late} of late.csv in a folder of results, {} where there is none.

    Days that are not given are None. Raises: ValueError, naming the line, where they are no number from 0.
    """
    path, found = folder / TABLE, {}
    for where, line in filled_in_tables.read(path, ("student", "days"))[1] if path.exists() else ():
        text = line["days"].strip()
        found[line["student"]] = days = filled_in_tables.number(text)
        if text and days is None:
            raise ValueError(f"{where}: expected days, a number from 0, found {shown(text)}; mend the line")
    return found


def enter(result, rule, days):
    """Enter into a result what lateness costs it, where it is late; return whether it is.

    Parameters: rule, a `Rule`; days, as `read` returns them: who is not in there and late by what the course system
        says is so by a day. Its `late_penalty` is {"rule", "days", "points"}.
    """
    name = filled_in_tables.cell(result["student"])
    given = days.get(name)
    late = 1.0 if given is None and result.get("late") else given or 0.0
    if late > 0:
        reached = sum(question["points"] or 0 for question in result["questions"].values())
        result["late_penalty"] = {"rule": rule.text, "days": late, "points": rule.penalty(reached, late)}
    return late > 0


def write(file, days):
    """Write the table, a line a student: {student as in the table: days, or None where nobody has said}."""
    table = csv.writer(file)
    table.writerow(("student", "days"))
    table.writerows((student, "" if value is None else f"{value:g}") for student, value in sorted(days.items()))
