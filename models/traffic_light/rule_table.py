"""A rule table: the rows that hold on a day, the one that ships or a county's own (TOML), checked on load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

from features.messages import Refused, Words
from models.toml_tables import Written
from models.traffic_light.rule import Rule
from models.traffic_light.rule_inputs import RowFaults, rule_of
from models.traffic_light.rules import RULES

FILE = "rules.toml"
_WHAT = Words("规则表", "rule table")


@dataclass(frozen=True)
class RuleTable:
    """Rules with their days; the same id may stand in several rows that hold one after the other."""

    rules: tuple[Rule, ...]

    def in_force(self, day: date) -> tuple[Rule, ...]:
        """The rows that hold on a day, in the order of the table.

        Raises Refused where none does: without rules there is no light, and nothing to judge a model against.
        """
        found = tuple(rule for rule in self.rules if rule.is_in_force(day))
        if not found:
            raise Refused(
                f"{day} 没有生效的规则, 不能评灯; 请在规则表中补上当时有效的规则 (since)。",
                f"No rule is in force on {day}; no light can be set: add the rows that held then (since).",
            )
        return found


SHIPPED = RuleTable(RULES)


def rule_table_of(folder: Path) -> RuleTable:
    """The county's own table where a data folder holds one, else the one that ships.

    Raises Refused where the county's own is wrong.
    """
    path = folder / FILE
    return rule_table_in(rule_file(path)) if path.exists() else SHIPPED


def rule_file(path: Path) -> Written:
    """A county's table as it was written.

    Raises Refused where the file cannot be read.
    """
    return Written.of(path, _WHAT)


def rule_table_in(written: Written) -> RuleTable:
    """A county's table: rows [[rule]], each with id, light, when, zh, en, source, since (until, hard).

    Raises Refused with all its faults at once, each with the row it stands in.
    """
    rules, faults = _read(written.rows("rule"))
    faults += _clashes(rules)
    if faults:
        raise written.not_taken(faults)
    return RuleTable(tuple(rules))


def _read(rows: list[dict[str, Any]]) -> tuple[list[Rule], list[Words]]:
    rules, faults = list[Rule](), list[Words]()
    for number, row in enumerate(rows, 1):
        try:
            rules.append(rule_of(row))
        except RowFaults as found:
            named = row.get("id", "no id")
            faults += [
                Words(f"第 {number} 行 ({named}): {fault.zh}", f"row {number} ({named}): {fault.en}")
                for fault in found.faults
            ]
    return rules, faults


_CLASH = Words(
    "{id}: 两行从 {begins} 起同时有效; 请给较早的一行写 until = {begins}",
    "{id}: two rows hold from {begins} on; give the earlier one until = {begins}",
)
_TWINS = Words("{id}: 两行都从 {begins} 起; 只留一行", "{id}: two rows begin on {begins}; leave one")


def _clashes(rules: list[Rule]) -> Iterator[Words]:
    """Rows of the same id that hold on the same day: nobody could say which of them fired."""
    for one, other in combinations(rules, 2):
        begins = max(one.since, other.since)
        if one.id == other.id and one.is_in_force(begins) and other.is_in_force(begins):
            yield (_TWINS if one.since == other.since else _CLASH).filled(id=one.id, begins=begins)
