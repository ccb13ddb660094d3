"""Commits of the ledger: each describes one delivered file and lists the Parquet files that hold its rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from features.stored_files import read_stored_json


@dataclass(frozen=True)
class PartFile:
    """One Parquet file with rows of one table and county; the fields are keys of the commit's JSON.

    path: relative to the ledger's folder. rows: number of rows. known_from: the first day on which any row, its
    parent and its household are all known (ISO). revises: whether some row is a further version of a fact.
    """

    table: str
    county: str
    path: str
    rows: int
    known_from: str
    revises: bool


@dataclass(frozen=True)
class Commit:
    """One delivered file in the ledger; the fields are the keys of its JSON file.

    sequence: its number, from 1. previous: the id of the commit before. table: the delivered table. file, sha256: name
    and digest of the delivered file. delivered_on: the day of delivery (ISO). parts: the files with its valid rows.
    quarantine: path of the Parquet file with its rejected rows. taken_up: ids of rows that this commit releases from
    quarantine. linked: pairs of households where a correction moved a fact from one to the other. linked_counties:
    the counties of these pairs where they differ.
    """

    sequence: int
    previous: str
    table: str
    file: str
    sha256: str
    delivered_on: str
    parts: tuple[PartFile, ...] = ()
    quarantine: str | None = None
    taken_up: tuple[str, ...] = field(default=())
    linked: tuple[tuple[str, str], ...] = field(default=())
    linked_counties: tuple[tuple[str, str], ...] = field(default=())

    @property
    def json_bytes(self) -> bytes:
        """The content of its file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @cached_property
    def id(self) -> str:
        """A digest of this commit and, through `previous`, of all earlier ones."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def read_commit(path: Path) -> Commit:
    """Read a commit from its JSON file; raises UserError where the file is cut or damaged."""
    return read_stored_json(path, _parse_commit)


def _parse_commit(stored: Mapping[str, Any]) -> Commit:
    files = tuple(PartFile(**file) for file in stored["parts"])
    pairs = {name: tuple((one, other) for one, other in stored[name]) for name in ("linked", "linked_counties")}
    return Commit(**{**stored, "parts": files, "taken_up": tuple(stored["taken_up"]), **pairs})
