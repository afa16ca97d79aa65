"""Groups of answers that are alike: something to look at, and no verdict.

Code is compared by its syntax tree, in which names, numbers' spelling, comments and layout don't count (k-grams of the
tree, as MOSS has them: Schleimer, Wilkerson and Aiken, 2003), text by its shingles (Broder, 1997): runs of words. What
the release gave away, and what a third of the class has, says nothing about anybody and is left out.
"""

import ast
import re
from collections import Counter
from typing import NamedTuple

GRAM, SHINGLE = 10, 5  # how many pieces of a tree, or words, make one mark
FEWEST = {"code": 25, "text": 20}  # marks of an answer's own: shorter ones are alike by chance
ALIKE = {"code": 0.7, "text": 0.5}  # of the smaller answer's own marks, how many both must have
FEWEST_COMMON = 5  # answers that share a mark, from which on it may be common


class Group(NamedTuple):
    """Students whose answers are alike: the share of marks that the least alike neighbours have in common."""

    students: tuple
    share: float
    same: bool  # letter by letter, blanks apart


def pieces(source):
    """Return (what it is, a name of the student's own or None) of each node of a syntax tree; [] for no program.

    Docstrings are left out: they come with the exercise.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        what, name = type(node).__name__, getattr(node, "id", getattr(node, "arg", None))
        if isinstance(node, ast.Constant):
            what += repr(node.value)[:40]
        elif isinstance(node, ast.Attribute):
            what += node.attr
        found.append((what, name))
        inside = [child for child in ast.iter_child_nodes(node) if not isinstance(child, (ast.Load, ast.Store))]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node):
            inside.remove(node.body[0])
        waiting += reversed(inside)
    return found


def marks(text, kind):
    """Return the set of marks of an answer; kind is "code" or "text"."""
    if kind == "text":
        words = re.findall(r"\w+", text.lower())
        return {hash(tuple(words[at : at + SHINGLE])) for at in range(len(words) - SHINGLE + 1)}
    parts = pieces(text)
    return {_gram(parts[at : at + GRAM]) for at in range(len(parts) - GRAM + 1)}


def _gram(parts):
    """Return one mark of some pieces in a row; names are numbered as they come in it, whatever they are."""
    numbers = {}
    return hash(tuple((what, name and numbers.setdefault(name, len(numbers))) for what, name in parts))


def groups(answers, kind, given=frozenset()):
    """Return the `Group`s of a question's answers, the most alike first.

    Parameters: answers, {student: text}; kind, "code" or "text"; given, the marks of what the release gave away.
    """
    found = {student: marks(text, kind) - given for student, text in answers.items()}
    common = Counter(mark for own in found.values() for mark in own)
    usual = {mark for mark, count in common.items() if count > max(FEWEST_COMMON, len(answers) / 3)}
    found = {student: own - usual for student, own in found.items()}
    found = {student: own for student, own in found.items() if len(own) >= FEWEST[kind]}
    shares = _shares(found, ALIKE[kind])
    letters = {student: "".join(text.split()) for student, text in answers.items()}
    result = []
    for students in _connected(shares):
        least = min(share for pair, share in shares.items() if pair[0] in students)
        result.append(Group(students, least, len({letters[student] for student in students}) == 1))
    return sorted(result, key=lambda group: (-group.same, -group.share, group.students))


def _shares(found, least):
    """Return {(student, student): share} of the pairs that have at least this share of marks in common."""
    holders, shared = {}, Counter()
    for student, own in found.items():
        for mark in own:
            for other in holders.setdefault(mark, []):
                shared[other, student] += 1
            holders[mark].append(student)
    shares = {pair: count / min(len(found[pair[0]]), len(found[pair[1]])) for pair, count in shared.items()}
    return {pair: share for pair, share in shares.items() if share >= least}


def _connected(pairs):
    """Return the groups of students that pairs connect, each sorted."""
    group_of = {}
    for one, other in pairs:
        joined = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of |= dict.fromkeys(joined, joined)
    return sorted({tuple(sorted(group)) for group in group_of.values()})
