"""The command line: `python -m labutils VERB`. Each verb says what it does and ends with one line."""

import argparse
import os
import sys
from pathlib import Path


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


def parse_count(text):
    """Return a whole number from 1; raise ArgumentTypeError otherwise."""
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
    start = None
    if bits is None and not arguments.restart:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(arguments.seed)
            model = ResNet20()
    else:
        start = checkpoints.entry(images.name)
        model = checkpoints.quantized(checkpoints.load(images.name), bits or (None,) * 3)
    model.to(device)
    run = training.pretrain if bits is None else training.finetune
    recipe = training.default_recipe(run) | {"epochs": arguments.epochs, "seed": arguments.seed}
    asked = {"batch": arguments.batch, "learning_rate": arguments.learning_rate}
    recipe |= {key: value for key, value in asked.items() if value is not None}
    _train_and_keep(lambda state: (model, run(model, images, **recipe, state_file=state)), images, bits, recipe, start)


def _train_and_keep(run, images, bits, recipe, start, named=None):
    """Call `run(state_file)`, which returns (model, history); keep the network and say how good it is."""
    from . import checkpoints, training

    path = checkpoints.FOLDER / checkpoints.file_name(images.name, bits, named)
    state_file = path.with_suffix(".training")
    where = f"{recipe['epochs']} epochs on {images.source}, {training.default_device()}"
    print(f"{path.name}: {where}; Ctrl-C stops, the same command goes on")
    model, history = run(state_file)
    accuracy = training.evaluate(model, images.test_images, images.test_labels)
    checkpoints.save(model, images.name, recipe, history, accuracy, start, named=named)
    state_file.unlink()
    best = checkpoints.entry(images.name, bits, named)["accuracy_best_epoch"]
    print(f"{path.name}: saved; test accuracy {accuracy:.4f} after the last epoch, {best:.4f} after the best")


def get_data(arguments):
    """Fetch CIFAR-10, take it from a file, pack it, or say what is there."""
    from . import data, fetch

    root = arguments.root
    if arguments.mirror and not arguments.download:
        raise ValueError("--mirror: expected --download beside it, found none")
    if arguments.pack is not None:
        print(f"{fetch.pack(arguments.pack, root)}: CIFAR-10, its fingerprint checked")
    elif arguments.download or arguments.source is not None:
        folder = data.data_path() if root is None else Path(root)
        path = fetch.sound(folder)
        if path is not None:
            print(f"{path}: CIFAR-10 is there and sound; nothing was done")
            return
        path = fetch.download(folder, arguments.mirror) if arguments.download else fetch.take(arguments.source, folder)
        hint = "" if folder in data.folders() else f"; for the labs to find it, set LABUTILS_DATA={folder}"
        print(f"{path}: CIFAR-10, checked{hint}")
    else:
        print("\n".join(fetch.status(root)))


def _images_and_network(name):
    """Return the images of a data set (None: as the labs choose) and its float network, on the device to work on."""
    from . import checkpoints, data, training

    images = data.load(name)
    return images, checkpoints.load(images.name).to(training.default_device())


def measure_grid(arguments):
    """Measure the float network at all combinations of bits for its stages, without training, and keep the table."""
    from . import grid

    images, model = _images_and_network(arguments.data)
    accuracies = grid.measure(model, images.test_images, images.test_labels)
    path = grid.save(images.name, accuracies, len(images.test_images))
    print(f"{path.name}: saved; {len(accuracies)} combinations, {len(grid.front(grid.load(images.name)))} on the front")


def anneal(arguments):
    """Train the float network on by a recipe of lab 08, and keep it; a pruned one is rounded after it was pruned."""
    from . import checkpoints, few_bits, sensitivity, training

    bits, recipe, asked = arguments.bits, arguments.recipe, (arguments.epochs, arguments.seed)
    numbers = few_bits.numbers(recipe, *asked)
    prunes = "sparsity" in few_bits.RECIPES[recipe]
    if bits is None and not prunes:
        raise ValueError(f"--bits: expected bits for the recipe {recipe}, found none; only pruning leaves a float one")
    if recipe == "allocated" and len(set(bits)) > 1:
        raise ValueError(f"--bits: expected one number, the average to allocate, found {','.join(map(str, bits))}")
    images, float_model = _images_and_network(arguments.data)
    before, options = (images.name,), {}
    if bits and prunes:
        before = (images.name, None, recipe)
        options["start"] = checkpoints.load(*before).to(training.default_device())
    if recipe == "allocated":
        options["layer_bits"] = few_bits.allocated(float_model, sensitivity.load(images.name), bits[0])

    def run(state_file):
        return few_bits.train(float_model, images, bits, recipe, *asked, state_file, **options)

    _train_and_keep(run, images, bits, numbers, checkpoints.entry(*before), recipe)


