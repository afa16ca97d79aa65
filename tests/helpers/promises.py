"""A plugin of pytest: each notebook's last test is that its cells took the time that its first cell promises.

The test belongs to the notebook's file, so it runs in the process that ran the cells, however many share the suite.
"""

import json
import re
from collections import defaultdict

import pytest

FACTOR = 5  # room for a slow or busy computer
seconds = defaultdict(lambda: defaultdict(float))  # {notebook: {cell: seconds}}, in this process


def pytest_runtest_logreport(report):
    notebook, _, cell = report.nodeid.partition("::")
    if cell.startswith("Cell "):
        seconds[notebook][cell] += report.duration


@pytest.hookimpl(trylast=True)  # the cells, which nbval collects, come before
def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".ipynb" and parent.config.getoption("nbval", False):
        return Notebook.from_parent(parent, path=file_path)


class Notebook(pytest.File):
    def collect(self):
        yield Promise.from_parent(self, name="promise")


class Promise(pytest.Item):
    def runtest(self):
        cells = json.loads(self.path.read_text(encoding="utf-8"))["cells"]
        stated = re.search(r"run in (\d+) s\.", "".join(cells[0]["source"]))
        taken, count = seconds[self.parent.nodeid], sum(cell["cell_type"] == "code" for cell in cells)
        if not stated:
            pytest.fail("expected 'run in ... s.' in the first cell, found nothing like it", pytrace=False)
        if len(taken) < count:
            pytest.fail(f"expected all {count} code cells to be run before, found {len(taken)}", pytrace=False)
        promised, found = int(stated[1]), sum(taken.values())
        if found > FACTOR * promised:
            message = f"expected at most {FACTOR} times the promised {promised} s, found {found:.1f} s"
            pytest.fail(message, pytrace=False)

    def reportinfo(self):
        return self.path, None, "promise"
