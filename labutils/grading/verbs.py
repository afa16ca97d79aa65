"""The instructor's verbs of the command line."""

import os
import signal
from pathlib import Path

from .. import files
from ..command_line import parse_count
from .gradebook.exports import SYSTEMS


def declare(verb):
    """Declare the verbs, as `__main__.verbs` does."""
    text = "grade a folder of submissions: by running them again, or with --stored by their outputs alone, a preview"
    option = verb("grade", grade, text, goes_on="there")
    text = "what a course system delivers, or a folder or a zip for each student; several of them are put together"
    option("submissions", metavar="SUBMISSIONS", nargs="+", help=text)
    option("--stored", action="store_true", help="read the stored outputs and run nothing")
    option("--out", default="build/grades", metavar="FOLDER", help="for the results (default: build/grades)")
    option("--jobs", type=parse_count, metavar="N", help="how many at a time (default: one per core)")
    option("--seconds", type=parse_count, metavar="N", help="what each notebook may take (default: 120)")
    isolation = option.__self__.add_mutually_exclusive_group().add_argument
    isolation("--no-isolation", action="store_true", help="run where there are no namespaces, at your own risk")
    isolation("--require-isolation", action="store_true", help="refuse to run without it, which is the default")
    option("--question", metavar="ID", help="grade this one anew, and take the results of the others as they are kept")
    option("--again", metavar="STUDENT", help='grade this one anew, or those that "failed"')
    option("--dask", metavar="ADDRESS", help="send the work to this Dask scheduler")
    text = 'what lateness costs: "10 %% a day", "5 points a day, at most 20 points"; shown apart from the points'
    option("--late", metavar="RULE", help=text)
    option("--export", choices=SYSTEMS, help="write the files besides that this course system takes back")
    option("--roster", metavar="FILE", help="the course system's own list of people, for the ids that it wants")
    option("--assignment", metavar="TITLE", help="what the assignment is called there")
    text = "export those too whose written answers wait for points"
    option("--partial", action="store_true", help=text)
    option("--export-code", action="store_true", help="write the answers in code besides, for Dolos or JPlag")
    text = "make the student's bundle: notebooks without solutions, labutils, networks, as a folder and a zip"
    option = verb("release", make_release, text)
    option("folder", nargs="?", metavar="FOLDER", help="where it goes (default: build/release, or build/gradescope)")
    text = (
        "where you put the bundle on GitHub, OWNER/NAME or OWNER/NAME@BRANCH: adds links to Colab, Binder, Codespaces"
    )
    option("--repository", metavar="NAME", help=text)
    text = "make the autograder for Gradescope in place of the bundle; it holds the solutions"
    option("--gradescope", action="store_true", help=text)
    text = "leave out AGENTS.md, which asks AI tools to explain and not to answer"
    option("--no-agents", action="store_true", help=text)


def grade(arguments):
    """Grade what students handed in, by running it again or by its stored outputs; write the results."""
    from . import course
    from .gradebook import gradebook, late
    from .gradebook.exports import systems

    out, rule = Path(arguments.out), None if arguments.late is None else late.Rule(arguments.late)
    roster = Path(arguments.roster) if arguments.roster else None
    systems.check(arguments.export, roster, arguments.assignment)
    running = {name: getattr(arguments, name) for name in ("jobs", "dask", "seconds", "again", "question")}
    if arguments.stored and (any(running.values()) or arguments.no_isolation or arguments.require_isolation):
        raise ValueError("--stored: expected no option for running beside it, found one; leave one of them out")
    if not (arguments.stored or hasattr(os, "fork")):
        raise ValueError("grade: expected Linux or macOS to run students' code, found Windows; use WSL, or --stored")
    running |= {"jobs": arguments.jobs or os.cpu_count() or 1, "isolated": not arguments.no_isolation}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    running = None if arguments.stored else running
    print(gradebook.grade([*map(Path, arguments.submissions)], out, running, rule, arguments.export_code))
    if arguments.export:
        questions = course.questions()
        folder = gradebook.place(out, running)
        lines = systems.export(folder, arguments.export, questions, roster, arguments.assignment, arguments.partial)
        lines += ["labutils: these are a preview's points, for nothing was run"] * arguments.stored
        print("\n".join(lines))


def make_release(arguments):
    """Make the student's bundle: notebooks without solutions, a folder and a zip."""
    from .release import autograder_zip, bundle

    if arguments.gradescope:
        path = autograder_zip.release(arguments.folder or files.REPOSITORY / "build/gradescope", files.REPOSITORY)
        print(
            f"{path}: {path.stat().st_size / 1e6:.1f} MB for Gradescope; it holds the solutions, and is for no student"
        )
        return
    options = {"repository": arguments.repository, "agents": not arguments.no_agents}
    path = bundle.release(arguments.folder or files.REPOSITORY / "build/release", files.REPOSITORY, **options)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB for students, every solution taken out")
