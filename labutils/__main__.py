"""The command line: `python -m labutils VERB`. Each verb says what it does and ends with one line."""

import argparse
import difflib
import importlib
import sys
from pathlib import Path

from . import PyTorchMissing, command_line, files

ROOMS = ("maintenance", "grading")  # with verbs of their own


def train(arguments):
    """Pretrain the float network, or fine-tune it at the bits given; resume where a run was interrupted."""
    from .networks import training
    from .results import kept_networks

    bits, restart = getattr(arguments, "bits", None), getattr(arguments, "restart", False)
    asked = {name: getattr(arguments, name) for name in ("epochs", "seed", "batch", "learning_rate")}
    kind = training.Cosine if bits is None else training.Recipe
    recipe = kind(**{name: value for name, value in asked.items() if value is not None})
    kept_networks.train(arguments.data, recipe, bits, restart)


def anneal(arguments):
    """Train the float network on by a recipe of lab 08, and keep it."""
    from .results import kept_networks

    kept_networks.anneal(arguments.data, arguments.recipe, arguments.bits, arguments.epochs, arguments.seed)


def get_data(arguments):
    """Fetch CIFAR-10, take it from a file, pack it, or say what is there."""
    from .datasets import download, find

    root = arguments.root
    if arguments.mirror and not arguments.download:
        raise ValueError("--mirror: expected --download beside it, found none")
    if arguments.pack is not None:
        print(f"{download.pack(arguments.pack, root)}: CIFAR-10, its fingerprint checked")
    elif arguments.download or arguments.source is not None:
        folder = find.data_path() if root is None else Path(root)
        path = download.sound(folder)
        if path is not None:
            print(f"{path}: CIFAR-10 is there and sound; nothing was done")
            return
        source, mirrors = arguments.source, arguments.mirror
        path = download.download(folder, mirrors) if source is None else download.take(source, folder)
        hint = "" if folder in find.folders() else f"; for the labs to find it, set LABUTILS_DATA={folder}"
        print(f"{path}: CIFAR-10, checked{hint}")
    else:
        print("\n".join(download.status(root)))


def measure_table(arguments):
    """Measure the table that the verb names, and keep it."""
    from .results import measurements

    getattr(measurements, arguments.verb)(arguments)


def examine(arguments):
    """Look at this computer; return 1 where something has to be mended before all labs run."""
    from . import doctor

    return 0 if doctor.report(arguments.deep) else 1


def hand_in(arguments):
    """Look at the notebooks and pack them."""
    from . import hand_in

    hand_in.pack(arguments.take)


def report(arguments):
    """Make one page of the notebooks, and print it where a browser is installed."""
    from . import report

    page, *pdf = report.report(arguments.labs, arguments.checks, arguments.out)
    print(f"{page}: made" if not pdf else f"{page} and {pdf[0].name}: made")
    if not pdf:
        print("For a PDF, open it in a browser and print it: no Chromium, Chrome or Edge was found to do so.")


def run_task(arguments):
    """Install what is lacking, and open the labs or test them where that is asked, by the Python of .venv."""
    from . import install, tasks

    if arguments.verb == "test" and not (files.REPOSITORY / "tests").is_dir():
        raise ValueError(
            "test: expected the folder tests, found none: it is for maintainers, not in a student's bundle"
        )
    if not install.is_here():
        return install.hand_over(arguments.words)
    install.install(arguments.extras, arguments.torch, arguments.labs == "all")
    if arguments.verb == "lab":
        return tasks.lab(tasks.LIST if arguments.labs == "all" else tasks.LAB_1)
    if arguments.verb == "test":
        return tasks.test(arguments.files, arguments.marks)
    print(f"{sys.prefix}: all is installed")


# They work in a student's bundle, too, but its help is silent on them.
MAINTAINERS = ["test", "pretrain", "finetune", "anneal", "knobs", "seeds", "repeats", "grid", "sensitivity"]


def _declare_tasks(verb):
    text = "open the labs in JupyterLab; what is not yet installed is installed before"
    lab = verb("lab", run_task, text, data=False)
    test = verb("test", run_task, "run the test suite, notebooks included", data=False)
    test("files", nargs="*", metavar="FILE", help="these files or folders alone")
    test("--marks", default="not slow", help='which tests, as of pytest -m; "" for all (default: not slow)')
    install = verb("install", run_task, "install what the labs need: into .venv, or where they are", data=False)
    for option, extras in ((lab, []), (test, ["grade", "dask", "maintain", "test"]), (install, [])):
        option("--with", dest="extras", nargs="+", default=extras, metavar="EXTRA", help="of pyproject.toml")
        option("--labs", choices=("1", "all"), default="all", help="1: labs 01 to 05 alone, without PyTorch")
        text = "its build, for the processor, for CUDA or as PyPI has it (default: what fits this computer)"
        option("--torch", choices=("auto", "cpu", "cuda", "default"), default="auto", help=text)


