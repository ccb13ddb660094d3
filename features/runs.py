"""The run ledger: who ran what, when, how long it took, and what was refused; a line is added and never changed."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from features.messages import Words

FILE = "runs.jsonl"


@dataclass(frozen=True)
class Run:
    """One run of a command. at: when it began, ISO with zone. outcome: done, refused or failed. told: what it was
    asked and what it found, by name. refused: the words of a refusal."""

    at: str
    by: str
    what: str
    outcome: str
    seconds: float
    told: Mapping[str, Any]
    refused: Words | None = None


@dataclass(frozen=True)
class Runs:
    """The runs of a data folder, oldest first; unreadable: lines that a power cut has left torn."""

    runs: tuple[Run, ...]
    unreadable: int


def record(data: Path, run: Run) -> None:
    """Add a line, on the disk when it returns; a folder that does not take it keeps no ledger of it.

    A run that could not be recorded has still been done: what the disk says is not raised over it.
    """
    line = json.dumps(asdict(run), ensure_ascii=False)
    try:
        data.mkdir(parents=True, exist_ok=True)
        with (data / FILE).open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            torn = file.seek(0, os.SEEK_END) and not _ends_a_line(file.fileno())
            file.write((("\n" if torn else "") + line + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return


def _ends_a_line(file: int) -> bool:
    return os.pread(file, 1, os.lseek(file, 0, os.SEEK_END) - 1) == b"\n"


def runs_in(data: Path) -> Runs:
    """The run ledger of a data folder; a torn line is counted, not read."""
    path = data / FILE
    lines = path.read_bytes().splitlines() if path.exists() else []
    runs = [run for line in lines if (run := _run_in(line))]
    return Runs(tuple(runs), len(lines) - len(runs))


def _run_in(line: bytes) -> Run | None:
    try:
        stored = json.loads(line)
        refused = Words(**stored["refused"]) if stored["refused"] else None
        return Run(**{**stored, "refused": refused})
    except (ValueError, TypeError, KeyError):
        return None