def measure_knobs(arguments):
    """Measure what each knob of lab 08's recipes is worth, on training images that are held out."""
    from . import few_bits, knobs

    images, float_model = _images_and_network(arguments.data)
    for recipe in arguments.only or ["homework", *few_bits.KNOBS]:
        accuracy = knobs.measure(float_model, images, recipe, epochs=arguments.epochs)
        print(f"{recipe}: {accuracy[-1]:.4f} of {knobs.HELD_OUT} held-out training images after the last epoch")


def measure_seeds(arguments):
    """Measure how far lab 08's best recipe comes from other seeds than the one whose network is kept."""
    from . import knobs

    images, float_model = _images_and_network(arguments.data)
    for seed in arguments.only:
        accuracy = knobs.measure_seed(float_model, images, seed, epochs=arguments.epochs)
        print(f"seed {seed}: test accuracy {accuracy[-1]:.4f} after the last epoch")


def measure_sensitivity(arguments):
    """Measure how much the loss rises where one layer of the float network is rounded alone, and keep the table."""
    from . import sensitivity

    images, model = _images_and_network(arguments.data)
    used = slice(sensitivity.IMAGES)
    increase = sensitivity.measure(model, images.train_images[used], images.train_labels[used])
    path = sensitivity.save(images.name, increase, len(images.train_images[used]))
    fewest = min(sensitivity.CHOICES)
    worst = max(increase, key=lambda layer: increase[layer][fewest])
    print(f"{path.name}: saved; {len(increase)} layers, {worst} minds {fewest} bits most")


def examine(arguments):
    """Look at this computer; return 1 where something has to be mended before all labs run."""
    from . import doctor

    return 0 if doctor.report(arguments.deep) else 1


def measure(arguments):
    """Measure what the labs take on this computer; a missed target is said in the table and is no failure."""
    from .bench.report import report, report_accuracy

    (report_accuracy if arguments.accuracy else report)(arguments.quick)


def grade(arguments):
    """Grade what students handed in, by running it again or by its stored outputs; write the results."""
    import tempfile

    from tqdm import tqdm

    from .grading import questions, reports, stored, submissions, written

    folder, out = Path(arguments.submissions), Path(arguments.out)
    if arguments.stored and (arguments.dask or arguments.require_isolation or arguments.jobs or arguments.seconds):
        raise ValueError("--stored: expected it alone or with --out, found an option for running; leave one out")
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise ValueError(f"--out: expected a folder that is not among the submissions, found {out}; name another")
    course = questions.course()
    given = written.read(out, course)
    with tempfile.TemporaryDirectory(prefix="labutils-") as unpacked:
        graded = {question.notebook for question in course.values()}  # not the lab beyond the homework
        results = submissions.collect(folder, unpacked, questions.stems())
        results = (one._replace(notebooks={n: p for n, p in one.notebooks.items() if n in graded}) for one in results)
        if arguments.stored:
            results = (stored.preview(submission, course) for submission in results)
        else:
            from .grading import rerun

            options = {"jobs": arguments.jobs or os.cpu_count() or 1, "dask": arguments.dask, "folder": out}
            options |= {"require_isolation": arguments.require_isolation, "seconds": arguments.seconds}
            results = rerun.grade(results, **options)
        print(reports.write(tqdm(results, unit=" submissions", disable=None), out, course, given))


def make_release(arguments):
    """Make the student's bundle: notebooks without solutions, a folder and a zip."""
    from .grading import release

    path = release.release(arguments.folder or release.ROOT / "build/release", release.ROOT)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB for students, every solution taken out")


