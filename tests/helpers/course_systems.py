"""What course systems do with a file that they are given, by the rules in their own sources, in words of ours.

Each returns what the system would enter, or raises Refused. Nothing here knows how our files are written.
"""

import csv
import io
import re
import zipfile


class Refused(Exception):
    """The system takes nothing of the file."""


def canvas_gradebook(raw, people, assignments):
    """Return ({user id: {assignment: score}}, new assignments): lib/gradebook_importer.rb.

    Parameters: people, {user id: (SIS user id, SIS login id, name, sortable name)}; assignments, {id: title}.
    """
    text = raw.decode("utf-8")
    first = text.splitlines()[:3]
    counts = {s: [len(next(csv.reader([line], delimiter=s), [])) for line in first] for s in ";,"}
    counts = {s: found[0] if len(set(found)) == 1 else 0 for s, found in counts.items()}
    separator = ";" if counts[";"] > counts[","] else ","
    head, *lines = csv.reader(io.StringIO(text), delimiter=separator)
    one_name = len(head) > 3 and "Student" in head[0] and "ID" in head[1]
    two_names = len(head) > 4 and "LastName" in head[0] and "FirstName" in head[1] and "ID" in head[2]
    if not one_name and not two_names:
        raise Refused("Invalid header row")
    names = 4 if head[:2] == ["LastName", "FirstName"] else 3
    columns, sis, login = names, None, None
    if re.search(r"SIS\s+Login\s+ID", head[names - 1]):
        login, columns = names - 1, columns + 1
    elif re.search(r"SIS\s+User\s+ID", head[names - 1]) and re.search(r"SIS\s+Login\s+ID", head[names]):
        sis, login, columns = names - 1, names, columns + 2
        columns += bool(re.search(r"Integration\s+ID", head[names + 1]))
    if "Section" not in head[columns - 1]:
        raise Refused("Invalid header row")
    targets, new = {}, []
    for place in range(columns, len(head)):
        found = re.fullmatch(r"(.+) \((\d+)\)", head[place])
        known = found and int(found[2]) in assignments and int(found[2])
        known = known or next((id for id, title in assignments.items() if title == head[place]), None)
        targets[place] = known or head[place]
        new += [] if known else [head[place]]
    entered = {}
    for line in lines:
        if "Points Possible" in line[0] or not any(line):
            continue
        id = line[names - 2]
        user = int(id) if id.isdecimal() and int(id) in people else None
        for column, position in ((sis, 0), (login, 1)):
            if user is None and column is not None and line[column]:
                user = next((u for u, person in people.items() if person[position] == line[column]), None)
        user = user or next((u for u, person in people.items() if line[0] in person[2:]), None)
        if user is None:
            raise Refused(f"a student whom Canvas does not know: {line}")
        for place, target in targets.items():
            grade = line[place].strip()
            if re.fullmatch(r"-?[0-9.,]+%?", grade):
                *whole, part = re.split(r"[,.]", grade)
                grade = ".".join(["".join(whole), part]) if whole else part
            entered.setdefault(user, {})[target] = grade
    return entered, new


def canvas_comments(raw, attachments):
    """Return {user id: [bytes]}, and the files ignored: `infer_comment_context_from_filename`.

    Parameters: attachments, {attachment id: user id}, users without names as {attachment id: "anonymous id"}.
    """
    entered, ignored = {}, []
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for name in archive.namelist():
            parts = [part for part in name.rpartition("/")[2].split("_") if part != "LATE"]
            if parts[0] == "anon":
                user, attachment = parts[1], parts[2]
            else:
                numbers = [part for part in parts if re.fullmatch(r"\d+", part)]
                user, attachment = int(numbers[0]), numbers[1] if len(numbers) > 1 else None
            if attachment is None or attachments.get(int(attachment)) != user or parts[-1].startswith("link"):
                ignored.append(name)
            else:
                entered.setdefault(user, []).append(archive.read(name))
    return entered, ignored


def moodle_gradebook(raw, people, by, column, most=100, comma=False):
    """Return {email: (grade, feedback)}: grade/import/csv/classes/load_data.php; one unknown person cancels it all.

    Parameters: people, [{"Email address", "Username", "ID number"}]; by, the column to map people by; column, of the
        grades; most, what the site allows; comma, whether the language of the site has a decimal comma.
    """
    entered = {}
    for line in csv.DictReader(io.StringIO(raw.decode("utf-8"))):
        found = [person for person in people if person[by].lower() == line[by].strip().lower()]
        if len(found) != 1:
            raise Refused(f"User mapping error. Could not find user with {by} of {line[by]}")
        grade = float(line[column].replace(",", ".") if comma else line[column])
        if grade > most:
            raise Refused(f"the grade value is too big: {grade}")
        entered[found[0]["Email address"]] = grade, line[f"{column} (feedback)"]
    return entered


def moodle_worksheet(raw, participants, most, modified="-"):
    """Return {participant: (grade, comment)}: mod/assign/feedback/offline; who is not in order is skipped.

    Parameters: participants, their numbers; most, of the assignment; modified, what Moodle has as last modified.
    """
    head, *lines = csv.reader(io.StringIO(raw.decode("utf-8-sig")))
    for needed in ("Identifier", "Grade", "Last modified (grade)"):
        if needed not in head:
            raise Refused("Invalid grade import")
    entered = {}
    for line in lines:
        number = int(line[head.index("Identifier")][len("Participant ") :])
        grade = line[head.index("Grade")].replace(",", ".")
        if number not in participants or grade == "" or not 0 <= float(grade) <= most:
            continue
        if line[head.index("Last modified (grade)")] != modified:
            continue
        comment = line[head.index("Feedback comments")] if "Feedback comments" in head else ""
        entered[number] = float(grade), comment
    return entered


