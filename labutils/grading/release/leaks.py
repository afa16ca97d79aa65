"""Says whether a solution survives in what students get, by a rule that can be stated in four sentences.

Secret are the lines of each solution and each hidden test, code and comments apart, and the sentences of each written
answer. Such a phrase survives where its words and signs stand one after the other in any file, however they are spaced
and broken into lines. It must have seven of them or more: shorter ones (`return w`, `loss.backward()`) cannot be told
from other text. That labutils holds the methods themselves is by design, but it holds them in words of its own. Secret
are also the numbers that a written answer quotes: no text that students get may state what they are to find.
"""

import json
import re

from ..course import HIDDEN_TESTS, SOLUTION
from . import student_version

NUMBER = re.compile(r"(?<![\w.^{])(?<!\{-)\d+(?:,\d{3})*(?:\.\d+)?(?![\w^])")
COUNTED = re.compile(r"\bsteps?\s+(\d\d)\b(?![.,]\d)|(?<![\d.,])(\d\d)\s+steps?\b")  # step 41, or 35 steps
YEAR = re.compile(r"(?:18|19|20)\d\d")
SHORTEST = 7  # labutils shares lines of six words and signs with solutions, of seven none


def words(text):
    """Return the words and signs of a text, with a space around each."""
    return " " + " ".join(re.findall(r"\w+|[^\w\s]", text)) + " "


def phrases(cell):
    """Yield what must not survive of a cell: the lines of its secret regions, or a written answer's sentences."""
    kind = SOLUTION if student_version.is_answer(cell) else HIDDEN_TESTS
    if not (student_version.is_answer(cell) or student_version.is_check(cell)):
        return
    lines = [line for _, inside in student_version.regions(cell.source, kind) for line in inside]
    if student_version.is_answer(cell) and not student_version.regions(cell.source, kind):
        lines = cell.source.split("\n")  # all of it is the answer
    split = r"\s+#\s" if cell.cell_type == "code" else r"(?<=[.?!:;])\s"
    for line in lines:
        yield from filter(None, map(str.strip, re.split(split, f" {line}")))


def secrets(notebook):
    """Return [(grade_id, phrase), ...] of a solved notebook: what is long enough to be looked for."""
    found = [
        (student_version.marks(cell).get("grade_id"), phrase) for cell in notebook.cells for phrase in phrases(cell)
    ]
    return [(name, phrase) for name, phrase in found if len(words(phrase).split()) >= SHORTEST]


def quoted(text):
    """Return the numbers in a text that look measured: not 0.02, 2,000 or the year 2019.

    They have three digits or more, or two where they count steps and are not round.
    """
    found = {number for pair in COUNTED.findall(text) for number in pair if number and not number.endswith("0")}
    for number in NUMBER.findall(text):
        digits = number.replace(",", "")
        telling = digits.replace(".", "").lstrip("0") if "." in digits else digits.rstrip("0")
        if len(telling) >= 3 and not YEAR.fullmatch(number):
            found.add(number)
    return found


def measured(notebook):
    """Return [(grade_id, number), ...]: what the written answers of a solved notebook quote and no given code holds."""
    given = set().union(*(quoted(cell.source) for cell in notebook.cells if cell.cell_type == "code"))
    answers = [cell for cell in notebook.cells if cell.cell_type == "markdown" and student_version.is_answer(cell)]
    return [
        (student_version.marks(cell).get("grade_id"), number)
        for cell in answers
        for number in sorted(quoted("\n".join(phrases(cell))) - given)
    ]


def strings(value):
    """Yield every text in a JSON value, keys included; a list of nothing but texts is one text, as in a notebook."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        yield "".join(value)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from strings(part)


def text_of(name, data):
    """Return the text in a file: all of it, a notebook's without JSON's escapes, or what is legible in a binary one."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(part.decode() for part in re.findall(rb"[\x20-\x7e]{20,}", data))
    return "\n".join(strings(json.loads(text))) if name.endswith(".ipynb") else text


def told(name, data):
    """Return what a file tells in words: a notebook's text cells, or a page of text; nothing for any other file."""
    if name.endswith(".md"):
        return data.decode("utf-8")
    if not name.endswith(".ipynb"):
        return ""
    cells = json.loads(data)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def search_numbers(files, numbers):
    """Raise ValueError where a page or a text cell states a number that a written answer quotes, in a line with both.

    Parameters: files, a dict from name to bytes; numbers, [(grade_id, number), ...] as `measured` returns them.
    """
    for name, data in files.items():
        stated = quoted(told(name, data))
        for grade_id, number in numbers:
            if number in stated:
                raise ValueError(f"{name}: expected no number that answers {grade_id}, found {number}")


def search(files, secret):
    """Raise ValueError at the first file in which a marker or a secret survives, in a line that names both.

    Parameters: files, a dict from name to bytes; secret, [(grade_id, phrase), ...] as `secrets` returns it.
    """
    markers = [f"{edge} {kind}" for edge in ("BEGIN", "END") for kind in (SOLUTION, HIDDEN_TESTS)]
    secret = [(grade_id, phrase, words(phrase)) for grade_id, phrase in secret]
    for name, data in files.items():
        text = text_of(name, data)
        for marker in markers:
            if marker in text:
                raise ValueError(f"{name}: expected no marker of a solution or a hidden test, found {marker!r}")
        text = words(text)
        for grade_id, phrase, needle in secret:
            if needle in text:
                raise ValueError(f"{name}: expected nothing of the solution of {grade_id}, found {phrase[:80]!r}")
