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
        said = submitters(Path(folder, metadata))
        known = {owner.id for owner in owners.values() if owner}
        for path, owner in owners.items():
            owners[path] = owner and _with(owner, said.get(owner.id))
        for id in said.keys() - known:
            owners[f"{metadata}/{id}"] = _with(Owner(id, "", ""), said[id])
    return owners


def _with(owner, people):
    """Return an `Owner` who is called as its submitters are: each by the name, else by the number, or the address."""
    called = " and ".join(next(filter(None, one)) for one in people or ())
    return owner._replace(name=called, members=people) if called else owner


def submitters(file):
    """Return {submission's id: ((name, number, address), ...)} as the metadata say; {} where they are broken."""
    import yaml

    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            content = mapping(yaml.load(opened.read(MOST_BYTES), Loader=_plain_loader()))
    except (OSError, yaml.YAMLError, RecursionError, ValueError, TypeError):
        return {}
    found = {}
    for key, entry in content.items():
        people = [_plain(one) for one in listing(_plain(entry).get("submitters"))]
        people = [tuple(str(one.get(part) or "") for part in ("name", "sid", "email")) for one in people]
        found[str(key).removeprefix("submission_")] = tuple(filter(any, people))
    return {id: people for id, people in found.items() if people}


def _plain(said):
    """Return a mapping without the colons of Ruby's symbols in its keys."""
    return {str(key).lstrip(":"): value for key, value in mapping(said).items()}


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
