"""A route of help, and what protects the household that may take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from features.messages import Words

State = Literal["open", "pending", "later", "closed", "unknown"]
Row = Mapping[str, Any]
Rows = Sequence[Row] | None


@dataclass(frozen=True)
class Route:
    """One route. code: permanent. until: the last day it can be taken, or the first for a later one. yuan: what it
    brings, where that can be said."""

    code: str
    state: State
    words: Words
    until: date | None = None
    yuan: float | None = None


@dataclass(frozen=True)
class Protection:
    """What a household holds, has suffered and has filed, as of the day: rows as `features.seen.protection` gives
    them; None where the county had not been delivered any: nothing known is not nothing."""

    policies: Rows
    hardships: Rows
    claims: Rows
