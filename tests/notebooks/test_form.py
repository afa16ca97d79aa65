"""The form of the notebooks, read from the files: no kernel runs here. nbval compares what they compute."""

import json
import re
from statistics import median

import nbformat
import pytest
from helpers.course_notebooks import NAMES, POINTS, RECORD, ROOT, code_cells, is_answer, is_check, marks

BEYOND = "08_few_bits"  # no homework, no points: its checks are marked as given cells, not as graded ones
CLAIMS = "00_true_or_false"  # ten claims, each with a prediction, an experiment and a check
WIDGET = "application/vnd.jupyter.widget-view+json"
MARKERS = {
    "solution": ("### BEGIN SOLUTION", "### END SOLUTION"),
    "hidden": ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"),
}
MACHINE = re.compile(r"/(work|root|tmp|home)/")
REGISTRY = re.compile(r"pypi\.|pythonhosted|anaconda\.(org|com|cloud)|download\.pytorch|index-url", re.IGNORECASE)

FILES = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def file(request):
    """The path of one notebook after the other."""
    return request.param


@pytest.fixture(scope="module")
def notebook(file):
    """One notebook after the other."""
    return nbformat.read(file, as_version=nbformat.NO_CONVERT)


def markdown(notebook):
    """Return the text of all markdown cells, without fenced code, where a # is no heading."""
    return [re.sub(r"(?ms)^```.*?^```", "", c.source) for c in notebook.cells if c.cell_type == "markdown"]


def lines(cell):
    return len(cell.source.splitlines())


def tags(cell):
    return cell.metadata.get("tags", [])


def is_prediction(cell):
    return is_answer(cell) and marks(cell).grade_id.startswith("problem1_")


def test_the_set_of_notebooks():
    assert [file.stem for file in FILES] == NAMES


def test_it_is_a_valid_notebook_for_any_python_3(file, notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell["id"] for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]]  # nbformat mends them
    assert len(set(ids)) == len(ids)


def test_it_was_run_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))
    results = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert not [output for output in results if output.output_type == "error"]
    assert not [output for output in results if output.get("name") == "stderr"]
    for cell in code_cells(notebook):
        assert cell.source.strip(), f"{cell.id} is empty"
        for output in cell.outputs:
            assert output.get("execution_count", cell.execution_count) == cell.execution_count


def test_it_carries_nothing_that_changes_from_run_to_run(notebook):
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert not {"execution", "collapsed", "ExecuteTime"} & set(cell.metadata), cell.id
        for output in cell.get("outputs", []):
            text = json.dumps(output)
            if "nbval-ignore-output" not in tags(cell):
                assert not re.search(r" at 0x[0-9a-f]{6}", text), f"{cell.id} shows an address"
                assert "svg" not in "".join(output.get("data", {})), f"{cell.id} shows SVG"


def test_it_is_small(file):
    assert file.stat().st_size < 500_000


def test_title_and_openers(file, notebook):
    first = notebook.cells[0]
    headings = [line for text in markdown(notebook) for line in text.splitlines() if re.match(r"# ", line)]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert len(headings) == 1
    for opener in ("What you'll do", "What you'll learn", "What you'll need", "Time on a laptop"):
        assert first.source.count(f"**{opener}.** ") == 1, opener
    assert re.search(r"run in (\d+) s\.$", first.source.strip())
    about = r"Beyond the homework: " if file.stem == BEYOND else r"Homework (Lab \d, part|Problem \d).*points"
    assert re.search(about, first.source)


def test_what_it_ends_with(file, notebook):
    assert sum(re.search(r"(?m)^## What you saw$", text) is not None for text in markdown(notebook)) == 1
    last = notebook.cells[-1]
    assert last.cell_type == "markdown"
    assert "**On your own.**" in last.source
    *_, comparison, points = code_cells(notebook)
    assert points.source.startswith("notebook.end(")
    closing = "tables.verdicts(" if file.stem == CLAIMS else "tables.comparison("
    assert closing in comparison.source
    assert "text/html" in comparison.outputs[-1].data


def test_links_to_other_notebooks_lead_somewhere(notebook):
    for text in markdown(notebook):
        for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", text):
            assert target.removesuffix(".ipynb") in NAMES


def test_cells_are_small(notebook):
    setup = code_cells(notebook)[0]
    assert "import" in setup.source
    assert lines(setup) <= 12
    sizes = [lines(cell) for cell in code_cells(notebook)]
    assert median(sizes) < 10
    assert max(sizes) <= 30


