"""The pictures that students paste into a cell, as data URLs that a page can show: no link, no SVG."""

import base64
import binascii
import re

from .notebooks import mapping, source, text

MOST = 20  # of one cell
MOST_BYTES = 8_000_000  # of one picture
KINDS = {b"\x89PNG\r\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}  # by how a file of the kind begins
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

    The URL is "" where the picture cannot be shown. The pictures in the text are called picture-1, picture-2, ..., as
    `named` has them.
    """
    attached = mapping(plain.get("attachments")).items()
    found = [
        (name, next(filter(None, (data_url(text(data)) for data in mapping(kinds).values())), ""))
        for name, kinds in attached
    ]
    inline = enumerate(INLINE.finditer(source(plain)) if "data:image" in source(plain) else (), 1)
    return tuple(found[:MOST] + [(f"picture-{number}", data_url(match[1])) for number, match in inline][:MOST])


def named(source):
    """Return a text with the name of each picture that it holds inline in its place."""
    count = iter(range(1, len(source)))
    return INLINE.sub(lambda _: f"attachment:picture-{next(count)}", source)
