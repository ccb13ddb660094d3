"""The published months and the edition of each: the links in a folder, read again when one of them has changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path

_PREFIX = "as_of="
_FOLDERS_IN_MEMORY = 16
_CLOCK_TICK_NS = 1_000_000_000
"""Minimum age of the folder's ctime before its listing is cached: within a tick of the file system's clock, a later
change gives no other time."""


def published_editions(folder: Path) -> Mapping[date, Path]:
    """The folder of each month's published edition, by month end, the newest first; empty where there is no folder."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        return {}
    if time.time_ns() - status.st_ctime_ns < _CLOCK_TICK_NS:
        return _read_links(folder)
    return _cached_links(folder, status.st_ino, status.st_ctime_ns)


@lru_cache(_FOLDERS_IN_MEMORY)
def _cached_links(folder: Path, *_: int) -> Mapping[date, Path]:
    """The links of a folder with these inode and ctime; adding, replacing or removing an entry changes the ctime."""
    return _read_links(folder)


def _read_links(folder: Path) -> Mapping[date, Path]:
    """The links by day; what is no link to an edition, or has no day in its name, is passed over."""
    links = dict[date, Path]()
    for path in folder.glob(f"{_PREFIX}*"):
        with suppress(ValueError):
            if path.is_symlink():
                links[date.fromisoformat(path.name.removeprefix(_PREFIX))] = path
    return {day: links[day].resolve().parent for day in sorted(links, reverse=True)}
