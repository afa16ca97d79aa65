"""Finds what an answer takes from labutils: who calls a helper has its values right, so a person should look.

Names are followed through the notebook's other cells, whatever they are imported as; nothing is run.
"""

import ast
import itertools
import re

from ..checks.waiting import names

METHODS = {"gradient", "best_on_support", "best_subsets", "rounded"}  # of what an exercise hands over


MAGIC = re.compile(r"(?m)^(\s*)[%!].*$")
CONSTANT = re.compile(r"\.[A-Z0-9_]{4,}(\.|$)")  # STE is a class
MOST = 200_000  # characters of a cell that is looked into


def _statements(source):
    try:
        return ast.parse(MAGIC.sub(r"\1pass", source[:MOST])).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # it does not run either


def _imported(node):
    """Return {name: what of labutils it stands for} of an import."""
    if isinstance(node, ast.Import):
        found = {alias.asname or alias.name.split(".")[0]: alias for alias in node.names}
        return {name: one.name if one.asname else name for name, one in found.items() if _is_ours(one.name)}
    if isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
        return {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {}


def _is_ours(name):
    return name == "labutils" or name.startswith("labutils.")


def _used(node, homes):
    """Yield what of labutils a statement uses: `homes` says for each imported name what it stands for."""
    reads = names(ast.unparse(node))[0]
    inner = [one for one in ast.walk(node) if isinstance(one, (ast.Import, ast.ImportFrom))]
    yield from itertools.chain.from_iterable(_imported(one).values() for one in inner)
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and _is_ours(one.value):  # importlib's, say
            yield one.value
        elif isinstance(one, ast.Attribute):
            parts = [one.attr]
            while isinstance(one := one.value, ast.Attribute):
                parts.append(one.attr)
            if isinstance(one, ast.Name) and one.id in homes and one.id in reads:
                yield ".".join([homes[one.id], *reversed(parts)])
            elif parts[0] in METHODS:
                yield parts[0]
        elif isinstance(one, ast.Name) and one.id in homes and one.id in reads:
            yield homes[one.id]


def taken(answers, cells):
    """Return the names of labutils that answers use, themselves or by way of what the notebook's cells define.

    Parameters: answers, sources of the answers' cells; cells, sources of all code cells of the notebook. Constants, in
        capitals, and modules of which a part is used are left out.
    """
    homes, made = {}, {}
    for node in itertools.chain.from_iterable(map(_statements, cells)):
        homes |= _imported(node)
        bound = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        for name in [getattr(node, "name", None), *(bound if isinstance(node, (ast.Assign, ast.AnnAssign)) else [])]:
            made.setdefault(name, []).append(node)
    waiting, seen, found = [*itertools.chain.from_iterable(map(_statements, answers))], set(), set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            found |= {*_used(node, homes)}
            for name in names(ast.unparse(node))[0]:
                waiting += made.get(name, [])
    whole = {name for name in found if not CONSTANT.search(name)}
    return {name for name in whole if not any(other.startswith(f"{name}.") for other in whole)}


def note(answers, cells, lent):
    """Return [what is said of answers that take more from labutils than the instructor's, `lent`], [] where none do."""
    try:
        more = sorted(name.removeprefix("labutils.") for name in taken(answers, cells) - {*lent})
    except (RecursionError, MemoryError, SyntaxError, ValueError):
        return ["what its answer takes from labutils cannot be told: look at it"]
    return [f"its answer takes from labutils: {', '.join(more)[:200]}"] if more else []