def main(words=None):
    """Run one verb; return the exit status: 0, 1 where it failed or found something to mend, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m labutils", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, epochs, text in (
        ("pretrain", 200, "train the float network from scratch"),
        ("finetune", 10, "fine-tune the float network at fewer bits by the homework's recipe"),
    ):
        command = verbs.add_parser(verb, help=text, description=text)
        if verb == "finetune":
            command.add_argument("--bits", type=parse_bits, required=True, help="bits per stage: 4,4,2, or 4 for all")
        else:
            command.add_argument("--restart", action="store_true", help="train the kept network on: a warm restart")
        command.add_argument("--data", default=None, help="cifar10 or shapes10 (default: as the labs choose)")
        command.add_argument("--epochs", type=parse_count, default=epochs, help=f"default {epochs}")
        command.add_argument("--batch", type=parse_count, help="images a step (default: the recipe's)")
        command.add_argument("--learning-rate", type=float, help="default: the recipe's")
        command.add_argument("--seed", type=int, default=0, help="default 0")
        command.set_defaults(run=train)
    text = "train the float network on at few bits, or with few weights, by a recipe of lab 08"
    command = verbs.add_parser("anneal", help=text, description=text)
    text = "per stage: 4,4,2, or 2 for all; on average, float layers included, if allocated; leave it out to prune only"
    command.add_argument("--bits", type=parse_bits, help=text)
    text = "annealed (the homework's range), learned, allocated, pruned, gradual, or a single knob; see few_bits.py"
    command.add_argument("--recipe", required=True, help=text)
    command.add_argument("--data", default=None, help="cifar10 or shapes10 (default: as the labs choose)")
    command.add_argument("--epochs", type=parse_count, default=20, help="default 20")
    command.add_argument("--seed", type=int, default=0, help="default 0")
    command.set_defaults(run=anneal)
    text = "measure what each knob of those recipes is worth, at 2 bits, on training images that are held out"
    command = verbs.add_parser("knobs", help=text, description=text)
    command.add_argument("--data", default=None, help="cifar10 or shapes10 (default: as the labs choose)")
    command.add_argument("--epochs", type=parse_count, default=4, help="default 4")
    command.add_argument("--only", nargs="+", metavar="RECIPE", help="these; default: the homework's and all others")
    command.set_defaults(run=measure_knobs)
    text = "measure how far the recipe learned comes at 2 bits from other seeds; their networks are not kept"
    command = verbs.add_parser("seeds", help=text, description=text)
    command.add_argument("--data", default=None, help="cifar10 or shapes10 (default: as the labs choose)")
    command.add_argument("--epochs", type=parse_count, default=15, help="default 15")
    command.add_argument("--only", nargs="+", type=int, default=[1, 2], metavar="SEED", help="default 1 2")
    command.set_defaults(run=measure_seeds)
    text = "say what of CIFAR-10 is there and what it is worth, or get it"
    command = verbs.add_parser("data", help=text, description=text)
    choice = command.add_mutually_exclusive_group()
    choice.add_argument("--download", action="store_true", help="fetch it; where a download broke off, go on there")
    choice.add_argument("--from", dest="source", metavar="FILE", help="take it from a tar.gz, an npz or a folder")
    choice.add_argument("--pack", metavar="FILE", help="write what is there as one npz, to hand on")
    command.add_argument("--mirror", action="append", metavar="URL", help="ask this one; may be repeated")
    command.add_argument("--root", metavar="FOLDER", help="where it goes and is looked for first (default: data/)")
    command.set_defaults(run=get_data)
    text = "measure the float network at all combinations of 2 to 6 bits a stage, untrained; some ten minutes"
    command = verbs.add_parser("grid", help=text, description=text)
    command.add_argument("--data", default=None, help="cifar10 or shapes10 (default: as the labs choose)")
    command.set_defaults(run=measure_grid)
    text = "measure how much the loss rises where one layer is rounded alone, untrained; some ten minutes"
    command = verbs.add_parser("sensitivity", help=text, description=text)
    command.add_argument("--data", default=None, help="cifar10 or shapes10 (default: as the labs choose)")
    command.set_defaults(run=measure_sensitivity)
    text = "say in one line each what is fine on this computer and what to do"
    command = verbs.add_parser("doctor", help=text, description=text)
    command.add_argument("--deep", action="store_true", help="check every image and measure every network, in minutes")
    command.set_defaults(run=examine)
    text = "measure what the labs take on this computer, beside what students would use otherwise"
    command = verbs.add_parser("bench", help=text, description=text)
    command.add_argument("--quick", action="store_true", help="about a minute on two quiet cores")
    text = "instead, fine-tune in bfloat16 and in float32 from three seeds, and compare: half an hour"
    command.add_argument("--accuracy", action="store_true", help=text)
    command.set_defaults(run=measure)
    text = "grade a folder of submissions: by running them again, or with --stored by their outputs alone, a preview"
    command = verbs.add_parser("grade", help=text, description=text)
    command.add_argument("submissions", metavar="SUBMISSIONS", help="a folder or a zip for each student, in one folder")
    command.add_argument("--stored", action="store_true", help="read the stored outputs and run nothing")
    command.add_argument(
        "--out", default="build/grades", metavar="FOLDER", help="for the results (default: build/grades)"
    )
    command.add_argument("--jobs", type=parse_count, metavar="N", help="how many at a time (default: one per core)")
    text = "what each notebook may take (default: ten times what it states, and 30)"
    command.add_argument("--seconds", type=parse_count, metavar="N", help=text)
    command.add_argument("--require-isolation", action="store_true", help="refuse to run without it")
    command.add_argument("--dask", metavar="ADDRESS", help="send the work to this Dask scheduler")
    command.set_defaults(run=grade)
    text = "make the student's bundle: notebooks without solutions, labutils, networks, as a folder and a zip"
    command = verbs.add_parser("release", help=text, description=text)
    command.add_argument("folder", nargs="?", metavar="FOLDER", help="where it goes (default: build/release)")
    command.set_defaults(run=make_release)
    arguments = parser.parse_args(words)
    try:
        return arguments.run(arguments) or 0
    except (ValueError, OSError) as error:
        print(f"labutils: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name != "labutils.grading":
            raise
        text = "expected the folder labutils/grading, found none: it is the instructor's, and not in a student's bundle"
        print(f"labutils: {arguments.verb}: {text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if arguments.run in (train, anneal, measure_knobs, measure_seeds):
            goes_on = "; the same command goes on from the last finished epoch"
        else:
            resumes = getattr(arguments, "download", False) or arguments.run is grade
            goes_on = "; the same command goes on there" if resumes else ""
        print(f"labutils: stopped{goes_on}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
