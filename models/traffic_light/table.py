"""A rule table: the rows that hold on a day, the one that ships or a county's own (TOML), checked on load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

from features.words import Refused, Words
from models.strict import not_taken, rows_from
from models.traffic_light.declare import Rule
from models.traffic_light.rows import RowFaults, rule_of
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
    return rule_table_from(path) if path.exists() else SHIPPED


def rule_table_from(path: Path) -> RuleTable:
    """Read a county's table: an array `rule`, each with id, light, when, zh, en, source, since (until, hard).

    Raises Refused with all its faults at once, each with the row it stands in.
    """
    rows = rows_from(path, "rule", _WHAT)
    rules, faults = _read(rows)
    faults += _clashes(rules)
    if faults:
        raise not_taken(path, _WHAT, faults)
    return RuleTable(tuple(rules))


def _read(rows: list[dict[str, Any]]) -> tuple[list[Rule], list[str]]:
    rules, faults = list[Rule](), list[str]()
    for number, row in enumerate(rows, 1):
        try:
            rules.append(rule_of(row))
        except RowFaults as found:
            faults += [f"row {number} ({row.get('id', 'no id')}): {fault}" for fault in found.faults]
    return rules, faults


def _clashes(rules: list[Rule]) -> Iterator[str]:
    """Rows of the same id that hold on the same day: nobody could say which of them fired."""
    for one, other in combinations(rules, 2):
        begins = max(one.since, other.since)
        if one.id == other.id and one.is_in_force(begins) and other.is_in_force(begins):
            yield f"{one.id}: two rows hold from {begins} on; give the earlier one until = {begins}"
