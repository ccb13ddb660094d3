"""The format of what is stored: a ledger, an edition and a model bundle each carry the version of their form."""

from __future__ import annotations

import json
from pathlib import Path

from features.atomic_files import write_text
from features.messages import UserError
from features.stored_files import read_stored_json

FORMAT_FILE = "format.json"
"""The file of a folder that says its format."""
UNMARKED_FORMAT = 1
"""The format of folders that do not say one: those of releases up to 0.2.0."""


def stored_format(folder: Path) -> int:
    """The format that a folder says; UNMARKED_FORMAT where it says none.

    Raises UserError where its FORMAT_FILE is damaged.
    """
    path = folder / FORMAT_FILE
    return read_stored_json(path, lambda stored: int(stored["format"])) if path.exists() else UNMARKED_FORMAT


def write_format(folder: Path, written: int) -> None:
    """Write into a folder which format it has.

    >>> from features.stored_format import stored_format, write_format
    >>> stored_format(tmp)
    1
    >>> write_format(tmp, 2)
    >>> stored_format(tmp)
    2
    """
    write_text(json.dumps({"format": written}), folder / FORMAT_FILE)


def check_format(found: int, newest: int, path: Path) -> None:
    """Refuse what a newer release has stored, which this one could misread.

    found: the format that is stored. newest: the last that this release reads. path: of what is read.

    Raises UserError where `found` is newer.
    """
    if found > newest:
        raise UserError(
            f"{path} 由更新版本的程序写入（格式 {found}，本程序最高可读 {newest}）；请安装该版本的程序，或恢复旧备份。",
            f"{path} was written by a newer release (format {found}; this one reads up to {newest}): "
            "install that release, or restore an older backup.",
        )
