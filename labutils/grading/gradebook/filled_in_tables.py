"""Tables that people fill in: read as any spreadsheet saves them, written so that none takes a text for a formula."""

import csv
import io
import re

from ..intake.notebooks import shown

# Where a spreadsheet may see a cell begin, whatever its separator, and then a formula, or what becomes one
# when its ' is taken off: so no two texts become one.
FORMULA = re.compile(r"(^|[;\t\r\n])([ \n]*)(?='*[=+\-@\t\r＝＋－＠])")


def cell(value):
    """Return a text so that no spreadsheet takes a part of it for a formula: with a ' in front of what could be one."""
    return FORMULA.sub(r"\1\2'", value)


def number(text):
    """Return a number, with a decimal point or comma, or None where the text is none."""
    return float(text.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d*)?|[.,]\d+", text) else None


def read(path, needed=(), lenient=False):
    """Return (the names of the columns, [(where, {column: cell}), ...]) of a table; `where` names file and line.

    The separator is the one of commas, semicolons and tabs that the first line has most of. Of a system's own export,
    which is read `lenient`, a line may have fewer cells or more.
    Raises: ValueError, in one line, where it is no table in UTF-8, or lacks one of the columns `needed`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: expected UTF-8, found another encoding; save it as CSV UTF-8") from None
    first = text.partition("\n")[0]
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        names = [name.strip() for name in lines.fieldnames or ()]
        if not set(needed) <= set(names):
            expected = f"the columns {', '.join(needed)}"
            raise ValueError(f"{path}: expected {expected}, found {shown(first)}; mend the first line")
        lines.fieldnames = names
        found = []
        for line in lines:
            where = f"{path}, line {lines.line_num}"
            if lenient:
                line = {name: line[name] or "" for name in names}
            elif None in line or None in line.values():
                raise ValueError(f"{where}: expected a cell in each column, found more or fewer; mend the line")
            found.append((where, line))
    except csv.Error as error:
        raise ValueError(f"{path}: expected a table, found {error}; mend line {lines.line_num}") from None
    return names, found


def text(value):
    """Return the text that `cell` was given."""
    return re.sub(FORMULA.pattern.replace("(?=", "'(?="), r"\1\2", value)
