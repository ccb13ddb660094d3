"""The idiom: a feature says everything a reader needs, once, and the declaration does the work.

`@observed` aggregates one source's rows within a window; `@derived` combines other features. Both return a
frozen Feature and register nothing. A misspelt column, window or input fails on import.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

import polars as pl

from features.messages import Words, did_you_mean
from features.snapshot.sources import Source
from features.units import Unit


class Risk(IntEnum):
    """Which way the risk goes as the value rises: LightGBM's monotone sign."""

    FALLS = -1
    OPEN = 0
    RISES = 1


class Role(Enum):
    """MODEL: the model may use it. SHOWN: rules and people may. STEP: only other features may.

    AUDIT: sex, age, health, household type; fairness is audited by them and notes on grants and the county's ratings
    may look at them; no light hangs on them.
    """

    MODEL = "model"
    SHOWN = "shown"
    STEP = "step"
    AUDIT = "audit"


@dataclass(frozen=True)
class Window:
    """Which rows count, by day and calendar month of the fact as seen from as_of; the column `name` is true of them."""

    name: str
    zh: str
    en: str
    holds: pl.Expr | None = None

    def __hash__(self) -> int:
        return hash(self.name)


_DAY, _MONTH = pl.col("day_offset"), pl.col("month_offset")
EVER = Window("ever", "全部", "ever")
TO_DATE = Window("to_date", "截至当日", "to date", _DAY <= 0)
TO_COME = Window("to_come", "今后", "to come", _DAY > 0)


def past_months(count: int) -> Window:
    """The `count` calendar months that end with as_of's month, up to as_of."""
    return Window(f"{count}m", f"近{count}个月", f"last {count} months", (-count < _MONTH) & (_DAY <= 0))


def next_months(count: int) -> Window:
    """After as_of, to the last day of the `count`-th following month."""
    return Window(f"next_{count}m", f"未来{count}个月", f"next {count} months", (_DAY > 0) & (count >= _MONTH))


class Row:
    """A source's row in a formula: its columns by name, those outside the window hidden."""

    def __init__(self, source: Source, window: Window, role: Role) -> None:
        self._source, self._window, self._role = source, window, role
        self._touched: dict[str, None] = {}

    def __getattr__(self, name: str) -> pl.Expr:
        if name not in self._source.columns:
            hint = did_you_mean(name, self._source.columns)
            raise AttributeError(f"Source {self._source.name} has no column {name!r}. {hint}")
        if name in self._source.audit_only and self._role is not Role.AUDIT:
            raise TypeError(f"Column {name!r} may be audited, never scored: declare the feature with role=Role.AUDIT.")
        self._touched[name] = None
        column = pl.col(name)
        return column if self._window.holds is None else pl.when(pl.col(self._window.name)).then(column)


@dataclass(frozen=True, eq=False)
class Feature:
    """One value for each loan: what it is called, what it means, how it is computed, which way it points.

    family: the module that declares it. why: the reason an officer should care. when_empty: the value where
    the source has no row in the window (None: missing). columns: those of the source it looks at. inputs: the
    features a derived one is made of.
    """

    name: str
    family: str
    label: Words
    unit: Unit
    risk: Risk
    role: Role
    why: str
    value: pl.Expr
    source: Source | None = None
    window: Window = EVER
    when_empty: float | None = None
    columns: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def is_code(self) -> bool:
        """Whether the value is a text code, not a number."""
        return self.unit.is_code

    def __post_init__(self) -> None:
        if not self.why:
            raise TypeError(f"Feature {self.name} does not say why an officer should care: give it a docstring.")
        if self.window.name.endswith("m") and self.role is not Role.STEP and not self.name.endswith(self.window.name):
            raise TypeError(f"Feature {self.name} looks at {self.window.name}; its name has to end so.")
        unasked = {*self.value.meta.root_names()}.difference(self.columns, self.inputs, [self.window.name])
        if unasked:
            said = f"Feature {self.name} looks at {', '.join(sorted(unasked))} behind its declaration"
            raise TypeError(f"{said}: a column is asked of the row, a feature is a parameter.")


def columns_of(row: Row) -> tuple[str, ...]:
    """The columns a formula has looked at."""
    return tuple(row._touched)


def observed(
    source: Source,
    window: Window,
    *,
    zh: str,
    en: str,
    unit: Unit,
    risk: Risk = Risk.OPEN,
    role: Role = Role.MODEL,
    when_empty: float | None = None,
) -> Callable[[Callable[[Row], pl.Expr]], Feature]:
    """A feature that aggregates a source's rows in a window, one value for each loan or household."""

    def declared(formula: Callable[[Row], pl.Expr]) -> Feature:
        row = Row(source, window, role)
        value = formula(row)
        named = _named(formula, Words(zh, en), unit, risk, role)
        return Feature(
            **named, value=value, source=source, window=window, when_empty=when_empty, columns=columns_of(row)
        )

    return declared


def derived(
    *, zh: str, en: str, unit: Unit, risk: Risk = Risk.OPEN, role: Role = Role.MODEL
) -> Callable[[Callable[..., pl.Expr]], Feature]:
    """A feature made of others: the formula's parameters are their names."""

    def declared(formula: Callable[..., pl.Expr]) -> Feature:
        inputs = tuple(inspect.signature(formula).parameters)
        value = formula(*(pl.col(name) for name in inputs))
        return Feature(**_named(formula, Words(zh, en), unit, risk, role), value=value, inputs=inputs)

    return declared


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """part / whole; missing where the whole is not positive."""
    return pl.when(whole > 0).then(_to_twelve_figures(part / whole))


def total(amount: pl.Expr, counts: pl.Expr) -> pl.Expr:
    """The sum of the amounts that count; missing where one of them is not known."""
    unknown = counts & amount.is_null()
    return pl.when(~unknown.any()).then(pl.when(counts).then(amount).sum())


def change(now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """now / before - 1; missing where `before` is not positive. A fall from 100 to 80 is -0.2, not a bit less."""
    return _to_twelve_figures(ratio(now, before) - 1)


def _to_twelve_figures(quotient: pl.Expr) -> pl.Expr:
    """Polars divides by a column of one value by multiplying with its inverse: the last bit tells how many rows."""
    return quotient.round_sig_figs(12)


def _named(formula: Callable[..., pl.Expr], label: Words, unit: Unit, risk: Risk, role: Role) -> dict[str, Any]:
    return {
        "name": formula.__name__,
        "family": formula.__module__.rsplit(".", 1)[-1],
        "label": label,
        "unit": unit,
        "risk": risk,
        "role": role,
        "why": " ".join((formula.__doc__ or "").split()),
    }
