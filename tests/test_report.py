"""`python -m labutils report` makes a page to print: answers, figures, tables, no widget, no check unless asked."""

import contextlib
import re
import shutil

import nbformat
import pytest
from bs4 import BeautifulSoup
from helpers.course_notebooks import NOTEBOOKS, read

from labutils import __main__, report

LAB = NOTEBOOKS[1]


@pytest.fixture
def made(tmp_path, monkeypatch, capsys):
    """Make a report with these words after the verb; return its page, parsed. No browser is looked for."""
    monkeypatch.setattr(report, "BROWSERS", ())
    monkeypatch.setattr(report, "PLACES", ())

    def make(*words):
        out = tmp_path / "a report.html"
        assert __main__.main(["report", *map(str, words), "--out", str(out)]) == 0
        assert str(out) in capsys.readouterr().out
        return BeautifulSoup(out.read_text(encoding="utf-8"), "html.parser")

    return make


def test_it_has_the_labs_answers_figures_and_tables(made):
    page, text = made("01"), made("01").text
    outputs = [o for cell in read(LAB).cells for o in cell.get("outputs", []) if "data" in o]
    assert len(page("img")) == sum("image/png" in o.data for o in outputs) > 0 and all(i["alt"] for i in page("img"))
    assert len(page("h1")) == 1 and "residuals = X @ w - y" in text and "L falls below" in text
    assert page("table") and page("math") and "$" not in " ".join(c.text for c in page.select(".jp-MarkdownOutput"))


def test_it_has_no_widget_and_no_check_unless_asked(made):
    page = made("01")
    assert "VBox(" not in page.text and "points shown" not in page.text and "checks.lab1_a" not in page.text
    asked = made("01", "--checks").text
    assert "checks.lab1_a(gradient)" in asked and "of 2 points" in asked and "VBox(" not in asked


def test_it_runs_and_loads_nothing_whatever_a_student_wrote(made, tmp_path):
    notebook = read(LAB)
    text = next(cell for cell in notebook.cells if cell.id == "answer-a-text")
    text.source = (
        "<script>alert(1)</script><img src='https://example.org/x.png' onerror='alert(2)'> so $\\frac{1$ and $a^2$"
    )
    nbformat.write(notebook, tmp_path / "mine (1).ipynb")
    page = made(tmp_path / "mine (1).ipynb")
    assert not page("script") and page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})[
        "content"
    ].startswith("default-src 'none'")
    assert "\\frac{1" in page.text and page("math")  # what is no formula stands as it was typed


def test_pictures_in_a_written_answer_are_in_the_page(made, tmp_path):
    notebook = read(LAB)
    text = next(cell for cell in notebook.cells if cell.id == "answer-a-text")
    text.source = "By hand: ![my derivation](attachment:photo.png)"
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    text["attachments"] = {"photo.png": {"image/png": pixel}}
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    assert pixel in made(tmp_path / "mine.ipynb").find("img", alt="my derivation")["src"]


def test_without_the_converter_formulas_stand_as_they_are_typed(made, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "latex2mathml.converter", None)
    page = made("01")
    assert not page("math") and "\\nabla L" in page.text


def test_all_labs_make_one_page(made):
    titles = [heading.text for heading in made()("h1")]
    assert titles == [read(path).cells[0].source.splitlines()[0].removeprefix("# ") for path in NOTEBOOKS]


def test_cells_that_were_not_run_are_said(made, tmp_path, capsys, monkeypatch):
    lab = read(LAB)
    lab.cells = [cell for cell in lab.cells if cell.cell_type == "code"][:3]
    lab.cells[1].update(execution_count=None, outputs=[])
    nbformat.write(lab, tmp_path / "mine.ipynb")
    monkeypatch.setattr(report, "BROWSERS", ())
    monkeypatch.setattr(report, "PLACES", ())
    report.report([tmp_path / "mine.ipynb"], out=tmp_path / "r.html")
    assert "mine.ipynb: as it was last saved; 1 of 3 cells were not run" in capsys.readouterr().out


def test_a_name_that_is_no_lab_is_said(capsys):
    assert __main__.main(["report", "42"]) == 1
    assert re.search("42: expected a notebook", capsys.readouterr().err)


@pytest.mark.browser
def test_a_browser_prints_it(tmp_path):
    if report.browser() is None:
        pytest.skip("no Chromium, Chrome or Edge is installed")
    page, pdf = report.report(["01"], out=tmp_path / "r.html")
    assert pdf.read_bytes().startswith(b"%PDF-") and pdf.stat().st_size > 50_000


LOOKS = """() => {
    const [letter, index] = document.querySelector("msub").children, words = [];
    const text = document.querySelector(".jp-RenderedText pre").firstChild;
    for (const word of text.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index), range.setEnd(text, word.index + word[0].length);
        words.push(new Set([...range.getClientRects()].map(box => Math.round(box.top))).size);
    }
    const box = element => element.getBoundingClientRect();
    return [box(index).bottom - box(letter).bottom, Math.max(...words)];
}"""
PRINTED = """() => {
    const style = query => getComputedStyle(document.querySelector(query));
    const lines = [...document.querySelectorAll(".highlight span")].map(span => span.getClientRects().length);
    return [Math.max(...lines), style(".jp-Cell-inputWrapper").breakAfter, style("p:has(strong)").breakAfter,
        style("table").breakInside];
}"""


@contextlib.contextmanager
def opened(path, width):
    """Show a page in Chromium, in a window so many pixels wide."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
    if (chromium := shutil.which("chromium") or shutil.which("chromium-browser")) is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 600})
        page.goto(path.as_uri())
        yield page
        browser.close()


@pytest.mark.browser
def test_a_subscript_stands_low_and_no_printed_word_is_broken(made, tmp_path):
    cells = [nbformat.v4.new_markdown_cell("A weight $w_2$."), nbformat.v4.new_code_cell("print()", execution_count=1)]
    cells[1].outputs = [nbformat.v4.new_output("stream", text="broken,where the_line ends " * 40)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "mine.ipynb")
    made(tmp_path / "mine.ipynb")
    with opened(tmp_path / "a report.html", width=700) as page:
        below, lines = page.evaluate(LOOKS)
    assert below > 1 and lines == 1


@pytest.mark.browser
def test_on_paper_code_is_not_wrapped_and_what_belongs_together_stays_on_a_page(made, tmp_path):
    code = nbformat.v4.new_code_cell(f"x = {'1' * 116}", execution_count=1)
    code.outputs = [nbformat.v4.new_output("stream", text="1")]
    table = "a | b\n--- | ---\n" + "1 | 2\n" * 20
    cells = [code, nbformat.v4.new_markdown_cell("**Why?**\n\nBecause."), nbformat.v4.new_markdown_cell(table)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "mine.ipynb")
    made(tmp_path / "mine.ipynb")
    with opened(tmp_path / "a report.html", width=695) as page:  # A4 less its margins
        page.emulate_media(media="print")
        assert page.evaluate(PRINTED) == [1, "avoid", "avoid", "auto"]
