"""What students wrote is shown as they meant it, and can do nothing."""

import base64
import re
import time
from html.parser import HTMLParser

import pytest

from labutils.grading import course
from labutils.grading.gradebook import markdown

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
HARMLESS = {
    "p",
    "b",
    "strong",
    "em",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "img",
}
HARMLESS |= {"span", "br", "hr", "blockquote", "math"}


class Seen(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    "typed, part",
    [
        ("**bold** and *slanted*", "<strong>bold</strong> and <em>slanted</em>"),
        ("`w = 0`", "<code>w = 0</code>"),
        ("- one\n- two", "<li>one</li>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("so $x^2$ it is", "<msup><mi>x</mi><mn>2</mn></msup>"),
        ("$$\n\\frac{a}{b}\n$$", "<mfrac>"),
        ("it cost 5$ and 6$ more", "it cost 5$ and 6$ more"),
        (f"![a plot]({PNG})", f'<img alt="a plot" src="{PNG}">'),
        ("line one\n\nline two", "<p>line two</p>"),
    ],
)
def test_what_was_meant_is_shown(typed, part):
    assert part in markdown.render(typed) and 'class="plain"' not in markdown.render(typed)


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "<javascript:alert(1)>",
        "[click][1]\n\n[1]: javascript:alert(1)",
        "![x](https://evil.example/pixel.png)",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "![x](data:text/html;base64,PHN2Zz4=)",
        '![x" onerror="alert(1)](' + PNG + ")",
        f'![x]({PNG} "t onload=alert(1)")',
        "$\\href{javascript:alert(1)}{x}$",
        "$\\text{<script>alert(1)</script>}$",
        "$\\class{x onclick=alert(1)}{y}$",
        "$$\\style{background:url(https://evil.example)}{x}$$",
        "```html\n<script>alert(1)</script>\n```",
        "<!-- --><iframe src=//evil.example>",
        "</div></article><form action=//evil.example>",
        "&lt;script&gt;",
        "\x00<\x00script>",
    ],
)
def test_nothing_hostile_gets_through(evil):
    seen = Seen(markdown.render(evil))
    assert {tag for tag in seen.tags if not tag.startswith("m")} <= HARMLESS - {"math"}
    allowed = {"alt", "src", "class", "display", "start", *markdown.SHOWN}
    assert {name for name, _ in seen.attributes} <= allowed
    assert all(value.startswith("data:image/png") for name, value in seen.attributes if name == "src")


@pytest.mark.parametrize(
    "typed", ["[a]: http://x.y 'hidden words'", "> " * 40 + "deep", "<b>tags</b>", "$\\nonsense{$"]
)
def test_no_word_is_lost(typed):
    text = Seen(markdown.render(typed)).text
    assert all(word in text for word in re.findall(r"[a-z]{2,}", typed))


def test_lists_in_lists_without_end_are_all_shown():
    typed = "\n".join("  " * depth + f"- level{depth}" for depth in range(60))
    assert "level59" in markdown.render(typed)


@pytest.mark.parametrize(
    "piece",
    ["[", "![", "*a ", "**a*", "`", "<", "$", "> ", "| ", "a_", "\\(", "[a](", "~~", "- ", "&#", "$\\frac", "{"],
)
def test_the_longest_answer_of_anything_takes_no_time(piece):
    start = time.process_time()
    markdown.render(piece * (20_000 // len(piece)))
    assert time.process_time() - start < 2


def test_the_courses_own_answers_are_shown_whole():
    for question in course.questions().values():
        if question.manual:
            assert 'class="plain"' not in markdown.render(question.full), question.id
            assert "<math" in markdown.render(question.full) or "$" not in question.full


def test_signs_that_a_terminal_or_a_page_would_obey_are_shown_as_none():
    assert str(markdown.render("a\x1b[2Jb\u202ec\x00\nd")) == "<p>a\ufffd[2Jb\ufffdc\ufffd\nd</p>\n"


def test_a_title_has_no_paragraph():
    assert markdown.inline("How does $x$ follow?").startswith("How does <math")
