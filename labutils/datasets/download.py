"""Gets CIFAR-10 from a mirror or from a copy, puts it where `find` looks for it, and says what is there.

Used by `python -m labutils data`. Nothing that comes from elsewhere is believed before it is checked: sums come first,
then names, kinds and sizes, and nothing is unpickled. Nothing half-done ever looks finished: work goes on in a
temporary folder beside the target, and one rename ends it.
"""

import gzip
import os
import re
import tarfile
import tempfile
import zlib
from pathlib import Path

import numpy as np

from .. import files
from . import find, mirrors, picture_folder
from .mirrors import line

MOST_MEMBERS = 100


def _put(new, target):
    """Rename `new`, in a temporary folder, to `target`; a folder that stood there is removed with the temporary one."""
    if target.is_dir():
        os.replace(target, new.with_name("old"))
    os.replace(new, target)


def _check_member(member, names, archive):
    """Raise ValueError unless a tar's member is a plain file right in cifar-10-batches-py/, and a new one."""
    plain = member.isreg() and not member.issparse()
    if len(names) == MOST_MEMBERS:
        found = "more"
    elif not plain or not re.fullmatch(rf"{find.BATCHES_FOLDER}/\w[\w.-]*", member.name, re.ASCII):
        found = f"{'the file' if plain else f'an entry of type {member.type!r},'} {line(member.name)!r}"
    elif member.name in names:
        found = f"{line(member.name)!r} twice"
    else:
        return
    raise ValueError(
        f"{archive}: expected plain files in {find.BATCHES_FOLDER}/ only, at most {MOST_MEMBERS} files, found {found}; "
        "nothing was unpacked, look for another copy"
    )


def unpack(archive, folder):
    """Unpack an archive, whose md5 is already checked, to cifar-10-batches-py/ in `folder`; return that path."""
    target, advice = folder / find.BATCHES_FOLDER, "nothing was unpacked, look for another copy"
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        tar_file, new = Path(temporary, "archive.tar"), Path(temporary, "new")
        try:
            with gzip.open(archive) as source, open(tar_file, "wb") as file:
                while chunk := source.read(mirrors.CHUNK):  # first the bound, then tarfile
                    if file.tell() + len(chunk) > find.MOST_BYTES:
                        raise ValueError(
                            f"{archive}: expected at most {find.MOST_BYTES} bytes when unpacked, found more; {advice}"
                        )
                    file.write(chunk)
            with tarfile.open(tar_file, "r:") as tar:
                names = set()
                for member in tar:
                    if not (member.isdir() and member.name == find.BATCHES_FOLDER):
                        _check_member(member, names, archive)
                        names.add(member.name)
                        tar.extract(member, new, set_attrs=False, filter="data")
        except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{archive}: expected a tar.gz of plain files, found {type(error).__name__}: {line(error)}; {advice}"
            ) from None
        _put(new / find.BATCHES_FOLDER, target)
    return target


def save_npz(images, target):
    """Write ImageData as one npz, all of it or nothing; return its path."""
    with tempfile.TemporaryDirectory(prefix=".packing-", dir=target.parent) as temporary:
        new = Path(temporary, find.NPZ_FILE)
        arrays = images._asdict()
        del arrays["source"]
        np.savez(new, **arrays)
        _put(new, target)
    return target


def download(folder, urls=None):
    """Fetch torchvision's archive from the first mirror that serves it, and unpack it into `folder`.

    What a broken transfer brought stays in `folder` as cifar-10-python.tar.gz.part, and the next call goes on there.
    Parameters: folder, made where it is missing; urls, mirrors to try in place of the usual ones (see `mirrors`).
    Returns: the path of cifar-10-batches-py.
    Raises: ConnectionError with what each mirror did where none serves the archive.
    """
    urls, folder = mirrors.mirrors(urls), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{mirrors.ARCHIVE}.part"
    mirrors.fetch_archive(part, urls)
    target = unpack(part, folder)
    part.unlink()
    return target


