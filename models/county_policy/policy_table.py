"""The policy table: rows of changes by their first day; the one that ships, and a county's own merged over it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from features.messages import Bilingual, UserError
from models.county_policy.contract_terms import ContractTerms, DatedTerms
from models.county_policy.sections import CountyPolicy
from models.toml_tables import WrittenTable, merged_tables, validation_faults

FILE = "policy.toml"
_DEFAULT = Path(__file__).with_name("default.toml")
_KIND = Bilingual("政策表", "policy table")
PolicyRow = Mapping[str, Any]
_SAME_DAY = Bilingual("第 {number} 行：另有一行也从 {since} 起", "row {number}: another row begins on {since}, too")
_TOO_EARLY = Bilingual(
    "第 {number} 行：早于政策表的第一天 {first}", "row {number}: begins before the table does, on {first}"
)
_NO_SOURCE = Bilingual(
    "第 {number} 行：缺少 source（出自哪份通知）", "row {number}: source is missing: the notice it comes from"
)
_FIRST_DAY = date(2016, 1, 1)


@dataclass(frozen=True)
class PolicyTable:
    """The policies in the order of their first days."""

    policies: tuple[CountyPolicy, ...]

    def in_force(self, day: date) -> CountyPolicy:
        """The policy that holds on a day.

        Raises UserError for a day before the first policy.
        """
        policies_so_far = [policy for policy in self.policies if policy.since <= day]
        if not policies_so_far:
            raise UserError(
                f"政策表从 {self.policies[0].since} 起，不含 {day}；请补上当时的政策行（since）。",
                f"No policy holds on {day}: the table begins on {self.policies[0].since}; add the row that held then.",
            )
        return policies_so_far[-1]

    def contract_terms(self, as_of: date) -> ContractTerms:
        """What binds the loans granted up to a day; a row that changes none of it begins no new terms.

        Raises UserError for a day before the first policy.
        """
        self.in_force(as_of)
        dated: list[DatedTerms] = []
        for policy in self.policies:
            if policy.since <= as_of and (not dated or dated[-1].lending != policy.lending):
                dated.append(DatedTerms(since=policy.since, lending=policy.lending))
        return ContractTerms(tuple(dated))


@cache
def shipped_policy_table() -> PolicyTable:
    """The policy table that ships with the project."""
    written = WrittenTable.read(_DEFAULT, _KIND)
    return _merge_rows(written, written.rows("policy"))


def stored_policy(stored: PolicyRow) -> CountyPolicy:
    """A policy that a month was published with, as policies are declared today.

    Numbers that were added since are those that ship, ages and renewals come from `lending` where they stood before,
    and numbers that are no longer declared are left out.

    stored: the policy as plain values, of any version.
    """
    given = {**stored, "grants": {**stored.get("lending", {}), **stored.get("grants", {})}}
    shipped = shipped_policy_table().in_force(max(_FIRST_DAY, date.fromisoformat(stored["since"])))
    today = {}
    for name, section in shipped.model_dump(mode="json").items():
        kept = given.get(name, section)
        is_section = isinstance(section, dict) and name not in ("ratings", "actions")
        today[name] = {key: kept.get(key, value) for key, value in section.items()} if is_section else kept
    return CountyPolicy.model_validate_json(json.dumps(today))


def policy_table_of(folder: Path) -> PolicyTable:
    """The policy table of a data folder.

    Args:
        folder: the data folder; the county's own table is its `policy.toml`.

    Returns:
        The table that ships, with the county's own rows merged over it where it has any.

    Raises:
        UserError: where the county's own table has faults; the message names all of them.

    Example:
        >>> from datetime import date
        >>> from models.county_policy.policy_table import policy_table_of
        >>> policy = policy_table_of(data).in_force(date(2025, 12, 31))
        >>> policy.lending.limit, sorted(policy.ratings)
        (50000.0, ['1531', '631'])
    """
    path = folder / FILE
    return parse_policy_table(read_policy_file(path)) if path.exists() else shipped_policy_table()


def read_policy_file(path: Path) -> WrittenTable:
    """A county's policy file, unparsed. Raises UserError where it cannot be read."""
    return WrittenTable.read(path, _KIND)


def parse_policy_table(written: WrittenTable) -> PolicyTable:
    """A county's policy table: rows [[policy]] with since, source, and the sections or numbers that each changes.

    Raises UserError with all its faults at once, each with the row it is in.
    """
    return _merge_rows(written, WrittenTable.read(_DEFAULT, _KIND).rows("policy"), written.rows("policy"))


def _merge_rows(written: WrittenTable, *tables: Sequence[PolicyRow]) -> PolicyTable:
    """The policies after each row of all tables, in the order of their days.

    A row that ships and begins after one of the county's own names both sources: the county's numbers still hold.

    Raises UserError with the faults of the last table's rows; a row with a fault changes nothing in those after it.
    """
    row_faults: list[Bilingual] = []
    first_days = [row.get("since") for row in tables[-1]]
    for number, row in enumerate(tables[-1], 1):
        if _is_dated(row) and first_days.index(row["since"]) + 1 != number:
            row_faults.append(_SAME_DAY.format(number=number, since=row["since"]))
        if _is_dated(row) and row["since"] < _FIRST_DAY:
            row_faults.append(_TOO_EARLY.format(number=number, first=_FIRST_DAY))
        if "source" not in row:
            row_faults.append(_NO_SOURCE.format(number=number))
    values_so_far: PolicyRow = {}
    own_rows, own_source = [row for row in tables[-1] if len(tables) > 1], None
    policies: dict[date, CountyPolicy] = {}
    for row in sorted((row for table in tables for row in table), key=_day):
        own_source = row.get("source") if row in own_rows else own_source
        both = {"source": f"{row['source']}; {own_source}"} if own_source and row not in own_rows else {}
        try:
            policies[_day(row)] = CountyPolicy.model_validate(merged_tables(values_so_far, {**row, **both}))
            values_so_far = merged_tables(values_so_far, row)
        except ValidationError as error:
            since = row.get("since", "no day")
            row_faults += [
                Bilingual(f"{since} 起的行：{fault.zh}", f"row of {since}: {fault.en}")
                for fault in validation_faults(error, CountyPolicy)
            ]
    if row_faults:
        raise written.refusal(row_faults)
    return PolicyTable(tuple(policies.values()))


def _day(row: PolicyRow) -> date:
    """The first day of a row; rows without one are checked after all others."""
    return row["since"] if _is_dated(row) else date.max


def _is_dated(row: PolicyRow) -> bool:
    return type(row.get("since")) is date
