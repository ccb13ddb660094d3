"""A route of help, and what protects the household that may take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from features.messages import Bilingual

State = Literal["open", "pending", "later", "closed", "unknown"]
Row = Mapping[str, Any]
Rows = Sequence[Row] | None


@dataclass(frozen=True)
class Route:
    """One route of help.

    code: permanent. until: the last day it can be taken; the first for a route that opens later. yuan: the amount it
    brings; None where that is unknown.
    """

    code: str
    state: State
    words: Bilingual
    until: date | None = None
    yuan: float | None = None


@dataclass(frozen=True)
class Protection:
    """A household's insurance policies, hardships and insurance claims as known on a day.

    Rows are those of features.snapshot.protection. None where the county had not delivered the table by then, which
    differs from no rows.
    """

    policies: Rows
    hardships: Rows
    claims: Rows
