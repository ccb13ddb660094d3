"""The run log (`runs.jsonl`): who ran which command, when, how long it took and how it ended; lines are only added."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from features.atomic_files import append_line
from features.messages import Bilingual

RUNS_FILE = "runs.jsonl"


@dataclass(frozen=True)
class Run:
    """One run of a command; the fields are the keys of its line.

    at: when it began, ISO 8601 with the zone. by: user of the operating system. what: the command. outcome: done,
    refused or failed. told: parameters and results by name. refused: the message of the error that ended it.
    """

    at: str
    by: str
    what: str
    outcome: str
    seconds: float
    told: Mapping[str, Any]
    refused: Bilingual | None = None


@dataclass(frozen=True)
class RunHistory:
    """The runs of a data folder, oldest first, and the number of lines that cannot be read (cut off by a power cut)."""

    runs: tuple[Run, ...]
    unreadable: int


def append_run(data: Path, run: Run) -> None:
    """Append a run to the log of a data folder; the line is on the disk when the call returns.

    An error of the disk is not raised: the run has taken place all the same.
    """
    with suppress(OSError):
        append_line(data / RUNS_FILE, json.dumps(asdict(run), ensure_ascii=False))


def read_runs(data: Path) -> RunHistory:
    """The run log of a data folder; lines that cannot be read are counted."""
    path = data / RUNS_FILE
    lines = path.read_bytes().splitlines() if path.exists() else []
    runs = [run for line in lines if (run := _parse_run(line))]
    return RunHistory(tuple(runs), len(lines) - len(runs))


@dataclass(frozen=True)
class RefusedFile:
    """A file that a load refused. on: the day (ISO). table: the contract's name; empty where it could not be told."""

    name: str
    on: str
    table: str


def refused_files(runs: Sequence[Run], since: datetime | None = None) -> tuple[RefusedFile, ...]:
    """Files that a load refused and that were not loaded since, in the order of their refusal.

    since: loads before are left out.
    """
    refused: dict[str, RefusedFile] = {}
    for run in runs:
        if run.what != "load" or (since and datetime.fromisoformat(run.at) < since):
            continue
        for file in str(run.told.get("file_names", "")).split(", "):
            refused.pop(file, None)
        if names := str(run.told.get("refused_file_names", "")):
            tables = str(run.told.get("refused_tables", "")).split(", ")
            for file, table in zip_longest(names.split(", "), tables, fillvalue=""):
                refused[file] = RefusedFile(file, run.at[:10], table)
    return tuple(refused.values())


def _parse_run(line: bytes) -> Run | None:
    try:
        stored = json.loads(line)
        refused = Bilingual(**stored["refused"]) if stored["refused"] else None
        return Run(**{**stored, "refused": refused})
    except (ValueError, TypeError, KeyError):
        return None
