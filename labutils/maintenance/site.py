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
    for cell in notebook.cells:
        if any(WIDGET in output.get("data", {}) for output in cell.get("outputs", [])):
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": INSTEAD})]
    soup = report.page(notebook, title)
    for link in soup("a", href=True):
        address = re.sub(r"^README\.md\b", "index.html", link["href"])
        link["href"] = re.sub(r"^(\w+)\.(ipynb|md)\b", r"\1.html", address)
    return str(soup)


def build(folder, notebooks=files.NOTEBOOKS):
    """Write a page for each notebook and each text beside them, the README as index.html; return the paths."""
    folder, pages = Path(folder), {}
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(notebooks.glob("*.md")):
        text = nbformat.v4.new_markdown_cell(file.read_text(encoding="utf-8"))
        name = file.stem.replace("README", "index")
        pages[name] = "Model compression", nbformat.v4.new_notebook(cells=[text])
    for file in sorted(notebooks.glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        pages[file.stem] = notebook.cells[0].source.splitlines()[0].lstrip("# "), notebook
    for name, (title, notebook) in pages.items():
        (folder / f"{name}.html").write_text(page(notebook, title), encoding="utf-8")
    return [folder / f"{name}.html" for name in pages]


if __name__ == "__main__":
    print(f"{build(sys.argv[1])[0]}: open it in a browser")