def take(file, folder):
    """Put CIFAR-10 into `folder` from a copy that somebody hands you.

    Parameters: file, cifar-10-python.tar.gz, an npz, or a folder with train/<class>/*.png and test/<class>/*.png, where
        a class goes by its name or by its number from 0 to 9; folder, made where it is missing.
    Returns: the path of cifar-10-batches-py (from a tar.gz) or of cifar10.npz.
    Raises: FileNotFoundError where there is no such file, ValueError where it is not CIFAR-10.
    """
    file, folder = Path(file), Path(folder)
    expected = f"{file}: expected {mirrors.ARCHIVE}, an npz, or a folder with train/ and test/"
    if not file.exists():
        raise FileNotFoundError(f"{expected}, found nothing of that name")
    if file.is_dir():
        images = picture_folder.load(file)
    elif not file.is_file():
        raise ValueError(f"{expected}, found neither a file nor a folder")
    else:
        with open(file, "rb") as opened:
            magic = opened.read(2)
        if magic == mirrors.GZIP_MAGIC:
            found = mirrors.md5(file)
            if found != mirrors.MD5:
                raise ValueError(f"{file}: expected torchvision's archive, md5 {mirrors.MD5}, found md5 {found}")
            folder.mkdir(parents=True, exist_ok=True)
            return unpack(file, folder)
        if magic != b"PK":
            raise ValueError(f"{expected}, found a file that begins with {magic!r}")
        images = find.load_npz(file)
    if (folder / find.BATCHES_FOLDER).exists():
        raise ValueError(
            f"{folder}: expected no {find.BATCHES_FOLDER}/ there, which is read before {find.NPZ_FILE}, found one; "
            "remove it first"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return save_npz(images, folder / find.NPZ_FILE)


def pack(file, root=None):
    """Write the CIFAR-10 that `datasets.load` finds as one npz, to hand to somebody else; return its path.

    Raises: ValueError where the name is not that of a new .npz file, FileNotFoundError where there is no CIFAR-10.
    """
    file = Path(file)
    if file.suffix != ".npz":
        raise ValueError(f"{file}: expected a file name that ends in .npz, found {file.suffix or 'none'!r}")
    if file.exists() or not file.parent.is_dir():
        found = "a file of that name; remove it first" if file.exists() else "no such folder"
        raise ValueError(f"{file}: expected a new file in a folder that exists, found {found}")
    images, where = find.load("cifar10", root), find.locate(root)
    for split in find.SIZES:
        find.check_split(split, getattr(images, f"{split}_images"), getattr(images, f"{split}_labels"), where)
    return save_npz(images, file)


def examine(path):
    """Check one data set, cifar-10-batches-py or an npz; return how it was checked, raise ValueError where it fails."""
    if path.name == find.BATCHES_FOLDER:
        find.load_batches(path.parent)
        return "the md5 of every file is torchvision's"
    find.load_npz(path)
    return "its fingerprint is CIFAR-10's"


def forms(folder):
    """Return the data sets that lie in `folder`, sound or not, in the order in which `datasets.load` looks for them."""
    batches, npz = Path(folder) / find.BATCHES_FOLDER, Path(folder) / find.NPZ_FILE
    return [path for path, there in ((batches, batches.is_dir()), (npz, npz.is_file())) if there]


def sound(folder):
    """Return the data set in `folder` that `datasets.load` would read, or None where there is none or it is damaged."""
    for path in forms(folder)[:1]:
        try:
            examine(path)
            return path
        except (ValueError, OSError):
            pass
    return None


def status(root=None):
    """Return what there is of CIFAR-10 and what it is worth, one line each."""
    lines, first = [], True
    for folder in find.folders(root):
        there = forms(folder)
        for path in there:
            try:
                lines.append(f"{path}: CIFAR-10, {examine(path)}{', the first that is looked at' if first else ''}")
            except (ValueError, OSError) as error:
                lines.append(str(error))
            first = False
        if not there:
            lines.append(f"{folder}: no CIFAR-10")
        if (folder / find.STAND_IN_FILE).is_file():
            try:
                find.load_stand_in(folder / find.STAND_IN_FILE)
                lines.append(f"{folder / find.STAND_IN_FILE}: shapes10, its fingerprint is right")
            except ValueError as error:
                lines.append(str(error))
        part = folder / f"{mirrors.ARCHIVE}.part"
        if part.exists():
            done, whole = (f"{size / 1e6:.0f}" for size in (mirrors.size(part), mirrors.ARCHIVE_BYTES))
            goes_on = files.in_terminal("python -m labutils data --download goes on there")
            lines.append(f"{part}: {done} of {whole} MB; {goes_on}")
    if first:
        lines.append(f"CIFAR-10: get it with {find.HOW_TO_GET}")
    name, why = find.chosen(root=root)
    lines.append(f"labs 06 to 08 take {name}, {why}")
    return lines
