"""The web pages made from the committed notebooks: whole without a kernel, without scripts, without a network."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from labutils import files
from labutils.maintenance import site

NAMES = [file.stem for file in sorted(files.NOTEBOOKS.glob("*.ipynb"))]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Every page, parsed, by its file's stem."""
    paths = site.build(tmp_path_factory.mktemp("site"))
    return {path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in paths}


def test_there_is_a_page_for_every_notebook_and_an_index_of_them(pages):
    assert list(pages) == ["index", "homework", *NAMES]
    linked = [link["href"] for link in pages["index"]("a", href=True)]
    assert [f"{name}.html" for name in (*NAMES, "homework")] == [link for link in linked if link.endswith(".html")]


def test_pages_load_nothing(pages):
    for name, page in pages.items():
        assert not page("script"), name
        loaded = [tag.get("src") or tag.get("href") for tag in page(["img", "link", "iframe"])]
        assert all(address.startswith("data:image/png;base64,") for address in loaded), name
        assert not re.search(r"@import|url\((?!['\"]?data:)", " ".join(style.text for style in page("style"))), name


def test_links_lead_to_pages_that_are_there(pages):
    for name, page in pages.items():
        for link in page("a", href=True):
            target, _, anchor = link["href"].partition("#")
            assert target.startswith("https://") or target.removesuffix(".html") in {*pages, ""}, f"{name}: {target}"
            assert target or anchor == "" or page.find(id=anchor), f"{name}: #{anchor}"


def test_figures_are_described_and_widgets_are_words(pages):
    for name in NAMES:
        notebook = nbformat.read(files.NOTEBOOKS / f"{name}.ipynb", 4)
        data = [o.data for cell in notebook.cells for o in cell.get("outputs", []) if "data" in o]
        images = pages[name]("img")
        assert len(images) == sum("image/png" in bundle for bundle in data) > 0
        assert all(image["alt"] and "No description" not in image["alt"] for image in images)
        text = pages[name].text
        assert text.count("Here the notebook has sliders") == sum(site.WIDGET in bundle for bundle in data)
        assert "VBox(" not in text and "widget-view" not in str(pages[name])


def test_long_lines_of_code_are_wrapped_and_not_cut_off(pages):
    for name, page in pages.items():
        assert re.search(r"\.highlight pre[^{]*\{[^}]*pre-wrap", page("style")[-1].text), name


def test_formulas_are_mathml(pages):
    for name in NAMES:
        assert pages[name]("math"), name
        prose = " ".join(cell.text for cell in pages[name].select(".jp-MarkdownOutput"))
        assert "$" not in prose and not re.search(r"\\[a-zA-Z]+", prose), name
