"""Merges what several people gave for written answers; a contradiction is said, and nothing is overwritten."""

from ..intake.notebooks import shown
from . import filled_in_tables
from .written_answers import COLUMNS, TABLE, Given, points_cell

PREVIEW = "preview"  # the folder of a preview beside the marks
CHANGED = "changed"  # in a marker's file: "yes" where the marker gave these points, and did not just leave them
MOST_NAMED = 10  # contradictions in one message


def markers_files(folder):
    """Return the files of markers that lie in a folder of results: whatever is called written....csv but the table.

    So a browser may call a second one written-lab1_a_text (1).csv.
    """
    return sorted(path for path in folder.glob("written*.csv") if path.name != TABLE)


def contents(folder):
    """Return {path: bytes} of the table and of the files of markers, as they are now."""
    return {path: path.read_bytes() for path in (*markers_files(folder), folder / TABLE) if path.exists()}


def read(folder, questions):
    """Return {(student as in the table, grade_id): {the answer's digest: Given}} of the answers that have any.

    What a marker's file says that the marker has changed goes before what the table says, and the rest behind it, as
    does what was marked on the pages of a later preview.
    Parameters: folder, where the results lie; questions, as `course.questions` returns them.
    Raises: ValueError, naming the line, where points are no number from 0 to the question's, or a line is not ours;
        and naming the answers where two markers gave different points.
    """
    path = folder / TABLE
    table = {key: given for key, given, _ in _lines(path, questions)} if path.exists() else {}
    changed, left = {}, {}
    for file in markers_files(folder):
        for key, given, is_changed in _lines(file, questions):
            (changed if is_changed else left).setdefault(key, []).append((given, file.name))
    disputed = [(key, found) for key, found in changed.items() if len({given.points for given, _ in found}) > 1]
    if disputed:
        raise ValueError(f"{folder}: expected the same points from all markers, found {_contradictions(disputed)}")
    for path in contents(folder / PREVIEW):
        for key, given, _ in _lines(path, questions):
            left.setdefault(key, []).append((given, path.name))
    merged = {key: found[0][0] for key, found in left.items()} | table
    for key, found in changed.items():
        comments = dict.fromkeys(given.comment for given, _ in found if given.comment)
        merged[key] = Given(found[0][0].points, "\n\n".join(comments))
    result = {}
    for (student, name, answer), given in merged.items():
        if given != Given(None):
            result.setdefault((student, name), {})[answer] = given
    return result


def _contradictions(disputed):
    """Return in one line who gave which points for what."""
    named = [
        f"{student}, {name}: " + ", ".join(f"{points_cell(given.points) or 'none'} in {file}" for given, file in found)
        for (student, name, _), found in disputed[:MOST_NAMED]
    ]
    more = [f"and {len(disputed) - MOST_NAMED} more"] * (len(disputed) > MOST_NAMED)
    return "; ".join(named + more) + "; mend one of the files, or take it out"


def _lines(path, questions):
    """Yield ((student, grade_id, digest), Given, whether the marker changed it) of each line of a table."""
    seen = set()
    for where, line in filled_in_tables.read(path, COLUMNS[:3])[1]:
        points, comment = line["points"].strip(), filled_in_tables.text(line.get("comment") or "").strip()
        question, is_changed = questions.get(line["question"]), line.get(CHANGED, points or comment)
        if not (points or comment or is_changed):
            continue
        if question is None or not question.manual:
            raise ValueError(f"{where}: expected a written question, found {shown(line['question'])}; mend the line")
        value = filled_in_tables.number(points)
        if points and (value is None or value > question.max):
            raise ValueError(
                f"{where}: expected points from 0 to {question.max:g}, found {shown(points)}; mend the line"
            )
        key = line["student"], question.id, line.get("answer", "")
        if key in seen:
            raise ValueError(f"{where}: expected one line for each answer, found a second; remove one")
        seen.add(key)
        yield key, Given(value, comment), bool(is_changed)


def put_away(read):
    """Move the files of markers, once the table has what they say, into the folder merged/ beside them.

    Parameters: read, their `contents`; one that is another now stays for the next run.
    """
    for path, content in read.items():
        if path.name != TABLE and path.exists() and path.read_bytes() == content:
            (path.parent / "merged").mkdir(exist_ok=True)
            _rename(path, path.parent / "merged")


def keep_changed(folder, read):
    """Give the table another name, by which the next run reads it, where it is not as it was `read`; return that."""
    path = folder / TABLE
    if path.exists() and path.read_bytes() != read.get(path):
        return _rename(path, folder)
    return None


def _rename(path, folder):
    """Move a file into a folder, by a name that is free there; return its path."""
    place, number = folder / path.name, 1
    while place.exists():
        number += 1
        place = folder / f"{path.stem} ({number}){path.suffix}"
    return path.rename(place)
