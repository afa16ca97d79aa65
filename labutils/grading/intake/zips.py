"""Takes the notebooks out of a student's zip: nothing else is written, and none under a name from the zip.

What somebody who means well would not hand in is refused whole: names that lead out, links, passwords, bombs.
"""

import contextlib
import os
import re
import shutil
import stat
import struct
import tempfile
import zipfile

from .names import ignored
from .notebooks import MOST_BYTES, shown
from .versions import choose

MOST_FILES = 10_000
MOST_OF_A_CLASS = 200_000
MOST_LIST = 8 << 20  # bytes of a zip's list of members, which zipfile reads at once: 80,000 with what tools lay there
MOST_INNER = 3  # zips that are looked into in a zip
MOST_UNPACKED = 1_000_000_000  # bytes that all of a zip would take


def check_list(path):
    """Raise ValueError unless a zip's list of members is of a size that can be read."""
    with contextlib.nullcontext(path) if hasattr(path, "seek") else open(path, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 66_000))  # the end record, and 65,535 bytes of comment behind it
        tail = file.read(66_000)
    ends = [match.start() for match in re.finditer(b"PK\5\6", tail) if match.start() + 22 <= len(tail)]
    if b"PK\6\7" in tail or any(struct.unpack_from("<I", tail, at + 12)[0] > MOST_LIST for at in ends):
        raise ValueError(f"expected at most {MOST_FILES} files, found many more; hand in the notebooks alone")


def check_members(members, most=None, most_bytes=None):
    """Raise ValueError where a zip's members are not what somebody who means well hands in."""
    most, most_bytes = most or MOST_FILES, most_bytes or MOST_UNPACKED
    for name in map(spelled, members):
        if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
            raise ValueError(f"expected names inside the zip, found {shown(name)}, which leads out of it")
    members = worked_on(members)  # .venv, .git and the like are nobody's work
    if len(members) > most:
        raise ValueError(f"expected at most {most} files, found {len(members)}; hand in the notebooks alone")
    for name, member in zip(map(spelled, members), members):
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(f"expected files, found the link {shown(name)}; zip the notebooks themselves")
        if member.flag_bits & 1:
            raise ValueError(f"expected files without a password, found {shown(name)} encrypted; zip it without one")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"expected plain zip compression, found another for {shown(name)}; zip it anew")
    size = sum(member.file_size for member in members)
    if size > most_bytes:
        raise ValueError(
            f"expected at most {most_bytes:,} bytes to unpack, found {size:,}; hand in the notebooks alone"
        )


def spelled(member):
    """Return a member's name with / between folders, and as it was meant where a zip does not say that it is UTF-8."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def worked_on(members):
    """Return the members of a zip that are files, and not a system's or a tool's own."""
    return [member for member in members if not member.is_dir() and not any(map(ignored, spelled(member).split("/")))]


def from_zip(path, into, stems, inner=True):
    """Return ({stem: path}, flags) of a zip, its notebooks written into the folder `into`, which it makes.

    Where it holds no notebook but zips, they are looked into (inner). Raises: ValueError with the reason where the zip
    is damaged, too large, or not what it should be.
    """
    check_list(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive.infolist())
            by_name = {spelled(member): member for member in worked_on(archive.infolist())}
            if len(by_name) < len(worked_on(archive.infolist())):
                raise ValueError("expected every name in the zip once, found one twice; zip the folder anew")
            chosen, flags = choose(sorted(by_name), stems)
            deeper = [name for name in sorted(by_name) if name.lower().endswith(".zip")]
            if not chosen and deeper and inner:
                return _from_inner(archive, [by_name[name] for name in deeper[:MOST_INNER]], into, stems)
            for stem, name in chosen.items():
                if by_name[name].file_size > MOST_BYTES:
                    size = f"{by_name[name].file_size:,}"
                    raise ValueError(
                        f"{stem}: expected at most {MOST_BYTES:,} bytes, found {size}; clear large outputs"
                    )
                content = archive.read(by_name[name])  # zipfile reads no more than the member declares
                into.mkdir(parents=True, exist_ok=True)
                (into / f"{stem}.ipynb").write_bytes(content)
    except UnicodeError:
        raise ValueError("expected names in UTF-8 in the zip, found others; zip it anew") from None
    except ValueError:
        raise
    except Exception as error:  # zipfile and the decompressors each have errors of their own for a damaged file
        raise ValueError(f"expected a sound zip, found {type(error).__name__}: {shown(error)}; zip it anew") from None
    return {stem: into / f"{stem}.ipynb" for stem in chosen}, flags


def _from_inner(archive, members, into, stems):
    """Return what `from_zip` does of the zips in a zip, which are unpacked one after the other."""
    notebooks, flags = {}, []
    for number, member in enumerate(members, 1):
        if member.file_size > MOST_BYTES * MOST_INNER:
            raise ValueError(f"expected notebooks, found a large zip in the zip, {shown(spelled(member))}; unpack it")
        with tempfile.TemporaryFile() as inner:
            with archive.open(member) as source:
                shutil.copyfileobj(source, inner)
            found, more = from_zip(inner, into / f"inner {number}", stems, inner=False)
        notebooks, flags = found | notebooks, flags + more
    return notebooks, flags


def zip_names(path):
    """Return the names of the files in a zip, none of which begins with a /; [] where it is damaged."""
    try:
        check_list(path)
        with zipfile.ZipFile(path) as archive:
            return [spelled(member).lstrip("/") for member in worked_on(archive.infolist())]
    except Exception:  # zipfile has errors of its own for a damaged file
        return []


def unpacked(path, into):
    """Unpack the zip of a whole class's submissions into the folder `into`, which it makes; return that folder.

    Raises: ValueError with the reason where it is damaged, too large, or not what it should be.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive.infolist(), MOST_OF_A_CLASS, 20 * MOST_UNPACKED)
            for member in worked_on(archive.infolist()):
                target = into / spelled(member)
                while target.exists():  # a name that is there twice
                    target = target.with_name(f"{target.stem} again{target.suffix}")
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, open(target, "xb") as file:
                    shutil.copyfileobj(source, file)
    except UnicodeError:
        raise ValueError(f"{path}: expected names in UTF-8, found others; zip it anew") from None
    except (ValueError, OSError):
        raise
    except Exception as error:
        raise ValueError(f"{path}: expected a sound zip, found {type(error).__name__}: {shown(error)}") from None
    return into
