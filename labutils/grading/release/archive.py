"""Packs files so that the bytes of a zip depend on nothing but what is in it, and when it is made least of all."""

import io
import zipfile

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the time of every file in the zip; it knows no earlier one


def pack(files, below="", executable=()):
    """Return the bytes of a zip of {name: bytes}.

    Nothing is compressed, for that differs between versions of zlib. Parameters: below, what stands in front of each
        name, "folder/"; executable, the names of programs.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(f"{below}{name}", EARLIEST)
            mode = 0o100755 if name in executable else 0o100644
            entry.create_system, entry.external_attr = 3, mode << 16  # Unix, whatever this computer is
            archive.writestr(entry, data)
    return buffer.getvalue()
