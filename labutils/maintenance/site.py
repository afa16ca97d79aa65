"""Renders the executed notebooks as web pages that need neither a kernel nor a network: `make site`.

Formulas become MathML, figures carry their descriptions, and where a widget would be stands a line that says so.
"""

import re
import sys
from pathlib import Path

import nbformat

from .. import files, report
from ..report import WIDGET

INSTEAD = "<p><em>Here the notebook has sliders; above is the figure that they start with.</em></p>"


def page(notebook, title):
    """Return the web page of a notebook: links lead to the other pages, widgets are words."""
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if WIDGET in output.get("data", {}):
            output.data = {"text/html": INSTEAD}
    soup = report.page(notebook, title)
    for link in soup("a", href=True):
        link["href"] = re.sub(r"^README\.md\b", "index.html", re.sub(r"^(\w+)\.ipynb\b", r"\1.html", link["href"]))
    return str(soup)


def build(folder, notebooks=files.NOTEBOOKS):
    """Write one page for each notebook, and index.html from the README beside them, into `folder`; return the paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    readme = nbformat.v4.new_markdown_cell((notebooks / "README.md").read_text(encoding="utf-8"))
    pages = {"index": ("Model compression", nbformat.v4.new_notebook(cells=[readme]))}
    for file in sorted(notebooks.glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        pages[file.stem] = notebook.cells[0].source.splitlines()[0].lstrip("# "), notebook
    for name, (title, notebook) in pages.items():
        (folder / f"{name}.html").write_text(page(notebook, title), encoding="utf-8")
    return [folder / f"{name}.html" for name in pages]


if __name__ == "__main__":
    print(f"{build(sys.argv[1])[0]}: open it in a browser")
