"""The policy table: rows of changes, each from its day on; the one that ships, and a county's own laid over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from features.words import Refused, Words
from models.county_policy.sections import CountyPolicy
from models.strict import faults, merged, not_taken, rows_from

FILE = "policy.toml"
_DEFAULT = Path(__file__).with_name("default.toml")
_WHAT = Words("政策表", "policy table")
Change = Mapping[str, Any]


@dataclass(frozen=True)
class PolicyTable:
    """Policies by their first day, the earliest first."""

    policies: tuple[CountyPolicy, ...]

    def in_force(self, day: date) -> CountyPolicy:
        """The policy that holds on a day.

        Raises Refused before the first.
        """
        begun = [policy for policy in self.policies if policy.since <= day]
        if not begun:
            raise Refused(
                f"政策表从 {self.policies[0].since} 起, 不含 {day}; 请补上当时的政策行 (since)。",
                f"The policy table begins on {self.policies[0].since}, after {day}; add the row that held then.",
            )
        return begun[-1]


@cache
def shipped() -> PolicyTable:
    return _laid_out(_DEFAULT, rows_from(_DEFAULT, "policy", _WHAT))


def policy_table_of(folder: Path) -> PolicyTable:
    """The table that ships, under the county's own where a data folder holds one.

    Raises Refused where the county's own is wrong.
    """
    path = folder / FILE
    return policy_table_from(path) if path.exists() else shipped()


def policy_table_from(path: Path) -> PolicyTable:
    """Read a county's table: rows [[policy]] with since, source, and the sections or numbers it changes.

    Raises Refused with all its faults at once, each with the row it stands in.
    """
    return _laid_out(path, rows_from(_DEFAULT, "policy", _WHAT), rows_from(path, "policy", _WHAT))


def _laid_out(path: Path, *tables: Sequence[Change]) -> PolicyTable:
    """The changes of all tables by day, each on top of what held before; a row that is wrong is left out."""
    own = tables[-1]
    found = [fault for number, row in enumerate(own, 1) for fault in _row_faults(number, row, own)]
    dated = [row for table in tables for row in table if _is_dated(row)]
    held: Change = {}
    policies: dict[date, CountyPolicy] = {}
    for row in sorted(dated, key=lambda row: row["since"]):
        try:
            policies[row["since"]] = CountyPolicy.model_validate(merged(held, row))
            held = merged(held, row)
        except ValidationError as error:
            found += [f"row of {row['since']}: {fault}" for fault in faults(error, CountyPolicy)]
    if found:
        raise not_taken(path, _WHAT, found)
    return PolicyTable(tuple(policies.values()))


def _is_dated(row: Change) -> bool:
    return type(row.get("since")) is date


def _row_faults(number: int, row: Change, rows: Sequence[Change]) -> list[str]:
    """What is wrong with a row before its numbers are looked at."""
    found = []
    if not _is_dated(row):
        found.append(f"row {number}: since: expected a day such as 2026-01-01")
    elif [other.get("since") for other in rows].index(row["since"]) + 1 != number:
        found.append(f"row {number}: since: another row begins on {row['since']}, too")
    if "source" not in row:
        found.append(f"row {number}: source is missing: expected the notice it comes from")
    return found
