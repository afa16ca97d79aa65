"""Finds the code on which a question depends: marks come from checks, so experiments and figures need not run.

Given cells count as the instructor has them, statement by statement, and so do answers to other questions: only what
the answer uses is run. The answer itself is run whole, and so is an added or a changed cell that makes something of it.
"""

import ast
import builtins
import difflib
from typing import NamedTuple

from ...checks.waiting import names
from .. import course

MOST_CHARACTERS = 50_000  # of one cell that is looked into
MOST_LINES = 100  # of one with magics, which take IPython a time that grows with their number's square
IMPORTS = ("import ", "from ")
# What may change anything, and so is always run: magics, a star import, and the ways around the syntax.
ANYTHING = {"get_ipython", "*", "exec", "globals", "setattr"}


class Statement(NamedTuple):
    """A statement of a notebook: `place` is its cell's in the student's notebook; `given`, whether it is not theirs.

    `answer` is the grade_id of the answer that it is of, "" where it is of none. `makes` are the names that it binds or
    whose values it changes, `uses` those that it reads; None for both where it is no Python.
    """

    place: int
    source: str
    given: bool = True
    answer: str = ""
    makes: frozenset = frozenset()
    uses: frozenset = frozenset()


def _changed(tree):
    """Return the names whose values a statement may change without binding them: x of x[0] = 1 and of x.append(1)."""
    roots = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            roots.append(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            roots.append(node.value)
        elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield "*"
    for node in roots:
        while not isinstance(node, ast.Name) and (inner := getattr(node, "func", None) or getattr(node, "value", None)):
            node = inner
        if isinstance(node, ast.Name) and (node.id in ANYTHING or not hasattr(builtins, node.id)):
            yield node.id


def _python(source):
    """Return (a cell's source as Python, with calls in place of magics, its statements).

    Raises: SyntaxError where it is no Python, or none that can be looked into.
    """
    if len(source) > MOST_CHARACTERS:
        raise SyntaxError(f"expected a cell of at most {MOST_CHARACTERS} characters, found {len(source)}")
    source = source.replace("\r\n", "\n").replace("\r", "\n")  # the ends of lines that Python counts
    try:
        return source, ast.parse(source).body
    except SyntaxError:
        if source.count("\n") > MOST_LINES or len(source) > 100 * MOST_LINES:
            raise
        from IPython.core.inputtransformer2 import TransformerManager

        source = TransformerManager().transform_cell(source)
        return source, ast.parse(source).body


def _part(lines, node):
    """Return the source of a statement; its columns are counted in bytes."""
    decorated = getattr(node, "decorator_list", None)
    part = [line.encode() for line in lines[(decorated or [node])[0].lineno - 1 : node.end_lineno]]
    part[-1] = part[-1][: node.end_col_offset]
    part[0] = part[0][0 if decorated else node.col_offset :]
    return b"\n".join(part).decode()


def statements(source, place=0, given=True, answer=""):
    """Return the `Statement`s of a cell, first to last; a cell that is no Python is one statement, which stops."""
    try:
        source, body = _python(source)
        lines, found = source.split("\n"), []
        for node in body:
            part = _part(lines, node)
            uses, makes = names(part)
            found.append(Statement(place, part, given, answer, frozenset(makes | {*_changed(node)}), frozenset(uses)))
        return found
    except Exception:  # Python and IPython have many for what is none
        return [Statement(place, source, given, answer, None, None)]


def merged(cells, master, checks):
    """Return the statements of a student's notebook, in its order, the instructor's given ones in the place of theirs.

    Parameters: cells, the student's; master, the instructor's; checks, the ids of check cells, which are left out.
    Where the student changed, added or removed cells, the instructor's come first.
    """
    ours = [cell for cell in master if cell.kind == "code"]
    theirs = [(place, cell) for place, cell in enumerate(cells) if cell.kind == "code"]
    answers = {cell.id for cell in ours if cell.solution}
    found = []

    def own(place, cell):
        if cell.id not in checks:
            found.extend(statements(cell.source, place, given=False, answer=cell.id if cell.id in answers else ""))

    keys = ([cell.id or course.bare(cell.source) for cell in one] for one in (ours, [cell for _, cell in theirs]))
    for kind, i, i_end, j, j_end in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        place = theirs[j][0] if j < len(theirs) else len(cells)
        for number, cell in enumerate(ours[i:i_end]):
            at = theirs[j + number][0] if kind == "equal" else place
            if not cell.id:
                found.extend(statements(cell.source, at))
            elif kind == "equal":
                own(at, theirs[j + number][1])
        if kind != "equal":
            for at, cell in theirs[j:j_end]:
                own(at, cell)
    return found


def needed(found, wanted, answers=()):
    """Return those of the statements on which the names `wanted` and the answers, grade_ids, depend, in their order."""
    modules = {name for one in found if one.given and one.source.startswith(IMPORTS) for name in one.makes}
    cells, makers, chosen = {}, {}, set()
    for number, one in enumerate(found):
        whole = not one.given and not one.answer
        part = cells.setdefault(one.place if whole else (number,), [])
        part.append(number)
        uses_only = one.given and not one.source.startswith(IMPORTS)  # a figure that is drawn changes no module
        for name in one.makes or ():
            if not (uses_only and name in modules):
                makers.setdefault(name, []).append(part)
    parts = [[number] for number, one in enumerate(found) if one.answer and one.answer in answers]
    names_left = [*wanted, *ANYTHING]
    while parts or names_left:
        for number in parts.pop() if parts else ():
            if number not in chosen:
                chosen.add(number)
                names_left.extend(found[number].uses or ())
        if names_left:
            parts.extend(makers.pop(names_left.pop(), ()))
    return [one for number, one in enumerate(found) if number in chosen]


def calm(found, answers):
    """Return the statements without those of answers to other questions that change what is imported, or anything."""
    imports = [one for one in found if one.source.startswith(IMPORTS)]
    modules = {name for one in imports for name in one.makes or ()}

    def patches(one):
        made = one.makes or frozenset()
        return made & ANYTHING or made & modules and one not in imports

    return [one for one in found if one.answer in ("", *answers) or not patches(one)]
