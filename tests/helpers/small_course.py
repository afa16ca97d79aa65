"""A small course of one notebook, as `Cell`s, its right answers, and one submission graded in this process."""

from labutils.grading.course import Cell
from labutils.grading.running import submission_run

SETUP = Cell("code", "import numpy as np\nfrom labutils.checks import Report\nthree = 3")
DOUBLE = Cell("code", "def double(w):\n    return 2 * w", "q1_answer", solution=True)
CHECK_1 = Cell(
    "code",
    """(
    Report("q1", "Twice")
    .close("of ones", lambda: double(np.ones(2)), [2, 2])
    ### BEGIN HIDDEN TESTS
    .close("of three", lambda: double(three), 6)
    ### END HIDDEN TESTS
)""",
    "q1",
    2,
    grade=True,
)
TEXT = Cell("markdown", "Because **it is**.", "q1_text", 4, grade=True, solution=True)
COUNT = Cell("code", "def count(problem):\n    return problem.X.shape[1]", "q2_answer", solution=True)
CHECK_2 = Cell(
    "code",
    'from labutils.linear import THREE_POINTS\nReport("q2", "n").close("n", lambda: count(THREE_POINTS), 5, 3)',
    "q2",
    3,
    grade=True,
)
CHECK_2 = CHECK_2._replace(source=CHECK_2.source.splitlines()[1])
SETUP_2 = Cell("code", "from labutils.linear import THREE_POINTS")
MASTER = [Cell("markdown", "# Title\n\nAll cells run in 2 s."), SETUP, DOUBLE, CHECK_1, TEXT, SETUP_2, COUNT, CHECK_2]


def code(source):
    return Cell("code", source)


def between(*sources):
    """Return the right answers with further cells between the two questions."""
    return [*MASTER[:5], *map(code, sources), *MASTER[5:]]


def answering(*sources):
    """Return the right answers with other statements in front of the second, in its cell."""
    return [*MASTER[:-2], COUNT._replace(source="\n".join([*sources, COUNT.source])), MASTER[-1]]


def graded(cells, master=MASTER, **options):
    """Return the result of one submission with one notebook."""
    return submission_run.grade_one("ann", {"01_small": cells}, {"01_small": master}, **options)


def points(result):
    return {name: question["points"] for name, question in result["questions"].items()}


def entry(result):
    return result["notebooks"]["01_small"]
