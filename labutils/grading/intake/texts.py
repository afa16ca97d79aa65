"""Reads the texts that a course system lays beside what was handed in, however they are encoded."""

import codecs
import contextlib


def read(file, most):
    """Return the text of a file, of its first `most` bytes, "" where it cannot be read."""
    try:
        with open(file, "rb") as opened:
            raw = opened.read(most)
    except OSError:
        return ""
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    with contextlib.suppress(UnicodeDecodeError):
        return raw.decode("utf-16" if wide else "utf-8-sig")
    return raw.decode("cp1252", "replace")
