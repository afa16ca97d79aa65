"""What students hand in is found under the names it comes with, unpacked safely, and refused with a reason."""

import io
import os
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest
from helpers.handing_in import FIRST, SECOND, hand_in
from hypothesis import given
from hypothesis import strategies as st

from labutils.grading.intake import submissions, zips
from labutils.grading.intake.names import file_name, person
from labutils.grading.intake.notebooks import MOST_BYTES
from labutils.grading.intake.versions import called, choose

STEMS = [FIRST, SECOND]


@pytest.fixture
def folder(tmp_path):
    """An empty folder of submissions."""
    (tmp_path / "handed in").mkdir()
    return tmp_path / "handed in"


@pytest.fixture
def collect(folder, tmp_path):
    """Return {student: Submission} of what lies in the folder."""

    def run():
        found = list(submissions.collect(folder, tmp_path / "unpacked", STEMS))
        assert len({s.student for s in found}) == len(found)
        return {s.student: s for s in found}

    return run


def zipped(path, members):
    """Write a zip of {name or ZipInfo: bytes}."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tampered(path, before, after):
    """Replace bytes in a file."""
    content = path.read_bytes()
    assert before in content
    path.write_bytes(content.replace(before, after))


def test_a_folder_a_zip_and_loose_files(folder, collect):
    hand_in(folder / "anna")
    hand_in(folder / "ben/lab/notebooks")  # also nbgrader's student/assignment
    zipped(folder / "carla.zip", {f"work/{FIRST}.ipynb": "{}", "work/notes.txt": "x"})
    (folder / f"dora_{FIRST}.ipynb").write_text("{}")
    (folder / f"dora_{SECOND}.ipynb").write_text("{}")
    found = collect()
    assert list(found) == ["anna", "ben", "carla", "dora"]
    assert not any(s.reason or s.flags for s in found.values())
    assert found["anna"].notebooks == {stem: folder / "anna" / f"{stem}.ipynb" for stem in STEMS}
    assert set(found["ben"].notebooks) == set(STEMS)
    assert found["carla"].notebooks[FIRST].read_text() == "{}" and len(found["carla"].notebooks) == 1
    assert set(found["dora"].notebooks) == set(STEMS)


def test_a_folder_of_notebooks_is_one_submission(folder, collect):
    hand_in(folder / "x")
    for path in (folder / "x").iterdir():
        path.rename(folder / path.name)
    (folder / "x").rmdir()
    assert set(collect()["handed in"].notebooks) == set(STEMS)


def test_a_zip_in_a_students_folder_as_course_systems_deliver_it(folder, collect):
    (folder / "anna").mkdir()
    hand_in(folder / "ben")
    zipped(folder / "anna/upload.zip", {f"{FIRST}.ipynb": "{}"})
    assert collect()["anna"].notebooks[FIRST].read_text() == "{}"
    zipped(folder / "anna/again.zip", {f"{FIRST}.ipynb": "{}", f"{SECOND}.ipynb": "2"})
    anna = collect()["anna"]
    assert set(anna.notebooks) == set(STEMS) and not anna.flags and not anna.reason
    zipped(folder / "anna/third.zip", {f"{FIRST}.ipynb": "[]"})
    (folder / "anna/fourth.zip").write_text("no zip")
    one, other = collect()["anna"].flags
    assert one.startswith("'fourth.zip': expected a sound zip")
    assert other == f"{FIRST}: another version is in 'third.zip', which was not taken"


@pytest.mark.parametrize(
    "name",
    [
        f"{FIRST} (1).ipynb",
        f"Copy of {FIRST}.ipynb",
        f"Kopie von {FIRST}.ipynb",
        f"{FIRST}-Copy1.ipynb",
        f"{FIRST.upper()}.IPYNB",
        "01 First.ipynb",
        "０１_first.ipynb",
        f"{FIRST}_final_FINAL.ipynb",
    ],
)
def test_a_changed_name_is_understood_and_flagged(folder, collect, name):
    (folder / "anna").mkdir()
    (folder / "anna" / name).write_text("{}")
    anna = collect()["anna"]
    assert anna.notebooks == {FIRST: folder / "anna" / name} and not anna.reason
    assert anna.flags == [f"{FIRST}: taken from '{name}'"]


@pytest.mark.parametrize(
    "name", ["homework.ipynb", "101_first.ipynb", "01_firsts.ipynb", "01_first.ipynb.bak", "notes"]
)
def test_another_name_is_not_taken(folder, collect, name):
    assert called(name, STEMS) is None
    (folder / "anna").mkdir()
    (folder / "anna" / name).write_text("{}")
    anna = collect()["anna"]
    assert not anna.notebooks and "expected notebooks such as 01_first.ipynb, found none" in anna.reason
    assert name in anna.reason


def test_of_several_versions_the_right_name_wins_then_the_shallowest(folder, collect):
    for name in (f"{FIRST}.ipynb", f"{FIRST} (1).ipynb", f"build/{FIRST}.ipynb"):
        (folder / "anna" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "anna" / name).write_text("{}")
    anna = collect()["anna"]
    assert anna.notebooks == {FIRST: folder / "anna" / f"{FIRST}.ipynb"}
    assert anna.flags == [f"{FIRST}: 3 versions, '{FIRST}.ipynb' was taken, not 'build/{FIRST}.ipynb'"]


def test_of_two_right_names_the_one_nearest_to_the_top_wins():
    assert choose([f"a/b/{FIRST}.ipynb", f"z/{FIRST}.ipynb"], STEMS)[0] == {FIRST: f"z/{FIRST}.ipynb"}
    assert choose([f"z/{FIRST}.ipynb", f"a/{FIRST}.ipynb"], STEMS)[0] == {FIRST: f"a/{FIRST}.ipynb"}


def test_one_student_twice_is_one_row(folder, collect):
    hand_in(folder / "anna")
    zipped(folder / "anna.zip", {f"{FIRST}.ipynb": "{}"})
    composed, decomposed = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    hand_in(folder / composed)
    if not (folder / decomposed).exists():  # macOS sees one name
        hand_in(folder / decomposed)
    found = collect()
    assert list(found) == ["Zoë", "anna"]
    assert found["anna"].flags == [f"{FIRST}: another version is in 'anna.zip', which was not taken"]
    assert found["anna"].notebooks[FIRST].parent == folder / "anna"


def test_a_notebook_and_a_zip_of_one_student_are_put_together(folder, collect):
    (folder / f"anna_{FIRST}.ipynb").write_text("1")
    zipped(folder / "anna.zip", {f"work\\{SECOND}.ipynb": "2"})  # as some Windows programs spell it
    hand_in(folder / "ben").joinpath(f"{SECOND}.ipynb").unlink()
    zipped(folder / "ben.zip", {"in/it.zip": zipped_bytes({f"{SECOND}.ipynb": "2"})})
    for one in collect().values():
        assert set(one.notebooks) == set(STEMS) and one.notebooks[SECOND].read_text() == "2"
        assert not one.flags and not one.reason


def test_a_name_may_stand_behind_the_notebooks(folder, collect):
    for name in ("anna", "ben müller", "(carla)", "李明", "anna (1)"):
        (folder / f"{FIRST}_{name}.ipynb").write_text(name)
    (folder / f"{SECOND}-anna-final.ipynb").write_text("2")
    found = collect()
    assert list(found) == ["anna", "ben müller", "carla", "李明"]
    assert set(found["anna"].notebooks) == set(STEMS) and found["anna"].notebooks[FIRST].read_text() == "anna"


def test_a_name_in_front_of_all_is_nobodys(folder, collect):
    for name in ("anna", "1234567"):
        (folder / f"lab1_{FIRST}_{name}.ipynb").write_text(name)
    assert list(collect()) == ["1234567", "anna"]


def test_lists_of_the_course_are_nobodys(folder, collect):
    hand_in(folder / "anna")
    zipped(folder / "ben.zip", {f"{FIRST}.ipynb": "1"})
    for name in ("roster.csv", "grades.xlsx", "feedback.html", "readme.txt"):
        (folder / name).write_text("x")
    (folder / "carla.pdf").write_text("x")
    assert list(collect()) == ["anna", "ben", "carla"]


def test_what_tools_lay_beside_is_not_counted(folder, collect, monkeypatch):
    monkeypatch.setattr(zips, "MOST_FILES", 3)
    monkeypatch.setattr(zips, "MOST_UNPACKED", 1_000)
    monkeypatch.setattr(submissions, "MOST_FILES", 3)
    beside = [
        f"{tool}/{number}" for tool in (".venv", ".git", "__MACOSX", "venv", "a/__pycache__") for number in "1234"
    ]
    link = zipfile.ZipInfo(".venv/bin/python")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    zipped(folder / "anna.zip", {link: "/usr/bin/python", f"{FIRST}.ipynb": "1"} | dict.fromkeys(beside, "x" * 100))
    hand_in(folder / "ben")
    for name in beside:
        (folder / "ben" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "ben" / name).write_text("x")
    assert not any(one.reason or one.flags for one in collect().values())


def test_a_zip_with_a_long_list_of_what_tools_lay_there(folder, collect):
    with zipfile.ZipFile(folder / "anna.zip", "w") as archive:
        for number in range(15_000):
            archive.writestr(f"project/.venv/lib/python3.12/site-packages/some_package/some_module_{number}.py", "")
        archive.writestr(f"project/{FIRST}.ipynb", "1")
    assert collect()["anna"].notebooks[FIRST].read_text() == "1"


def test_names_in_a_zip_that_does_not_say_its_encoding(folder, collect):
    path = zipped(folder / "class.zip", {f"in/Zoë/{FIRST}.ipynb": "1", f"in/anna/{FIRST}.ipynb": "2"})
    raw = bytearray(path.read_bytes())
    for mark, place in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + place] &= ~0x08  # the flag that says UTF-8
            at = raw.find(mark, at + 4)
    path.write_bytes(raw)
    assert list(collect()) == ["Zoë", "anna"]


def test_what_is_neither_has_a_row_and_what_systems_leave_has_none(folder, collect):
    (folder / "anna.pdf").write_text("x")
    (folder / "ben").mkdir()
    for name in (".DS_Store", "Thumbs.db", "~$anna.zip"):
        (folder / name).write_text("x")
    (folder / "__MACOSX").mkdir()
    zipped(folder / "carla.zip", {f"__MACOSX/._{FIRST}.ipynb": "x", f".ipynb_checkpoints/{FIRST}.ipynb": "{}"})
    found = collect()
    assert list(found) == ["anna", "ben", "carla"]
    assert "found 'anna.pdf'" in found["anna"].reason
    assert "found none" in found["ben"].reason and "found none" in found["carla"].reason


def test_links_and_devices_are_never_followed(folder, collect, tmp_path):
    secret = hand_in(tmp_path / "solutions")
    (folder / "anna").mkdir()
    (folder / "anna" / f"{FIRST}.ipynb").symlink_to(secret / f"{FIRST}.ipynb")
    (folder / "anna/more").symlink_to(secret)
    hand_in(folder / "ben")
    (folder / "ben/up").symlink_to("..")
    (folder / "carla").symlink_to(secret)
    (folder / f"dora_{FIRST}.ipynb").symlink_to(secret / f"{FIRST}.ipynb")
    os.mkfifo(folder / "ben/pipe.ipynb")
    os.mkfifo(folder / "emil.zip")
    found = collect()
    assert list(found) == ["anna", "ben", "carla", f"dora_{FIRST}", "emil"]
    assert not found["anna"].notebooks and "found none" in found["anna"].reason
    assert len(found["ben"].notebooks) == 2
    assert found["ben"].flags == [
        "'pipe.ipynb': no file that could be read",
        "'up': a link, which was not followed",
    ]
    assert "link" in found["carla"].reason and "link" in found[f"dora_{FIRST}"].reason
    assert "expected a folder, a zip or notebooks" in found["emil"].reason


def encrypted():
    """Return a zip whose one notebook is marked as encrypted."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{FIRST}.ipynb", "{}")
    content = bytearray(file.getvalue())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


