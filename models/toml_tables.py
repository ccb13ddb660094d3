"""Tables that people write (TOML), read strictly: nothing unknown, nothing of another type, all faults told at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from features.messages import Refused, Words, meant
from models.validation_messages import KINDS

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Yuan = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_LONGEST_ECHO = 60


class Strict(BaseModel):
    """A value that cannot change, made of exactly what it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Written:
    """A table as somebody wrote it: a file's bytes, read once. what: what such a table is called."""

    file: str
    content: bytes
    what: Words

    @staticmethod
    def of(path: Path, what: Words) -> Written:
        """Raises Refused where there is no such file, or it cannot be read."""
        try:
            return Written(path.name, path.read_bytes(), what)
        except OSError as error:
            fault = Words(f"无法读取: {error.strerror}", f"cannot be read: {error.strerror}")
            raise Written(path.name, b"", what).not_taken([fault]) from error

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows [[name]], of which there is at least one, and nothing else.

        Raises Refused where it is no such table.
        """
        rows = self.whole().get(name)
        if set(self.whole()) != {name} or not isinstance(rows, list) or not rows or not all(map(_is_table, rows)):
            wanted = Words(f"应只有以 [[{name}]] 开头的行", f"expected nothing but rows that begin with [[{name}]]")
            raise self.not_taken([wanted])
        return rows

    def whole(self) -> dict[str, Any]:
        """All that is written. Raises Refused where it is no TOML in UTF-8."""
        try:
            return tomllib.loads(self.content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            fault = Words("不是 UTF-8 编码; 请另存为 UTF-8", "is not written in UTF-8; save it as UTF-8")
            raise self.not_taken([fault]) from error
        except (ValueError, RecursionError) as error:  # also numbers and nesting beyond what Python reads
            said = str(error)[:200]
            raise self.not_taken([Words(f"不是有效的 TOML: {said}", f"is no valid TOML: {said}")]) from error

    def not_taken(self, found: Sequence[Words]) -> Refused:
        """The refusal of the whole table for all that is wrong with it."""
        zh, en = ("".join(f"\n  {getattr(fault, lang)}" for fault in found) for lang in ("zh", "en"))
        count = f"{len(found)} fault{'s' if len(found) > 1 else ''}"
        return Refused(
            f"{self.what.zh} {self.file} 未被采用, 共 {len(found)} 处有误, 改正后重新提交:{zh}",
            f"The {self.what.en} {self.file} is not taken; {count} to put right:{en}",
        )


def _is_table(row: Any) -> bool:
    return isinstance(row, dict)


def faults(error: ValidationError, model: type[BaseModel]) -> list[Words]:
    """One sentence for each fault: where it stands, what is wrong, and what may have been meant."""
    return [_fault(each, model) for each in error.errors()]


_UNKNOWN = Words("没有这一项。", "is unknown.")
_SAID: Mapping[str, Words] = {
    **KINDS,
    "string_too_short": Words("不能为空", "expected text, not nothing"),
    "tuple_type": Words("应为列表 [...]", "expected a list [...]"),
    "model_type": Words("应为一组数值", "expected a table"),
    "dict_type": Words("应为一组数值", "expected a table"),
    "value_error": Words("{error}", "{error}"),
}
"""As they are called in a table; any other kind is told in its own words."""


def _fault(fault: Mapping[str, Any], model: type[BaseModel]) -> Words:
    place = tuple(str(part) for part in fault["loc"])
    where = ".".join(place)
    if fault["type"] == "extra_forbidden":
        return _joined(where, _UNKNOWN, meant(place[-1], _names_beside(place, model)))
    if place and place[-1] == "[key]":
        return _joined(".".join(place[:-1]), _UNKNOWN, meant(place[-2], _expected(fault)))
    if isinstance(fault["input"], str | int | float) and place:
        where += f" = {as_written(fault['input'])}"
    if fault["type"] == "literal_error":
        return _joined(f"{where}:", meant(str(fault["input"]), _expected(fault)))
    said = _SAID.get(fault["type"], Words("{msg}", "{msg}")).filled(**fault, **fault.get("ctx", {}))
    return _joined(f"{where}:", said) if where else said


def _joined(where: str, *said: Words) -> Words:
    return Words(" ".join([where, *(each.zh for each in said)]), " ".join([where, *(each.en for each in said)]))


def as_written(cell: Any) -> str:
    """A cell as it stands, as far as a line has room."""
    try:
        text = repr(cell)
    except ValueError:  # a number of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}..."


def _expected(fault: Mapping[str, Any]) -> list[str]:
    return re.findall("'([^']+)'", fault["ctx"]["expected"])


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
        name: merged(base[name], value) if isinstance(base.get(name), Mapping) and isinstance(value, Mapping) else value
        for name, value in change.items()
    }
    return {**base, **both}