def moodle_feedback_files(raw, participants):
    """Return {participant: {name: bytes}}: `is_valid_filename_for_import` of mod/assign/feedback/file."""
    entered = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for whole in archive.namelist():
            parts = whole.split("/")
            if parts[-1].startswith((".", "~")):
                continue
            while parts:
                info = parts.pop(0).split("_", 4)
                if len(info) < 4 or not info[1].isdecimal() or int(info[1]) not in participants:
                    continue
                if (info[2], info[3]) not in {("assignsubmission", "file"), ("assignfeedback", "file")}:
                    continue
                name = "/".join([*info[4:5], *parts]).lstrip("/")
                entered.setdefault(int(info[1]), {})[name] = archive.read(whole)
                break
    return entered


def sakai_gradebook(raw, eids):
    """Return ({eid: {item: (points, comment)}}, {item: points possible}): ImportGradesHelper.java."""
    head, *lines = csv.reader(io.StringIO(raw.decode("utf-8")))
    columns, possible = {}, {}
    for place, title in enumerate(head[2:], 2):
        if not title.strip():
            raise Refused("a blank heading")
        if re.fullmatch(r"#.+", title):
            continue
        if comment := re.fullmatch(r"\* (.+)", title):
            kind = ("comment", comment[1].strip())
        elif item := re.fullmatch(r"([^\[]+)(\[(\d+([.,]\d+)?)\])?", title):
            kind = ("points", item[1].strip())
            possible[item[1].strip()] = item[3]
        else:
            raise Refused(f"an invalid heading: {title}")
        if kind in columns.values():
            raise Refused(f"a heading twice: {title}")
        columns[place] = kind
    if orphans := [item for kind, item in columns.values() if kind == "comment" and item not in possible]:
        raise Refused(f"comments without an item: {orphans}")
    entered = {}
    for line in lines:
        if not line[0].strip():
            continue
        if line[0] not in eids:
            raise Refused(f"a user who is not in the site: {line[0]}")
        for place, (kind, item) in columns.items():
            entered.setdefault(line[0], {}).setdefault(item, {})[kind] = line[place]
    return entered, possible


def sakai_upload(raw, eids):
    """Return {eid: {"grade", "feedback": {name: bytes}}}: `uploadAll_parseZipFile` of AssignmentAction.java."""
    entered, folders = {}, False
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for whole in archive.namelist():
            if whole.endswith("/") or "/." in whole:
                continue
            if whole.endswith("grades.csv"):
                lines = list(csv.reader(io.StringIO(archive.read(whole).decode("utf-8"))))
                for line in lines[3:]:
                    if len(line) > 4 and line[1] in eids:
                        entered.setdefault(line[1], {})["grade"] = float(line[4])
                continue
            parts = whole.split("/")
            if len(parts) <= 2:
                raise Refused("the zip is of a wrong format")
            user = parts[1]
            if "(" in user and user.endswith(")"):
                user = user[user.rindex("(") + 1 : -1]
            if user in eids:
                folders = True
                if "/Feedback Attachment(s)/" in whole:
                    entered.setdefault(user, {}).setdefault("feedback", {})[parts[-1]] = archive.read(whole)
    if not folders:
        raise Refused("no folder of a user of the site")
    return entered


GRADESCOPE_TEST = {
    "score": (int, float),
    "max_score": (int, float),
    "status": str,
    "name": str,
    "name_format": str,
    "number": str,
    "output": str,
    "output_format": str,
    "tags": list,
    "visibility": str,
    "extra_data": dict,
}
GRADESCOPE = {
    "score": (int, float),
    "execution_time": (int, float),
    "output": str,
    "output_format": str,
    "test_output_format": str,
    "test_name_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}


def gradescope_results(content):
    """Return the score of a results.json; raise Refused where a field is not as Gradescope's specification has it."""
    for part, fields in [(content, GRADESCOPE), *((test, GRADESCOPE_TEST) for test in content.get("tests", []))]:
        for key, value in part.items():
            if key not in fields or not isinstance(value, fields[key]) or isinstance(value, bool):
                raise Refused(f"{key}: {value!r}")
            if key.endswith("visibility") and value not in VISIBILITIES:
                raise Refused(f"{key}: {value!r}")
        if part.get("status", "passed") not in ("passed", "failed"):
            raise Refused(f"status: {part['status']!r}")
    if "score" not in content and not all("score" in test for test in content.get("tests", [{}])):
        raise Refused("no score, neither in all nor for each test")
    return content["score"] if "score" in content else sum(test["score"] for test in content["tests"])


def prairielearn_results(raw):
    """Return the score of a results.json of PrairieLearn; raise Refused where it is not as its pages describe it."""
    import json

    content = json.loads(raw)
    if len(raw) > 1 << 20 or not isinstance(content.get("gradable"), bool):
        raise Refused("expected a boolean gradable, and 1 MB at most")
    if content["gradable"] and not 0 <= content["score"] <= 1:
        raise Refused(f"score: {content['score']}")
    for test in content["tests"]:
        if not isinstance(test["name"], str) or not 0 <= test["points"] <= test["max_points"]:
            raise Refused(f"test: {test}")
    return content["score"]
