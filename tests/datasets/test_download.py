"""Getting CIFAR-10: mirrors that misbehave, archives that are hostile, work cut off in the middle; with small fakes."""

import contextlib
import gzip
import hashlib
import io
import pickle
import re
import shutil
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from labutils import __main__, files
from labutils.datasets import download, find, mirrors
from labutils.datasets.find import BATCHES_FOLDER, CLASSES, ImageData

SMALL = {"train": 20, "test": 10}
RNG = np.random.default_rng(11)
FILES = {f"{BATCHES_FOLDER}/{name}": RNG.bytes(400) for name in ("data_batch_1", "batches.meta", "readme.html")}


def packed(*members):
    """A tar.gz of these members, each a TarInfo with its content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def entry(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


ARCHIVE = packed((entry(BATCHES_FOLDER, tarfile.DIRTYPE), b""), *((entry(name), FILES[name]) for name in FILES))


def pass_for_the_archive(monkeypatch, content):
    """Let these bytes have the sum and the size of torchvision's archive."""
    monkeypatch.setattr(mirrors, "MD5", hashlib.md5(content).hexdigest())
    monkeypatch.setattr(mirrors, "ARCHIVE_BYTES", len(content))


@pytest.fixture
def arrays(monkeypatch):
    """A small fake whose fingerprint passes for CIFAR-10's."""
    arrays = {}
    for split, count in SMALL.items():
        arrays[f"{split}_images"] = RNG.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        arrays[f"{split}_labels"] = np.arange(count, dtype=np.int64) % 10
    prints = {s: find.fingerprint(arrays[f"{s}_images"], arrays[f"{s}_labels"]) for s in SMALL}
    monkeypatch.setattr(find, "SIZES", SMALL)
    monkeypatch.setattr(find, "FINGERPRINTS", prints)
    return arrays


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """The data folder of a bundle without data, where ARCHIVE passes for torchvision's."""
    pass_for_the_archive(monkeypatch, ARCHIVE)
    monkeypatch.setattr(files, "REPOSITORY", tmp_path / "bundle")
    for module in (mirrors,):
        monkeypatch.setattr(module, "CHUNK", 256)
    monkeypatch.setenv("no_proxy", "*")
    for name in ("LABUTILS_DATA", "LABUTILS_MIRRORS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bundle" / "data").mkdir(parents=True)
    return tmp_path / "bundle" / "data"


def inside(folder):
    return sorted(path.name for path in folder.iterdir())


def unpacked(folder):
    """Assert that `folder` holds what ARCHIVE unpacks to, and nothing beside it."""
    assert inside(folder) == [BATCHES_FOLDER]
    assert {f"{BATCHES_FOLDER}/{path.name}": path.read_bytes() for path in (folder / BATCHES_FOLDER).iterdir()} == FILES


# --- a server on the loopback address, with a page for each way to misbehave ---


def send(request, body, status=200, **headers):
    request.send_response(status)
    for name, value in ({"Content_Length": len(body)} | headers).items():
        if value is not None:
            request.send_header(name.replace("_", "-"), str(value))
    request.end_headers()
    request.wfile.write(body)


def start_of(request):
    return int(re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "bytes=0-"))[1])


def good(request):
    start, size = start_of(request), len(ARCHIVE)
    if start:
        send(request, ARCHIVE[start:], 206, Content_Range=f"bytes {start}-{size - 1}/{size}")
    else:
        send(request, ARCHIVE)


