"""The document POLICY.md: every number of the policy table with its meaning, generated from the declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from models.county_policy.sections import CountyPolicy

_OF_A_ROW = ("since", "source")


def policy_document(policies: Sequence[CountyPolicy]) -> str:
    """POLICY.md: for each row of the policy table, its first day and the numbers that it changes."""
    lines = [
        "# 政策表 / The policy table",
        "",
        "A row holds from its day until the next begins. `models/county_policy/default.toml` says where each number",
        "comes from; a county lays its own rows over it: `lights policy TABLE.toml`, written the same way.",
        "",
        "Binds: `contract` where a loan keeps the number in force on the day it was granted, `as_of` where the number",
        "of the day that is judged applies to all loans.",
    ]
    previous_values: dict[str, str] = {}
    for policy in policies:
        lines += ["", f"## {policy.since}", "", f"Source: {policy.source}. Version `{policy.version}`.", ""]
        lines += ["| number | value | binds | meaning |", "|---|---|---|---|"]
        for name, value, meaning in _numbers(policy, ""):
            if previous_values.get(name) != value:
                lines.append(f"| `{name}` | {value} | {policy.binding(name)} | {meaning} |")
            previous_values[name] = value
    return "\n".join(lines) + "\n"


def _numbers(model: BaseModel, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Dotted name, value and meaning of each number in a section and the sections inside it."""
    for name, field in type(model).model_fields.items():
        if not prefix and name in _OF_A_ROW:
            continue
        yield from _flattened_numbers(getattr(model, name), f"{prefix}{name}", field.description or "")


def _flattened_numbers(value: Any, name: str, meaning: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, BaseModel):
        yield from _numbers(value, f"{name}.")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flattened_numbers(inner, f"{name}.{key}", meaning)
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for inner in value:
            yield from _flattened_numbers(inner, f"{name}.{getattr(inner, 'code', '')}", meaning)
    elif value is None:
        yield name, "not given", meaning
    elif isinstance(value, tuple):
        yield name, ", ".join(map(str, value)) or "all", meaning
    else:
        yield name, f"{value:,.10g}" if isinstance(value, float) else str(value), meaning
