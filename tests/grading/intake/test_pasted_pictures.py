"""Links to pictures are found in any text, and no text takes long to look through."""

import time

import pytest

from labutils.grading.intake import pasted_pictures


@pytest.mark.parametrize(
    "piece", ["![", "![a](", "![a](x ", "![a](  ", "![](<", "<img", "<img src=a", " src=a", "<img src='"]
)
def test_a_text_of_nothing_but_beginnings_takes_no_time(piece):
    text, begun = f"<img{piece * 4_000}", time.process_time()
    source, _ = pasted_pictures.named(text, ())
    pasted_pictures.shown(source, {})
    pasted_pictures.unseen(source, {})
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("![](attachment:a%20b.png)", "a b.png"),
        ('![my plot]( <plot.png> "a title")', "plot.png"),
        ("<IMG width=5 SRC = 'plot.png' alt=x>", "plot.png"),
        ("<img src=plot.png>", "plot.png"),
    ],
)
def test_a_link_to_a_picture_that_is_elsewhere_is_found(typed, link):
    source, _ = pasted_pictures.named(typed, ())
    assert pasted_pictures.unseen(source, {}) == [f"its picture '{link}' was not handed in with it"]
