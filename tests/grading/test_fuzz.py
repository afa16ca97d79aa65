"""Hostile submissions from a grammar, as a class: none stops it, gains by it, or costs another question its points."""

import json
import os
import time

import pytest
from helpers.course_notebooks import fill, solutions
from helpers.hostile import submission

from labutils import files
from labutils.grading import course, stored
from labutils.grading.intake import submissions
from labutils.grading.release.student_version import student_version
from labutils.grading.running import class_run, sandbox

pytestmark = pytest.mark.slow
STEM = "01_gradient_descent"
COUNT = int(os.environ.get("FUZZ", 200))
FIRST = int(os.environ.get("FUZZ_SEED", 0))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """(the folder, {student: whether (b) must keep its points}): a class of hostile submissions."""
    import nbformat

    folder = tmp_path_factory.mktemp("fuzz")
    path = files.NOTEBOOKS / f"{STEM}.ipynb"
    (folder / "masters").mkdir()
    (folder / "masters" / path.name).write_bytes(path.read_bytes())
    solved = nbformat.read(path, as_version=4)
    right = fill(student_version(nbformat.read(path, as_version=4)), solutions(solved))
    outside, keeps = folder / "outside", {}
    outside.write_text("as it was")
    for seed in range(FIRST, FIRST + COUNT):
        handed_in, keeps[str(seed)] = submission(seed, (path.name, json.loads(nbformat.writes(right))), outside)
        for name, content in handed_in.items():
            (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "in" / name).write_bytes(content)
    return folder, keeps


def examine(results, folder, keeps, before):
    """Assert what holds for every class, whatever is handed in; `before` is what lay in the folder."""
    assert sorted(result["student"] for result in results) == sorted(keeps), "a row is lost or doubled"
    for result in results:
        assert len(json.dumps(result)) < 100_000
        assert list(result["questions"]) == ["lab1_a_text", "lab1_a", "lab1_b", "lab1_b_text"]
        for name in ("lab1_a", "lab1_b"):
            question = result["questions"][name]
            assert 0 <= question["points"] <= question["max"]
        texts = [result["reason"], *result["flags"], *(n["reason"] for n in result["notebooks"].values())]
        texts += [flag for n in result["notebooks"].values() for flag in n["flags"]]
        texts += [row["message"] for question in result["questions"].values() for row in question["rows"]]
        assert all(text.isprintable() for text in texts), [text for text in texts if not text.isprintable()]
    assert (folder / "outside").read_text() == "as it was"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_preview_goes_on(hostile, tmp_path):
    folder, keeps = hostile
    before, begin = sorted(path.name for path in folder.iterdir()), time.monotonic()
    questions = course.questions(folder / "masters")
    found = submissions.collect(folder / "in", tmp_path, [STEM])
    examine([stored.preview(one, questions) for one in found], folder, keeps, before)
    assert time.monotonic() - begin < 60 + COUNT


@pytest.mark.skipif(not sandbox.POSIX, reason="grading by running needs Linux or macOS")
@pytest.mark.skipif(
    not sandbox.POSIX or sandbox.in_force() != sandbox.NAMESPACES, reason="this computer lets nobody make namespaces"
)
def test_the_run_goes_on(hostile, tmp_path):
    folder, keeps = hostile
    before, begin = sorted(path.name for path in folder.iterdir()), time.monotonic()
    found = submissions.collect(folder / "in", tmp_path / "unpacked", [STEM])
    # Several at a time, for most wait, some fill the memory; a call may take a quarter of the seconds, of which a busy
    # machine needs some to start.
    options = {"folder": tmp_path / "out", "masters": folder / "masters", "jobs": 3 * os.cpu_count(), "seconds": 30}
    results = list(class_run.grade(found, **options))
    examine(results, folder, keeps, before)
    for result in results:
        assert result["questions"]["lab1_a"]["points"] == 0, result
        if keeps[result["student"]]:
            assert result["questions"]["lab1_b"]["points"] == 4, result
    assert time.monotonic() - begin < 60 + 10 * COUNT
