"""What lets students begin in a browser: links to Colab, Binder and Codespaces, and Colab's own first cell."""

import re

import nbformat

FIRST = "notebooks/01_gradient_descent.ipynb"
COLAB_CELL = """\
# On Google Colab this cell fetches the labs; elsewhere it does nothing.
import pathlib, subprocess, sys

if "google.colab" in sys.modules:
    labs = pathlib.Path("/content/{name}")
    if not labs.exists():
        subprocess.run(["git", "clone", "--quiet", "--depth=1", "--branch={branch}", "{url}", str(labs)], check=True)
    sys.path.insert(0, str(labs))
    from labutils import colab

    colab.begin()"""


def parse(repository):
    """Return (owner/name, branch) of "OWNER/NAME" or "OWNER/NAME@BRANCH", as GitHub has them; main by default."""
    found = re.fullmatch(r"([\w-]+/[\w.-]+?)(?:@([\w./-]+))?", repository)
    if not found:
        raise ValueError(f"--repository: expected OWNER/NAME, or OWNER/NAME@BRANCH, of GitHub, found {repository!r}")
    return found[1], found[2] or "main"


def links(repository, notebooks):
    """Return a paragraph of Markdown: where the labs run in a browser, nothing installed.

    Parameters: repository, OWNER/NAME or OWNER/NAME@BRANCH, which holds the student's bundle; notebooks, their paths.
    """
    name, branch = parse(repository)
    colab = f"https://colab.research.google.com/github/{name}/blob/{branch}"
    binder = f"https://mybinder.org/v2/gh/{name}/{branch}?urlpath=lab/tree/{FIRST}"
    codespaces = f"https://codespaces.new/{name}/tree/{branch}"
    badges = [
        f"[![Open lab 01 in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab}/{FIRST})",
        f"[![Open all in Binder](https://mybinder.org/badge_logo.svg)]({binder})",
        f"[![Open all in Codespaces](https://github.com/codespaces/badge.svg)]({codespaces})",
    ]
    each = " ".join(f"[{path.split('/')[-1][:2]}]({colab}/{path})" for path in notebooks)
    saved = "What you write there is kept only where you save it: a copy in your Drive, a download, a commit."
    return f"**In a browser, nothing to install:** {' '.join(badges)} Colab opens one lab: {each}. {saved}"


def add_colab_cell(notebook, repository):
    """Put the cell that fetches the labs on Colab below the title of a notebook, an nbformat 4 node."""
    name, branch = parse(repository)
    source = COLAB_CELL.format(name=name.split("/")[1], branch=branch, url=f"https://github.com/{name}")
    notebook.cells.insert(1, nbformat.v4.new_code_cell(source, id="colab", metadata={"tags": ["nbval-ignore-output"]}))
