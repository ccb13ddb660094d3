"""One row of a county's rule table, read as strictly as the rules that ship are declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from math import isfinite
from typing import Any

from features.catalog import FEATURES, SHOWN
from features.words import Words, did_you_mean
from models.traffic_light.declare import SIGNS, Colour, Condition, Rule

_COLOURS = [colour.value for colour in Colour]
_COMPARABLE = {feature.name: feature for feature in SHOWN if not feature.is_code}
_IN_A_CONDITION = ("feature", "sign", "bound")


class RowFaults(Exception):  # noqa: N818 - faults of a table, not of the program
    """Everything that is wrong with a row."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


def rule_of(row: dict[str, Any]) -> Rule:
    """Raises RowFaults with all that is wrong with the row."""
    faults = [*_unknown(row, _CELLS), *_cell_faults(row)]
    if not faults:
        faults = [*_condition_faults(row["when"])]
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
        raise RowFaults([str(wrong)]) from wrong


def _is_text(cell: Any) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def _is_day(cell: Any) -> bool:
    return type(cell) is date


_CELLS: dict[str, tuple[Callable[[Any], bool], str, bool]] = {
    "id": (lambda cell: isinstance(cell, str) and bool(re.fullmatch(r"R\d{3}", cell)), "an id such as R101", True),
    "light": (lambda cell: cell in _COLOURS, f"one of {', '.join(_COLOURS)}", True),
    "when": (lambda cell: isinstance(cell, list) and bool(cell), "at least one condition", True),
    "zh": (_is_text, "the sentence in Chinese", True),
    "en": (_is_text, "the sentence in English", True),
    "source": (_is_text, "the notice it comes from", True),
    "since": (_is_day, "a day such as 2026-01-01", True),
    "until": (_is_day, "a day such as 2027-01-01, the first on which it no longer holds", False),
    "hard": (lambda cell: isinstance(cell, bool), "true or false", False),
}
"""What a cell may hold, how that is said, and whether it has to be there."""


def _unknown(row: dict[str, Any], known: Any) -> Iterator[str]:
    return (f"unknown {name!r}. {did_you_mean(name, known)}" for name in row if name not in known)


def _cell_faults(row: dict[str, Any]) -> Iterator[str]:
    for name, (holds, expected, needed) in _CELLS.items():
        if name not in row:
            if needed:
                yield f"{name} is missing: expected {expected}"
        elif not holds(row[name]):
            hint = f" {did_you_mean(row[name], _COLOURS)}" if name == "light" and isinstance(row[name], str) else ""
            yield f"{name} = {row[name]!r}: expected {expected}.{hint}"


def _condition_faults(conditions: list[Any]) -> Iterator[str]:
    for condition in conditions:
        if not isinstance(condition, dict):
            yield f"when: {condition!r}: expected {{feature = ..., sign = ..., bound = ...}}"
            continue
        yield from _unknown(condition, _IN_A_CONDITION)
        yield from _comparison_faults(condition.get("feature"), condition.get("sign"), condition.get("bound"))


def _comparison_faults(feature: Any, sign: Any, bound: Any) -> Iterator[str]:
    if not isinstance(feature, str) or feature not in _COMPARABLE:
        yield f"when: feature {feature!r} is none that a rule may compare. {did_you_mean(str(feature), _COMPARABLE)}"
    if sign not in SIGNS:
        yield f"when: sign {sign!r}: expected one of {' '.join(SIGNS)}"
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not isfinite(bound):
        yield f"when: bound {bound!r}: expected a number"
