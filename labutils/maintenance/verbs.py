"""The maintainers' verbs of the command line: they train what is kept, measure what is kept, and time the labs."""

from ..command_line import parse_bits, parse_count


def declare(verb):
    """Declare the verbs, as `__main__.verbs` does."""
    _declare_training(verb)
    text = "measure what the labs take on this computer, beside what students would use otherwise"
    option = verb("bench", bench, text)
    option("--quick", action="store_true", help="about a minute on two quiet cores")
    text = "instead, fine-tune in bfloat16 and in float32 from three seeds, and compare: half an hour"
    option("--accuracy", dest="kind", action="store_const", const="accuracy", help=text)
    text = "instead, time training to the homework's accuracies beside its loop, from three seeds: an hour or two"
    option("--to-accuracy", dest="kind", action="store_const", const="to_accuracy", help=text)


def _declare_training(declare):
    def verb(name, run, text, epochs=None, seed=False):
        option = declare(name, run, text, goes_on="from the last finished epoch")
        option("--data", help="cifar10 or shapes10 (default: as the labs choose)")
        if epochs:
            option("--epochs", type=parse_count, default=epochs, help=f"default {epochs}")
        if seed:
            option("--seed", type=int, default=0, help="default 0")
        return option

    pretrain = verb("pretrain", train, "train the float network from scratch", epochs=200, seed=True)
    pretrain("--restart", action="store_true", help="train the kept network on: a warm restart")
    text = "fine-tune the float network at fewer bits by the homework's recipe"
    finetune = verb("finetune", train, text, epochs=10, seed=True)
    finetune("--bits", type=parse_bits, required=True, help="bits per stage: 4,4,2, or 4 for all")
    for option in (pretrain, finetune):
        option("--batch", type=parse_count, help="images a step (default: the recipe's)")
        option("--learning-rate", type=float, help="default: the recipe's")
    text = "train the float network on at few bits, or with few weights, by a recipe of lab 08"
    option = verb("anneal", anneal, text, epochs=20, seed=True)
    text = "per stage: 4,4,2, or 2 for all; on average, float layers included, if allocated; leave it out to prune only"
    option("--bits", type=parse_bits, help=text)
    text = (
        "annealed (the homework's range), learned, ternary, binary, allocated, pruned, gradual, gradual90, gradual95, "
        "gradual98; see few_bits/recipes.py"
    )
    option("--recipe", required=True, help=text)
    _declare_measuring(verb)


def _declare_measuring(verb):
    text = "measure what each knob of those recipes is worth, at 2 bits, on training images that are held out"
    option = verb("knobs", measure_table, text, epochs=4)
    option("--only", nargs="+", metavar="RECIPE", help="these; default: the homework's and all others")
    text = "measure how far one of those recipes comes from other seeds; their networks are not kept"
    option = verb("seeds", measure_table, text, epochs=15)
    option("--recipe", default="learned", help="default: learned")
    option("--bits", type=parse_bits, default=(2, 2, 2), help="default: 2")
    option("--only", nargs="+", type=int, default=[1, 2], metavar="SEED", help="default 1 2")
    text = "repeat the homework's six fine-tunings from other seeds, and keep what they predict; hours"
    option = verb("repeats", measure_table, text)
    option("--bits", type=parse_bits, help="one of them alone: 4,4,2, or 4 for all")
    option("--only", nargs="+", type=int, default=[1, 2], metavar="SEED", help="default 1 2")
    text = "measure the float network at all combinations of 2 to 6 bits a stage, untrained; some ten minutes"
    verb("grid", measure_table, text)
    text = "measure how much the loss rises where one layer is rounded alone, untrained; some ten minutes"
    verb("sensitivity", measure_table, text)


def train(arguments):
    """Pretrain the float network, or fine-tune it at the bits given; resume where a run was interrupted."""
    from ..networks import training
    from . import kept_networks

    bits, restart = getattr(arguments, "bits", None), getattr(arguments, "restart", False)
    asked = {name: getattr(arguments, name) for name in ("epochs", "seed", "batch", "learning_rate")}
    kind = training.Cosine if bits is None else training.Recipe
    recipe = kind(**{name: value for name, value in asked.items() if value is not None})
    kept_networks.train(arguments.data, recipe, bits, restart)


def anneal(arguments):
    """Train the float network on by a recipe of lab 08, and keep it."""
    from . import kept_networks

    kept_networks.anneal(arguments.data, arguments.recipe, arguments.bits, arguments.epochs, arguments.seed)


def measure_table(arguments):
    """Measure the table that the verb names, and keep it."""
    from .measuring import commands

    getattr(commands, arguments.verb)(arguments)


def bench(arguments):
    """Measure what the labs take on this computer; a missed target is said in the table and is no failure."""
    from .bench import report

    kinds = {"accuracy": report.report_accuracy, "to_accuracy": report.report_to_accuracy, None: report.report}
    kinds[arguments.kind](arguments.quick)
