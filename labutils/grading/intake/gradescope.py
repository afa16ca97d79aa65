"""Gradescope's export: `submission_ID/...`, and `submission_metadata.yml` with the names of who submitted."""

import re

from .owner import Owner

NAMED = re.compile(r"(?:^|.*?/)submission_(?P<id>\d+)/(?P<file>.*)")
METADATA = "submission_metadata.yml"
MOST_BYTES = 20_000_000


def owner(path):
    """Return the `Owner` of a file by its path in the export, or None where Gradescope did not name it."""
    found = NAMED.fullmatch(path)
    return Owner(found["id"], f"submission {found['id']}", found["file"]) if found else None


def names(file):
    """Return {submission's id: names of its submitters}, as the export's metadata say; {} where they are broken."""
    import yaml

    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            content = yaml.load(opened.read(MOST_BYTES), Loader=_plain_loader())
        return {
            str(key).removeprefix("submission_"): " and ".join(str(one[":name"]) for one in entry[":submitters"])
            for key, entry in content.items()
            if entry.get(":submitters")
        }
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, RecursionError):
        return {}


def _plain_loader():
    import yaml

    class Plain(yaml.SafeLoader):
        """Reads Ruby's tagged values as what they hold, and makes no object."""

    def value(loader, _, node):
        kinds = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
        return kinds.get(type(node), loader.construct_mapping)(node)

    Plain.add_multi_constructor("!", value)
    Plain.add_multi_constructor("tag:", value)
    return Plain
