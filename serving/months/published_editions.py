"""Which months are published, each by which edition: the links in a folder, read again once one has changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

_PREFIX = "as_of="
_FOLDERS_KEPT = 16
_TICK_NS = 1_000_000_000
"""More than a file system's clock needs to go on: a folder changed since may change again unseen."""


def listed(folder: Path) -> Mapping[date, Path]:
    """By day, newest first, the folder of the edition that its link leads into; empty where there is no folder."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return {}
    if time.time_ns() - found.st_ctime_ns < _TICK_NS:
        return _read(folder)
    return _kept(folder, found.st_ino, found.st_ctime_ns)


@lru_cache(_FOLDERS_KEPT)
def _kept(folder: Path, *_: int) -> Mapping[date, Path]:
    """An entry that is put in a folder, replaced or taken out changes the folder's time."""
    return _read(folder)


def _read(folder: Path) -> Mapping[date, Path]:
    links = {date.fromisoformat(path.name.removeprefix(_PREFIX)): path for path in folder.glob(f"{_PREFIX}*")}
    return {day: links[day].resolve().parent for day in sorted(links, reverse=True)}
