"""The maintainers' verb of the command line."""


def declare(verb):
    """Declare the verb, as `__main__.verbs` does."""
    text = "measure what the labs take on this computer, beside what students would use otherwise"
    option = verb("bench", measure, text, data=False)
    option("--quick", action="store_true", help="about a minute on two quiet cores")
    text = "instead, fine-tune in bfloat16 and in float32 from three seeds, and compare: half an hour"
    option("--accuracy", dest="kind", action="store_const", const="accuracy", help=text)
    text = "instead, time training to the homework's accuracies beside its loop, from three seeds: an hour or two"
    option("--to-accuracy", dest="kind", action="store_const", const="to_accuracy", help=text)


def measure(arguments):
    """Measure what the labs take on this computer; a missed target is said in the table and is no failure."""
    from .bench import report

    kinds = {"accuracy": report.report_accuracy, "to_accuracy": report.report_to_accuracy, None: report.report}
    kinds[arguments.kind](arguments.quick)
