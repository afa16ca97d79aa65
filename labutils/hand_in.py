"""Looks at a student's notebooks, then packs them into hand-in.zip: `python -m labutils hand-in`, or `make hand-in`.

It says a line for each notebook and leaves nothing out silently. Which lab a notebook is, it reads off the cells, not
off the name, so that a copy is seen to be one; of two copies, it asks which. It needs no package, so that any Python
runs it, on Windows too, and so does a cell of a lab: `%run -m labutils hand-in`.
"""

import hashlib
import io
import json
import re
import time
import zipfile
from collections import Counter
from typing import NamedTuple

from . import files

HOW_TO_WRITE = "select this cell, press Enter, write in place of this line, then press Shift+Enter"
PLACEHOLDER = re.compile(rf"(?i)^\W*(write )?your answer here(: {re.escape(HOW_TO_WRITE)})?\W*$")
UNWRITTEN = re.compile(r'raise NotImplementedError\("([^"]*)"\)')  # what stands in place of an exercise's code
BOLD = re.compile(r"^\*\*(.+?)\*\*")  # a question, as the cell of its answer begins
RECORD = "application/vnd.labutils.check+json"  # as in checks.report, which needs NumPy
GIVEN = "labutils/given.json"  # {lab: {grade_id: digest of the cell as it was given}}, which a release writes
LONGEST = 70  # characters of a question
SIGNS = {True: "ok  ", None: "note", False: "->  "}


class Found(NamedTuple):
    """A notebook that was looked at: its path, its lab ("" for none), whether all is well (None: a remark), what is."""

    path: object
    lab: str
    ok: bool | None
    text: str

    def __str__(self):
        saved = time.localtime(self.path.stat().st_mtime)
        when = f"; saved {time.strftime('%d %B, %H:%M', saved)}" * (saved.tm_year > 1980)  # the year of what is given
        return f"{SIGNS[self.ok]} {self.path.relative_to(files.NOTEBOOKS).as_posix()}: {self.text}{when}"


def source(cell):
    """Return a cell's source as one text, however the notebook keeps it."""
    return "".join(cell.get("source", ""))


def digest(text):
    """Return what tells a cell's source from any other."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def read(path):
    """Return the cells of a notebook; raise ValueError, in one line, where it is none."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [cell for cell in cells if source(cell) is not None and cell["cell_type"]]
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ValueError(f"cannot be read as a notebook ({type(error).__name__}: {error})") from None


def marked(cells):
    """Return [(grade_id, whether it is an answer, cell), ...] of the cells that are answers or checks."""
    found = [(cell.get("metadata", {}).get("nbgrader") or {}, cell) for cell in cells]
    return [(mark["grade_id"], bool(mark.get("solution")), cell) for mark, cell in found if "grade_id" in mark]


def lab_of(cells, given):
    """Return the lab with which a notebook shares most of its answers and checks, "" where it has not half of any."""
    ids = {grade_id for grade_id, *_ in marked(cells)}
    shares = {lab: len(ids & known.keys()) / len(known) for lab, known in given.items() if known}
    best = max(shares, key=shares.get, default="")
    return best if best and shares[best] >= 0.5 else ""


def unanswered(cell):
    """Return the names of the questions that the cell of an answer leaves open."""
    if cell["cell_type"] == "code":
        return UNWRITTEN.findall(source(cell))
    question, found = "a question", []
    for line in source(cell).splitlines():
        question = BOLD.sub(r"\1", line)[:LONGEST] if BOLD.match(line) else question
        found += [f"“{question}”"] * bool(PLACEHOLDER.match(line))
    return found


def points(cells):
    """Return (points, most) of the checks that were run, by what they showed last."""
    records = [output.get("data", {}).get(RECORD) for cell in cells for output in cell.get("outputs", ())]
    last = {record["id"]: record for record in records if record}
    return tuple(sum(record[name] for record in last.values()) for name in ("points", "max"))


def troubles(cells, known):
    """Yield in words what is not as it should be in a lab's cells; `known`, its digests as in GIVEN."""
    here = Counter(grade_id for grade_id, *_ in marked(cells))
    if open_ones := [name for _, answer, cell in marked(cells) if answer for name in unanswered(cell)]:
        yield f"not answered: {', '.join(open_ones)}"
    code = [cell for cell in cells if cell["cell_type"] == "code" and source(cell).strip()]
    counts = [cell.get("execution_count") for cell in code]
    if None in counts:
        yield f"{counts.count(None)} of {len(counts)} cells not run"
    done = [count for count in counts if count is not None]
    if done != sorted(done):
        yield "cells run out of order"
    if any(output.get("output_type") == "error" for cell in code for output in cell.get("outputs", ())):
        yield "a cell ended with an error"
    if lost := [name for name in known if name not in here]:
        yield f"cells gone: {', '.join(lost)}"
    if twice := [name for name, count in here.items() if count > 1]:
        yield f"cells there twice: {', '.join(twice)}"
    changed = [name for name, answer, cell in marked(cells) if not answer and known.get(name) != digest(source(cell))]
    if changed:
        yield f"checks changed: {', '.join(changed)}"


