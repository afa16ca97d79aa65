"""The command line: `python -m labutils VERB`. Each verb says what it does and ends with one line."""

import argparse
import difflib
import importlib
import sys
from pathlib import Path

from . import PyTorchMissing, files

ROOMS = ("maintenance", "grading")  # with verbs of their own


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

    if not install.is_here():
        return install.hand_over(arguments.words)
    install.install(arguments.extras, arguments.torch, arguments.labs == "all")
    if arguments.verb == "lab":
        return tasks.lab(tasks.LIST if arguments.labs == "all" else tasks.LAB_1)
    if arguments.verb == "test":
        return tasks.test(arguments.files, arguments.marks)
    print(f"{sys.prefix}: all is installed")


def _declare_install(option, extras=()):
    """Declare what a verb that `run_task` runs may install."""
    option("--with", dest="extras", nargs="+", default=extras, metavar="EXTRA", help="of pyproject.toml")
    option("--labs", choices=("1", "all"), default="all", help="1: labs 01 to 05 alone, without PyTorch")
    text = "its build, for the processor, for CUDA or as PyPI has it (default: what fits this computer)"
    option("--torch", choices=("auto", "cpu", "cuda", "default"), default="auto", help=text)


def _declare_tasks(verb):
    text = "open the labs in JupyterLab; what is not yet installed is installed before"
    _declare_install(verb("lab", run_task, text))
    text = "install what the labs need: into .venv, or where they are"
    _declare_install(verb("install", run_task, text))
    if (files.REPOSITORY / "tests").is_dir():  # which no student's bundle has
        test = verb("test", run_task, "run the test suite, notebooks included")
        test("files", nargs="*", metavar="FILE", help="these files or folders alone")
        test("--marks", default="not slow", help='which tests, as of pytest -m; "" for all (default: not slow)')
        _declare_install(test, ["grade", "dask", "maintain", "test"])


def _declare_looking(verb):
    text = "say what of CIFAR-10 is there and what it is worth, or get it"
    option = verb("data", get_data, text, goes_on="there")
    choice = option.__self__.add_mutually_exclusive_group()
    choice.add_argument("--download", action="store_true", help="fetch it; where a download broke off, go on there")
    choice.add_argument("--from", dest="source", metavar="FILE", help="take it from a tar.gz, an npz or a folder")
    choice.add_argument("--pack", metavar="FILE", help="write what is there as one npz, to hand on")
    option("--mirror", action="append", metavar="URL", help="ask this one; may be repeated")
    option("--root", metavar="FOLDER", help="where it goes, or lies (default: $LABUTILS_DATA, else data/)")
    option = verb("doctor", examine, "say in one line each what is fine on this computer and what to do")
    option("--deep", action="store_true", help="check every image and measure every network, in minutes")
    text = "look at your notebooks, say a line for each, and pack them into hand-in.zip"
    option = verb("hand-in", hand_in, text)
    option("--take", action="append", default=[], metavar="NAME", help="of copies of a lab, this one; may be repeated")
    text = "make one page of your notebooks to print or hand in, report.html, and a PDF where a browser is installed"
    option = verb("report", report, text)
    option("labs", nargs="*", metavar="LAB", help="these, as in 01 02, or files; default: all")
    option("--checks", action="store_true", help="show the checks as well")
    option("--out", metavar="FILE", help="where it goes (default: report.html in this folder)")


def verbs(parser):
    """Declare all verbs: for each its help, the function that runs it, and its options; return their names."""
    subparsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    rooms = [room for room in ROOMS if (files.PACKAGE / room).is_dir()]  # which no student's bundle has

    def verb(name, run, text, goes_on=None):
        command = subparsers.add_parser(name, help=text, description=text)
        command.set_defaults(run=run, goes_on=goes_on)
        return command.add_argument

    _declare_tasks(verb)
    _declare_looking(verb)
    for room in rooms:
        importlib.import_module(f".{room}.verbs", __package__).declare(verb)
    return list(subparsers.choices)


def main(words=None):
    """Run one verb; return the exit status: 0, 1 where it failed or found something to mend, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m labutils", description=__doc__.splitlines()[0])
    known, words = verbs(parser), sys.argv[1:] if words is None else words
    if words and not words[0].startswith("-") and words[0] not in known:
        near = ", ".join(difflib.get_close_matches(words[0], known, 1) or known)
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
        where = arguments.goes_on if getattr(arguments, "download", True) else None
        print(f"labutils: stopped{f'; the same command goes on {where}' if where else ''}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
