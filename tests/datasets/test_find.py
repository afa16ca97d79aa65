"""Finding, checking and refusing data sets, with small fakes; and the real CIFAR-10 where it is at hand."""

import hashlib
import pickle

import numpy as np
import pytest

from labutils import files
from labutils.datasets import find, shapes10

SMALL = {"train": 50, "test": 20}
RNG = np.random.default_rng(7)


def fake_arrays():
    """Arrays of the right kind, with SMALL images."""
    arrays = {}
    for split, count in SMALL.items():
        arrays[f"{split}_images"] = RNG.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        arrays[f"{split}_labels"] = np.arange(count, dtype=np.int64) % 10
    return arrays


def reordered(arrays, seed):
    """The same images in another order, which the fingerprint does not see and the first image tells."""
    shuffled = {}
    for split, count in SMALL.items():
        order = np.random.default_rng(seed).permutation(count)
        for kind in ("images", "labels"):
            shuffled[f"{split}_{kind}"] = arrays[f"{split}_{kind}"][order]
    return shuffled


@pytest.fixture
def arrays(monkeypatch, tmp_path):
    """A small fake that passes for CIFAR-10, on a computer where no data set is to be found."""
    arrays = fake_arrays()
    fingerprints = {s: find.fingerprint(arrays[f"{s}_images"], arrays[f"{s}_labels"]) for s in SMALL}
    monkeypatch.setattr(find, "SIZES", SMALL)
    monkeypatch.setattr(find, "FINGERPRINTS", fingerprints)
    monkeypatch.setattr(files, "REPOSITORY", tmp_path / "bundle")
    monkeypatch.delenv("LABUTILS_DATA", raising=False)
    monkeypatch.delenv("LABUTILS_DATASET", raising=False)
    return arrays


def write_npz(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "cifar10.npz", **arrays)
    return folder / "cifar10.npz"


def write_batches(folder, arrays, monkeypatch):
    """Write torchvision's form and let torchvision take its sums for CIFAR-10's."""
    from torchvision.datasets import CIFAR10

    batches = folder / "cifar-10-batches-py"
    batches.mkdir(parents=True)

    def write(name, content):
        (batches / name).write_bytes(pickle.dumps(content))
        return name, hashlib.md5((batches / name).read_bytes()).hexdigest()

    def batch(split, chosen):
        images = arrays[f"{split}_images"][chosen].transpose(0, 3, 1, 2).reshape(-1, 3072)
        return {"data": images, "labels": arrays[f"{split}_labels"][chosen].tolist()}

    train = [write(f"data_batch_{k + 1}", batch("train", slice(10 * k, 10 * k + 10))) for k in range(5)]
    test = [write("test_batch", batch("test", slice(None)))]
    name, md5 = write("batches.meta", {"label_names": list(find.CLASSES)})
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", test)
    monkeypatch.setattr(CIFAR10, "meta", {"filename": name, "key": "label_names", "md5": md5})
    return batches


def same(found, arrays):
    assert found.source == "CIFAR-10"
    assert found.name == "cifar10"
    for key, expected in arrays.items():
        np.testing.assert_array_equal(getattr(found, key), expected)
        assert getattr(found, key).dtype == (np.uint8 if "images" in key else np.int64)


def test_fingerprint_by_hand_and_whatever_the_order():
    images, labels = RNG.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8), np.array([3, 1, 9, 1])
    parts = sorted(hashlib.sha256(bytes(i.ravel().tolist()) + bytes([n])).digest() for i, n in zip(images, labels))
    expected = hashlib.sha256(b"".join(parts)).hexdigest()
    assert find.fingerprint(images, labels) == expected
    order = np.array([2, 0, 3, 1])
    assert find.fingerprint(images[order], labels[order]) == expected
    assert find.fingerprint(np.asfortranarray(images), labels.astype(np.uint8)) == expected


