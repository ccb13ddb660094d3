"""The published months and the edition of each: the links in a folder, read again when one of them has changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path

from features.months import month_end

_MONTH_PREFIX = "month="
OLD_PREFIX = "as_of="
"""Version 0.1 named a month's folders by its month end; `lights score` renames them (serving.batch.old_months)."""
_FOLDERS_IN_MEMORY = 16
_CLOCK_TICK_NS = 1_000_000_000
"""Minimum age of the folder's ctime before its listing is cached: within a tick of the file system's clock, a later
change gives no other time."""


def month_folder_name(as_of: date) -> str:
    """The name of a month's folder, `month=YYYY-MM`: programs that read folders as columns find no column of a file.

    as_of: the month end.
    """
    return f"{_MONTH_PREFIX}{as_of:%Y-%m}"


def month_end_in(name: str) -> date:
    """The month end that a month's folder is named by, `month=2025-12` or as version 0.1 did, `as_of=2025-12-31`.

    Raises ValueError for any other name.
    """
    if name.startswith(OLD_PREFIX):
        return date.fromisoformat(name.removeprefix(OLD_PREFIX))
    return month_end(date.fromisoformat(f"{name.removeprefix(_MONTH_PREFIX)}-01"))


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
    """The links by month end; what is no link to an edition, or has no month in its name, is passed over."""
    links = dict[date, Path]()
    for path in (*folder.glob(f"{OLD_PREFIX}*"), *folder.glob(f"{_MONTH_PREFIX}*")):
        with suppress(ValueError):
            if path.is_symlink():
                links[month_end_in(path.name)] = path
    return {day: links[day].resolve().parent for day in sorted(links, reverse=True)}
