"""Makes one page of a student's notebooks to hand in or to print: `python -m labutils report`.

nbconvert does the work. Formulas become MathML, which browsers show without a network; figures carry their
descriptions; nothing in the page runs or loads anything. Where a browser is installed, it prints the page as a PDF.
"""

import html
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from . import files

WIDGET = "application/vnd.jupyter.widget-view+json"
ALONE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"  # whatever a student wrote
# Nothing is cut off, and no word in two, where the window or the paper is narrow; fonts not meant for formulas leave a
# subscript on the line. On paper 120 signs of code fit a line, what a cell shows stays with its code and an answer with
# its question, only long tables go on overleaf, and each lab begins on a page of its own.
STYLE = """
.highlight pre, .jp-RenderedText pre { white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math }
.jp-OutputArea-output img { max-width: 100%; height: auto }
math[display=block] { margin: 0.8em 0 }
@media print {
  @page { margin: 13mm }
  body { font-size: 10pt }
  .jp-Notebook { padding: 0 }
  .jp-Cell { padding: 2px 0 }
  :root { --jp-code-font-size: 7pt }
  .highlight pre, .jp-RenderedText pre { orphans: 4; widows: 4 }
  .jp-RenderedHTMLCommon table { font-size: 7.5pt; break-inside: avoid }
  .jp-RenderedHTMLCommon table:has(tr:nth-child(14)) { break-inside: auto }
  tr { break-inside: avoid }
  .jp-OutputArea-output img { max-height: 200mm; break-inside: avoid }
  h1, h2, h3, p:has(> strong:only-child), .jp-Cell-inputWrapper:not(:last-child) { break-after: avoid }
  .jp-Cell:has(h1) ~ .jp-Cell:has(h1) { break-before: page }
}
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (  # where Windows and macOS keep them, which no search finds
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)


def mathml(formula, display):
    """Return a formula as MathML, or as it was typed where it cannot be read as one, or there is no converter."""
    try:
        from latex2mathml.converter import convert

        # It knows an operator of one name, not the arg and min of two.
        return convert(formula.replace(r"\arg\min", r"\operatorname*{argmin}"), display=display)
    except Exception:  # of many kinds; a student's formula may be anything
        return f"<code>{html.escape(formula)}</code>"


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
        """Return a markdown cell as HTML, with its pictures in it."""
        renderer = MathMLRenderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            exclude_anchor_links=self.exclude_anchor_links,
            path=str(files.NOTEBOOKS),
        )
        return MarkdownWithMath(renderer=renderer).render(source)


def page(notebook, title, **options):
    """Return the web page of a notebook, which runs and loads nothing; its images carry their descriptions.

    Parameters: options, of nbconvert's HTMLExporter.
    """
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if image := output.get("data", {}).get("image/png"):
            alt = html.escape(output.metadata.get("image/png", {}).get("alt", "a figure"))
            output.data = {"text/html": f'<img alt="{alt}" src="data:image/png;base64,{image.strip()}">'}
    body, _ = PageExporter(**options).from_notebook_node(notebook, {"metadata": {"name": title}})
    soup = BeautifulSoup(body, "html.parser")
    for script in soup("script"):
        script.decompose()
    soup.head.insert(0, soup.new_tag("meta", attrs={"http-equiv": "Content-Security-Policy", "content": ALONE}))
    soup.head.append(style := soup.new_tag("style"))
    style.string = STYLE
    return soup


def belongs(cell, checks):
    """Return whether a cell stands in the report: no widget, and no check unless asked for."""
    mark = cell.metadata.get("nbgrader", {})
    check = mark.get("locked") and not mark.get("solution") or cell.source.startswith("notebook.end(")
    widget = any(WIDGET in output.get("data", {}) for output in cell.get("outputs", []))
    return not widget and (checks or not check)


def find(names):
    """Return the paths of the notebooks that are named: files, names in notebooks/ or their beginnings; none: all.

    Raises: ValueError where a name is none of them.
    """
    found = []
    for name in names or ["[0-9][0-9]_"]:
        paths = [Path(name)] if Path(name).is_file() else sorted(files.NOTEBOOKS.glob(f"{name}*"))
        paths = [path for path in paths if path.suffix == ".ipynb"]
        if not paths:
            raise ValueError(f"{name}: expected a notebook, as in report 01 02, found none whose name begins so")
        found += paths
    return list(dict.fromkeys(found))


def report(names=(), checks=False, out=None):
    """Write the report; return the paths of the page and, where a browser could print it, of the PDF.

    Parameters: names, as of `find`; checks, whether to show them; out, the page's path (None: report.html in the
        bundle).
    """
    if importlib.util.find_spec("latex2mathml") is None:
        print(
            "Formulas stand as they were typed. To have them set, run %run -m labutils install --with report in a cell."
        )
    whole = nbformat.v4.new_notebook(metadata={"language_info": {"name": "python"}})
    for number, path in enumerate(find(names)):
        try:
            cells = nbformat.read(path, as_version=4).cells
        except Exception as error:  # nbformat and json have errors of many kinds
            raise ValueError(f"{path}: expected a notebook, found {type(error).__name__}: {error}") from None
        code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
        lacking = sum(cell.execution_count is None for cell in code)
        unrun = f"; {lacking} of {len(code)} cells were not run: run all, save, and make it again" if lacking else ""
        print(f"{path.name}: as it was last saved{unrun}", flush=True)
        for cell in (cell for cell in cells if belongs(cell, checks)):
            cell.id = f"{number}-{len(whole.cells)}"  # or two labs would share anchors
            if "outputs" in cell:
                cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            whole.cells.append(cell)
    out = Path(out or files.REPOSITORY / "report.html")
    made = page(whole, "Report", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True)
    files.write_whole(out, str(made).encode())
    return [out, *filter(None, [printed(out)])]


def browser():
    """Return the path of a browser that can print, or None."""
    return next(filter(None, map(shutil.which, (*BROWSERS, *PLACES))), None)


def printed(path):
    """Print a page as a PDF beside it, with a browser that is installed; return its path, or None."""
    found, target = browser(), path.with_suffix(".pdf")
    target.unlink(missing_ok=True)  # an old one must not look like the new
    if found is None:
        return None
    command = [found, "--headless", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}"]
    command += ["--no-sandbox"] * (getattr(os, "geteuid", lambda: 1)() == 0)  # which a browser demands of root
    try:
        subprocess.run([*command, path.resolve().as_uri()], capture_output=True, timeout=180, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return target if target.is_file() else None
