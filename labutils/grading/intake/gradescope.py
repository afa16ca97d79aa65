"""Gradescope's export: `submission_ID/...`, and `submission_metadata.yml` with the names of who submitted."""

import re
from pathlib import Path

from .notebooks import listing, mapping
from .owner import Owner

NAMED = re.compile(r"(?:^|.*?/)submission_(?P<id>\d+)/(?P<file>.*)")
METADATA = "submission_metadata.yml"
MOST_BYTES = 20_000_000


def owner(path):
    """Return the `Owner` of a file by its path in the export, or None where Gradescope did not name it."""
    found = NAMED.fullmatch(path)
    return Owner(found["id"], f"submission {found['id']}", found["file"]) if found else None


def named(folder, owners):
    """Return {path: `Owner`} with the names of who submitted, those among them too of whom there is no file.

    Parameters: folder, of the export; owners, {path: `Owner`, or None where a file is not Gradescope's}.
    """
    owners = dict(owners)
    for metadata in [path for path in owners if path.rpartition("/")[2] == METADATA]:
        said = names(Path(folder, metadata))
        known = {owner.id for owner in owners.values() if owner}
        for path, owner in owners.items():
            owners[path] = owner and owner._replace(name=said.get(owner.id, owner.name))
        for id in said.keys() - known:
            owners[f"{metadata}/{id}"] = Owner(id, said[id], "")
    return owners


def names(file):
    """Return {submission's id: names of its submitters}, as the export's metadata say; {} where they are broken.

    Who has no name there is called by the student's number, or the address.
    """
    import yaml

    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            content = mapping(yaml.load(opened.read(MOST_BYTES), Loader=_plain_loader()))
    except (OSError, yaml.YAMLError, RecursionError, ValueError, TypeError):
        return {}
    said = {
        str(key).removeprefix("submission_"): [
            _called(mapping(one)) for one in listing(mapping(entry).get(":submitters"))
        ]
        for key, entry in content.items()
    }
    return {id: " and ".join(filter(None, people)) for id, people in said.items() if any(people)}


def _called(said):
    return next((str(said[key]) for key in (":name", ":sid", ":email") if said.get(key)), "")


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
