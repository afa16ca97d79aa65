"""Takes the notebooks out of a student's zip: nothing else is written, and none under a name from the zip.

What somebody who means well would not hand in is refused whole: names that lead out, links, passwords, bombs.
"""

import os
import re
import shutil
import stat
import struct
import zipfile

from .names import choose, ignored
from .notebooks import MOST_BYTES, shown

MOST_FILES = 10_000
MOST_OF_A_CLASS = 200_000
MOST_LIST = 1 << 20  # bytes of a zip's list of members, which zipfile reads at once
MOST_UNPACKED = 1_000_000_000  # bytes that all of a zip would take


def check_list(path):
    """Raise ValueError unless a zip's list of members is of a size that can be read."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 66_000))  # the end record, and 65,535 bytes of comment behind it
        tail = file.read(66_000)
    ends = [match.start() for match in re.finditer(b"PK\5\6", tail) if match.start() + 22 <= len(tail)]
    if b"PK\6\7" in tail or any(struct.unpack_from("<I", tail, at + 12)[0] > MOST_LIST for at in ends):
        raise ValueError(f"expected at most {MOST_FILES} files, found many more; hand in the notebooks alone")


def check_members(members, most=None, most_bytes=None):
    """Raise ValueError where a zip's members are not what somebody who means well hands in."""
    most, most_bytes = most or MOST_FILES, most_bytes or MOST_UNPACKED
    names = [member.filename.replace("\\", "/") for member in members]
    count = sum(not any(map(ignored, name.split("/"))) for name in names)  # .venv, .git and the like are nobody's work
    if count > most:
        raise ValueError(f"expected at most {most} files, found {count}; hand in the notebooks alone")
    if len(set(names)) < len(names):
        raise ValueError("expected every name in the zip once, found one twice; zip the folder anew")
    for name, member in zip(names, members):
        if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
            raise ValueError(f"expected names inside the zip, found {shown(name)}, which leads out of it")
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


def from_zip(path, into, stems):
    """Return ({stem: path}, flags) of a zip, its notebooks written into the folder `into`, which it makes.

    Raises: ValueError with the reason where the zip is damaged, too large, or not what it should be.
    """
    check_list(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive.infolist())
            members = [member for member in archive.infolist() if not member.is_dir()]
            by_name = {member.filename.replace("\\", "/"): member for member in members}
            names = sorted(name for name in by_name if not any(map(ignored, name.split("/"))))
            chosen, flags = choose(names, stems)
            if not chosen and any(name.lower().endswith(".zip") for name in names):
                raise ValueError("expected notebooks, found a zip in the zip; unpack the inner one")
            for stem, name in chosen.items():
                if by_name[name].file_size > MOST_BYTES:
                    size = f"{by_name[name].file_size:,}"
                    raise ValueError(
                        f"{stem}: expected at most {MOST_BYTES:,} bytes, found {size}; clear large outputs"
                    )
                content = archive.read(by_name[name])  # zipfile reads no more than the member declares
                into.mkdir(parents=True, exist_ok=True)
                (into / f"{stem}.ipynb").write_bytes(content)
    except ValueError:
        raise
    except Exception as error:  # zipfile and the decompressors each have errors of their own for a damaged file
        raise ValueError(f"expected a sound zip, found {type(error).__name__}: {shown(error)}; zip it anew") from None
    return {stem: into / f"{stem}.ipynb" for stem in chosen}, flags


def zip_names(path):
    """Return the names of the files in a zip, [] where it is damaged."""
    try:
        check_list(path)
        with zipfile.ZipFile(path) as archive:
            return [member.filename.replace("\\", "/") for member in archive.infolist() if not member.is_dir()]
    except Exception:  # zipfile has errors of its own for a damaged file
        return []


def unpacked(path, into):
    """Unpack the zip of a whole class's submissions into the folder `into`, which it makes; return that folder.

    Raises: ValueError with the reason where it is damaged, too large, or not what it should be.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            check_members(members, MOST_OF_A_CLASS, 20 * MOST_UNPACKED)
            for member in members:
                name = member.filename.replace("\\", "/")
                if not any(map(ignored, name.split("/"))):
                    (into / name).parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(member) as source, open(into / name, "xb") as file:
                        shutil.copyfileobj(source, file)
    except (ValueError, OSError):
        raise
    except Exception as error:
        raise ValueError(f"{path}: expected a sound zip, found {type(error).__name__}: {shown(error)}") from None
    return into