def test_fingerprint_sees_every_change():
    images, labels = RNG.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8), np.array([3, 1, 9, 1])
    one_pixel = images.copy()
    one_pixel[2, 31, 31, 2] ^= 1
    swapped = images.copy()
    swapped[0], swapped[1] = images[1], images[0]  # the same images and labels, wrongly paired
    changed = [(one_pixel, labels), (images, [3, 1, 8, 1]), (swapped, labels), (images[:3], labels[:3])]
    changed.append((images.swapaxes(1, 2), labels))
    changed.append((np.concatenate([images, images[:1]]), [*labels, labels[0]]))
    prints = {find.fingerprint(*pair) for pair in changed} | {find.fingerprint(images, labels)}
    assert len(prints) == 7


def test_an_npz_is_loaded(arrays, tmp_path):
    path = write_npz(tmp_path / "here", arrays)
    same(find.load(root=path.parent), arrays)
    same(find.load("cifar10", root=str(path.parent)), arrays)


def test_labels_of_another_whole_number_type_become_int64(arrays, tmp_path):
    small = {key: value.astype(np.uint8) for key, value in arrays.items()}
    same(find.load(root=write_npz(tmp_path / "here", small).parent), arrays)


def test_root_comes_before_the_variable_before_the_bundle(arrays, tmp_path, monkeypatch):
    places = {name: reordered(arrays, seed) for seed, name in enumerate(("root", "variable", "bundle/data"))}
    for name, content in places.items():
        write_npz(tmp_path / name, content)
    same(find.load(), places["bundle/data"])
    assert find.data_path() == tmp_path / "bundle" / "data"
    monkeypatch.setenv("LABUTILS_DATA", str(tmp_path / "variable"))
    same(find.load(), places["variable"])
    assert find.data_path() == tmp_path / "variable"
    same(find.load(root=tmp_path / "root"), places["root"])
    same(find.load(root=tmp_path / "nowhere"), places["variable"])


