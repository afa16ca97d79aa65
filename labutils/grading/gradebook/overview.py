"""One page of what a class looks like: marks, what was hard, what was misunderstood, what is odd, what is alike."""

import functools
import itertools
import re
import statistics
from collections import Counter

from ... import files
from .. import course
from . import pages, similar, submitted_code, titles

BARS = 11  # of the histogram
MOST_MESSAGES, MOST_FLAGS, MOST_GROUPS, MOST_SHOWN = 5, 25, 20, 3
LONGEST = 4_000  # characters of an answer that is shown
PICTURE = re.compile(r"data:image/[^)\s]*")
NUMBER = re.compile(r"[-+]?\d[\d.,]*(e[-+]?\d+)?([, ]+[-+]?\d[\d.,]*(e[-+]?\d+)?)*")  # or several in a row


class Overview:
    """What is added up of the results, one at a time; nothing of a single answer is kept."""

    def __init__(self, questions):
        self.questions, self.totals, self.waiting = questions, [], Counter()
        self.points = {name: [] for name in questions}
        self.messages = {name: Counter() for name in questions}
        self.flags, self.seconds, self.failed = {}, {}, []

    def add(self, result):
        """Take in one result."""
        if result["status"] == "failed":
            self.failed.append((result["student"], result["reason"]))
            return
        self.totals.append(pages.total(result["questions"].values()))
        for name, question in result["questions"].items():
            self.waiting[name] += question["points"] is None
            if question["points"] is not None:
                self.points[name].append(question["points"])
            for row in question["rows"]:
                if row["points"] < row["max"]:
                    self.messages[name][row["label"], NUMBER.sub("…", row["message"])] += 1
        flags = [*result["flags"], *(flag for state in result["notebooks"].values() for flag in state["flags"])]
        for kind in {NUMBER.sub("…", titles.of_flag(flag, self.questions)[1]) for flag in flags}:
            self.flags.setdefault(kind, []).append(result["student"])
        for stem, state in result["notebooks"].items():
            if "seconds" in state:
                self.seconds.setdefault(stem, []).append(state["seconds"])

    def histogram(self, most):
        """Return [(from, to, how many)] of the totals, of `most` points."""
        step = most / BARS
        places = Counter(min(int(total / step), BARS - 1) for total in self.totals)
        return [(round(at * step, 1), round((at + 1) * step, 1), places[at]) for at in range(BARS)]

    def question(self, name):
        """Return what the page says of a question."""
        points, most, waiting = self.points[name], self.questions[name].max, self.waiting[name]
        known = points and most and (any(points) or not waiting)  # else they are of who wrote nothing
        return {
            "waiting": waiting,
            "share": statistics.mean(points) / most if known else None,
            "full": sum(value == most for value in points),
            "none": sum(value == 0 for value in points),
            "messages": self.messages[name].most_common(MOST_MESSAGES),
        }


@functools.cache
def labutils_marks():
    """Return the marks of the code of labutils that students have."""
    package = files.REPOSITORY / "labutils"
    paths = [path.relative_to(package) for path in package.rglob("*.py")]
    seen = [package / path for path in paths if path.parts[0] not in ("grading", "maintenance")]
    return frozenset().union(*(similar.marks(path.read_text(encoding="utf-8"), "code") for path in seen))


def given_marks(questions):
    """Return {kind: the marks of what students were given}: the notebooks without solutions, and labutils."""
    given = {
        "code": [*submitted_code.given(questions).values()],
        "text": [question.given for question in questions.values()],
    }
    for stem in dict.fromkeys(question.notebook for question in questions.values()):
        for one in course.read(course.NOTEBOOKS / f"{stem}.ipynb"):
            if not one.solution and not one.grade:
                given["code" if one.kind == "code" else "text"].append(one.source)
    found = {kind: frozenset().union(*(similar.marks(one, kind) for one in given[kind])) for kind in given}
    return found | {"code": found["code"] | labutils_marks()}


def groups(answers, codes, questions, named):
    """Yield what the page says of the answers that are alike, in code and in words.

    Parameters: answers, as `gradebook.answers_of` makes them, and codes, (student, grade_id, source), both by question;
        questions; named, their `Titles`.
    """
    given, names = given_marks(questions), named.in_full
    yield from alike(codes, "code", given["code"], names)
    texts = ((one["student"], one["question"], PICTURE.sub("", one["answer"])) for one in answers)
    yield from alike(texts, "text", given["text"], names)


def alike(stored, kind, given, names):
    """Yield what the page says of the groups of answers that are alike, question by question.

    Parameters: stored, of (student, grade_id, answer), in the order of questions; kind, "code" or "text"; given, the
        marks of what students were given; names, {grade_id: title}.
    """
    for name, entries in itertools.groupby(stored, key=lambda entry: entry[1]):
        texts = {student: answer for student, _, answer in entries}
        found = similar.groups(texts, kind, given)
        if found:
            shown = [
                group._asdict() | {"shown": [(one, texts[one][:LONGEST]) for one in group.students[:MOST_SHOWN]]}
                for group in found[:MOST_GROUPS]
            ]
            yield {"title": names[name], "groups": shown, "more": len(found) - len(shown)}


def write(file, found, groups, named):
    """Write the page.

    Parameters: file; found, an `Overview`; groups, what `groups` yields; named, the `Titles` of the questions.
    """
    most = sum(question.max for question in found.questions.values())
    by_notebook = itertools.groupby(found.questions.values(), key=lambda question: question.notebook)
    notebooks = [
        {
            "title": named.notebooks[stem],
            "seconds": found.seconds.get(stem),
            "questions": [{"title": named.questions[one.id]} | found.question(one.id) for one in inside],
        }
        for stem, inside in by_notebook
    ]
    flags = sorted(found.flags.items(), key=lambda flag: (-len(flag[1]), flag[0]))
    bars = found.histogram(most)
    pages.write(
        file,
        "overview.html",
        students=len(found.totals),
        failed=found.failed,
        most=most,
        waiting=found.waiting.total(),
        mean=statistics.mean(found.totals) if found.totals else 0,
        median=statistics.median(found.totals) if found.totals else 0,
        bars=bars,
        highest=max(count for _, _, count in bars) or 1,
        notebooks=notebooks,
        flags=flags[:MOST_FLAGS],
        more_flags=max(0, len(flags) - MOST_FLAGS),
        groups=groups,
    )
