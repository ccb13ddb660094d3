"""Strict reading of one row of a county's rule table, with all its faults at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from typing import Any

from features.catalog import FEATURES, SHOWN_FEATURES
from features.messages import Bilingual, spelling_hint
from models.toml_tables import shortened_repr
from models.traffic_light.rule import SIGNS, Colour, Condition, Rule

_COLOURS = [colour.value for colour in Colour]
_COMPARABLE = {feature.name: feature for feature in SHOWN_FEATURES if not feature.is_code}
_IN_A_CONDITION = ("feature", "sign", "bound", "county_quantile")
_LARGEST = 1e12
"""Above any bound in yuan, days or shares."""


def _is_text(cell: Any) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def _is_day(cell: Any) -> bool:
    return type(cell) is date


_CELLS: dict[str, tuple[Callable[[Any], bool], Bilingual, bool]] = {
    "id": (
        lambda cell: isinstance(cell, str) and bool(re.fullmatch(r"R[0-9]{3}", cell)),
        Bilingual("应为编号，如 R101", "expected an id such as R101"),
        True,
    ),
    "light": (
        lambda cell: cell in _COLOURS,
        Bilingual(f"应为 {', '.join(_COLOURS)} 之一", f"expected one of {', '.join(_COLOURS)}"),
        True,
    ),
    "when": (
        lambda cell: isinstance(cell, list) and bool(cell),
        Bilingual("至少应有一个条件", "expected at least one condition"),
        True,
    ),
    "zh": (_is_text, Bilingual("应为中文提示", "expected the sentence in Chinese"), True),
    "en": (_is_text, Bilingual("应为英文提示", "expected the sentence in English"), True),
    "source": (_is_text, Bilingual("应写明出自哪份通知", "expected the notice it comes from"), True),
    "since": (_is_day, Bilingual("应为日期，如 2026-01-01", "expected a day such as 2026-01-01"), True),
    "until": (
        _is_day,
        Bilingual(
            "应为日期，如 2027-01-01（从这天起不再有效）", "expected a day such as 2027-01-01, the first without it"
        ),
        False,
    ),
    "hard": (lambda cell: isinstance(cell, bool), Bilingual("应为 true 或 false", "expected true or false"), False),
}
"""Of each cell: whether a value is valid, the message where it is not, and whether the cell is required."""


class RowFaults(Exception):  # noqa: N818 - faults of a table, not of the program
    """All faults of a row."""

    def __init__(self, faults: list[Bilingual]) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.en for fault in faults))


def rule_of(row: dict[str, Any]) -> Rule:
    """The rule of a row of the table. Raises RowFaults with all its faults."""
    when = row.get("when")
    faults = [
        *_unknown_key_faults(row, _CELLS),
        *_cell_faults(row),
        *(_condition_faults(when) if isinstance(when, list) else ()),
    ]
    if faults:
        raise RowFaults(faults)
    try:
        return Rule(
            id=row["id"],
            colour=Colour(row["light"]),
            conditions=tuple(
                Condition(FEATURES[c["feature"]], c["sign"], float(c["bound"]), c.get("county_quantile"))
                for c in row["when"]
            ),
            words=Bilingual(row["zh"], row["en"]),
            source=row["source"],
            since=row["since"],
            until=row.get("until"),
            hard=row.get("hard", False),
        )
    except (TypeError, ValueError) as wrong:  # what the declaration itself refuses
        raise RowFaults([Bilingual(f"规则不成立：{wrong}", str(wrong))]) from wrong


def _unknown_key_faults(row: dict[str, Any], names: Collection[str]) -> Iterator[Bilingual]:
    for name in row:
        if name not in names:
            near = spelling_hint(name, names)
            yield Bilingual(f"没有 {name!r} 这一项。{near.zh}", f"unknown {name!r}. {near.en}")


def _cell_faults(row: dict[str, Any]) -> Iterator[Bilingual]:
    for name, (holds, expected, needed) in _CELLS.items():
        if name not in row:
            if needed:
                yield Bilingual(f"缺少 {name}：{expected.zh}", f"{name} is missing: {expected.en}")
        elif not holds(row[name]):
            cell = shortened_repr(row[name])
            near = (
                spelling_hint(row[name], _COLOURS)
                if name == "light" and isinstance(row[name], str)
                else Bilingual("", "")
            )
            yield Bilingual(
                f"{name} = {cell}: {expected.zh}。{near.zh}", f"{name} = {cell}: {expected.en}. {near.en}".strip()
            )
    if row.get("hard") is True and row.get("light") == Colour.NOTE.value:
        yield Bilingual("hard：提示（note）不能约束灯色", "hard: a note binds no light")


def _condition_faults(conditions: list[Any]) -> Iterator[Bilingual]:
    for condition in conditions:
        if not isinstance(condition, dict):
            shape = "{feature = ..., sign = ..., bound = ...}"
            yield Bilingual(
                f"when: {shortened_repr(condition)}：应写作 {shape}",
                f"when: {shortened_repr(condition)}: expected {shape}",
            )
            continue
        yield from _unknown_key_faults(condition, _IN_A_CONDITION)
        feature, sign, bound, quantile = (condition.get(name) for name in _IN_A_CONDITION)
        if not isinstance(feature, str) or feature not in _COMPARABLE:
            near = spelling_hint(str(feature), _COMPARABLE)
            yield Bilingual(
                f"when：规则不能比较特征 {feature!r}。{near.zh}",
                f"when: feature {feature!r} is none that a rule may compare. {near.en}",
            )
        if sign not in SIGNS:
            signs = " ".join(SIGNS)
            yield Bilingual(f"when: sign {sign!r}：应为 {signs} 之一", f"when: sign {sign!r}: expected one of {signs}")
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not -_LARGEST < bound < _LARGEST:
            cell = shortened_repr(bound)
            yield Bilingual(f"when: bound {cell}：应为数字", f"when: bound {cell}: expected a number")
        if "county_quantile" in condition and not (isinstance(quantile, float) and 0 < quantile < 1):
            cell = shortened_repr(quantile)
            yield Bilingual(
                f"when: county_quantile {cell}：应在 0 与 1 之间，0.5 为中位数",
                f"when: county_quantile {cell}: expected a number between 0 and 1; 0.5 is the median",
            )