def _declare_measuring(verb):
    pretrain = verb("pretrain", train, "train the float network from scratch", epochs=200, seed=True)
    pretrain("--restart", action="store_true", help="train the kept network on: a warm restart")
    text = "fine-tune the float network at fewer bits by the homework's recipe"
    finetune = verb("finetune", train, text, epochs=10, seed=True)
    finetune("--bits", type=command_line.parse_bits, required=True, help="bits per stage: 4,4,2, or 4 for all")
    for option in (pretrain, finetune):
        option("--batch", type=command_line.parse_count, help="images a step (default: the recipe's)")
        option("--learning-rate", type=float, help="default: the recipe's")
    text = "train the float network on at few bits, or with few weights, by a recipe of lab 08"
    option = verb("anneal", anneal, text, epochs=20, seed=True)
    text = "per stage: 4,4,2, or 2 for all; on average, float layers included, if allocated; leave it out to prune only"
    option("--bits", type=command_line.parse_bits, help=text)
    text = "annealed (the homework's range), learned, allocated, pruned, gradual, one knob; see few_bits/recipes.py"
    option("--recipe", required=True, help=text)
    text = "measure what each knob of those recipes is worth, at 2 bits, on training images that are held out"
    option = verb("knobs", measure_table, text, epochs=4)
    option("--only", nargs="+", metavar="RECIPE", help="these; default: the homework's and all others")
    text = "measure how far the recipe learned comes at 2 bits from other seeds; their networks are not kept"
    option = verb("seeds", measure_table, text, epochs=15)
    option("--only", nargs="+", type=int, default=[1, 2], metavar="SEED", help="default 1 2")
    text = "repeat the homework's six fine-tunings from other seeds, and keep what they predict; hours"
    option = verb("repeats", measure_table, text)
    option("--bits", type=command_line.parse_bits, help="one of them alone: 4,4,2, or 4 for all")
    option("--only", nargs="+", type=int, default=[1, 2], metavar="SEED", help="default 1 2")
    text = "measure the float network at all combinations of 2 to 6 bits a stage, untrained; some ten minutes"
    verb("grid", measure_table, text)
    text = "measure how much the loss rises where one layer is rounded alone, untrained; some ten minutes"
    verb("sensitivity", measure_table, text)


def _declare_looking(verb):
    text = "say what of CIFAR-10 is there and what it is worth, or get it"
    option = verb("data", get_data, text, data=False)
    choice = option.__self__.add_mutually_exclusive_group()
    choice.add_argument("--download", action="store_true", help="fetch it; where a download broke off, go on there")
    choice.add_argument("--from", dest="source", metavar="FILE", help="take it from a tar.gz, an npz or a folder")
    choice.add_argument("--pack", metavar="FILE", help="write what is there as one npz, to hand on")
    option("--mirror", action="append", metavar="URL", help="ask this one; may be repeated")
    option("--root", metavar="FOLDER", help="where it goes and is looked for first (default: data/)")
    option = verb("doctor", examine, "say in one line each what is fine on this computer and what to do", data=False)
    option("--deep", action="store_true", help="check every image and measure every network, in minutes")
    text = "look at your notebooks, say a line for each, and pack them into hand-in.zip"
    option = verb("hand-in", hand_in, text, data=False)
    option("--take", action="append", default=[], metavar="NAME", help="of copies of a lab, this one; may be repeated")
    text = "make one page of your notebooks to print or hand in, report.html, and a PDF where a browser is installed"
    option = verb("report", report, text, data=False)
    option("labs", nargs="*", metavar="LAB", help="these, as in 01 02, or files; default: all")
    option("--checks", action="store_true", help="show the checks as well")
    option("--out", metavar="FILE", help="where it goes (default: report.html in this folder)")


def verbs(parser):
    """Declare all verbs: for each its help, what runs it, and its options. Return of each whether the help shows it."""
    subparsers, known = parser.add_subparsers(dest="verb", required=True, metavar="VERB"), {}
    rooms = [room for room in ROOMS if Path(__file__).with_name(room).is_dir()]  # which no student's bundle has

    def verb(name, run, text, data=True, epochs=None, seed=False):
        known[name] = bool(rooms) or name not in MAINTAINERS
        command = subparsers.add_parser(name, **({"help": text} if known[name] else {}), description=text)
        command.set_defaults(run=run)
        if data:
            command.add_argument("--data", default=None, help="cifar10 or shapes10 (default: as the labs choose)")
        if epochs:
            command.add_argument("--epochs", type=command_line.parse_count, default=epochs, help=f"default {epochs}")
        if seed:
            command.add_argument("--seed", type=int, default=0, help="default 0")
        return command.add_argument

    _declare_tasks(verb)
    _declare_measuring(verb)
    _declare_looking(verb)
    for room in rooms:
        importlib.import_module(f".{room}.verbs", __package__).declare(verb)
    return known


def main(words=None):
    """Run one verb; return the exit status: 0, 1 where it failed or found something to mend, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m labutils", description=__doc__.splitlines()[0])
    known, words = verbs(parser), sys.argv[1:] if words is None else words
    if words and not words[0].startswith("-") and words[0] not in known:
        shown = [name for name, is_shown in known.items() if is_shown]
        near = ", ".join(difflib.get_close_matches(words[0], shown, 1)) or ", ".join(shown)
        print(f"labutils: expected a verb, such as {near}; found {words[0]!r}; --help says them all", file=sys.stderr)
        return 2
    arguments = parser.parse_args(words)
    arguments.words = words
    try:
        return arguments.run(arguments) or 0
    except (ValueError, OSError) as error:
        print(f"labutils: {error}", file=sys.stderr)
        return 1
    except PyTorchMissing as error:
        print(f"labutils: {arguments.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if arguments.run in (train, anneal, measure_table):
            goes_on = "; the same command goes on from the last finished epoch"
        else:
            resumes = getattr(arguments, "download", False) or arguments.verb == "grade"
            goes_on = "; the same command goes on there" if resumes else ""
        print(f"labutils: stopped{goes_on}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
