"""The table of the instructor's README: every line of it names tests that are there."""

import re
from pathlib import Path

from labutils import files

HERE = Path(__file__).parent
README = (files.REPOSITORY / "labutils/grading/README.md").read_text("utf-8")
TABLE = README.split("| tests |\n|---|---|---|---|\n")[1].split("\n\n")[0].splitlines()


def test_every_line_of_the_table_is_held_by_tests_that_are_there():
    there = {
        name for path in HERE.glob("test_*.py") for name in re.findall(r"(?m)^def (test_\w+)", path.read_text("utf-8"))
    }
    assert len(TABLE) > 20
    for line in TABLE:
        named = re.findall(r"`(test_\w+)`", line.split("|")[-2])
        assert named, line
        assert {*named} <= there, {*named} - there


def test_its_figures_are_those_of_the_code():
    from labutils.grading import course
    from labutils.grading.running import judge, sandbox, submission_run

    table, limits = "\n".join(TABLE), sandbox.Limits()
    notebooks = {question.notebook for question in course.questions().values()}
    bound = submission_run.SECONDS * len(notebooks) + submission_run.SLACK
    for figure in (
        f"{submission_run.SECONDS} s, or what `--seconds`",
        f"and {submission_run.SLACK} s: {bound / 60:g} minutes",
        f"{bound * (1 + submission_run.PATIENCE) / 60:g} minutes at most",
        f"for {('two', 'three')[submission_run.PATIENCE - 2]} times as long at most",
        f"{judge.SECONDS} s of its own a question, {submission_run.MEMORY / 1e9:g} GB",
        f"| {limits.memory / 1e9:g} GB",
        f"| {limits.processes} |",
        f"| {limits.file_size / 1e6:g} MB |",
        f"{limits.disk / 1e6:g} MB and {sandbox.supervisor.MOST_FILES:,} files",
    ):
        assert figure in table, figure
