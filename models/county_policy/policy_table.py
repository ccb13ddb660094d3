"""The policy table: rows of changes, each from its day on; the one that ships, and a county's own laid over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from features.messages import Refused, Words
from models.county_policy.sections import CountyPolicy
from models.toml_tables import Written, faults, merged

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
                f"No policy holds on {day}: the table begins on {self.policies[0].since}; add the row that held then.",
            )
        return begun[-1]


@cache
def shipped() -> PolicyTable:
    written = Written.of(_DEFAULT, _WHAT)
    return _laid_out(written, written.rows("policy"))


def policy_table_of(folder: Path) -> PolicyTable:
    """The table that ships, under the county's own where a data folder holds one.

    Raises Refused where the county's own is wrong.
    """
    path = folder / FILE
    return policy_table_in(policy_file(path)) if path.exists() else shipped()


def policy_file(path: Path) -> Written:
    """A county's table as it was written.

    Raises Refused where the file cannot be read.
    """
    return Written.of(path, _WHAT)


def policy_table_in(written: Written) -> PolicyTable:
    """A county's table: rows [[policy]] with since, source, and the sections or numbers each changes.

    Raises Refused with all its faults at once, each with the row it stands in.
    """
    return _laid_out(written, Written.of(_DEFAULT, _WHAT).rows("policy"), written.rows("policy"))


def _laid_out(written: Written, *tables: Sequence[Change]) -> PolicyTable:
    """The changes of all tables by day, each on top of what held before; a row that is wrong is left out."""
    own = tables[-1]
    found = [fault for number, row in enumerate(own, 1) for fault in _row_faults(number, row, own)]
    held: Change = {}
    policies: dict[date, CountyPolicy] = {}
    for row in sorted((row for table in tables for row in table), key=_day):
        try:
            policies[_day(row)] = CountyPolicy.model_validate(merged(held, row))
            held = merged(held, row)
        except ValidationError as error:
            found += [_in_row(row, fault) for fault in faults(error, CountyPolicy)]
    if found:
        raise written.not_taken(found)
    return PolicyTable(tuple(policies.values()))


def _day(row: Change) -> date:
    """A row without a day is looked at, too, after all others."""
    return row["since"] if _is_dated(row) else date.max


def _is_dated(row: Change) -> bool:
    return type(row.get("since")) is date


def _in_row(row: Change, fault: Words) -> Words:
    since = row.get("since", "no day")
    return Words(f"{since} 起的行: {fault.zh}", f"row of {since}: {fault.en}")


_AGAIN = Words("第 {number} 行: 另有一行也从 {since} 起", "row {number}: another row begins on {since}, too")
_EARLY = Words("第 {number} 行: 早于政策表的第一天 {first}", "row {number}: begins before the table does, on {first}")
_NO_SOURCE = Words(
    "第 {number} 行: 缺少 source (出自哪份通知)", "row {number}: source is missing: the notice it comes from"
)
_FIRST = date(2016, 1, 1)


def _row_faults(number: int, row: Change, rows: Sequence[Change]) -> Iterator[Words]:
    """What is wrong with a row beside its numbers."""
    since = row.get("since")
    if _is_dated(row) and [other.get("since") for other in rows].index(since) + 1 != number:
        yield _AGAIN.filled(number=number, since=since)
    if _is_dated(row) and _day(row) < _FIRST:
        yield _EARLY.filled(number=number, first=_FIRST)
    if "source" not in row:
        yield _NO_SOURCE.filled(number=number)
