"""Labs 01 to 05 need no PyTorch, and where another lab does, one line says what to type."""

import json
import subprocess
import sys

import pytest

from labutils import GET_PYTORCH, files

HIDDEN = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
import matplotlib
matplotlib.use("Agg")
"""


def run(code, **options):
    return subprocess.run([sys.executable, "-c", HIDDEN + code], capture_output=True, text=True, **options)


def sources(number):
    (path,) = files.NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05"])
def test_lab_1_runs(number):
    done = run(f"names = {{}}\nfor source in {sources(number)!r}: exec(source, names)")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", ["00", "06", "07", "08"])
def test_the_first_cell_of_another_lab_says_in_a_line_what_to_type(number):
    code = f"""
try: exec({sources(number)[0]!r}, {{}})
except ModuleNotFoundError as error: print(*error._render_traceback_(), sep="\\n")
"""
    done = run(code)
    (line,) = done.stdout.splitlines()
    assert "expected it for this lab, found none yet" in line and GET_PYTORCH in line
    assert done.stderr == ""


def test_in_a_notebook_it_is_that_line_alone():
    code = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_cell("from labutils.networks import ResNet20")
"""
    done = run(code)
    shown = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert len(shown) == 1 and "%run -m labutils install" in shown[0]


def test_the_command_line_says_so_too_and_doctor_is_content():
    code = (
        "from labutils import __main__\nprint(__main__.main(['pretrain', '--epochs', '1']), __main__.main(['doctor']))"
    )
    done = run(code)
    assert done.stdout.splitlines()[-1] == "1 0"
    assert done.stderr.count("\n") == 1 and "PyTorch: expected it" in done.stderr
    assert "note PyTorch: none yet; labs 01 to 05 need none" in done.stdout


def test_another_module_that_is_missing_is_another_error():
    done = run("sys.modules['labutils.linear.regression'] = None\nfrom labutils.linear import Regression")
    assert "labutils.linear.regression" in done.stderr and "PyTorch" not in done.stderr
