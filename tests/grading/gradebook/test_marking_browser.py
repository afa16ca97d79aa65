"""The marking pages in a real browser: what is typed stays, keys do everything, a large class opens at once."""

import csv
import shutil

import psutil
import pytest
from helpers.handing_in import write_course

from labutils.grading import course
from labutils.grading.gradebook import gradebook, merge_markers

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium"),
]
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mP8"
PNG += "z8BQz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"
EVIL = '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """A page of a new profile, that fails the test where its script does."""
    context, errors = browser.new_context(viewport={"width": 1300, "height": 900}), []
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


@pytest.fixture(params=[40])
def out(request, tmp_path, monkeypatch):
    """The results of a class, with the same answer every tenth time; `out()` takes in what was saved there."""
    write_course(tmp_path / "notebooks")
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")
    questions, folder = course.questions(), tmp_path / "out"

    def results():
        for number in range(request.param):
            made = course.blank_result(f"student {number:03}", questions.values()) | {"status": "graded"}
            for state in made["notebooks"].values():
                state["status"] = "ok"
            long = f"In run **{number}** I saw $\\frac{{{number}}}{{2}}$, so it converges. {EVIL} " + "And so on. " * 60
            long += f"![plot]({PNG})" * (number == 1)
            made["answers"] = {"lab1_a_text": "It does." if number % 10 == 0 else long, "lab1_b_text": long}
            yield made

    def write():
        given = merge_markers.read(folder, questions)
        gradebook.write(results(), folder, questions, given)
        return folder

    write.folder, write.students = write(), request.param
    return write


def address(folder, name):
    return (folder / "marking" / f"{name}.html").as_uri()


def saved(page, folder):
    with page.expect_download() as waited:
        page.keyboard.press("s")
    path = folder / waited.value.suggested_filename
    waited.value.save_as(path)
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def renderers():
    """Return {process: seconds of a processor} of what draws the browser's pages."""
    family = psutil.Process().children(recursive=True)
    return {one.pid: sum(one.cpu_times()[:2]) for one in family if "--type=renderer" in one.cmdline()}


@pytest.mark.parametrize("out", [400], indirect=True)
@pytest.mark.parametrize("name", ["lab1_a_text", "by-student"])
def test_a_class_of_400_opens_in_two_seconds(page, out, name):
    """Seconds of a processor, which others that keep it busy do not lengthen."""
    before = renderers()
    page.goto(address(out.folder, name))
    page.locator("article").first.wait_for()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    took = sum(seconds - before.get(process, 0) for process, seconds in renderers().items())
    print(f"\n{name}: {took:.2f} s for {out.students} students")
    assert 0 < took < 2
    assert (
        page.locator("output").inner_text().endswith(f"of {out.students * (1 + (name == 'by-student'))} answers marked")
    )
    assert page.title() != "owned" and page.locator("main script, main img:not([alt=plot])").count() == 0
    assert "onerror" in page.locator("main").inner_text() or name == "by-student"
    assert page.locator("math").count() > 0


def test_by_keys_alone_and_back_after_a_reload(page, out):
    page.goto(address(out.folder, "lab1_a_text"))
    for key in ("j", "2", ".", "5", "Enter", "m", "c"):
        page.keyboard.press(key)
    page.keyboard.type('-1: see (b), "quoted"')
    for key in ("Escape", "j", "0", "u"):
        page.keyboard.press(key)
    assert "6 of 40" in page.locator("output").inner_text()  # the first is four students' answer
    for _ in range(2):
        inputs = [page.locator("article input").nth(place).input_value() for place in range(4)]
        assert inputs == ["2.5", "3", "0", ""]
        assert page.locator("article textarea").nth(1).input_value() == '-1: see (b), "quoted"'
        page.reload()
    lines = saved(page, out.folder)
    assert len(lines) == 40
    assert {line["points"] for line in lines if line["student"].endswith("0")} == {"2.5"}
    assert sum(line["changed"] == "yes" for line in lines) == 6
    (one,) = [line for line in lines if line["student"] == "student 001"]
    assert (one["points"], one["max"], one["comment"]) == ("3", "3", '\'-1: see (b), "quoted"')
    out()  # what the page saved is what the next run reads
    with open(out.folder / "written.csv", newline="", encoding="utf-8") as file:
        found = {line["student"]: line for line in csv.DictReader(file) if line["question"] == "lab1_a_text"}
    assert (found["student 030"]["points"], found["student 001"]["points"], found["student 003"]["points"]) == (
        "2.5",
        "3",
        "",
    )


