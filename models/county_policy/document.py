"""POLICY.md: every number of the policy table with its meaning, from its day on, written from the declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from models.county_policy.sections import CountyPolicy

_OF_A_ROW = ("since", "source")


def policy_book(policies: Sequence[CountyPolicy]) -> str:
    """A table for each row of the policy table, what it changes marked by the day it begins."""
    return "\n".join(_lines(policies)) + "\n"


def _lines(policies: Sequence[CountyPolicy]) -> Iterator[str]:
    yield "# 政策表 / The policy table"
    yield ""
    yield "A row holds from its day until the next begins. `models/county_policy/default.toml` says where each number"
    yield "comes from; a county lays its own rows over it: `lights policy TABLE.toml`, written the same way."
    before: dict[str, str] = {}
    for policy in policies:
        yield from ["", f"## {policy.since}", "", f"Source: {policy.source}. Version `{policy.version}`.", ""]
        yield from ["| number | value | meaning |", "|---|---|---|"]
        for name, value, meaning in _numbers(policy, ""):
            if before.get(name) != value:
                yield f"| `{name}` | {value} | {meaning} |"
            before[name] = value


def _numbers(model: BaseModel, place: str) -> Iterator[tuple[str, str, str]]:
    """Dotted name, value and meaning of everything in a section, sections inside it opened up."""
    for name, field in type(model).model_fields.items():
        if not place and name in _OF_A_ROW:
            continue
        yield from _opened(getattr(model, name), f"{place}{name}", field.description or "")


def _opened(value: Any, name: str, meaning: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, BaseModel):
        yield from _numbers(value, f"{name}.")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _opened(inner, f"{name}.{key}", meaning)
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for inner in value:
            yield from _opened(inner, f"{name}.{getattr(inner, 'code', '')}", meaning)
    else:
        yield name, _written(value), meaning


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "all"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
