"""Puts together what one student handed in to several downloads, and tells students of one name apart."""

from collections import Counter


def together(downloads):
    """Return one list of `Found` of several downloads, [[Found, ...], ...]: each student once, the names told apart.

    A student is known by the id where it is the same in all downloads of the system, else by the name where only one
    student of a download has it.
    """
    merged = {}
    for number, found in enumerate(downloads):
        called = Counter(one.name for one in found)
        for one in found:
            alone = (one.name,) if called[one.name] == 1 else (number, one.id, one.name)
            merged.setdefault(("id", one.id) if one.lasts else alone, []).append(one)
    whole = [_merged(several) for several in merged.values()]
    called = Counter(one.name for one in whole)
    return [one._replace(name=f"{one.name} ({one.id})") if called[one.name] > 1 and one.id else one for one in whole]


def _merged(several):
    """Return one `Found` of those of one student."""
    first, files, folders, odd, typed = several[0], {}, [], [], []
    for number, one in enumerate(several):
        files |= {f"{number}/{name}" if name in files else name: path for name, path in one.files.items()}
        folders, odd, typed = [*folders, *one.folders], [*odd, *one.odd], [*typed, *one.typed]
    late = next((word for word in (True, None) if word in [one.late for one in several]), False)
    again = any(one.again for one in several)
    return first._replace(late=late, again=again, files=files, folders=folders, odd=odd, typed=typed)
