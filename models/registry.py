"""Which model is champion and which was when: a log that is only added to, beside the exported bundles."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from features.messages import Refused
from models.bundle import Bundle, read


class Models:
    """The exported bundles under one folder, `<number>/`, and `history.jsonl` with who was crowned when and why."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def history(self) -> list[Mapping[str, object]]:
        """Every change of alias, oldest first."""
        path = self.folder / "history.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def holder(self, alias: str) -> int | None:
        """The number of the model that holds an alias now."""
        held = [entry["number"] for entry in self.history if entry["alias"] == alias]
        return int(str(held[-1])) if held else None

    @property
    def champion(self) -> Bundle | None:
        """The model in use; None while there is none."""
        number = self.holder("champion")
        return None if number is None else self.numbered(number)

    def numbered(self, number: int) -> Bundle:
        """Raises Refused where no such model was exported."""
        folder = self.folder / str(number)
        if not folder.is_dir():
            there = sorted((int(path.name) for path in self.folder.glob("[0-9]*")), reverse=True)
            raise Refused(f"没有模型 {number}; 现有: {there}", f"There is no model {number}; there are {there}.")
        return read(folder)

    def record(self, entry: Mapping[str, object]) -> None:
        """Add one line to the history, on disk before it counts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