def test_torchvisions_folder_is_loaded_before_an_npz(arrays, tmp_path, monkeypatch):
    write_npz(tmp_path / "here", reordered(arrays, 1))
    write_batches(tmp_path / "here", arrays, monkeypatch)
    same(find.load(root=tmp_path / "here"), arrays)


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
def test_an_altered_folder_is_refused(name, arrays, tmp_path, monkeypatch, refused):
    batches = write_batches(tmp_path / "here", arrays, monkeypatch)
    content = bytearray((batches / name).read_bytes())
    content[len(content) // 2] ^= 1
    (batches / name).write_bytes(content)
    with refused(str(batches), "replace"):
        find.load(root=tmp_path / "here")


def test_a_folder_with_a_file_missing_is_refused(arrays, tmp_path, monkeypatch, refused):
    batches = write_batches(tmp_path / "here", arrays, monkeypatch)
    (batches / "data_batch_5").unlink()
    with refused(str(batches)):
        find.load(root=tmp_path / "here")


def spoilt(key, change):
    return lambda arrays: arrays | {key: change(arrays[key])}


@pytest.mark.parametrize(
    "spoil, words",
    [
        (spoilt("train_images", lambda a: a[:, :31]), ["train_images", "(50, 31, 32, 3)"]),
        (spoilt("train_images", lambda a: a[:49]), ["train_images", "(49, 32, 32, 3)"]),
        (spoilt("test_images", lambda a: a.transpose(0, 3, 1, 2)), ["test_images", "(20, 3, 32, 32)"]),
        (spoilt("test_images", lambda a: a.astype(np.float32)), ["test_images", "float32"]),
        (spoilt("test_labels", lambda a: a[:-1]), ["test_labels", "(19,)"]),
        (spoilt("train_labels", lambda a: a[:, None]), ["train_labels", "(50, 1)"]),
        (spoilt("train_labels", lambda a: a.astype(float)), ["train_labels", "float64"]),
        (spoilt("train_labels", lambda a: a + 1), ["train_labels", "0 to 9"]),
        (spoilt("test_labels", lambda a: a - 1), ["test_labels", "0 to 9"]),
        (spoilt("train_images", lambda a: a ^ 1), ["train", "fingerprint"]),
        (spoilt("test_labels", lambda a: a[::-1]), ["test", "fingerprint"]),
        (spoilt("train_images", lambda a: a.astype(object)), ["allow_pickle"]),
        (lambda arrays: {k: v for k, v in arrays.items() if k != "test_labels"}, ["test_labels"]),
        (lambda arrays: {}, ["train_images"]),
    ],
)
def test_another_content_is_refused(spoil, words, arrays, tmp_path, refused):
    path = write_npz(tmp_path, spoil(arrays))
    with refused(str(path), "replace the file", *words):
        find.load(root=tmp_path)


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_a_truncated_npz_is_refused(share, arrays, tmp_path, refused):
    path = write_npz(tmp_path, arrays)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with refused(str(path), "replace the file"):
        find.load(root=tmp_path)


@pytest.mark.parametrize("content", [b"no archive", pickle.dumps({"train_images": 1}), np.ones(3)])
def test_a_file_of_another_kind_is_refused(content, arrays, tmp_path, refused):
    path = tmp_path / "cifar10.npz"
    if isinstance(content, np.ndarray):
        with open(path, "wb") as file:
            np.save(file, content)
    else:
        path.write_bytes(content)
    with refused(str(path)):
        find.load(root=tmp_path)


def test_a_bad_file_is_not_passed_over_for_a_good_one(arrays, tmp_path, monkeypatch, refused):
    write_npz(tmp_path / "good", arrays)
    monkeypatch.setenv("LABUTILS_DATA", str(tmp_path / "good"))
    path = write_npz(tmp_path / "bad", arrays | {"train_labels": arrays["train_labels"][::-1]})
    with refused(str(path)):
        find.load(root=path.parent)


def test_nothing_found_says_where_it_looked_and_what_to_do(arrays, tmp_path, monkeypatch, refused):
    monkeypatch.setenv("LABUTILS_DATA", str(tmp_path / "variable"))
    places = [str(tmp_path / name) for name in ("root", "variable", "bundle/data")]
    with refused(
        "cifar10.npz", "LABUTILS_DATA", "labutils data --download", "--from FILE", *places, error=FileNotFoundError
    ):
        find.load("cifar10", root=tmp_path / "root")


def test_an_unknown_name_is_refused(refused):
    with refused("cifar10", "'mnist'"):
        find.load("mnist")


# --- the stand-in, and which of the two the labs take ---


@pytest.fixture
def few_shapes(monkeypatch):
    """A stand-in of 50 and 20 images, which passes for the whole one; the list counts how often it is drawn."""
    calls, draw = [], shapes10.draw

    def draw_few(split):
        calls.append(split)
        return draw(split, SMALL[split])

    monkeypatch.setattr(shapes10, "FINGERPRINTS", {s: find.fingerprint(*draw(s, SMALL[s])) for s in SMALL})
    monkeypatch.setattr(shapes10, "draw", draw_few)
    monkeypatch.delenv("LABUTILS_DATASET", raising=False)
    return calls


def test_the_stand_in_is_taken_where_there_is_no_cifar10_and_says_why(arrays, few_shapes, capsys):
    images = find.load()
    assert images.source == images.name == "shapes10"
    assert images.classes == shapes10.CLASSES
    (line,) = capsys.readouterr().out.splitlines()
    assert "shapes10" in line and "because CIFAR-10 was not found" in line and "labutils data --download" in line


def test_cifar10_is_taken_where_it_is_found_and_says_so_without_a_path(arrays, few_shapes, tmp_path, capsys):
    folder = write_npz(tmp_path / "here", arrays).parent
    images = find.load(root=folder)
    same(images, arrays)
    assert images.classes == find.CLASSES and few_shapes == []
    (line,) = capsys.readouterr().out.splitlines()
    assert "CIFAR-10, found" in line and "LABUTILS_DATASET=shapes10" in line and str(tmp_path) not in line


def test_the_variable_forces_either(arrays, few_shapes, tmp_path, monkeypatch, capsys, refused):
    folder = write_npz(tmp_path / "here", arrays).parent
    monkeypatch.setenv("LABUTILS_DATASET", "shapes10")
    assert find.load(root=folder).name == "shapes10"
    assert "because LABUTILS_DATASET says so" in capsys.readouterr().out
    monkeypatch.setenv("LABUTILS_DATASET", "cifar10")
    with refused("CIFAR-10", "found neither", error=FileNotFoundError):
        find.load(root=tmp_path)
    monkeypatch.setenv("LABUTILS_DATASET", "imagenet")
    with refused("LABUTILS_DATASET", "'imagenet'", "shapes10"):
        find.load(root=folder)


def test_a_name_comes_before_the_variable_and_is_quiet(arrays, few_shapes, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABUTILS_DATASET", "cifar10")
    assert find.load("shapes10").name == "shapes10"
    assert capsys.readouterr().out == ""


def test_the_stand_in_is_drawn_once_and_kept(arrays, few_shapes, tmp_path):
    (tmp_path / "bundle/data").mkdir(parents=True)
    drawn = find.load("shapes10")
    assert few_shapes == ["train", "test"]
    kept = find.load("shapes10")
    assert few_shapes == ["train", "test"]
    for field in ("train_images", "train_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(kept, field), getattr(drawn, field))
    assert [path.name for path in (tmp_path / "bundle/data").iterdir()] == ["shapes10.npz"]


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:3000] + b"!" + b[3001:]])
def test_a_damaged_stand_in_is_drawn_anew(arrays, few_shapes, tmp_path, damage):
    (tmp_path / "bundle/data").mkdir(parents=True)
    find.load("shapes10")
    path = tmp_path / "bundle/data/shapes10.npz"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    find.load("shapes10")
    assert few_shapes == ["train", "test"] * 2 and path.read_bytes() == whole


