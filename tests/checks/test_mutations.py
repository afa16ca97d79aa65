"""Every small mutation of the committed solutions loses points, but for those that compute the same, which are listed.

A mutation swaps an operator or two arguments, adds one to a number or takes one off, drops a statement, an option, an
operand, an end of a slice, a call that takes nothing or what a loop in an expression runs over, or turns a comparison
or a reduction into its neighbours.
"""

import ast
import copy

import pytest
from helpers.course_notebooks import NOTEBOOKS, code_cells, is_answer, is_check, marks, read, solutions

SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
SWAPS |= {ast.MatMult: ast.Mult, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.Is: ast.IsNot}
SWAPS |= {ast.USub: ast.UAdd, ast.FloorDiv: ast.Div}
NARROWED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
NEIGHBOURS = {"max": "min", "min": "max", "argmin": "argmax", "round": "floor", "maximum": "minimum", "abs": "sign"}
NEIGHBOURS |= {"sign": "abs", "zeros": "ones", "sum": "prod", "clone": "neg", "argsort": "argpartition"}
NEIGHBOURS |= {"any": "all", "all": "any"}
SECOND = {"sum": "mean", "max": "mean", "min": "mean", "round": "ceil", "argmin": "min", "abs": "square"}
# Mutations that compute the same, by what stands there afterwards.
SAME = {
    "lab1_f": ["np.square(proposal)"],  # which ranks as the magnitudes do
    "lab1_g_pruning": [
        "<= 1e-09",  # no sum of squares is that number exactly
        "return exact",  # a count is a number, of whatever type
        "lstsq(part, problem.y)[0]",  # what rcond=None says is NumPy's own choice from version 2 on
    ],
    "lab1_e": ["np.maximum(0, np.abs(w) - threshold)"],  # of two arguments that may stand either way
    "lab2_a": [
        "alpha, beta = (w.max() - w.min(), w.max())",  # the levels counted from the upper end are the same
        "return w\n",  # "as it is" may be w itself
    ],
    "lab2_c": ["return loss"],  # a tensor is a number, too
}


def mutants(source):
    """Yield the mutated sources of a solution, each with one change."""
    tree = ast.parse(source)
    for node in ast.walk(tree):  # annotations compute nothing
        for name in {"annotation", "returns"} & {*node._fields}:
            setattr(node, name, None)
    for place, node in enumerate(ast.walk(tree)):
        for change in changes(node):
            mutated = copy.deepcopy(tree)
            change(list(ast.walk(mutated))[place])
            yield ast.unparse(ast.fix_missing_locations(mutated))


def changes(node):
    """Return functions that each change such a node in place."""
    found = []
    operator = getattr(node, "op", None) or (node.ops[0] if isinstance(node, ast.Compare) else None)
    if type(operator) in SWAPS:
        new = SWAPS[type(operator)]()
        found.append(lambda n: setattr(n, "op", new) if hasattr(n, "op") else n.ops.__setitem__(0, new))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        found += [lambda n: setattr(n, "value", n.value + 1), lambda n: setattr(n, "value", n.value - 1)]
    if isinstance(node, ast.BinOp):
        found += [lambda n: _become(n, n.left), lambda n: _become(n, n.right)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args + node.keywords:
        found.append(lambda n: _become(n, n.func.value))
    if isinstance(node, ast.Slice):
        found += [lambda n, end=end: setattr(n, end, None) for end in ("lower", "upper") if getattr(node, end)]
    if isinstance(node, ast.Attribute) and node.attr in NEIGHBOURS:
        found.append(lambda n: setattr(n, "attr", NEIGHBOURS[n.attr]))
    if isinstance(node, ast.Attribute) and node.attr in SECOND:
        found.append(lambda n: setattr(n, "attr", SECOND[n.attr]))
    if isinstance(node, ast.Compare) and type(node.ops[0]) in NARROWED:
        found.append(lambda n: n.ops.__setitem__(0, NARROWED[type(n.ops[0])]()))
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and not node.generators[0].ifs:
        found.append(lambda n: n.generators[0].ifs.append(ast.Constant(False)))
    if isinstance(node, ast.Call):
        found += [lambda n, place=place: n.keywords.pop(place) for place in range(len(node.keywords))]
    if isinstance(node, ast.Attribute) and node.attr == "T":
        found.append(lambda n: setattr(n, "attr", "real"))
    if isinstance(node, ast.Name) and node.id in NEIGHBOURS:
        found.append(lambda n: setattr(n, "id", NEIGHBOURS[n.id]))
    if isinstance(node, ast.Call) and len(node.args) == 2:
        found.append(lambda n: n.args.reverse())
    body = getattr(node, "body", None)
    if isinstance(body, list) and not isinstance(node, (ast.Module, ast.ClassDef)):
        for place, statement in enumerate(body):
            docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if not docstring:
                found.append(lambda n, place=place: n.body.__setitem__(place, ast.Pass()))
    return found


def _become(node, other):
    """Turn a node of a tree into another one, in place."""
    node.__class__, node.__dict__ = other.__class__, other.__dict__


def cases():
    """Return [(notebook, grade_id of the check, grade_ids of its answers), ...] of the graded exercises in code."""
    found = []
    for path in NOTEBOOKS[1:8]:
        answers = []
        for cell in code_cells(read(path)):
            if is_answer(cell):
                answers.append(marks(cell).grade_id)
            elif is_check(cell):
                found.append((path, marks(cell).grade_id, tuple(answers)))
                answers = []
    single = ("lab1_g_l1", "lab1_g_proximal", "lab1_g_trimmed", "lab2_b")  # a number each, and two lines
    return [case for case in found if case[1] not in single]


@pytest.mark.parametrize("path, check, answers", cases(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_small_mutation_loses_points(path, check, answers):
    notebook = read(path)
    solved, cells = solutions(notebook), code_cells(notebook)
    shown = next(cell.source for cell in cells if marks(cell).get("grade_id") == check)
    names = {}
    exec(cells[0].source, names)
    for cell in cells[1:]:  # what stands above and costs nothing
        if marks(cell).get("grade_id") == check:
            break
        if cell.source.startswith(("X, y = ", "problem = ")):
            exec(cell.source, names)
    for answer in answers:
        exec(solved[answer], names)
    whole = eval(shown, dict(names))
    assert whole.points == whole.max
    survived, tried = [], 0
    for answer in answers:
        for source in mutants(solved[answer]):
            mutated, tried = dict(names), tried + 1
            try:
                exec(source, mutated)
                report = eval(shown, mutated)
            except Exception:
                continue
            if report.points == report.max and not any(part in source for part in SAME.get(check, [])):
                survived.append(source)
    assert tried >= 4
    assert not survived, f"{len(survived)} of {tried}:\n" + "\n---\n".join(survived)
