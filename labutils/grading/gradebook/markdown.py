"""Turns what students wrote into HTML that is harmless: Markdown, formulas as MathML, pictures that it brings along.

Nothing of it is HTML, a link or a script of their own, and nothing is loaded: HTML is shown as text, a link as its
text and address, a picture only where its bytes are in the text.
"""

import re
from collections import Counter
from functools import lru_cache
from xml.etree import ElementTree

import mistune
from latex2mathml.converter import convert
from markupsafe import Markup, escape
from mistune.plugins.math import math
from mistune.plugins.table import table

PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
NUMBERED = "picture:{}"  # what stands for a picture while the text around it is read
LONGEST_FORMULA = 2_000  # characters
MOST_MARKS = 2_000  # brackets, stars and the like in one text: more than that is no prose, and slow to understand
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|```\w*|!\[.*?\](?:\(picture:\d+)?", re.DOTALL)
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # shown as what it is: none
MATHML = "{http://www.w3.org/1998/Math/MathML}"
SHOWN = {"display", "stretchy", "fence", "form", "mathvariant", "columnalign", "accent", "linethickness", "width"}


class Harmless(mistune.HTMLRenderer):
    """Renders without links, and pictures only from their own bytes."""

    def link(self, text, url, title=None):
        return f"{text} <code>{escape(url)}</code>" if url not in (text, f"mailto:{text}") else text

    def image(self, text, url, title=None):
        if re.fullmatch(NUMBERED.format(r"\d+"), url):
            return f'<img alt="{escape(Markup(text).striptags())}" src="{escape(url)}">'
        return f'<span class="note">[picture {text}: {escape(url[:100])}]</span>'

    def heading(self, text, level, **attributes):
        return f"<p><b>{text}</b></p>\n"

    def inline_math(self, text):
        return formula(text)

    def block_math(self, text):
        return f'<span class="formula">{formula(text, display="block")}</span>\n'


def formula(latex, display="inline"):
    """Return a formula as MathML, or as it was typed where it cannot be read."""
    typed = f"<code>{escape(latex)}</code>"
    if len(latex) > LONGEST_FORMULA:
        return typed
    try:
        tree = ElementTree.fromstring(convert(latex.strip(), display=display))
    except Exception:  # whatever a student's TeX makes of the converter
        return typed
    for element in tree.iter():
        element.tag = element.tag.removeprefix(MATHML)
        if not re.fullmatch(r"m[a-z]+|math", element.tag) or element.tag in ("maction", "mglyph"):
            return typed
        element.attrib = {key: value for key, value in element.attrib.items() if key in SHOWN}
    return ElementTree.tostring(tree, encoding="unicode")


_markdown = mistune.create_markdown(renderer=Harmless(escape=True), plugins=[math, table])


def render(text):
    """Return a text in Markdown as HTML, which a template need not escape.

    Where a word of it would not be seen, as in the definition of a link, the text stands below as it was typed.
    """
    pictures, text = [], UNSEEN.sub("\ufffd", text)
    short = PICTURE.sub(lambda found: NUMBERED.format(len(pictures), pictures.append(found[0])), text)
    sources = {NUMBERED.format(number): picture for number, picture in enumerate(pictures)}
    return Markup(re.sub(r'(?<= src=")picture:\d+(?=")', lambda found: sources.get(found[0], ""), _rendered(short)))


@lru_cache(maxsize=500)  # one answer stands on several pages, and many questions have answers that are the same
def _rendered(text):
    typed = Markup('<pre class="plain">{}</pre>').format(text)
    if sum(text.count(mark) for mark in "[]*_`<>|$\\") > MOST_MARKS:
        return typed
    shown = Markup(_markdown(text))
    return shown if _words(FORMULA.sub("", text)) <= _words(shown.striptags()) else shown + typed


def _words(text):
    """Return how often each word of a text is there; a number may be that of a line of a list."""
    return Counter(re.findall(r"[^\W\d_]+", text))


def inline(text):
    """Return one line of Markdown, such as a title, as HTML without a paragraph around it."""
    return Markup(re.sub(r"^<p>|</p>$", "", str(render(text)).strip()))
