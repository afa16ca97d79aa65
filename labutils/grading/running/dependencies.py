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

MOST_CHARACTERS = 200_000  # of one cell that is looked into
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


def python(source):
    """Return (a cell's source as Python, with calls in place of magics, its statements).

    Raises: SyntaxError where it is no Python.
    """
    if len(source) > MOST_CHARACTERS:
        raise SyntaxError(f"expected a cell of at most {MOST_CHARACTERS} characters, found {len(source)}")
    try:
        return source, ast.parse(source).body
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        source = TransformerManager().transform_cell(source)
        return source, ast.parse(source).body
    except (ValueError, MemoryError, RecursionError) as error:
        raise SyntaxError(f"expected Python, found {error or type(error).__name__}") from None


def statements(source, place=0, given=True, answer=""):
    """Return the `Statement`s of a cell, first to last; a cell that is no Python is one statement, which stops."""
    try:
        source, body = python(source)
        lines, found = source.splitlines(keepends=True), []
        for node in body:
            decorated = getattr(node, "decorator_list", None)
            part = ast.get_source_segment(source, node)
            if decorated:
                part = "".join(lines[decorated[0].lineno - 1 : node.end_lineno]).rstrip()
            uses, makes = names(part)
            makes |= {*_changed(node)}
            found.append(Statement(place, part, given, answer, frozenset(makes), frozenset(uses)))
        return found
    except (SyntaxError, ValueError, RecursionError):
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
    wanted, chosen = {*wanted, *ANYTHING}, []
    imports = [one.given and one.source.startswith(("import ", "from ")) for one in found]
    modules = {name for one, is_import in zip(found, imports) if is_import for name in one.makes}
    found = [  # a figure that is drawn changes nothing of the module that draws it
        one if is_import or not one.given or not one.makes else one._replace(makes=one.makes - modules)
        for one, is_import in zip(found, imports)
    ]
    while True:
        making = [bool(one.makes) and not wanted.isdisjoint(one.makes) for one in found]
        cells = {one.place for one, makes in zip(found, making) if makes and not one.given and not one.answer}
        now = [
            makes or one.answer in answers or not (one.given or one.answer) and one.place in cells
            for one, makes in zip(found, making)
        ]
        if now == chosen:
            return [one for one, is_in in zip(found, chosen) if is_in]
        chosen = now
        wanted |= {name for one, is_in in zip(found, chosen) if is_in for name in one.uses or ()}
