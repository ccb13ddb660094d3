"""Saved ends of the audit chain, files of the data folder: a copy kept elsewhere shows whether entries were cut off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from features.atomic_files import write_text
from features.stored_files import read_stored_json

HEADS_FOLDER = "audit_heads"


@dataclass(frozen=True)
class Head:
    """Number and hash of the last entry."""

    number: int
    hash: str


@dataclass(frozen=True)
class SavedHead(Head):
    """A head as it was saved. on: the day; None for files of earlier programs."""

    on: date | None = None


def save_head(head: Head, folder: Path, name: str, on: date) -> Path:
    """Write the end of the chain to a file of the data folder, in place of an earlier one of this name.

    Args:
        head: the last entry.
        folder: the data folder.
        name: of the file, such as `day-2026-01-31`.
        on: the day.
    """
    path = folder / HEADS_FOLDER / f"{name}.json"
    write_text(json.dumps({"number": head.number, "hash": head.hash, "on": on.isoformat()}), path)
    return path


def save_day_head(head: Head, folder: Path, on: date) -> None:
    """Write the end of the chain as the day's."""
    save_head(head, folder, f"day-{on}", on)


def has_day_head(folder: Path, on: date) -> bool:
    """Whether the end of the chain was saved on a day."""
    return (folder / HEADS_FOLDER / f"day-{on}.json").exists()


def has_day_heads(folder: Path) -> bool:
    """Whether the end of the chain was ever saved as a day's, which programs before the keyed chain did not do.

    No file is read: a damaged one keeps nobody from working, and `saved_heads` tells it.
    """
    return any((folder / HEADS_FOLDER).glob("day-*.json"))


def saved_heads(folder: Path, copies: Path | None = None) -> list[SavedHead]:
    """The saved ends of the chain, by file name.

    Args:
        folder: the data folder.
        copies: a folder with copies of its `audit_heads`, kept elsewhere; None for none.

    Raises:
        UserError: a file is damaged; the message names it.
    """
    paths = sorted((folder / HEADS_FOLDER).glob("*.json")) + (sorted(copies.glob("*.json")) if copies else [])

    def head(stored: Mapping[str, Any]) -> SavedHead:
        on = stored.get("on")
        return SavedHead(int(stored["number"]), str(stored["hash"]), date.fromisoformat(on) if on else None)

    return [read_stored_json(path, head) for path in paths]
