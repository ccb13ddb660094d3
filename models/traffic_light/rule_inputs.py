"""One row of a county's rule table, read as strictly as the rules that ship are declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from typing import Any

from features.catalog import FEATURES, SHOWN
from features.messages import Words, meant
from models.toml_tables import as_written
from models.traffic_light.rule import SIGNS, Colour, Condition, Rule

_COLOURS = [colour.value for colour in Colour]
_COMPARABLE = {feature.name: feature for feature in SHOWN if not feature.is_code}
_IN_A_CONDITION = ("feature", "sign", "bound")
_LARGEST = 1e12
"""Beyond any yuan, day or share that a bound could be."""


class RowFaults(Exception):  # noqa: N818 - faults of a table, not of the program
    """Everything that is wrong with a row."""

    def __init__(self, faults: list[Words]) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.en for fault in faults))


def rule_of(row: dict[str, Any]) -> Rule:
    """Raises RowFaults with all that is wrong with the row."""
    when = row.get("when")
    faults = [*_unknown(row, _CELLS), *_cell_faults(row), *(_condition_faults(when) if isinstance(when, list) else ())]
    if faults:
        raise RowFaults(faults)
    try:
        return Rule(
            id=row["id"],
            colour=Colour(row["light"]),
            conditions=tuple(Condition(FEATURES[c["feature"]], c["sign"], float(c["bound"])) for c in row["when"]),
            words=Words(row["zh"], row["en"]),
            source=row["source"],
            since=row["since"],
            until=row.get("until"),
            hard=row.get("hard", False),
        )
    except (TypeError, ValueError) as wrong:  # what the declaration itself refuses
        raise RowFaults([Words(f"规则不成立: {wrong}", str(wrong))]) from wrong


def _is_text(cell: Any) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def _is_day(cell: Any) -> bool:
    return type(cell) is date


_CELLS: dict[str, tuple[Callable[[Any], bool], Words, bool]] = {
    "id": (
        lambda cell: isinstance(cell, str) and bool(re.fullmatch(r"R[0-9]{3}", cell)),
        Words("应为编号, 如 R101", "expected an id such as R101"),
        True,
    ),
    "light": (
        lambda cell: cell in _COLOURS,
        Words(f"应为 {', '.join(_COLOURS)} 之一", f"expected one of {', '.join(_COLOURS)}"),
        True,
    ),
    "when": (
        lambda cell: isinstance(cell, list) and bool(cell),
        Words("至少应有一个条件", "expected at least one condition"),
        True,
    ),
    "zh": (_is_text, Words("应为中文提示", "expected the sentence in Chinese"), True),
    "en": (_is_text, Words("应为英文提示", "expected the sentence in English"), True),
    "source": (_is_text, Words("应写明出自哪份通知", "expected the notice it comes from"), True),
    "since": (_is_day, Words("应为日期, 如 2026-01-01", "expected a day such as 2026-01-01"), True),
    "until": (
        _is_day,
        Words("应为日期, 如 2027-01-01 (从这天起不再有效)", "expected a day such as 2027-01-01, the first without it"),
        False,
    ),
    "hard": (lambda cell: isinstance(cell, bool), Words("应为 true 或 false", "expected true or false"), False),
}
"""What a cell may hold, how that is said, and whether it has to be there."""


def _unknown(row: dict[str, Any], known: Collection[str]) -> Iterator[Words]:
    for name in row:
        if name not in known:
            near = meant(name, known)
            yield Words(f"没有 {name!r} 这一项。{near.zh}", f"unknown {name!r}. {near.en}")


def _cell_faults(row: dict[str, Any]) -> Iterator[Words]:
    for name, (holds, expected, needed) in _CELLS.items():
        if name not in row:
            if needed:
                yield Words(f"缺少 {name}: {expected.zh}", f"{name} is missing: {expected.en}")
        elif not holds(row[name]):
            cell = as_written(row[name])
            near = meant(row[name], _COLOURS) if name == "light" and isinstance(row[name], str) else Words("", "")
            yield Words(
                f"{name} = {cell}: {expected.zh}。{near.zh}", f"{name} = {cell}: {expected.en}. {near.en}".strip()
            )
    if row.get("hard") is True and row.get("light") == Colour.NOTE.value:
        yield Words("hard: 提示 (note) 不能约束灯色", "hard: a note binds no light")


def _condition_faults(conditions: list[Any]) -> Iterator[Words]:
    for condition in conditions:
        if not isinstance(condition, dict):
            shape = "{feature = ..., sign = ..., bound = ...}"
            yield Words(
                f"when: {as_written(condition)}: 应写作 {shape}", f"when: {as_written(condition)}: expected {shape}"
            )
            continue
        yield from _unknown(condition, _IN_A_CONDITION)
        yield from _comparison_faults(condition.get("feature"), condition.get("sign"), condition.get("bound"))


def _comparison_faults(feature: Any, sign: Any, bound: Any) -> Iterator[Words]:
    if not isinstance(feature, str) or feature not in _COMPARABLE:
        near = meant(str(feature), _COMPARABLE)
        yield Words(
            f"when: 规则不能比较特征 {feature!r}。{near.zh}",
            f"when: feature {feature!r} is none that a rule may compare. {near.en}",
        )
    if sign not in SIGNS:
        signs = " ".join(SIGNS)
        yield Words(f"when: sign {sign!r}: 应为 {signs} 之一", f"when: sign {sign!r}: expected one of {signs}")
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not -_LARGEST < bound < _LARGEST:
        cell = as_written(bound)
        yield Words(f"when: bound {cell}: 应为数字", f"when: bound {cell}: expected a number")
