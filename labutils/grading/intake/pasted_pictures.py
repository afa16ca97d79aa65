"""The pictures that students paste into a cell, as data URLs that a page can show: no link, no SVG."""

import base64
import binascii
import re
from urllib.parse import quote, unquote

from .notebooks import mapping, source, text
from .notebooks import shown as quoted

MOST = 20  # of one cell
MOST_BYTES = 8_000_000  # of one picture
KINDS = {b"\x89PNG\r\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}  # by how a file of the kind begins
MOST_LINES = 5
# Each looks at so many characters ahead at most, or never back: a text of nothing but beginnings takes no time.
TAG = re.compile(r"<img\b(?=[^<>]*+>)[^<>]*?\ssrc\s*+=\s*+[\"']?([^\s\"'<>]++)[^<>]*+>", re.IGNORECASE)
LINK = re.compile(
    r"!\[([^\]\n]{0,500}+)\]\(\s{0,9}+<?((?:attachment:([^)\s>]{1,999}+)|[^)\s>]{1,999}+))>?[^)\n]{0,500}+\)"
)
INLINE = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]*)")


def kind(raw):
    """Return the kind of picture that some bytes are, "png", or None where they are none that is shown."""
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "webp"
    return next((name for begin, name in KINDS.items() if raw.startswith(begin)), None)


def data_url(encoded):
    """Return a picture in base64 as a data URL of the kind that it is; "" where it is none, or too large."""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True) if len(encoded) < 1.5 * MOST_BYTES else b""
    except (binascii.Error, ValueError):
        return ""
    found = kind(raw)
    return f"data:image/{found};base64,{base64.b64encode(raw).decode()}" if found and len(raw) <= MOST_BYTES else ""


def pasted(plain):
    """Return ((name, data URL), ...) of a cell as a notebook holds it: its attachments, and what its text holds inline.

    The URL is "" where the picture cannot be shown. Those in the text are called picture-1, picture-2, ..., as in
    `named`.
    """
    attached = mapping(plain.get("attachments")).items()
    found = [
        (name, next(filter(None, (data_url(text(data)) for data in mapping(kinds).values())), ""))
        for name, kinds in attached
    ]
    inline = enumerate(INLINE.finditer(source(plain)) if "data:image" in source(plain) else (), 1)
    return tuple(found[:MOST] + [(f"picture-{number}", data_url(match[1])) for number, match in inline][:MOST])


def named(source, pictures, others=()):
    """Return (a text with a link to each of its pictures, {name in the text: data URL}), no name one of the `others`.

    Links are as Markdown has them, ![](attachment:name). A picture to which the text has no link stands below it.
    """
    count, found = iter(range(1, len(source))), {}
    source = INLINE.sub(lambda _: f"attachment:picture-{next(count)}", source)
    source = TAG.sub(r"![](\1)", source)
    for name, url in pictures:
        new = f"{len(others)}-{name}" if name in others else name
        old = quote(name) if f"attachment:{quote(name)}" in source else name
        source = source.replace(f"attachment:{old}", f"attachment:{quote(new)}")
        source += f"\n\n![{new}](attachment:{quote(new)})" * (f"attachment:{quote(new)}" not in source)
        found[new] = url
    return source, found


def shown(source, pictures):
    """Return a text as `named` returns it with the data URL of each picture in its place, where it can be shown."""
    return LINK.sub(lambda link: f"![{link[1]}]({pictures.get(unquote(link[3] or ''), '') or link[2]})", source)


def unseen(source, pictures):
    """Return what of the pictures in a text, as `named` returns it, nobody will see: a line for each."""
    lines = [f"its picture {quoted(name)} cannot be shown" for name, url in pictures.items() if not url]
    links = dict.fromkeys(unquote(link[3] or link[2]) for link in LINK.finditer(source))
    lines += [f"its picture {quoted(link)} was not handed in with it" for link in links if link not in pictures]
    return lines[:MOST_LINES]
