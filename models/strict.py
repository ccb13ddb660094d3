"""Tables that people write, read strictly: nothing unknown, nothing of another type, every fault named at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.words import did_you_mean

Share = Annotated[float, Field(ge=0, le=1)]
Yuan = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Strict(BaseModel):
    """A value that cannot change, made of exactly what it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


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