def link():
    info = zipfile.ZipInfo(f"{FIRST}.ipynb")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return {info: "../../solutions.ipynb"}


def inner():
    file = io.BytesIO()
    zipped(file, {f"{FIRST}.ipynb": "{}"})
    return file.getvalue()


def zipped_bytes(members):
    file = io.BytesIO()
    zipped(file, members)
    return file.getvalue()


@pytest.mark.parametrize(
    "members, reason",
    [
        ({f"../../{FIRST}.ipynb": "{}"}, "leads out"),
        ({f"a\\..\\..\\{FIRST}.ipynb": "{}"}, "leads out"),
        ({f"/etc/{FIRST}.ipynb": "{}"}, "leads out"),
        ({f"C:\\{FIRST}.ipynb": "{}"}, "leads out"),
        ({f"/a/{FIRST}.ipynb": "{}", f"b/{SECOND}.ipynb": "{}"}, "leads out"),
        ({f"../x_1_2_{FIRST}.ipynb": "{}"}, "leads out"),  # looks like a whole download
        ({f"{FIRST}.ipynb": "{}", "../x": "y"}, "leads out"),
        (link(), "link"),
        ({"deeper.zip": b"no zip"}, "expected a sound zip"),
        ({"deeper.zip": zipped_bytes({"deepest.zip": inner()})}, "found none"),
        ({f"{FIRST}.ipynb": b" " * (MOST_BYTES + 1)}, "expected at most 20,000,000 bytes"),
        ({"notes.txt": "x"}, "found none"),
        ({}, "found none"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_zip_that_is_refused(folder, collect, tmp_path, members, reason):
    zipped(folder / "anna.zip", members)
    hand_in(folder / "ben")
    before = set(tmp_path.rglob("*"))
    found = collect()
    assert reason in found["anna"].reason and "\n" not in found["anna"].reason and not found["anna"].notebooks
    assert not found["ben"].reason
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "content, reason",
    [
        (encrypted(), "without a password"),
        (b"", "expected a sound zip"),
        (b"PK\x03\x04 and then nothing", "expected a sound zip"),
        (inner()[:-30], "expected a sound zip"),
        (inner().replace(zlib.crc32(b"{}").to_bytes(4, "little"), bytes(4)), "expected a sound zip"),
        (zipped_bytes({"é.ipynb": "{}"}).replace("é".encode(), b"\xff\xfe"), "expected names in UTF-8"),
        (inner() + b"PK\6\7" + b"\0" * 16 + b"PK\5\6" + b"\0" * 18, "found many more"),
        (inner() + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 1 << 30, 0, 0), "found many more"),
    ],
    ids=["encrypted", "empty", "a stump", "cut", "damaged", "no UTF-8", "zip64", "an endless list"],
)
def test_a_zip_that_is_damaged(folder, collect, content, reason):
    (folder / "anna.zip").write_bytes(content)
    hand_in(folder / "ben")
    found = collect()
    assert reason in found["anna"].reason and "\n" not in found["anna"].reason
    assert not found["ben"].reason


def test_a_bomb_is_refused_before_it_is_unpacked(folder, collect, monkeypatch):
    monkeypatch.setattr(zips, "MOST_UNPACKED", 5_000_000)
    zipped(folder / "anna.zip", {f"{FIRST}.ipynb": "{}", "zeros": bytes(6_000_000)})
    assert (folder / "anna.zip").stat().st_size < 10_000
    assert "6,000,002" in collect()["anna"].reason


def test_a_member_that_unpacks_to_more_than_it_declares(folder, collect):
    path = zipped(folder / "anna.zip", {f"{FIRST}.ipynb": bytes(1_000_000)})
    tampered(path, struct.pack("<I", 1_000_000), struct.pack("<I", 100))
    assert "expected a sound zip" in collect()["anna"].reason


def test_too_many_files(folder, collect, monkeypatch):
    monkeypatch.setattr(zips, "MOST_FILES", 3)
    monkeypatch.setattr(submissions, "MOST_FILES", 3)
    hand_in(folder / "anna")
    zipped(folder / "ben.zip", {f"{i}": "x" for i in range(4)})
    assert not collect()["anna"].reason and "found 4" in collect()["ben"].reason
    for name in "xy":
        (folder / "anna" / name).write_text("")
    assert "expected at most 3 files, found more" in collect()["anna"].reason


def test_a_name_twice_in_a_zip(folder, collect):
    with zipfile.ZipFile(folder / "anna.zip", "w") as archive, pytest.warns(UserWarning):
        archive.writestr(f"{FIRST}.ipynb", "{}")
        archive.writestr(f"{FIRST}.ipynb", "[]")
    assert "twice" in collect()["anna"].reason


def test_other_compressions_are_refused(folder, collect):
    with zipfile.ZipFile(folder / "anna.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(f"{FIRST}.ipynb", "{}")
    assert "compression" in collect()["anna"].reason


def test_a_thousand_flags_are_cut(folder, collect):
    hand_in(folder / "anna")
    for i in range(1000):
        (folder / f"anna/{i}.ipynb").write_text("")
    flags = collect()["anna"].flags
    assert len(flags) == 21 and flags[-1] == "and 980 more like these"


def test_a_file_that_cannot_be_read_has_a_reason_without_this_computers_paths(folder, collect, monkeypatch):
    def denied(path, *rest):
        raise PermissionError(13, "Permission denied", str(path))

    hand_in(folder / "anna")
    monkeypatch.setattr(submissions, "files", denied)
    assert collect()["anna"].reason == "expected files that can be read, found: Permission denied"


def test_submissions_are_found_one_at_a_time(folder, tmp_path):
    for student in ("anna", "ben", "carla"):
        zipped(folder / f"{student}.zip", {f"{FIRST}.ipynb": "{}"})
    found = submissions.collect(folder, tmp_path / "unpacked", STEMS)
    for count in (1, 2, 3):
        next(found)
        assert len(list((tmp_path / "unpacked").iterdir())) == count


def test_no_folder_and_an_empty_one(folder, tmp_path, refused):
    with refused("folder of submissions"):
        submissions.collect(tmp_path / "nowhere", tmp_path, STEMS)
    with refused("found nothing"):
        submissions.collect(folder, tmp_path, STEMS)


def test_names_that_systems_reserve_or_confuse_get_files_of_their_own():
    names = ["anna", "Anna", "anna.", "con", "CON", "nul.txt", "lpt1", "../x", "a/b", "a\\b", "", ".", "..", "a" * 300]
    names += ["Zoë", "Łukasz", "李明", "анна", "=1", "a\nb", "\udcff", "\udcfe", file_name("Anna")]
    made = [file_name(name) for name in names]
    assert made[0] == "anna"
    assert len({name.lower() for name in made}) == len(names)
    for name in made[1:]:
        assert Path(name).name == name and name.isascii() and name.isprintable() and len(name) < 64
        assert not name.startswith((".", "-")) and name.split(".")[0].lower() not in ("con", "nul", "lpt1")


@given(st.lists(st.text(), unique=True, max_size=20))
def test_no_two_names_share_a_file(names):
    assert len({file_name(name).lower() for name in names}) == len(names)


def test_signs_that_a_terminal_or_a_page_would_obey_are_written_out_in_names():
    assert person("e\x1b[31mv\u202ee\x00") == "e\\x1b[31mv\\u202ee\\x00"
    for name in ("Zoë Ångström", "李 小龙", "سعید", "O’Neil-Smith", "می\u200cخواهم", "a\u00a0b"):
        assert person(name) == name
