"""The command line: `python -m labutils VERB`. Each verb says what it does and ends with one line."""

import argparse
import sys


def parse_bits(text):
    """Return "4,4,2" as (4, 4, 2), "4" as (4, 4, 4); raise ArgumentTypeError otherwise."""
    try:
        bits = tuple(int(part) for part in text.split(","))
    except ValueError:
        bits = ()
    bits = bits * 3 if len(bits) == 1 else bits
    if len(bits) != 3 or not all(0 <= b <= 16 for b in bits):
        raise argparse.ArgumentTypeError(f"expected one number from 0 to 16 per stage, such as 4,4,2, found {text!r}")
    return bits


def parse_epochs(text):
    """Return a whole number of epochs from 1; raise ArgumentTypeError otherwise."""
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")


def train(arguments):
    """Pretrain the float network, or fine-tune it at the bits given; resume where a run was interrupted."""
    import torch

    from . import checkpoints, data, training
    from .resnet import ResNet20

    bits = getattr(arguments, "bits", None)
    images = data.load(arguments.data)
    device = training.default_device()
    if bits is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(arguments.seed)
            model = ResNet20()
    else:
        model = checkpoints.quantized(checkpoints.load(images.name), bits)
    model.to(device)
    run = training.pretrain if bits is None else training.finetune
    path = checkpoints.FOLDER / checkpoints.file_name(images.name, bits)
    state_file = path.with_suffix(".training")
    recipe = training.default_recipe(run) | {"epochs": arguments.epochs, "seed": arguments.seed}
    print(
        f"{path.name}: {arguments.epochs} epochs on {images.source}, {device}; Ctrl-C stops, the same command goes on"
    )
    history = run(model, images, **recipe, state_file=state_file)
    accuracy = training.evaluate(model, images.test_images, images.test_labels)
    checkpoints.save(model, images.name, recipe, history, accuracy)
    state_file.unlink()
    best = max(epoch["accuracy"] for epoch in history)
    print(f"{path.name}: saved; test accuracy {accuracy:.4f} after the last epoch, {best:.4f} after the best")


def main(words=None):
    """Run one verb; return the exit status: 0, 1 with one line on stderr, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m labutils", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, epochs, text in (
        ("pretrain", 200, "train the float network from scratch"),
        ("finetune", 10, "fine-tune the float network at fewer bits by the homework's recipe"),
    ):
        command = verbs.add_parser(verb, help=text, description=text)
        if verb == "finetune":
            command.add_argument("--bits", type=parse_bits, required=True, help="bits per stage: 4,4,2, or 4 for all")
        command.add_argument("--data", default=None, help="cifar10 (the default)")
        command.add_argument("--epochs", type=parse_epochs, default=epochs, help=f"default {epochs}")
        command.add_argument("--seed", type=int, default=0, help="default 0")
        command.set_defaults(run=train)
    arguments = parser.parse_args(words)
    try:
        arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"labutils: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("labutils: stopped; the same command goes on from the last finished epoch", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
