"""Tables that people write (TOML), read strictly: nothing unknown, nothing of another type, all faults told at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.words import Refused, Words, did_you_mean

Share = Annotated[float, Field(ge=0, le=1)]
Yuan = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Strict(BaseModel):
    """A value that cannot change, made of exactly what it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def rows_from(path: Path, name: str, what: Words) -> list[dict[str, Any]]:
    """The rows [[name]] of a TOML file that holds nothing else.

    Raises Refused where it cannot be read or is no such table.
    """
    try:
        stored = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise not_taken(path, what, [f"cannot be read: {error}"]) from error
    rows = stored.get(name)
    if set(stored) != {name} or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise not_taken(path, what, [f"expected nothing but rows that begin with [[{name}]]"])
    return rows


def not_taken(path: Path, what: Words, found: list[str]) -> Refused:
    """The refusal of a whole table for all that is wrong with it."""
    listed = "\n".join(f"  {fault}" for fault in found)
    return Refused(
        f"{what.zh} {path.name} 未被采用, 共 {len(found)} 处有误 (见下), 改正后重新提交:",
        f"The {what.en} {path.name} is not taken; {len(found)} faults to put right:\n{listed}",
    )


def faults(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each fault: where it stands, what is wrong, and what may have been meant."""
    return [_fault(each, model) for each in error.errors()]


def _fault(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    place = tuple(str(part) for part in fault["loc"])
    where = ".".join(place)
    if fault["type"] == "extra_forbidden":
        return f"{where} is unknown. {did_you_mean(place[-1], _names_beside(place, model))}"
    if place and place[-1] == "[key]":
        known = re.findall("'([^']+)'", fault["ctx"]["expected"])
        return f"{'.'.join(place[:-1])} is unknown. {did_you_mean(place[-2], known)}"
    said = str(fault["msg"]).removeprefix("Value error, ")
    if isinstance(fault["input"], str | int | float):
        where += f" = {fault['input']!r}"
    return f"{where}: {said}" if where else said


def _names_beside(place: Iterable[str], model: type[BaseModel]) -> list[str]:
    """The names that may stand where the last one of `place` does."""
    *parents, _ = place
    for name in parents:
        model = _model_at(model, name) or model
    return list(model.model_fields)


def _model_at(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    field = model.model_fields.get(name)
    return _model_in(field.annotation) if field else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model an annotation speaks of, also inside a tuple or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found), None)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what `change` names; tables are merged key by key, everything else is replaced."""
    both = {
        name: merged(base[name], value) if _are_tables(base.get(name), value) else value
        for name, value in change.items()
    }
    return {**base, **both}


def _are_tables(one: object, other: object) -> bool:
    return isinstance(one, Mapping) and isinstance(other, Mapping)
