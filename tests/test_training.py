"""Augmentation and evaluation against torchvision and plain loops; training that can be stopped at any moment."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labutils import training
from labutils.data import ImageData
from labutils.resnet import ResNet20


@pytest.fixture(autouse=True)
def seeded():
    """The same initial weights in every test, and one thread: many are slower for so little work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
    torch.set_num_threads(threads)


def random_data(train=64, test=32):
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (train + test, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, train + test)
    return ImageData(images[:train], labels[:train], images[train:], labels[train:], "random images")


def network(bits=(None, None, None)):
    torch.manual_seed(0)
    return ResNet20(bits)


def run(model, state_file=None, train=training.finetune, **recipe):
    recipe = {"epochs": 2, "batch": 32, "learning_rate": 0.01} | recipe
    return train(model, random_data(), **recipe, state_file=state_file, progress=False)


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values()))


class Brightness(nn.Module):
    """Ten scores that depend on the image and, in training mode, on the mode."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 10)
        self.dropout = nn.Dropout(0.9)

    def forward(self, x):
        return self.layer(self.dropout(x.mean((2, 3))))


def test_augmentation_has_the_distribution_of_torchvisions():
    from scipy.stats import chisquare
    from torchvision.transforms import functional as TF

    row, column = np.mgrid[1:33, 1:33]  # every pixel is different, and none is zero like the padding
    image = torch.tensor(np.stack([row, column, row + column], axis=-1).astype(np.uint8))
    padded = F.pad(image, (0, 0, 4, 4, 4, 4)).expand(1620, 40, 40, 3)
    expected = {}
    channels_first = image.permute(2, 0, 1)
    for top in range(9):
        for left in range(9):
            crop = TF.crop(TF.pad(channels_first, 4), top, left, 32, 32)
            for mirrored in (False, True):
                result = TF.hflip(crop) if mirrored else crop
                expected[result.permute(1, 2, 0).numpy().tobytes()] = (top, left, mirrored)
    assert len(expected) == 162
    generator = torch.Generator().manual_seed(0)
    counts = dict.fromkeys(expected, 0)
    for _ in range(10):
        for result in training.augment(padded, generator).numpy():
            counts[result.tobytes()] += 1  # a KeyError: a result that torchvision cannot give
    assert chisquare(list(counts.values())).pvalue > 0.01


def test_augmentation_treats_every_image_by_itself_and_repeats_with_its_generator():
    images = torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1).expand(6, 32, 32, 3) + 1
    padded = F.pad(images, (0, 0, 4, 4, 4, 4))
    first, again = (training.augment(padded, torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.shape == (6, 32, 32, 3)
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert first.amax((1, 2, 3)).tolist() == [1, 2, 3, 4, 5, 6]
    assert len({tuple(image[:, :, 0].nonzero()[0].tolist()) for image in first}) > 1


def test_normalise_is_torchvisions():
    from torchvision.transforms import Compose, Normalize, ToTensor

    images = random_data().train_images[:5]
    transform = Compose([ToTensor(), Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))])
    expected = torch.stack([transform(image) for image in images])
    found = training.normalise(torch.as_tensor(images))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 7, 64, 500])
def test_evaluate_is_a_plain_count(batch):
    images, labels = random_data().train_images, random_data().train_labels
    model = Brightness().eval()
    with torch.no_grad():
        guesses = [model(training.normalise(torch.as_tensor(image[None]))).argmax().item() for image in images]
    labels = np.where(np.arange(64) % 2, labels, guesses)  # so that half of them and some more are right
    expected = sum(int(guess == label) for guess, label in zip(guesses, labels)) / 64
    assert 0.5 <= expected < 1
    assert training.evaluate(model, images, labels, batch=batch) == expected
    assert training.evaluate(model, torch.as_tensor(images), torch.as_tensor(labels)) == expected


@pytest.mark.parametrize("mode", [True, False])
def test_evaluate_uses_evaluation_mode_and_leaves_the_mode_as_it_was(mode):
    model = Brightness().train(mode)
    images, labels = random_data().train_images, random_data().train_labels
    results = {training.evaluate(model, images, labels) for _ in range(5)}
    assert len(results) == 1, "dropout was on"
    assert model.training is mode
    assert all(parameter.grad is None for parameter in model.parameters())


def test_evaluate_refuses_nothing_and_labels_that_do_not_fit(refused):
    images, labels = random_data().train_images, random_data().train_labels
    with refused("at least one"):
        training.evaluate(Brightness(), images[:0], labels[:0])
    with refused("64 and 63"):
        training.evaluate(Brightness(), images, labels[:-1])


@pytest.mark.parametrize("train", [training.finetune, training.pretrain])
def test_the_same_seed_gives_the_same_network_and_another_seed_another(train):
    one, two, three = network(), network(), network()
    history = run(one, train=train, seed=1)
    assert run(two, train=train, seed=1) == history
    assert same_weights(one, two)
    run(three, train=train, seed=2)
    assert not same_weights(one, three)
    assert [epoch["epoch"] for epoch in history] == [1, 2]
    assert history[-1]["accuracy"] == training.evaluate(one, *random_data()[2:4])
    assert not same_weights(one, network())


def test_finetuning_learns_what_can_be_learned():
    always_three = random_data()._replace(train_labels=np.full(64, 3), test_labels=np.full(32, 3))
    history = training.finetune(network((4, 4, 4)), always_three, 4, 0.02, batch=32, progress=False)
    assert history[-1]["loss"] < 0.3 * history[0]["loss"]


@pytest.mark.parametrize("interrupted", ["evaluate", "save_atomically"])
def test_a_run_that_is_stopped_goes_on_as_if_nothing_had_happened(interrupted, tmp_path, monkeypatch):
    whole = network((4, 4, 2))
    history = run(whole, epochs=3)

    state_file, calls = tmp_path / "states" / "run.training", []
    stopped = network((4, 4, 2))
    original = getattr(training, interrupted)

    def stop_in_epoch_two(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(training, interrupted, stop_in_epoch_two)
        with pytest.raises(KeyboardInterrupt):
            run(stopped, state_file, epochs=3)
    assert [file.name for file in state_file.parent.iterdir()] == ["run.training"]

    resumed = network((4, 4, 2))
    for parameter in resumed.parameters():  # whatever the network was, the state counts
        parameter.data += 1
    assert run(resumed, state_file, epochs=3) == history
    assert same_weights(resumed, whole)

    # A run that is complete is not trained again.
    with monkeypatch.context() as patch:
        patch.setattr(training, "augment", None)
        again = network((4, 4, 2))
        assert run(again, state_file, epochs=3) == history
        assert same_weights(again, whole)


@pytest.mark.parametrize(
    "other", [{"epochs": 3}, {"learning_rate": 0.02}, {"seed": 1}, {"batch": 16}, {"bits": (4, 4, 4)}]
)
def test_the_state_of_another_run_is_refused(other, tmp_path, refused):
    state_file = tmp_path / "run.training"
    run(network(), state_file, epochs=1)
    before = state_file.read_bytes()
    recipe = {"epochs": 1} | other
    with refused(str(state_file), "delete the file"):
        run(network(recipe.pop("bits", (None,) * 3)), state_file, **recipe)
    assert state_file.read_bytes() == before


def write_truncated(path):
    run(network(), path, epochs=1)
    path.write_bytes(path.read_bytes()[:-5000])


@pytest.mark.parametrize(
    "spoil",
    [
        write_truncated,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("epoch 1"),
        lambda path: torch.save([1, 2], path),
        lambda path: torch.save({"weights": 1}, path),
        lambda path: torch.save(nn.Linear(1, 1), path),  # which only code could load
    ],
    ids=["truncated", "empty", "text", "list", "other dict", "pickled code"],
)
def test_a_damaged_state_is_refused(spoil, tmp_path, refused):
    state_file = tmp_path / "run.training"
    spoil(state_file)
    with refused(str(state_file), "delete the file"):
        run(network(), state_file, epochs=1)


@pytest.mark.parametrize("bits", [(None,) * 3, (4, 4, 4)])
def test_a_loss_that_is_not_finite_names_the_epoch(bits, tmp_path, refused):
    state_file = tmp_path / "run.training"
    with refused("epoch 1", "finite", "learning rate"):
        run(network(bits), state_file, learning_rate=1e30, batch=16)
    assert not state_file.exists()


def test_saving_never_damages_the_old_file(tmp_path, monkeypatch, refused):
    path = tmp_path / "weights.pt"
    training.save_atomically({"a": 1}, path)

    def fails(content, file):
        file.write(b"half of it")
        raise problem

    for problem in (OSError("no space left on device"), RuntimeError("write failed\nand a stack"), KeyboardInterrupt()):
        with monkeypatch.context() as patch:
            patch.setattr(torch, "save", fails)
            if isinstance(problem, KeyboardInterrupt):
                with pytest.raises(KeyboardInterrupt):
                    training.save_atomically({"a": 2}, path)
            else:
                with refused(str(path), str(problem).splitlines()[0], error=OSError):
                    training.save_atomically({"a": 2}, path)
        assert [file.name for file in tmp_path.iterdir()] == ["weights.pt"]
        assert torch.load(path, weights_only=True) == {"a": 1}
    training.save_atomically({"a": 3}, path)
    assert torch.load(path, weights_only=True) == {"a": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["weights.pt"]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, refused):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file" / "weights.pt", tmp_path / "file" / "deeper" / "weights.pt"):
        with refused(str(path), "to write there", error=OSError):
            training.save_atomically({}, path)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "in the way"
