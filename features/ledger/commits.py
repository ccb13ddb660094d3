"""What a commit lists: one delivered file as it was taken in, and the part files that hold its rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One Parquet file of one table and county; the path is relative to the ledger.

    known_from: the first day on which a row and all it belongs to were known. revises: whether a row is a further
    version of a fact.
    """

    table: str
    county: str
    path: str
    rows: int
    known_from: str
    revises: bool


@dataclass(frozen=True)
class Commit:
    """One delivered file as it was taken in: where it came from and which parts hold its rows.

    quarantine: the part with the rows set aside. taken_up: ids of rows set aside earlier that came in now.
    linked: pairs of households that share a fact, since a version of it gave it to the other; linked_counties: the
    counties these are kept under, where it is not one.
    """

    sequence: int
    previous: str
    table: str
    file: str
    sha256: str
    delivered_on: str
    parts: tuple[Part, ...] = ()
    quarantine: str | None = None
    taken_up: tuple[str, ...] = field(default=())
    linked: tuple[tuple[str, str], ...] = field(default=())
    linked_counties: tuple[tuple[str, str], ...] = field(default=())

    @property
    def written(self) -> bytes:
        """As it stands in its file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @cached_property
    def id(self) -> str:
        """A digest of this commit and, through `previous`, of all before it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def commit_from(path: Path) -> Commit:
    """Read a commit as it was written."""
    stored: Mapping[str, object] = json.loads(path.read_text("utf-8"))
    parts = tuple(Part(**part) for part in stored["parts"])  # type: ignore[attr-defined]
    pairs = {name: tuple((one, other) for one, other in stored[name]) for name in ("linked", "linked_counties")}  # type: ignore[attr-defined]
    return Commit(**{**stored, "parts": parts, "taken_up": tuple(stored["taken_up"]), **pairs})  # type: ignore[arg-type]