def half(request, **headers):
    """Promises all that was asked for, and closes in the middle of it."""
    start, size = start_of(request), len(ARCHIVE)
    more = {"Content_Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
    body = ARCHIVE[start : (start + size + 1) // 2]
    send(request, body, 206 if start else 200, **({"Content_Length": size - start} | more | headers))


def half_and_no_range(request):
    send(request, ARCHIVE[: len(ARCHIVE) // 2], Content_Length=len(ARCHIVE))


def no_range(request):
    send(request, b"no", 416) if request.headers.get("Range") else send(request, ARCHIVE)


def another_range(request):
    if request.headers.get("Range"):
        send(request, ARCHIVE[5:], 206, Content_Range=f"bytes 5-{len(ARCHIVE) - 1}/{len(ARCHIVE)}")
    else:
        send(request, ARCHIVE)


def hang(request):
    request.server.closing.wait(60)


def hang_midway(request):
    half_and_no_range(request)
    request.wfile.flush()
    hang(request)


def nonsense(request):
    request.wfile.write(b"\x00\x01 who are you?\r\n\r\n")


PAGES = {
    "good": good,
    "whole_without_length": lambda request: send(request, ARCHIVE, Content_Length=None),
    "500": lambda request: send(request, b"sorry", 500),
    "404": lambda request: send(request, b"sorry", 404),
    "page": lambda request: send(request, b"<html>Please pay.</html>", Content_Type="text/html; charset=utf-8"),
    "page_by_no_name": lambda request: send(request, b"<html>Please pay.</html>", Content_Length=None),
    "wrong": lambda request: send(request, ARCHIVE[:-9] + bytes(9)),
    "short": lambda request: send(request, gzip.compress(b"something else")),
    "long": lambda request: send(request, ARCHIVE + b"x", Content_Length=None),
    "half": half,
    "half_and_no_range": half_and_no_range,
    "half_without_length": lambda request: send(request, ARCHIVE[: len(ARCHIVE) // 2], Content_Length=None),
    "empty": lambda request: send(request, b""),
    "empty_without_length": lambda request: send(request, b"", Content_Length=None),
    "no_range": no_range,
    "another_range": another_range,
    "range_ignored": lambda request: send(request, ARCHIVE),
    "hang": hang,
    "hang_midway": hang_midway,
    "nonsense": nonsense,
    "redirect": lambda request: send(request, b"", 302, Location="/good"),
    "redirect_in_a_circle": lambda request: send(request, b"", 302, Location="/redirect_in_a_circle"),
    "redirect_to_a_file": lambda request: send(request, b"", 302, Location="file:///etc/hostname"),
}


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path[1:], self.headers.get("Range")))
        with contextlib.suppress(OSError):  # a client may hang up
            PAGES[self.path[1:]](self)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """A server; `.url(page)` is a page's address, `.asked` what was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.asked, server.closing = [], threading.Event()
    server.url = lambda page: f"http://127.0.0.1:{server.server_port}/{page}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("page", ["good", "whole_without_length", "redirect"])
def test_a_good_mirror(page, server, folder, capsys):
    assert download.download(folder, [server.url(page), server.url("500")]) == folder / BATCHES_FOLDER
    unpacked(folder)
    assert ("500", None) not in server.asked
    assert "127.0.0.1" not in capsys.readouterr().err


BAD = {
    "500": "500 Internal Server Error",
    "404": "404",
    "page": "web page",
    "page_by_no_name": "not compressed",
    "wrong": "md5",
    "short": "bytes, not",
    "long": "more than",
    "half_and_no_range": "half a file",
    "half_without_length": "half a file",
    "half": "half a file",
    "empty": "nothing at all",
    "empty_without_length": "nothing at all",
    "nonsense": "no answer",
    "redirect_in_a_circle": "answered 302",
    "redirect_to_a_file": "answered 302",
}


@pytest.mark.parametrize("page", BAD)
def test_a_bad_mirror_is_named_and_the_next_one_tried(page, server, folder, capsys):
    download.download(folder, [server.url(page), server.url("good")])
    unpacked(folder)
    named = [line for line in capsys.readouterr().err.splitlines() if server.url(page) in line]
    assert len(named) == 1 and BAD[page] in named[0]


@pytest.mark.parametrize("page, words", [("hang", "no answer: timed out"), ("hang_midway", "silent for 1 s")])
def test_a_mirror_that_hangs_is_given_up(page, words, server, folder, capsys, monkeypatch):
    monkeypatch.setattr(mirrors, "SECONDS", 1)
    monkeypatch.setattr(mirrors, "ATTEMPTS", 1)
    with pytest.raises(ConnectionError, match=words):
        download.download(folder, [server.url(page)])
    monkeypatch.setattr(mirrors, "SECONDS", 30)
    download.download(folder, [server.url("good")])
    unpacked(folder)


def test_nobody_listens(server, folder, refused):
    with refused("no answer", "http://127.0.0.1:1/x", error=ConnectionError):
        download.download(folder, ["http://127.0.0.1:1/x"])
    assert inside(folder) == []


def test_all_mirrors_fail(server, folder, refused):
    pages = ["500", "page", "empty"]
    with refused(*map(server.url, pages), "--mirror", "--from FILE", error=ConnectionError):
        download.download(folder, [server.url(page) for page in pages])
    assert inside(folder) == []


PART = f"{mirrors.ARCHIVE}.part"


def test_a_broken_transfer_goes_on_where_it_broke(server, folder):
    download.download(folder, [server.url("half"), server.url("good")])
    unpacked(folder)
    starts = [start for _, start in server.asked]
    assert [page for page, _ in server.asked] == ["half"] * mirrors.ATTEMPTS + ["good"]
    middle = (len(ARCHIVE) + 1) // 2
    assert starts[:3] == [None, f"bytes={middle}-", f"bytes={(middle + len(ARCHIVE) + 1) // 2}-"]


def test_the_next_call_goes_on_too(server, folder, refused):
    with refused("half a file", error=ConnectionError):
        download.download(folder, [server.url("half_and_no_range")])
    assert inside(folder) == [PART]
    assert "goes on" in " ".join(download.status())
    server.asked.clear()
    download.download(folder, [server.url("good")])
    unpacked(folder)
    assert server.asked == [("good", f"bytes={len(ARCHIVE) // 2}-")]


@pytest.mark.parametrize("page", ["no_range", "another_range", "range_ignored"])
def test_a_mirror_that_cannot_resume_begins_anew(page, server, folder):
    (folder / PART).write_bytes(ARCHIVE[:100])
    download.download(folder, [server.url(page)])
    unpacked(folder)
    assert server.asked[0] == (page, "bytes=100-")


@pytest.mark.parametrize("page", ["500", "page", "empty", "nonsense", "short"])
def test_a_bad_mirror_does_not_spoil_what_is_there(page, server, folder):
    (folder / PART).write_bytes(ARCHIVE[:100])
    with pytest.raises(ConnectionError):
        download.download(folder, [server.url(page)])
    assert (folder / PART).read_bytes() == ARCHIVE[:100]


def test_a_part_of_another_file_is_thrown_away_and_no_mirror_blamed(server, folder, capsys):
    (folder / PART).write_bytes(bytes(100))
    download.download(folder, [server.url("good")])
    unpacked(folder)
    assert server.asked == [("good", "bytes=100-"), ("good", None)]
    assert "127.0.0.1" not in capsys.readouterr().err


@pytest.mark.parametrize("more, asked", [(b"", []), (b"x", [("good", None)])])
def test_a_part_that_is_whole_or_too_long(more, asked, server, folder):
    (folder / PART).write_bytes(ARCHIVE + more)
    download.download(folder, [server.url("good")])
    unpacked(folder)
    assert server.asked == asked


def test_a_full_disk_is_not_the_mirrors_fault(server, folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mirrors, "open", full, raising=False)
    with pytest.raises(OSError, match="No space"):
        download.download(folder, [server.url("good"), server.url("good")])
    assert len(server.asked) == 1


def test_which_mirrors(monkeypatch, refused):
    monkeypatch.delenv("LABUTILS_MIRRORS", raising=False)
    assert mirrors.mirrors() == mirrors.MIRRORS
    assert "toronto.edu" in mirrors.MIRRORS[-1] and len(mirrors.MIRRORS) > 1
    monkeypatch.setenv("LABUTILS_MIRRORS", " http://a/x  https://b/y ")
    assert mirrors.mirrors() == ("http://a/x", "https://b/y")
    assert mirrors.mirrors(["http://c/z"]) == ("http://c/z",)
    for url in ("file:///etc/passwd", "ftp://a/x", "cifar-10-python.tar.gz", "http://", "http://a b", ""):
        with refused("http://", repr(url)):
            mirrors.mirrors([url])


# --- archives ---

SPARSE = entry(f"{BATCHES_FOLDER}/x")
SPARSE.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "99999999999"}
HOSTILE = {
    "up": (entry(f"{BATCHES_FOLDER}/../../evil"), b"x"),
    "up at once": (entry("../evil"), b"x"),
    "up on Windows": (entry(f"{BATCHES_FOLDER}/..\\evil"), b"x"),
    "absolute": (entry("/tmp/evil"), b"x"),
    "a drive": (entry(f"{BATCHES_FOLDER}/C:evil"), b"x"),
    "beside": (entry("evil"), b"x"),
    "deeper": (entry(f"{BATCHES_FOLDER}/deep/evil"), b"x"),
    "no name": (entry(f"{BATCHES_FOLDER}/"), b""),
    "hidden": (entry(f"{BATCHES_FOLDER}/.evil"), b"x"),
    "the folder as a file": (entry(BATCHES_FOLDER), b"x"),
    "two lines": (entry(f"{BATCHES_FOLDER}/e\nvil"), b"x"),
    "symlink": (entry(f"{BATCHES_FOLDER}/evil", tarfile.SYMTYPE, "/etc/passwd"), b""),
    "the folder as a symlink": (entry(BATCHES_FOLDER, tarfile.SYMTYPE, "/tmp"), b""),
    "hard link": (entry(f"{BATCHES_FOLDER}/evil", tarfile.LNKTYPE, "../outside"), b""),
    "device": (entry(f"{BATCHES_FOLDER}/evil", tarfile.CHRTYPE), b""),
    "fifo": (entry(f"{BATCHES_FOLDER}/evil", tarfile.FIFOTYPE), b""),
    "sparse": (SPARSE, b"x"),
    "folder": (entry(f"{BATCHES_FOLDER}/deep", tarfile.DIRTYPE), b""),
}


def everything(folder):
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused(name, folder, tmp_path, monkeypatch, refused):
    content = packed((entry(f"{BATCHES_FOLDER}/fine"), b"fine"), HOSTILE[name])
    pass_for_the_archive(monkeypatch, content)
    archive = tmp_path / "given.tar.gz"
    archive.write_bytes(content)
    before = everything(tmp_path)
    with refused(str(archive)):
        download.take(archive, folder)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "content, words",
    [
        (packed((entry(f"{BATCHES_FOLDER}/x"), bytes(200_000))), "100000 bytes"),
        (packed(*((entry(f"{BATCHES_FOLDER}/{k}"), b"") for k in range(9))), "at most 8 files"),
        (gzip.compress(bytes(200_000)), "100000 bytes"),
        (gzip.compress(b"no tar"), "ReadError"),
        (ARCHIVE[:-200], "EOFError"),
        (ARCHIVE[:200] + bytes(50) + ARCHIVE[250:], "another copy"),
    ],
    ids=["large file", "many files", "large without files", "no tar", "cut short", "spoilt"],
)
def test_a_bomb_or_a_broken_archive_is_refused(content, words, folder, tmp_path, monkeypatch, refused):
    pass_for_the_archive(monkeypatch, content)
    monkeypatch.setattr(find, "MOST_BYTES", 100_000)
    monkeypatch.setattr(download, "MOST_MEMBERS", 8)
    archive = tmp_path / "given.tar.gz"
    archive.write_bytes(content)
    with refused(words):
        download.take(archive, folder)
    assert inside(folder) == []


def test_the_same_name_twice_is_refused(folder, tmp_path, monkeypatch, refused):
    content = packed(*[(entry(f"{BATCHES_FOLDER}/x"), b"x")] * 2)
    pass_for_the_archive(monkeypatch, content)
    (tmp_path / "given").write_bytes(content)
    with refused("cifar-10-batches-py/x", "twice"):
        download.take(tmp_path / "given", folder)
    assert inside(folder) == []


def planted(path):
    """A pickle that makes a file where anybody loads it."""
    return b"cbuiltins\nopen\n(V" + str(path).encode() + b"\nVw\ntR."


def test_the_planted_pickle_works(tmp_path):
    pickle.loads(planted(tmp_path / "made")).close()
    assert (tmp_path / "made").exists()


def test_nothing_is_unpickled_before_its_sum_is_right(folder, tmp_path, refused):
    made = tmp_path / "made"
    names = [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch", "batches.meta"]
    content = packed(*((entry(f"{BATCHES_FOLDER}/{name}"), planted(made)) for name in names))
    (tmp_path / "given.tar.gz").write_bytes(content)
    with refused("md5", hashlib.md5(content).hexdigest()):
        download.take(tmp_path / "given.tar.gz", folder)
    assert not made.exists() and inside(folder) == []


def npz(path, arrays):
    np.savez(path, **arrays)
    return path


def zipped(path, content):
    """An npz whose train_images is `content`, whatever that is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train_images.npy", content)
    return path


def test_an_npz_with_a_pickle_is_refused(folder, tmp_path, refused, arrays):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    path = zipped(tmp_path / "given.npz", header.getvalue() + planted(tmp_path / "made"))
    with refused("allow_pickle"):
        download.take(path, folder)
    assert not (tmp_path / "made").exists() and inside(folder) == []


def test_an_npz_bomb_is_refused_unread(folder, tmp_path, refused, arrays, monkeypatch):
    monkeypatch.setattr(find, "MOST_BYTES", 100_000)
    monkeypatch.setattr(np, "load", None)
    path = zipped(tmp_path / "given.npz", bytes(200_000))
    assert path.stat().st_size < 2000
    with refused("200000 bytes to unpack"):
        download.take(path, folder)
    assert inside(folder) == []


def test_an_npz_that_hides_its_size_is_refused(folder, tmp_path, refused, arrays, monkeypatch):
    monkeypatch.setattr(find, "MOST_BYTES", 100_000)
    path = zipped(tmp_path / "given.npz", bytes(200_000))
    size = (200_000).to_bytes(4, "little")
    assert path.read_bytes().count(size) == 2
    path.write_bytes(path.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    with refused(str(path)):
        download.take(path, folder)


# --- from a file, and back ---


def pictures(folder, arrays, name=CLASSES.__getitem__):
    """Write the arrays as train/<class>/*.png and test/<class>/*.png."""
    from PIL import Image

    for split, count in SMALL.items():
        for row in range(count):
            place = folder / split / name(arrays[f"{split}_labels"][row])
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(arrays[f"{split}_images"][row]).save(place / f"{row:05}.png")
    return folder


def same_but_for_order(found, arrays):
    for split, count in SMALL.items():
        images, labels = getattr(found, f"{split}_images"), getattr(found, f"{split}_labels")
        assert images.shape == (count, 32, 32, 3) and labels.dtype == np.int64
        assert find.fingerprint(images, labels) == find.FINGERPRINTS[split]


def test_from_the_archive(folder, tmp_path):
    (tmp_path / "whatever its name").write_bytes(ARCHIVE)
    assert (
        download.take(tmp_path / "whatever its name", folder / "new" / "place") == folder / "new/place" / BATCHES_FOLDER
    )
    unpacked(folder / "new" / "place")
    assert (folder / "new/place" / BATCHES_FOLDER / "batches.meta").stat().st_mode & 0o111 == 0


def test_from_the_archive_to_what_torchvision_loads(folder, tmp_path, monkeypatch, arrays):
    from torchvision.datasets import CIFAR10

    members = {"batches.meta": {"label_names": list(CLASSES)}}
    for name, split, chosen in (("data_batch_1", "train", slice(None)), ("test_batch", "test", slice(None))):
        images = arrays[f"{split}_images"][chosen].transpose(0, 3, 1, 2).reshape(-1, 3072)
        members[name] = {"data": images, "labels": arrays[f"{split}_labels"][chosen].tolist()}
    members = {name: pickle.dumps(content) for name, content in members.items()}
    sums = {name: hashlib.md5(content).hexdigest() for name, content in members.items()}
    monkeypatch.setattr(CIFAR10, "train_list", [("data_batch_1", sums["data_batch_1"])])
    monkeypatch.setattr(CIFAR10, "test_list", [("test_batch", sums["test_batch"])])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    content = packed(*((entry(f"{BATCHES_FOLDER}/{name}"), members[name]) for name in members))
    pass_for_the_archive(monkeypatch, content)
    (tmp_path / "given").write_bytes(content)
    download.take(tmp_path / "given", folder)
    same_but_for_order(find.load(), arrays)
    assert "torchvision" in download.status()[0] and "the first that is looked at" in download.status()[0]


def test_from_an_npz(folder, tmp_path, arrays):
    given = npz(tmp_path / "given.npz", arrays | {"more": np.ones(3)})
    assert download.take(given, folder) == folder / "cifar10.npz"
    assert inside(folder) == ["cifar10.npz"]
    same_but_for_order(find.load(), arrays)


def test_from_a_file_that_is_already_in_place(folder, arrays):
    given = npz(folder / "cifar10.npz", arrays)
    assert download.take(given, folder) == given
    same_but_for_order(find.load(), arrays)


@pytest.mark.parametrize("name", [CLASSES.__getitem__, str])
def test_from_a_folder_of_pictures(name, folder, tmp_path, arrays):
    given = pictures(tmp_path / "given", arrays, name)
    (given / "train" / ".DS_Store").write_text("")
    (given / "train" / name(3) / "._00003.png").write_text("")
    (given / "train" / ".hidden").mkdir()
    assert download.take(given, folder) == folder / "cifar10.npz"
    same_but_for_order(find.load(), arrays)


def test_a_folder_that_is_not_cifar10_is_refused(folder, tmp_path, arrays, refused):
    from PIL import Image

    def given(name):
        return pictures(tmp_path / name, arrays)

    (given("few") / "train" / "cat" / "00003.png").unlink()
    (given("class") / "test" / "lion").mkdir()
    Image.new("RGB", (32, 33)).save(given("large") / "train" / "cat" / "00003.png")
    Image.new("RGB", (32, 32)).save(given("black") / "train" / "cat" / "00003.png")
    Image.new("RGB", (32, 32)).save(given("jpeg") / "train" / "cat" / "00003.png", format="JPEG")
    broken = given("broken") / "train" / "cat" / "00003.png"
    broken.write_bytes(broken.read_bytes()[:500])
    shutil.rmtree(given("half") / "test")
    (given("moved") / "train" / "cat" / "00003.png").rename(tmp_path / "moved" / "train" / "dog" / "x.png")
    words = {"few": "found 19", "class": "'lion'", "large": "32x33", "black": "fingerprint", "jpeg": "PNG"}
    for name, word in (words | {"broken": "00003.png", "half": "no test/", "moved": "fingerprint"}).items():
        with refused(str(tmp_path / name), word):
            download.take(tmp_path / name, folder)
    assert inside(folder) == []


def test_a_file_of_another_kind_is_refused(folder, tmp_path, refused):
    with refused("nothing of that name", error=FileNotFoundError):
        download.take(tmp_path / "nowhere", folder)
    (tmp_path / "text").write_text("hello")
    (tmp_path / "none").write_text("")
    for name in ("text", "none"):
        with refused(str(tmp_path / name), "begins with"):
            download.take(tmp_path / name, folder)
    (tmp_path / "empty").mkdir()
    with refused("no train/"):
        download.take(tmp_path / "empty", folder)
    with refused("neither a file nor a folder"):
        download.take("/dev/null", folder)
    assert inside(folder) == []


def test_pack_then_load(folder, tmp_path, arrays):
    npz(folder / "cifar10.npz", arrays)
    (tmp_path / "usb").mkdir()
    assert download.pack(tmp_path / "usb" / "cifar10.npz") == tmp_path / "usb" / "cifar10.npz"
    assert inside(tmp_path / "usb") == ["cifar10.npz"]
    (folder / "cifar10.npz").unlink()
    same_but_for_order(find.load(root=tmp_path / "usb"), arrays)


def test_pack_refuses(folder, tmp_path, arrays, refused, monkeypatch):
    with refused("cifar10.npz", error=FileNotFoundError):
        download.pack(tmp_path / "new.npz")
    path = npz(folder / "cifar10.npz", arrays)
    for name, words in (("new.txt", "'.txt'"), ("new", "'none'"), ("", "'none'"), ("no/new.npz", "no such folder")):
        with refused(words):
            download.pack(tmp_path / name if name else "")
    with refused("remove it"):
        download.pack(path)
    other = ImageData(**(arrays | {"train_labels": arrays["train_labels"][::-1]}), source="CIFAR-10")
    monkeypatch.setattr(find, "load", lambda name, root=None: other)  # as torchvision might, of another CIFAR-10
    with refused("train fingerprint"):
        download.pack(tmp_path / "new.npz")
    assert not (tmp_path / "new.npz").exists()


# --- cut off in the middle ---


def cut_off(*_, **__):
    raise KeyboardInterrupt


def test_unpacking_cut_off(folder, tmp_path, monkeypatch, server):
    with monkeypatch.context() as patch:
        patch.setattr(tarfile, "copyfileobj", lambda source, file, *_: (file.write(b"some"), cut_off()))
        with pytest.raises(KeyboardInterrupt):
            download.download(folder, [server.url("good")])
    assert inside(folder) == [PART]
    server.asked.clear()
    download.download(folder, [server.url("good")])
    unpacked(folder)
    assert server.asked == []


def test_downloading_cut_off(folder, monkeypatch, server):
    read, calls = mirrors._read, []

    def read_twice(response):
        calls.append(1)
        return read(response) if len(calls) < 3 else cut_off()

    monkeypatch.setattr(mirrors, "_read", read_twice)
    with pytest.raises(KeyboardInterrupt):
        download.download(folder, [server.url("good")])
    assert inside(folder) == [PART]
    kept = (folder / PART).read_bytes()
    assert 0 < len(kept) < len(ARCHIVE) and ARCHIVE.startswith(kept)


@pytest.mark.parametrize("where", ["savez", "replace"])
def test_packing_cut_off(where, folder, tmp_path, arrays, monkeypatch):
    npz(folder / "cifar10.npz", arrays)
    (tmp_path / "usb").mkdir()
    if where == "savez":
        monkeypatch.setattr(np, "savez", lambda path, **_: (path.write_bytes(b"PK"), cut_off()))
    else:
        monkeypatch.setattr(download.os, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        download.pack(tmp_path / "usb" / "cifar10.npz")
    assert inside(tmp_path / "usb") == []


def test_a_damaged_folder_is_replaced_whole(folder, tmp_path, monkeypatch, refused, arrays):
    (folder / BATCHES_FOLDER).mkdir()
    (folder / BATCHES_FOLDER / "stale").write_text("")
    with refused("remove it first", BATCHES_FOLDER):
        download.take(npz(tmp_path / "given.npz", arrays), folder)
    (tmp_path / "given").write_bytes(ARCHIVE)
    download.take(tmp_path / "given", folder)
    unpacked(folder)


# --- the verb ---


def run(capsys, *words):
    """Run the verb; return the exit status, what it printed, and the error lines of its own."""
    status = __main__.main(["data", *map(str, words)])
    captured = capsys.readouterr()
    return status, captured.out, [line for line in captured.err.splitlines() if line.startswith("labutils:")]


def test_the_verb_without_an_option(folder, arrays, tmp_path, capsys):
    status, out, _ = run(capsys)
    assert status == 0 and f"{folder}: no CIFAR-10" in out and "--download" in out
    npz(folder / "cifar10.npz", arrays)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cifar10.npz").write_bytes(b"PK")
    status, out, _ = run(capsys, "--root", tmp_path / "other")
    lines = out.splitlines()
    assert status == 0 and len(lines) == 3
    assert "expected" in lines[0] and "sound copy" in lines[0]
    assert lines[1] == f"{folder / 'cifar10.npz'}: CIFAR-10, its fingerprint is CIFAR-10's"
    (folder / "shapes10.npz").write_bytes(b"PK")
    out = run(capsys)[1]
    assert "shapes10.npz: expected an npz with train_images" in out
    assert ", the first that is looked at\n" in out and out.endswith(
        "labs 06 to 08 take cifar10, found on this computer\n"
    )


def test_the_verb_gets_hands_on_and_leaves_alone(folder, arrays, tmp_path, capsys, server):
    given, usb = npz(tmp_path / "given.npz", arrays), tmp_path / "usb"
    status, out, _ = run(capsys, "--from", given)
    assert status == 0 and out == f"{folder / 'cifar10.npz'}: CIFAR-10, checked\n"
    status, out, _ = run(capsys, "--download", "--mirror", server.url("good"))
    assert status == 0 and "nothing was done" in out and server.asked == []
    status, out, _ = run(capsys, "--pack", tmp_path / "copy.npz")
    assert status == 0 and out.startswith(str(tmp_path / "copy.npz"))
    words = ["--download", "--mirror", server.url("500"), "--mirror", server.url("good"), "--root", usb]
    status, out, errors = run(capsys, *words)
    assert status == 0 and f"LABUTILS_DATA={usb}" in out and len(errors) == 1
    unpacked(usb)


def test_the_verb_asks_the_mirrors_of_the_variable(folder, capsys, server, monkeypatch):
    monkeypatch.setenv("LABUTILS_MIRRORS", f"{server.url('404')} {server.url('good')}")
    assert run(capsys, "--download")[0] == 0
    unpacked(folder)


def test_the_verb_replaces_a_damaged_folder(folder, capsys, server, monkeypatch):
    def damaged(_):
        raise ValueError("damaged")

    monkeypatch.setattr(find, "load_batches", damaged)
    (folder / BATCHES_FOLDER).mkdir()
    assert run(capsys, "--download", "--mirror", server.url("good"))[0] == 0
    unpacked(folder)


@pytest.mark.parametrize(
    "words",
    [
        ["--from", "no/such/file"],
        ["--from", ""],
        ["--pack", ""],
        ["--pack", "no/such/folder/x.npz"],
        ["--mirror", "http://a/x"],
        ["--download", "--mirror", "ftp://a/x"],
        ["--download", "--mirror", "http://127.0.0.1:1/x"],
        ["--download", "--mirror", "http://127.0.0.1:1/x", "--root", "/dev/null/x"],
    ],
)
def test_the_verb_says_what_is_wrong_in_one_line(words, folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, errors = run(capsys, *words)
    assert status == 1 and out == "" and errors


def test_the_verb_refuses_two_things_at_once(folder, capsys):
    with pytest.raises(SystemExit):
        __main__.main(["data", "--download", "--pack", "x.npz"])
