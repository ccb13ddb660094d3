"""Schemas of frames: the columns that a public function returns, each with its type and what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import polars as pl

Params = ParamSpec("Params")
Frame = TypeVar("Frame")


class FrameMismatchError(TypeError):
    """A frame that lacks a declared column, has one of another type, or one that nobody declared."""


@dataclass(frozen=True)
class FrameColumn:
    """One column: its polars type (None where it varies) and one sentence on its meaning and unit."""

    dtype: pl.DataType | None
    meaning: str


@dataclass(frozen=True)
class FrameSchema:
    """The columns of a frame, in order.

    columns: by name. extra: what further columns there may be, in one sentence; None where there are no others, and
    then the order counts, too.
    """

    columns: Mapping[str, FrameColumn]
    extra: str | None = None

    @property
    def dtypes(self) -> pl.Schema:
        """The declared columns as polars has them; only for schemas in which every type is declared."""
        return pl.Schema({name: column.dtype for name, column in self.columns.items() if column.dtype is not None})

    def empty(self) -> pl.DataFrame:
        """A frame without rows in the declared columns."""
        return pl.DataFrame(schema=self.dtypes)

    def mismatch(self, schema: Mapping[str, pl.DataType]) -> str | None:
        """What is wrong with the columns and types of a frame, in one sentence; None where they are as declared."""
        lacking = [name for name in self.columns if name not in schema]
        if lacking:
            return f"lacks {', '.join(lacking)}"
        unknown = [name for name in schema if name not in self.columns] if self.extra is None else []
        if unknown:
            return f"has {', '.join(unknown)}, which the schema does not name"
        for name, column in self.columns.items():
            if column.dtype is not None and schema[name] != column.dtype:
                return f"has {name} as {schema[name]}; the schema says {column.dtype}"
        if self.extra is None and list(schema) != list(self.columns):
            return f"has the order {', '.join(schema)}; the schema says {', '.join(self.columns)}"
        return None


def returns(schema: FrameSchema) -> Callable[[Callable[Params, Frame]], Callable[Params, Frame]]:
    """Declare the columns of the frame that a function returns.

    A polars DataFrame is compared at each call (some microseconds), a LazyFrame by the tests alone. The schema stands
    in the function's `frame_schema`, from which docs/reference/frames.md is written.

    Raises FrameMismatchError at the call where the frame is another.
    """

    def declared(function: Callable[Params, Frame]) -> Callable[Params, Frame]:
        @wraps(function)
        def checked(*args: Params.args, **kwargs: Params.kwargs) -> Frame:
            frame = function(*args, **kwargs)
            if isinstance(frame, pl.DataFrame) and (mismatch := schema.mismatch(frame.schema)):
                raise FrameMismatchError(f"{function.__module__}.{function.__qualname__}: the frame {mismatch}")
            return frame

        described: Any = checked
        described.frame_schema = schema
        return checked

    return declared