def look(path, given):
    """Return the `Found` of a notebook; `given`, as in the file GIVEN."""
    try:
        cells = read(path)
    except ValueError as error:
        lab = path.stem if path.stem in given else ""
        return Found(path, lab, False, f"{error}{'' if lab else ', left out'}")
    lab = lab_of(cells, given)
    if not lab:
        return Found(path, "", None, "none of the labs, left out")
    answers = [(name, cell) for name, answer, cell in marked(cells) if answer]
    if answers and all(given[lab].get(name) == digest(source(cell)) for name, cell in answers):
        return Found(path, lab, None, "as it was given, nothing answered")
    found = list(troubles(cells, given[lab]))
    earned, most = points(cells)
    score = f"{earned:g} of {most:g} points in its checks" if most else "no check run"
    return Found(path, lab, not found, "; ".join([score, *(found or ["all answered and run in order"])]))


def chosen(lab, copies, take):
    """Return which of several copies of a lab is handed in: the one whose name is in `take`, or asks.

    Raises: ValueError where nobody answers.
    """
    names = [found.path.relative_to(files.NOTEBOOKS).as_posix() for found in copies]
    if named := [found for found, name in zip(copies, names) if name in take]:
        return named[0]
    newest = max(copies, key=lambda found: found.path.stat().st_mtime)
    print(f"\n{len(copies)} notebooks are {lab}:")
    for number, found in enumerate(copies, 1):
        print(f"  {number}  {str(found)[5:]}{' (the newest)' if found is newest else ''}")
    try:
        while not (answer := input(f"Which one do you hand in? 1 to {len(copies)}: ").strip()).isdecimal() or not (
            1 <= int(answer) <= len(copies)
        ):
            print(f"expected a number from 1 to {len(copies)}, found {answer!r}")
    except (EOFError, NotImplementedError):  # nobody there, or a notebook that a program runs
        print()
        advice = f'move the others elsewhere, or add --take "{names[copies.index(newest)]}" (the newest) or another'
        raise ValueError(f"{lab}: expected one notebook, found {len(copies)}: {', '.join(names)}; {advice}") from None
    return copies[int(answer) - 1]


def put_aside(path):
    """Give an earlier zip another name, with the time at which it was made, so that nobody takes it for the new one."""
    if path.exists():
        made = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(path.stat().st_mtime))
        path.replace(path.with_name(f"old-hand-in-{made}.zip"))
        print(f"The {path.name} of before is now old-hand-in-{made}.zip.")


def pack(take=()):
    """Look at all notebooks, print a line for each, and pack one for each lab; return the path of the zip.

    Parameters: take, names of notebooks that are handed in where a lab has copies.
    Raises: ValueError, in one line, where there are copies and nobody says which, or no notebook at all.
    """
    try:
        given = json.loads((files.REPOSITORY / GIVEN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{GIVEN}: expected it, as in the bundle that students get, found none") from None
    path = files.REPOSITORY / "hand-in.zip"
    put_aside(path)
    there = (file for file in files.NOTEBOOKS.rglob("*") if file.is_file())
    there = sorted(f for f in there if not any(p.startswith(".") for p in f.relative_to(files.NOTEBOOKS).parts))
    seen = [look(file, given) for file in there if file.suffix.lower() == ".ipynb"]
    print(*seen, sep="\n")
    packed, lost = {}, [lab for lab in given if not any(found.lab == lab for found in seen)]
    if strange := set(take) - {found.path.relative_to(files.NOTEBOOKS).as_posix() for found in seen if found.lab}:
        raise ValueError(f"--take {' '.join(sorted(strange))}: expected the name of a lab's notebook, one of the above")
    for name in (file.name for file in there if file.suffix.lower() not in (".ipynb", ".md")):
        print(f"{SIGNS[None]} {name}: no notebook, left out")
    for lab in lost:
        print(f"{SIGNS[False]} {lab}.ipynb: not there")
    for lab in sorted(given.keys() - lost):
        copies = [found for found in seen if found.lab == lab]
        packed[lab] = copies[0] if len(copies) == 1 else chosen(lab, copies, take)
        if packed[lab].path.name != f"{lab}.ipynb":
            print(f"{SIGNS[None]} {packed[lab].path.name}: handed in under its lab's name, {lab}.ipynb")
    if not packed:
        raise ValueError(f"{files.NOTEBOOKS}: expected the labs, found none of them")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for lab, found in sorted(packed.items()):
            archive.writestr(f"{lab}.ipynb", found.path.read_bytes())
    files.write_whole(path, buffer.getvalue())
    left_out = [found for found in seen if not found.lab]
    mend = sum(found.ok is False for found in [*packed.values(), *left_out]) + len(lost)
    print(f"{path}: {len(packed)} notebooks, as they were last saved", end="")
    print(f"; look at the {mend} marked -> first, and pack again where you changed one." if mend else ".")
    return path