def test_what_is_wrong_is_not_saved(page, out):
    page.goto(address(out.folder, "lab1_a_text"))
    page.keyboard.press("j")
    page.keyboard.press("9")
    page.keyboard.press("Enter")
    page.keyboard.press("s")
    assert "student 000 has 9 of 3 points" in page.locator("#warning").inner_text()


@pytest.mark.parametrize("name", ["lab1_a_text", "by-student"])
def test_what_keys_bring_up_is_in_sight_and_nothing_lies_under_the_bar(page, out, name):
    """Far down too, in a narrow window, and a comment of several lines is seen whole."""
    page.set_viewport_size({"width": 1000, "height": 700})
    page.goto(address(out.folder, name))
    for key in ("j", "9", "Enter", "c"):
        page.keyboard.press(key)
    page.keyboard.type("first line")
    page.keyboard.press("Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Escape")
    for key in ("j", "j", "j", "s", "?"):
        page.keyboard.press(key)
    page.mouse.wheel(0, 800)
    page.wait_for_timeout(200)
    bar = page.locator(".bar").bounding_box()
    for shown in ("#warning", "#keys"):
        box = page.locator(shown).bounding_box()
        assert 0 <= box["y"] < box["y"] + box["height"] <= bar["height"]
    assert page.locator("aside").bounding_box()["y"] >= bar["height"]
    heights = "() => [...document.querySelectorAll('textarea')].every(one => one.scrollHeight <= one.clientHeight + 1)"
    assert page.evaluate(heights)


def test_a_newer_page_goes_before_what_the_browser_kept(page, out):
    page.goto(address(out.folder, "lab1_b_text"))
    page.keyboard.press("j")
    page.keyboard.press("1")
    with open(out.folder / "written.csv", newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    with open(out.folder / "written.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *([*line[:2], "3", *line[3:]] for line in lines)])
    out()
    page.reload()
    assert page.locator("article input").first.input_value() == "3"


def test_student_by_student(page, out):
    page.goto(address(out.folder, "by-student"))
    assert page.locator("article").count() == 2
    page.keyboard.press("m")
    page.keyboard.press("j")
    page.keyboard.press("m")
    assert "lab1_b_text" in page.locator("aside section:visible").get_attribute("data-question")
    page.keyboard.press("Enter")
    assert page.locator("select").input_value() == "1"
    page.keyboard.press("2")
    page.keyboard.press("p")
    page.reload()
    assert [field.input_value() for field in page.locator("article input").all()] == ["3", "3"]
    page.keyboard.press("u")
    assert page.locator("select").input_value() == "1" and page.locator("article.current").count() == 1
    lines = [line for line in saved(page, out.folder) if line["points"]]
    assert [(line["student"], line["points"]) for line in lines] == [
        ("student 000", "3"),
        ("student 000", "3"),
        ("student 001", "2"),
    ]


def test_a_picture_is_seen(page, out):
    page.goto(address(out.folder, "lab1_a_text"))
    picture = page.locator("img[alt=plot]")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('img[alt=plot]').naturalWidth === 10")


def test_only_the_unmarked(page, out):
    page.goto(address(out.folder, "lab1_a_text"))
    before = page.locator("article:visible").count()
    page.keyboard.press("j")
    page.keyboard.press("m")
    page.keyboard.press("j")
    page.keyboard.press("f")
    assert page.locator("article:visible").count() == before - 1


@pytest.mark.parametrize("out", [1], indirect=True)
def test_a_wide_formula_scrolls_in_its_place_and_shows_that_it_does(page, out, tmp_path):
    sum_ = "$$" + " + ".join(f"x_{{{number}}}" for number in range(60)) + "$$"
    with open(out.folder / "written.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    with open(out.folder / "written.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, lines[0].keys())
        table.writeheader()
        table.writerows(line | {"points": "1", "comment": f"See $x^2$:\nso\n\n{sum_}"} for line in lines)
    (student,) = (out() / "students").glob("*.html")
    page.goto(student.as_uri())
    said = page.locator(".said").first
    assert said.locator("math").count() == 2 and "$" not in said.inner_text() and "See" in said.inner_text()
    formula = said.locator(".formula")
    assert formula.evaluate("one => one.scrollWidth - one.clientWidth") > 100
    assert formula.evaluate("one => getComputedStyle(one).background").count("linear-gradient") == 4
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
