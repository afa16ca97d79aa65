"""JupyterLab as `make lab` starts it, in a real browser: every lab runs, every control redraws its figure.

Needs Debian's Chromium and the package playwright; without them it is skipped. Screenshots go to build/browser.
How long a redraw takes is printed (pytest -s shows it), not asserted: the machine may be busy.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from functools import partial

import nbformat
import pytest

from labutils import files, tasks
from labutils.grading.release.student_version import student_version
from labutils.maintenance.site import WIDGET

ROOT = files.REPOSITORY
SHOTS = ROOT / "build" / "browser"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
FLAGS += " --disable-component-update --disable-sync"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Of long labs, only the cells that their widgets need, or the first claim, and a stand-in for the rest.
ENOUGH = {
    "00_true_or_false": (
        "setup problem prediction-1 sgd sgd-zeros sgd-plot verdict-1 check-1 recorded recorded-table verdicts",
        "outcomes = {}",
    ),
    "06_ste_quantization": (
        "setup load-data load-float histograms answer-a answer-b yours widget-static widget "
        "predictions-static predictions",
        "before = (6, 5, 4, 3, 2)",
    ),
    "07_mixed_precision": ("setup load grid grid-plot widget-static widget", "before = dict.fromkeys(SCHEMES, 0.0)"),
    "08_few_bits": ("setup load shares sensitivity-plot widget-static widget", "before = {}"),
}
MINUTE = 60_000  # milliseconds
# What a kernel sends when a cell or a callback of a widget fails.
COMPLAINT = re.compile(rb'"msg_type": ?"error"|Traceback \(most recent call last\)')

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium"),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a running JupyterLab on a copy of the notebooks, the copy, and when it was started."""
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    shutil.copytree(ROOT / "notebooks", notebooks, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name, (ids, rest) in ENOUGH.items():
        shorten(notebooks / f"{name}.ipynb", ids.split(), rest)
    for file in notebooks.glob("*.ipynb"):
        not_run_yet(file)
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')  # render cells off screen too
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    own |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}
    environment = os.environ | {name: str(folder / place) for name, place in own.items()}
    environment |= {"JUPYTER_PREFER_ENV_PATH": "1", "PYTHONPATH": str(ROOT)}
    port = free_port()
    command = [
        *tasks.lab_command(notebooks=notebooks),
        "--no-browser",
        f"--ServerApp.port={port}",
        "--IdentityProvider.token=",
    ]
    address, started = f"http://127.0.0.1:{port}", time.monotonic()
    subprocess.run([sys.executable, "-m", "labutils", "doctor"], cwd=ROOT, capture_output=True)  # as `make lab` does
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            while not answers(f"{address}/api/status"):
                assert server.poll() is None, (folder / "server.log").read_text()
                assert time.monotonic() < started + 120, "JupyterLab did not start within two minutes"
                time.sleep(0.2)
            yield address, notebooks, started
        finally:
            server.terminate()
            server.wait(30)