def test_imports_stand_in_the_setup_cell(notebook):
    for cell in code_cells(notebook)[1:]:
        assert not re.search(r"(?m)^(import|from) ", cell.source), cell.id


def test_plots_end_with_show(notebook):
    for cell in code_cells(notebook):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert cell.source.splitlines()[-1].strip() == "plt.show()", cell.id


def test_figures_are_described(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert output.metadata["image/png"]["alt"].endswith("."), cell.id


def test_widgets_have_a_goal_and_stand_below_the_figure_that_they_start_with(notebook):
    ids = [cell.id for cell in notebook.cells]
    sliders = [cell for cell in code_cells(notebook) if any(WIDGET in o.get("data", {}) for o in cell.outputs)]
    assert sliders or notebook.cells[0].source.startswith("# Problem 1")  # which has nothing to play with
    for cell in sliders:
        goal, figure = (notebook.cells[ids.index(cell.id) - before] for before in (2, 1))
        assert goal.source.startswith("## Play: ") and "**Goal:**" in goal.source, cell.id
        assert any("image/png" in output.get("data", {}) for output in figure.outputs), cell.id
        assert "_figure(" in figure.source and figure.source.endswith("plt.show()"), cell.id


def test_it_says_what_comes_next(file, notebook):
    following = FILES[FILES.index(file) + 1 :]
    target = following[0].name if following else "README.md"
    assert f"]({target})" in notebook.cells[-1].source.split("**On your own.**")[1]


def test_the_landing_page_and_the_readme_list_it_with_its_time(file, notebook):
    minutes = re.search(r"About (\d+) minutes", notebook.cells[0].source).group(1)
    for page, link in ((ROOT / "notebooks/README.md", file.name), (ROOT / "README.md", f"notebooks/{file.name}")):
        (row,) = [line for line in page.read_text(encoding="utf-8").splitlines() if f"]({link})" in line]
        assert re.search(rf"^\|.*\| {minutes}\smin \|$", row), page  # \s: a space at which no line breaks, too


def test_most_results_are_compared(file, notebook):
    ignored = [cell for cell in code_cells(notebook) if "nbval-ignore-output" in tags(cell)]
    assert len(ignored) <= len(code_cells(notebook)) / 3
    for cell in code_cells(notebook):
        assert not re.search(r"(?i)NBVAL_", cell.source), f"{cell.id}: use the tag"
        assert not {"nbval-skip", "nbval-raises-exception"} & set(tags(cell)), cell.id
    if file.stem < "06":
        assert sum(map(printed, (cell for cell in code_cells(notebook) if cell not in ignored))) >= 5


def printed(cell):
    """Return whether nbval has text of this cell to compare: not a figure's or a check's alone."""
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        if text.strip() and not text.startswith("<Figure") and RECORD not in output.get("data", {}):
            return True
    return False


def test_nbgrader_metadata(file, notebook):
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    ids = [marks(cell).grade_id for cell in graded]
    assert graded
    assert len(set(ids)) == len(ids)
    for cell in graded:
        entry = marks(cell)
        kind = entry.grade, entry.solution, entry.locked, entry.task
        assert all(type(value) is bool for value in kind), cell.id
        assert entry.schema_version == 3
        ids = r"few_bits_[a-z]" if file.stem == BEYOND else r"(lab[12]_[a-z]|problem1_\d)"
        assert re.fullmatch(rf"{ids}\w*", entry.grade_id)
        answer, written = (False, True, False, False), (True, True, False, False)
        check = (file.stem not in (BEYOND, CLAIMS), False, True, False)
        assert kind in ((answer, check) if cell.cell_type == "code" else (written,)), cell.id
        assert ("points" in entry) == entry.grade, cell.id
        assert set(entry) <= {"schema_version", "grade", "solution", "locked", "task", "grade_id", "points"}, cell.id
        if entry.grade:
            assert type(entry.points) in (int, float)
            assert entry.points > 0


def test_points_are_the_homeworks(file, notebook):
    total = sum(marks(cell).get("points", 0) for cell in notebook.cells)
    assert total == POINTS[file.stem]


@pytest.mark.parametrize("kind", MARKERS)
def test_markers_are_balanced_and_where_they_belong(notebook, kind):
    for cell in notebook.cells:
        graded = is_check(cell) and marks(cell).grade
        expected = cell.cell_type == "code" and bool(is_answer(cell) if kind == "solution" else graded)
        found = [line.strip() for line in cell.source.splitlines() if line.strip() in MARKERS[kind]]
        regions = max(1, len(found) // 2) if expected else 0  # an answer may have two: forward and backward
        assert found == list(MARKERS[kind]) * regions, f"{cell.id}: {found}"
        for marker in MARKERS[kind]:  # also where it is not a line of its own
            assert cell.source.count(marker) == found.count(marker), cell.id


def test_solutions_are_short_and_their_signatures_are_given(notebook):
    for cell in filter(is_answer, notebook.cells):
        before, *parts = re.split(r"### (?:BEGIN|END) SOLUTION", cell.source)
        solution = [line for inside in parts[::2] for line in inside.splitlines() if line.strip()]
        assert len(solution) == 1 if is_prediction(cell) else 2 <= len(solution) <= 15, cell.id
        assert '"""' in before, f"{cell.id} has no docstring"
        assert "def " in before, f"{cell.id} gives no signature"


def test_each_check_follows_its_answer(notebook):
    open_answers = []  # an exercise may have two halves and one check below the second
    for cell in code_cells(notebook):
        if is_answer(cell):
            open_answers.append(marks(cell).grade_id)
            continue
        if is_check(cell):
            name = marks(cell).grade_id
            assert open_answers[-1:] == [f"{name}_answer"], f"{cell.id} does not stand below its answer"
            assert all(answer.startswith(f"{name}_") for answer in open_answers), open_answers
            assert f"checks.{name}(" in cell.source
            open_answers = []
        waiting = [
            name for name in open_answers if not name.startswith("problem1_")
        ]  # a prediction waits for its experiment
        assert not waiting, f"{cell.id} stands between an answer and its check"
    assert not open_answers, "an answer without a check"


def test_the_committed_answers_earn_all_points(notebook):
    for cell in filter(is_check, notebook.cells):
        (output,) = cell.outputs
        record = output.data[RECORD]
        points = marks(cell).get("points", record["max"])  # beyond the homework a check's own
        assert record["id"] == marks(cell).grade_id
        assert record["points"] == record["max"] == points, cell.id
        assert sum(row["max"] for row in record["rows"]) == points
        assert all(row["ok"] for row in record["rows"])
        assert output.output_type == "execute_result"
        assert float(output.data["text/plain"]) == points
        assert "text/html" in output.data
        assert not tags(cell)


def test_each_claim_is_settled_by_a_measurement():
    notebook = nbformat.read(ROOT / f"notebooks/{CLAIMS}.ipynb", as_version=4)
    cells = {cell.id: (place, cell) for place, cell in enumerate(notebook.cells)}
    for number in range(1, 11):
        kinds = ("claim", "prediction", "verdict", "check", "text")
        places, parts = zip(*(cells[f"{kind}-{number}"] for kind in kinds))
        assert list(places) == sorted(places)
        verdict = re.search(rf"(?m)^verdict_{number} = (.*)$", parts[2].source).group(1)
        assert not re.search(r"\b(True|False)\b", verdict), f"verdict {number} is a literal"
        assert re.search(r" (<|>|==) ", parts[2].source), f"verdict {number} compares nothing"
        assert f"outcomes[{number}] = checks.outcome(" in parts[2].source
    lines = cells["verdicts"][1].outputs[-1].data["text/plain"].splitlines()[2:]
    rows = [re.split(r"\s{2,}", line) for line in lines]
    assert len(rows) == 10
    assert all(len(row) == 4 and row[1] == row[3] for row in rows), "a committed prediction is not what was measured"


def texts():
    """Return the text of every file that a student reads, by name; images in notebooks are left out."""
    found = {"README.md": (ROOT / "README.md").read_text(encoding="utf-8")}
    for file in sorted([*(ROOT / "notebooks").rglob("*"), *(ROOT / "labutils").rglob("*")]):
        if file.is_dir() or {"__pycache__", ".ipynb_checkpoints"} & set(file.parts):
            continue
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".ipynb":
            text = re.sub(r'"image/png": "[^"]*"', "", text)  # base64 may spell anything
        found[file.relative_to(ROOT).as_posix()] = text
    return found


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["a path of one computer", "a host of a registry"])
def test_no_file_names(pattern):
    own = "labutils/install.py"  # PyTorch's own index stands there, once, and nowhere else
    found = {name: hit.group() for name, text in texts().items() if name != own and (hit := pattern.search(text))}
    assert not found
