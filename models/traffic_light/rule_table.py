"""The rule table: the one that ships, or a county's own (TOML), which is checked when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path

from features.messages import Bilingual, UserError
from models.toml_tables import WrittenTable
from models.traffic_light.rule import Rule
from models.traffic_light.rule_inputs import RowFaults, rule_of
from models.traffic_light.rules import RULES

FILE = "rules.toml"
_KIND = Bilingual("规则表", "rule table")
_OVERLAP = Bilingual(
    "{id}：两行从 {begins} 起同时有效；请给较早的一行写 until = {begins}",
    "{id}: two rows hold from {begins} on; give the earlier one until = {begins}",
)
_SAME_DAY = Bilingual("{id}：两行都从 {begins} 起；只留一行", "{id}: two rows begin on {begins}; leave one")


@dataclass(frozen=True)
class RuleTable:
    """Rules and the days they hold; successive rows may have the same id."""

    rules: tuple[Rule, ...]

    def in_force(self, day: date) -> tuple[Rule, ...]:
        """The rules that hold on a day, in the order of the table.

        Raises UserError where none does: without rules there is no light.
        """
        rules = tuple(rule for rule in self.rules if rule.is_in_force(day))
        if not rules:
            raise UserError(
                f"{day} 没有生效的规则，不能评灯；请在规则表中补上当时有效的规则（since）。",
                f"No rule is in force on {day}; no light can be set: add the rows that held then (since).",
            )
        return rules


SHIPPED_RULE_TABLE = RuleTable(RULES)


def rule_table_of(folder: Path) -> RuleTable:
    """The rule table of a data folder.

    Args:
        folder: the data folder; the county's own table is its `rules.toml`.

    Returns:
        The county's own table, or the one that ships where it has none.

    Raises:
        UserError: where the county's own table has faults; the message names all of them.

    Example:
        >>> from datetime import date
        >>> from models.traffic_light.rule_table import rule_table_of
        >>> rules = rule_table_of(data).in_force(date(2025, 12, 31))
        >>> rules[0].id, rules[0].hard
        ('R101', True)
    """
    path = folder / FILE
    return parse_rule_table(read_rule_file(path)) if path.exists() else SHIPPED_RULE_TABLE


def read_rule_file(path: Path) -> WrittenTable:
    """A county's rule file, unparsed. Raises UserError where it cannot be read."""
    return WrittenTable.read(path, _KIND)


def parse_rule_table(written: WrittenTable) -> RuleTable:
    """A county's rule table: rows [[rule]], each with id, light, when, zh, en, source, since (until, hard).

    Raises UserError with all its faults at once, each with the row it is in.
    """
    rules, faults = list[Rule](), list[Bilingual]()
    for number, row in enumerate(written.rows("rule"), 1):
        try:
            rules.append(rule_of(row))
        except RowFaults as row_faults:
            named = row.get("id", "no id")
            faults += [
                Bilingual(f"第 {number} 行（{named}）：{fault.zh}", f"row {number} ({named}): {fault.en}")
                for fault in row_faults.faults
            ]
    for one, other in combinations(rules, 2):
        begins = max(one.since, other.since)
        if one.id == other.id and one.is_in_force(begins) and other.is_in_force(begins):
            fault = _SAME_DAY if one.since == other.since else _OVERLAP
            faults.append(fault.format(id=one.id, begins=begins))
    if faults:
        raise written.refusal(faults)
    return RuleTable(tuple(rules))
