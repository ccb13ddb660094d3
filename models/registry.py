"""The model store: exported bundles, and the append-only history of which model had which alias when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from features.atomic_files import append_line
from features.messages import UserError
from features.stored_files import read_stored
from models.bundle import Bundle, read

TABLES = "tables"
"""The folder of pattern tables beside the bundles; it can be deleted at any time."""


class ModelStore:
    """The exported bundles under one folder, `<number>/`, and `history.jsonl`: who gave which alias when and why."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def history(self) -> list[Mapping[str, object]]:
        """Every change of alias, oldest first.

        Raises UserError where a line is damaged; a last line that a power cut has torn never took effect.
        """
        path = self.folder / "history.jsonl"
        return read_stored(path, _parse_history) if path.exists() else []

    def number_of(self, alias: str) -> int | None:
        """The number of the model that has an alias now; None where no model has it."""
        numbers = [entry["number"] for entry in self.history if entry["alias"] == alias]
        return int(str(numbers[-1])) if numbers else None

    @property
    def champion(self) -> Bundle | None:
        """The model in use; None before the first."""
        number = self.number_of("champion")
        return None if number is None else self.bundle(number)

    @property
    def number_in_shadow(self) -> int | None:
        """The challenger of a store that never had a champion: it scores beside the rules and moves no light."""
        return self.number_of("challenger") if self.number_of("champion") is None else None

    @property
    def in_use(self) -> Bundle | None:
        """The model that scores: the champion, or the challenger in shadow; None where there is neither."""
        number = self.number_of("champion") or self.number_in_shadow
        return None if number is None else self.bundle(number)

    def bundle(self, number: int) -> Bundle:
        """The exported model of a number.

        Raises UserError where there is none, or where it cannot be read.
        """
        folder = self.folder / str(number)
        if not folder.is_dir():
            there = sorted((int(path.name) for path in self.folder.glob("[0-9]*")), reverse=True)
            raise UserError(f"没有模型 {number}；现有：{there}", f"There is no model {number}; there are {there}.")
        return read(folder, self.folder / TABLES)

    def record(self, entry: Mapping[str, object]) -> None:
        """Append one line to the history and sync it to disk."""
        append_line(self.folder / "history.jsonl", json.dumps(entry, ensure_ascii=False))


def _parse_history(text: str) -> list[Mapping[str, object]]:
    *lines, torn = text.split("\n")
    entries = [json.loads(line) for line in lines if line]
    with suppress(ValueError):
        entries += [json.loads(torn)]
    return [{**entry, "alias": entry["alias"], "number": entry["number"]} for entry in entries]
