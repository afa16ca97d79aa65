"""Renders the executed notebooks as web pages that need neither a kernel nor a network: `make site`.

Formulas become MathML, figures carry their descriptions, and where a widget would be stands a line that says so.
"""

import html
import re
import sys
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from .. import files

WIDGET = "application/vnd.jupyter.widget-view+json"
STYLE = """
.highlight pre { white-space: pre-wrap; overflow-wrap: anywhere }
.jp-OutputArea-output img { max-width: 100%; height: auto }
"""  # so that nothing is cut off where the window is narrow
INSTEAD = "<p><em>Here the notebook has sliders; above is the figure that they start with.</em></p>"


def mathml(formula, display):
    """Return a formula as MathML; the converter knows an operator of one name, not the arg and min of two."""
    return convert(formula.replace(r"\arg\min", r"\operatorname*{argmin}"), display=display)


class MathMLRenderer(IPythonRenderer):
    """Markdown to HTML, formulas to MathML, which browsers show by themselves."""

    def block_math(self, body):
        """Return a displayed formula."""
        return mathml(body, "block")

    def inline_math(self, body):
        """Return a formula within a line."""
        return mathml(body, "inline")


class PageExporter(HTMLExporter):
    """nbconvert's HTML exporter with formulas as MathML and without scripts."""

    @pass_context
    def markdown2html(self, context, source):
        """Return a markdown cell as HTML."""
        return MarkdownWithMath(renderer=MathMLRenderer(escape=False)).render(source)


def still(notebook):
    """Replace, in place, what needs a kernel or has no description: widgets by a line, images by described ones."""
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        data = output.get("data", {})
        if WIDGET in data:
            output.data = {"text/html": INSTEAD}
        elif "image/png" in data:
            alt = html.escape(output.metadata.get("image/png", {}).get("alt", "a figure"))
            output.data = {"text/html": f'<img alt="{alt}" src="data:image/png;base64,{data["image/png"].strip()}">'}
    return notebook


def page(notebook, title):
    """Return the web page of a notebook: links lead to the other pages, scripts are gone."""
    body, _ = PageExporter().from_notebook_node(still(notebook), {"metadata": {"name": title}})
    soup = BeautifulSoup(body, "html.parser")
    for script in soup("script"):
        script.decompose()
    soup.head.append(soup.new_tag("style", string=STYLE))
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