def test_another_data_set_of_its_name_is_not_taken_for_it(arrays, few_shapes, tmp_path, refused):
    write_npz(tmp_path, arrays).rename(tmp_path / "shapes10.npz")
    with refused("shapes10.npz", "delete it"):
        find.load_stand_in(tmp_path / "shapes10.npz")
    images = find.load("shapes10", root=tmp_path)
    assert find.fingerprint(images.test_images, images.test_labels) == shapes10.FINGERPRINTS["test"]


def test_where_the_stand_in_cannot_be_kept_it_is_drawn_each_time(arrays, few_shapes, tmp_path, monkeypatch):
    (tmp_path / "bundle/data").mkdir(parents=True)
    monkeypatch.setattr(np, "savez", lambda file, **arrays: file.write(b"half") and (_ for _ in ()).throw(OSError(28)))
    for count in (1, 2):
        find.load("shapes10")
        assert few_shapes == ["train", "test"] * count
    assert list((tmp_path / "bundle/data").iterdir()) == []


@pytest.mark.cifar
@pytest.mark.skipif(
    not (find.data_path() / find.NPZ_FILE).is_file(), reason="no cifar10.npz in $LABUTILS_DATA or data/"
)
def test_the_real_cifar10():
    images = find.load("cifar10", root=find.data_path())
    assert images.source == "CIFAR-10"
    assert images.train_images.shape == (50_000, 32, 32, 3)
    assert np.bincount(images.test_labels).tolist() == [1000] * 10
    expected = "65a6ffe079453e514083f99356b35e02cbfd581b4951e3937fae188974b79f39"
    assert find.fingerprint(images.test_images, images.test_labels) == expected
