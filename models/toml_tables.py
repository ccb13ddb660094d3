"""Strict reading of TOML tables that people write: no unknown keys, no other types, all faults reported at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from features.messages import Bilingual, UserError, spelling_hint
from models.validation_messages import MESSAGES

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Yuan = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_LONGEST_ECHO = 60
_UNKNOWN = Bilingual("没有这一项。", "is unknown.")
_FAULT_WORDS: Mapping[str, Bilingual] = {
    **MESSAGES,
    "string_too_short": Bilingual("不能为空", "expected text, not nothing"),
    "tuple_type": Bilingual("应为列表 [...]", "expected a list [...]"),
    "model_type": Bilingual("应为一组数值", "expected a table"),
    "dict_type": Bilingual("应为一组数值", "expected a table"),
    "value_error": Bilingual("{error}", "{error}"),
}
"""Messages for pydantic's kinds of error in a table; any other kind has pydantic's own message."""


class StrictModel(BaseModel):
    """A frozen pydantic model without coercion of types and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class WrittenTable:
    """A TOML file as it was written.

    file: its name. content: its bytes. kind: the name of such a table in messages, `policy table`.
    """

    file: str
    content: bytes
    kind: Bilingual

    @staticmethod
    def read(path: Path, kind: Bilingual) -> WrittenTable:
        """Read a file. Raises UserError where that is impossible."""
        try:
            return WrittenTable(path.name, path.read_bytes(), kind)
        except OSError as error:
            fault = Bilingual(f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}")
            raise WrittenTable(path.name, b"", kind).refusal([fault]) from error

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows [[name]] of a file that has one or more of them and nothing else.

        Raises UserError for any other file.
        """
        rows = self.document().get(name)
        if (
            set(self.document()) != {name}
            or not isinstance(rows, list)
            or not rows
            or not all(isinstance(row, dict) for row in rows)
        ):
            wanted = Bilingual(f"应只有以 [[{name}]] 开头的行", f"expected nothing but rows that begin with [[{name}]]")
            raise self.refusal([wanted])
        return rows

    def document(self) -> dict[str, Any]:
        """The parsed file. Raises UserError where it is no TOML in UTF-8."""
        try:
            return tomllib.loads(self.content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            fault = Bilingual("不是 UTF-8 编码；请另存为 UTF-8", "is not written in UTF-8; save it as UTF-8")
            raise self.refusal([fault]) from error
        except (ValueError, RecursionError) as error:  # also numbers and nesting beyond what Python reads
            message = str(error)[:200]
            raise self.refusal([Bilingual(f"不是有效的 TOML: {message}", f"is no valid TOML: {message}")]) from error

    def refusal(self, faults: Sequence[Bilingual]) -> UserError:
        """The error that refuses the table and lists all its faults."""
        zh, en = ("".join(f"\n  {getattr(fault, lang)}" for fault in faults) for lang in ("zh", "en"))
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        return UserError(
            f"{self.kind.zh} {self.file} 未被采用，共 {len(faults)} 处有误，改正后重新提交：{zh}",
            f"The {self.kind.en} {self.file} is not taken; {count} to put right:{en}",
        )


def validation_faults(error: ValidationError, model: type[BaseModel]) -> list[Bilingual]:
    """One sentence for each fault: its path, what is wrong, and the name that may be meant."""
    return [_fault(each, model) for each in error.errors()]


def _fault(fault: Mapping[str, Any], model: type[BaseModel]) -> Bilingual:
    path = tuple(str(key) for key in fault["loc"])
    where = ".".join(path)
    if fault["type"] == "extra_forbidden":
        for name in path[:-1]:
            field = model.model_fields.get(name)
            model = (_model_in(field.annotation) if field else None) or model
        return _sentence(where, _UNKNOWN, spelling_hint(path[-1], list(model.model_fields)))
    if path and path[-1] == "[key]" and fault["type"] != "literal_error":
        path, where = path[:-1], ".".join(path[:-1])
    elif path and path[-1] == "[key]":
        return _sentence(".".join(path[:-1]), _UNKNOWN, spelling_hint(path[-2], _expected_values(fault)))
    if isinstance(fault["input"], str | int | float) and path:
        where += f" = {shortened_repr(fault['input'])}"
    if fault["type"] == "literal_error":
        return _sentence(f"{where}:", spelling_hint(str(fault["input"]), _expected_values(fault)))
    sentence = _FAULT_WORDS.get(fault["type"], Bilingual("{msg}", "{msg}")).format(**fault, **fault.get("ctx", {}))
    return _sentence(f"{where}:", sentence) if where else sentence


def _sentence(where: str, *sentences: Bilingual) -> Bilingual:
    return Bilingual(
        " ".join([where, *(each.zh for each in sentences)]), " ".join([where, *(each.en for each in sentences)])
    )


def shortened_repr(cell: Any) -> str:
    """A cell as Python writes it, cut to the length of a line."""
    try:
        text = repr(cell)
    except ValueError:  # a number of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}..."


def _expected_values(fault: Mapping[str, Any]) -> list[str]:
    return re.findall("'([^']+)'", fault["ctx"]["expected"])


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation, also inside a tuple or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)


def merged_tables(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `change`: tables are merged key by key, all other values replaced."""
    changed = {
        name: merged_tables(base[name], value)
        if isinstance(base.get(name), Mapping) and isinstance(value, Mapping)
        else value
        for name, value in change.items()
    }
    return {**base, **changed}