def not_run_yet(file):
    """Take the numbers of its last run off a notebook's cells, or it would look finished before it has begun."""
    notebook = nbformat.read(file, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
    nbformat.write(notebook, file)


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


def shorten(file, ids, rest):
    """Leave of a notebook only the code cells with these ids, and all its text; `rest` goes below the first of them."""
    notebook = nbformat.read(file, 4)
    kept = [cell for cell in notebook.cells if cell.cell_type == "markdown" or cell.id in ids]
    assert {cell.id for cell in kept} >= set(ids), set(ids) - {cell.id for cell in kept}
    notebook.cells = kept
    kept.insert(1 + [cell.id for cell in kept].index(ids[0]), nbformat.v4.new_code_cell(rest))
    nbformat.write(notebook, file)


@pytest.fixture(scope="module")
def browser():
    """A browser whose windows, 1000 pixels wide, share what they have loaded of JupyterLab."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser.new_context(viewport={"width": 1000, "height": 900})
        browser.close()


@pytest.fixture
def page(browser, request):
    """A new window; it closes with no dialog, no error of the page's scripts and none of the kernel.

    What it showed last is kept as a picture, to see why a test failed.
    """
    page = browser.new_page()
    page.set_default_timeout(3 * MINUTE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def listen(socket):
        socket.on("framereceived", lambda frame: errors.extend(complaints(frame)))

    page.on("websocket", listen)
    yield page
    shoot(page, re.sub(r"\W+", "-", f"last-{request.node.name}"))
    dialogs = page.locator(".jp-Dialog").all_inner_texts()
    page.close()
    assert not errors + dialogs


def complaints(frame):
    """Return, in a list, a message from a kernel where it tells of an error."""
    frame = frame.encode() if isinstance(frame, str) else frame
    return [frame[-2000:].decode(errors="replace")] if COMPLAINT.search(frame) else []


def shoot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def open_notebook(page, address, name):
    page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    # The indicator beside the notebook is idle before there is a kernel; asked to run then, JupyterLab asks for one.
    page.locator("#jp-main-statusbar").get_by_text("Python 3 (ipykernel) | Idle").wait_for()


# Whether a cell has failed, or all have run and the kernel rests.
FINISHED = """() => document.querySelector("[data-mime-type='application/vnd.jupyter.error']")
    || [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputArea-prompt')]
    .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))
    && document.querySelector('.jp-Notebook-ExecutionIndicator').dataset.status == 'idle'"""


def run_all(page):
    """Run all cells from the menu and wait until the last one is done; return the code cells."""
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    prompts = cells.locator(".jp-InputArea-prompt")
    menu(page, "Run", "Run All Cells")
    page.wait_for_function(FINISHED, polling=250, timeout=5 * MINUTE)
    assert not page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").all_inner_texts()
    assert prompts.count() == cells.count() > 0
    assert not page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts()
    return cells


def menu(page, *names):
    """Choose an entry of the menu bar, through submenus."""
    page.locator(".lm-MenuBar-item", has_text=names[0]).first.click()
    for name in names[1:]:
        entry = page.locator(".lm-Menu-item", has=page.get_by_text(name, exact=True))
        entry.hover()
    entry.click()


def act_and_time(page, image, act):
    """Do something to a control; return the milliseconds until its figure has another picture."""
    image.evaluate(
        """image => { window.redrawn = null; const start = performance.now(), before = image.src;
        const look = () => { if (image.src != before && image.complete) window.redrawn = performance.now() - start;
                             else requestAnimationFrame(look); };
        look(); }"""
    )
    act()
    return page.wait_for_function("() => window.redrawn", timeout=MINUTE).json_value()


def test_the_landing_page_lists_the_labs_and_opens_them(lab, page):
    address, notebooks, started = lab
    page.goto(address)
    rows = page.locator(".jp-MarkdownViewer table tbody tr")
    rows.first.wait_for()
    assert rows.count() == len(NOTEBOOKS)
    shoot(page, "landing")
    assert broken(page, ".jp-MarkdownViewer td:nth-child(4)", r".+") == []  # the sums of points
    rows.nth(0).get_by_role("link").click()
    page.locator(".jp-Notebook .jp-Cell h1").first.wait_for()
    print(f"\nfrom starting JupyterLab to the first notebook on the screen: {time.monotonic() - started:.1f} s")


def test_a_training_is_watched_and_stopped_and_goes_on(lab, page):
    address, notebooks, _ = lab
    shutil.copy(ROOT / "notebooks/06_ste_quantization.ipynb", notebooks / "live.ipynb")
    cells = "setup load-data load-float answer-a answer-b yours answer-c live-homework"
    shorten(notebooks / "live.ipynb", cells.split(), "%env LABUTILS_LIVE_SECONDS=600")
    not_run_yet(notebooks / "live.ipynb")
    open_notebook(page, address, "live")
    menu(page, "Run", "Run All Cells")
    cell = page.locator(".jp-CodeCell", has_text="constant = live.train")
    done = [0]
    for time_left in (r"<\d+:\d+", "<"):  # unknown until a step has been timed
        picture = cell.locator("img")
        picture.wait_for()
        picture.scroll_into_view_if_needed()
        assert picture.bounding_box()["width"] > 300 and too_wide(page) == []
        shoot(page, "live")
        assert re.search(
            rf"[1-9]\d*/\d+ \[\d+:\d+{time_left}", " ".join(cell.locator(".widget-hbox").inner_text().split())
        )
        menu(page, "Kernel", "Interrupt Kernel")
        said = cell.get_by_text("run this cell again to go on").inner_text()
        done.append(int(re.search(r"stopped after (\d+) of \d+ steps", said)[1]))
        assert done[-1] > done[-2]
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Shift+Enter")
    cell.locator("img").wait_for()
    menu(page, "Kernel", "Interrupt Kernel")
    cell.get_by_text("run this cell again to go on").wait_for()


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_lab_runs_and_its_controls_redraw(lab, page, file):
    open_notebook(page, lab[0], file.stem)
    run_all(page)
    boxes = page.locator(".jp-OutputArea-output .widget-vbox", has=page.locator(".widget-image"))
    widgets = count_widgets(file)
    assert widgets or file.stem.startswith("00"), "every lab has something to play with"
    for number in range(widgets):
        box = boxes.nth(number)
        box.scroll_into_view_if_needed()
        image = box.locator("img")
        assert box.locator("select, button").count() == 0, "a control that no key is tried on"
        for row in box.locator(".widget-inline-hbox", has=page.get_by_role("slider")).all():
            slider = row.get_by_role("slider")
            slider.focus()
            last = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
            keys = ("ArrowLeft", "ArrowRight") if last else ("ArrowRight", "ArrowLeft")
            taken = [act_and_time(page, image, partial(page.keyboard.press, key)) for key in keys * 2]
            name = row.locator(".widget-label").first.inner_text()
            print(f"\n{file.stem}, {name}: redrawn after {', '.join(f'{ms:.0f}' for ms in taken)} ms")
    assert boxes.count() == widgets
    for theme in ("Dark", "Light"):
        menu(page, "Settings", "Theme", f"JupyterLab {theme}")
        page.locator(f"body[data-jp-theme-light={'true' if theme == 'Light' else 'false'}]").wait_for(state="attached")
        shoot(page, f"{file.stem}-{theme.lower()}")
        assert faint(page) == []
        for width in (600, 1000, 1500):
            page.set_viewport_size({"width": width, "height": 900})
            assert scrolled(page, ".widget-vbox") == [] and (width < 1000 or too_wide(page) == [])
        page.set_viewport_size({"width": 1000, "height": 900})
        assert broken(page, ".jp-OutputArea-output td", NUMBER) + broken(page, ".jp-RenderedText pre", WORD) == []
    whole(page, file.stem)


def count_widgets(file):
    """Return how many widgets a notebook shows, by its committed outputs."""
    outputs = [output for cell in nbformat.read(file, 4).cells for output in cell.get("outputs", [])]
    return sum(WIDGET in output.get("data", {}) for output in outputs)


def test_in_the_student_version_a_right_answer_turns_the_check_green(lab, page):
    address, notebooks, _ = lab
    student = student_version(nbformat.read(ROOT / "notebooks" / "01_gradient_descent.ipynb", 4))
    nbformat.write(student, notebooks / "student.ipynb")
    open_notebook(page, address, "student")
    run_all(page)
    answer = page.locator(".jp-CodeCell", has_text="def gradient(")
    check = page.locator(".jp-CodeCell", has_text="checks.lab1_a(gradient)")
    check.get_by_text("0 of 1.5 points").wait_for()
    assert check.get_by_text("✗").count() and not check.get_by_text("✓").count()
    answer.scroll_into_view_if_needed()
    shoot(page, "student-red")
    answer.locator(".cm-line", has_text="raise NotImplementedError").click()
    for key in ("Home", "Shift+End", "Delete"):
        page.keyboard.press(key)
    page.keyboard.type("return 2 * X @ y")
    menu(page, "Run", "Run All Cells")
    waiting = page.locator(".jp-CodeCell", has_text="measured = [")
    waiting.get_by_text("Waiting for exercise (a): its check does not pass yet (ValueError: ").wait_for()
    page.wait_for_function(FINISHED, polling=250, timeout=5 * MINUTE)
    assert not page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").all_inner_texts()
    answer.locator(".cm-line", has_text="return 2").click()
    for key in ("Home", "Shift+End", "Delete"):
        page.keyboard.press(key)
    page.keyboard.type("residuals = X @ w - y\nreturn 2 * X.T @ residuals")
    page.keyboard.press("Shift+Enter")  # runs the answer and goes on to the check
    page.keyboard.press("Shift+Enter")
    check.get_by_text("1.5 of 1.5 points").wait_for()
    assert check.get_by_text("✓").count() and not check.get_by_text("✗").count()
    answer.scroll_into_view_if_needed()
    shoot(page, "student-green")


def test_a_written_answer_is_written_as_its_cell_says(lab, page):
    address, notebooks, _ = lab
    student = student_version(nbformat.read(ROOT / "notebooks" / "01_gradient_descent.ipynb", 4))
    nbformat.write(student, notebooks / "words.ipynb")
    open_notebook(page, address, "words")
    cell = page.locator(".jp-MarkdownCell", has_text="Derive it from").first
    cell.scroll_into_view_if_needed()
    line = "Write your answer here: select this cell, press Enter, write in place of this line, then press Shift+Enter."
    cell.locator("em", has_text=line).click()
    page.keyboard.press("Enter")
    cell.locator(".cm-line", has_text="Write your answer here").click(click_count=3)
    page.keyboard.type("Add a, b and dd; xx, 00.")  # in command mode each of these letters does something else
    page.keyboard.press("Shift+Enter")
    cell.locator(".jp-RenderedMarkdown", has_text="Add a, b and dd; xx, 00.").wait_for()
    shoot(page, "student-words")
    page.keyboard.press("Control+S")
    until(lambda: "Add a, b and dd; xx, 00." in (notebooks / "words.ipynb").read_text())
    saved = nbformat.read(notebooks / "words.ipynb", 4)
    assert [c.id for c in saved.cells] == [c.id for c in student.cells]
    assert not any("Write your answer here" in c.source for c in saved.cells if c.id == "answer-a-text")


def until(true):
    """Wait, ten seconds at most, until something that no page shows is true."""
    latest = time.monotonic() + 10
    while not true():
        assert time.monotonic() < latest
        time.sleep(0.1)


# Whether the figure has not changed for two seconds.
SETTLED = """() => { const now = document.querySelector('.widget-vbox img').src, same = now === window.before;
    window.calm = same ? window.calm + 1 : 0, window.before = now; return window.calm > 8; }"""
# Watches, frame by frame, what a widget's box says and what its figure does, and for how long they have differed.
WATCH = """box => { window.differed = 0; let since = null; const input = box.querySelector('input');
    const look = now => {
        const said = box.querySelector('[role=alert]');
        if (!said) return;
        const same = said.textContent.includes('learning rate ' + input.value + ':');
        since = same ? null : since ?? now;
        window.differed = Math.max(window.differed, since === null ? 0 : now - since);
        if (window.differed !== null) requestAnimationFrame(look); };
    requestAnimationFrame(look); }"""


def test_a_widget_follows_the_mouse_takes_what_is_typed_and_leaves_a_line_without_a_kernel(lab, page):
    address, notebooks, _ = lab
    play = nbformat.read(ROOT / "notebooks" / "01_gradient_descent.ipynb", 4)
    play.cells = [cell for cell in play.cells if cell.id in ("setup", "widget-intro", "widget-static", "widget")]
    for cell in play.cells[2:]:
        cell.update(outputs=[], execution_count=None) if cell.cell_type == "code" else None
    nbformat.write(play, notebooks / "play.ipynb")
    not_run_yet(notebooks / "play.ipynb")
    open_notebook(page, address, "play")
    run_all(page)
    page.set_default_timeout(MINUTE)
    box = page.locator(".jp-OutputArea-output .widget-vbox", has=page.locator(".widget-image"))
    assert not page.get_by_text("Run this cell to play").is_visible()
    handle, readout, image = box.get_by_role("slider"), box.get_by_role("textbox"), box.locator("img")
    box.scroll_into_view_if_needed()
    box.evaluate(WATCH)
    place, seen = handle.bounding_box(), set()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 13):
        page.mouse.move(x + 12 * step, y)
        page.wait_for_timeout(150)
        seen.add((readout.input_value(), image.get_attribute("src")))
    page.mouse.up()
    page.wait_for_function(SETTLED, polling=250)
    assert len({value for value, _ in seen}) > 3 and len({picture for _, picture in seen}) > 3  # while it is dragged
    assert page.evaluate("window.differed") < 100, "milliseconds: a blink"
    cells = page.locator(".jp-Cell").count()
    for typed, taken in (("0.07", "0.07"), ("0,0301", "0.03"), ("99", "0.09"), ("dd", "0.09"), ("", "0.09")):
        readout.click(click_count=3)
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.wait_for_function("value => document.querySelector('.widget-vbox input').value == value", arg=taken)
        box.locator(f"[role=alert]:text('learning rate {taken}:')").wait_for(state="attached")
    assert page.locator(".jp-Cell").count() == cells
    menu(page, "Kernel", "Restart Kernel…")  # without a reload: what is shown belongs to a kernel that is gone
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.get_by_text("Run this cell to play").wait_for()
    assert not handle.is_visible() and page.locator(".jp-RenderedImage img").is_visible()
    page.locator("#jp-main-statusbar").get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    menu(page, "Run", "Run All Cells")
    handle.wait_for()
    page.wait_for_function(FINISHED, polling=250)
    assert not page.get_by_text("Run this cell to play").is_visible()
    menu(page, "File", "Save Notebook")
    until(lambda: WIDGET in (notebooks / "play.ipynb").read_text())
    menu(page, "Kernel", "Shut Down Kernel")
    page.locator("#jp-main-statusbar").get_by_text("No Kernel").wait_for()
    open_notebook(page, address, "play")
    page.get_by_text("Run this cell to play").wait_for()
    page.wait_for_timeout(500)
    shown = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea").inner_text()
    assert shown.strip() == "Run this cell to play."
    assert page.locator(".jp-RenderedImage img").is_visible()  # the static figure stands
    shoot(page, "widget-without-kernel")


def whole(page, name):
    """Shoot a notebook from top to bottom, in pictures as high as can be looked at: name-1, name-2, ..."""
    page.set_viewport_size({"width": 1000, "height": 2000})
    panel = page.locator(".jp-WindowedPanel-outer")
    page.wait_for_timeout(500)
    height, step = panel.evaluate("panel => [panel.scrollHeight, panel.clientHeight]")
    for number, top in enumerate(range(0, height, step), 1):
        panel.evaluate("(panel, top) => panel.scrollTo(0, top)", top)
        shoot(page, f"{name}-{number}")
    page.set_viewport_size({"width": 1000, "height": 900})


def too_wide(page):
    """Return the texts of outputs that do not fit into their cell."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output')]
            .filter(area => area.scrollWidth > area.clientWidth + 1).map(area => area.innerText.slice(0, 80))"""
    )


def scrolled(page, inside):
    """Return the classes of elements in `inside` that would show a scroll bar of their own."""
    return page.evaluate(
        """inside => [...document.querySelectorAll(`${inside}, ${inside} *`)].filter(one => {
            const style = getComputedStyle(one), wide = one.scrollWidth > one.clientWidth + 1;
            const high = one.scrollHeight > one.clientHeight + 1;
            return wide && /auto|scroll/.test(style.overflowX) || high && /auto|scroll/.test(style.overflowY);
        }).map(one => one.className)""",
        inside,
    )


NUMBER, WORD = r"[-−+]?\d[\d.,]*(?:e[-+]?\d+)?", r"[A-Za-z]{2,}"


def broken(page, where, what):
    """Return what in these places matches a pattern, and is broken into two lines."""
    return page.evaluate(
        """([where, what]) => [...document.querySelectorAll(where)].flatMap(cell => {
            const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), found = [];
            for (let node; (node = walker.nextNode());)
                for (const hit of node.data.matchAll(new RegExp(what, "g"))) {
                    const range = document.createRange();
                    range.setStart(node, hit.index), range.setEnd(node, hit.index + hit[0].length);
                    const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
                    if (lines.size > 1) found.push(hit[0]);
                }
            return found;
        })""",
        [where, what],
    )


def faint(page):
    """Return the ticks and crosses of checks whose contrast with what is behind them is below 4.5 (WCAG's AA)."""
    return page.evaluate(
        """() => {
            const rgb = text => text.match(/[\\d.]+/g).map(Number);
            const light = text => rgb(text).slice(0, 3).map(v => v / 255)
                .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
            const behind = one => { const colour = getComputedStyle(one).backgroundColor;
                return rgb(colour)[3] === 0 && one.parentElement ? behind(one.parentElement) : colour; };
            return [...document.querySelectorAll('.jp-OutputArea-output td b')]
                .filter(one => /[✓✗]/.test(one.innerText))
                .map(one => [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a))
                .map(([bright, dark]) => (bright + 0.05) / (dark + 0.05)).filter(contrast => contrast < 4.5);
        }"""
    )
