"""Declaring features: a function with a decorator states a feature's formula, labels, unit, window and reason.

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

from features.messages import Bilingual, did_you_mean
from features.snapshot.sources import Source
from features.units import Unit

_MILLIONTHS_IN_YUAN = 1_000_000


class Risk(IntEnum):
    """The direction of the risk as the value rises: LightGBM's monotone sign."""

    FALLS = -1
    OPEN = 0
    RISES = 1


class FeatureRole(Enum):
    """The use that may be made of a feature.

    MODEL: the model may use it. SHOWN: rules and people may use it. STEP: only other features may use it.
    AUDIT: sex, age, health and household type. They serve to audit fairness, for notes on grants and for the county's
    ratings; no light depends on them.
    """

    MODEL = "model"
    SHOWN = "shown"
    STEP = "step"
    AUDIT = "audit"


@dataclass(frozen=True)
class Window:
    """A span of time that selects a source's rows by their offset from as_of, in days and calendar months.

    name: also of the column that is true for rows in the window. holds: whether a row is in it; None for all rows.
    """

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
    """The window of the `count` calendar months that end with as_of's month, up to as_of."""
    return Window(f"{count}m", f"近{count}个月", f"last {count} months", (-count < _MONTH) & (_DAY <= 0))


def next_months(count: int) -> Window:
    """The window from the day after as_of to the last day of the `count`-th following month."""
    return Window(f"next_{count}m", f"未来{count}个月", f"next {count} months", (_DAY > 0) & (count >= _MONTH))


class Row:
    """A source's row as a formula sees it: its columns by name, null for rows outside the window."""

    def __init__(self, source: Source, window: Window, role: FeatureRole) -> None:
        self._source, self._window, self._role = source, window, role
        self._columns_used: dict[str, None] = {}

    def __getattr__(self, name: str) -> pl.Expr:
        if name not in self._source.columns:
            hint = did_you_mean(name, self._source.columns)
            raise AttributeError(f"Source {self._source.name} has no column {name!r}. {hint}")
        if name in self._source.audit_only and self._role is not FeatureRole.AUDIT:
            raise TypeError(
                f"Column {name!r} may be audited, never scored: declare the feature with role=FeatureRole.AUDIT."
            )
        self._columns_used[name] = None
        column = pl.col(name)
        return column if self._window.holds is None else pl.when(pl.col(self._window.name)).then(column)


@dataclass(frozen=True, eq=False)
class Feature:
    """One value for each loan, with its names, its unit, its formula and its direction of risk.

    family: the module that declares it. why: the reason an officer should care. value: the formula. when_empty: the
    value where the source has no row in the window (None: missing). columns: those of the source that the formula
    uses. inputs: the features that a derived one is computed from.
    """

    name: str
    family: str
    label: Bilingual
    unit: Unit
    risk: Risk
    role: FeatureRole
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
        if (
            self.window.name.endswith("m")
            and self.role is not FeatureRole.STEP
            and not self.name.endswith(self.window.name)
        ):
            raise TypeError(f"Feature {self.name} looks at {self.window.name}; its name has to end so.")
        unasked = {*self.value.meta.root_names()}.difference(self.columns, self.inputs, [self.window.name])
        if unasked:
            problem = f"Feature {self.name} looks at {', '.join(sorted(unasked))} behind its declaration"
            raise TypeError(f"{problem}: a column is asked of the row, a feature is a parameter.")


def columns_used(row: Row) -> tuple[str, ...]:
    """The columns that a formula has used."""
    return tuple(row._columns_used)


def observed(
    source: Source,
    window: Window,
    *,
    zh: str,
    en: str,
    unit: Unit,
    risk: Risk = Risk.OPEN,
    role: FeatureRole = FeatureRole.MODEL,
    when_empty: float | None = None,
) -> Callable[[Callable[[Row], pl.Expr]], Feature]:
    """Declare a feature that aggregates a source's rows in a window to one value for each loan or household.

    Args:
        source: the rows (features/snapshot/sources.py).
        window: the rows of it that count; the suffix of the feature's name has to agree with it.
        zh: the Chinese label.
        en: the English label.
        unit: how the value is written.
        risk: the direction of the risk as the value rises.
        role: the use that may be made of the feature.
        when_empty: the value where the source has no row in the window; None for missing.

    Returns:
        A decorator for the formula. The formula takes a Row and returns an expression; its name becomes the
        feature's, its docstring the reason an officer should care.

    Raises:
        AttributeError: where the formula uses a column that the source does not have.
        TypeError: where the docstring is missing, the name does not end with the window, or the formula uses a column
            that may be audited alone, or one that it did not ask the row for.

    Example:
        >>> from features.declare import observed, past_months
        >>> from features.snapshot.sources import INSTALMENTS
        >>> from features.units import DAYS
        >>> @observed(INSTALMENTS, past_months(6), zh="近6个月最长逾期天数", en="Longest delay", unit=DAYS)
        ... def longest_delay_6m(row):
        ...     '''The worst recent delay says more about the next one than the average delay.'''
        ...     return row.days_late.max()
        >>> longest_delay_6m.name, longest_delay_6m.window.en, longest_delay_6m.columns
        ('longest_delay_6m', 'last 6 months', ('days_late',))
    """

    def declare(formula: Callable[[Row], pl.Expr]) -> Feature:
        row = Row(source, window, role)
        value = formula(row)
        named = _declaration(formula, Bilingual(zh, en), unit, risk, role)
        return Feature(
            **named, value=value, source=source, window=window, when_empty=when_empty, columns=columns_used(row)
        )

    return declare


def derived(
    *, zh: str, en: str, unit: Unit, risk: Risk = Risk.OPEN, role: FeatureRole = FeatureRole.MODEL
) -> Callable[[Callable[..., pl.Expr]], Feature]:
    """Declare a feature that is computed from other features of the same loan.

    Args:
        zh: the Chinese label.
        en: the English label.
        unit: how the value is written.
        risk: the direction of the risk as the value rises.
        role: the use that may be made of the feature.

    Returns:
        A decorator for the formula. The formula's parameters are the names of the features it needs, as expressions;
        its name becomes the feature's, its docstring the reason an officer should care.

    Raises:
        TypeError: where the docstring is missing or the formula uses a feature that is not a parameter. Whether the
            parameters are features is checked by `features.catalog.build_catalog`.

    Example:
        >>> from features.declare import derived, ratio
        >>> from features.units import TIMES
        >>> @derived(zh="负债收入比", en="Debt to yearly income", unit=TIMES)
        ... def debt_in_incomes(household_debt, net_income):
        ...     '''Above one, a year's income would not clear what the household owes.'''
        ...     return ratio(household_debt, net_income)
        >>> debt_in_incomes.inputs
        ('household_debt', 'net_income')
    """

    def declare(formula: Callable[..., pl.Expr]) -> Feature:
        inputs = tuple(inspect.signature(formula).parameters)
        value = formula(*(pl.col(name) for name in inputs))
        return Feature(**_declaration(formula, Bilingual(zh, en), unit, risk, role), value=value, inputs=inputs)

    return declare


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """The numerator divided by the denominator; null where the denominator is not positive."""
    return pl.when(denominator > 0).then(_to_twelve_figures(numerator / denominator))


def money_sum(amount: pl.Expr) -> pl.Expr:
    """The sum of amounts in yuan, which may have parts of a fen; null counts as 0.

    They are added as whole millionths of a yuan: the last bits of a sum of floats depend on the order of rows and on
    threads, and where an amount is half a fen they decide how it is rounded.
    """
    millionths = (amount * _MILLIONTHS_IN_YUAN).round().cast(pl.Int64).sum()
    return (millionths.cast(pl.Float64) / _MILLIONTHS_IN_YUAN).round(6)


def sum_where(amount: pl.Expr, condition: pl.Expr) -> pl.Expr:
    """The sum of the amounts where the condition holds; null where one of these amounts is null."""
    unknown = condition & amount.is_null()
    return pl.when(~unknown.any()).then(pl.when(condition).then(amount).sum())


def relative_change(now: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    """The change from `earlier` to `now` as a share of `earlier`; null where `earlier` is not positive.

    A fall from 100 to 80 is -0.2 exactly.
    """
    return _to_twelve_figures(ratio(now, earlier) - 1)


def _to_twelve_figures(quotient: pl.Expr) -> pl.Expr:
    """The quotient without its last bits.

    Polars divides by a column of equal values by multiplying with their inverse, so that the last bit depends on the
    number of rows.
    """
    return quotient.round_sig_figs(12)


def _declaration(
    formula: Callable[..., pl.Expr], label: Bilingual, unit: Unit, risk: Risk, role: FeatureRole
) -> dict[str, Any]:
    return {
        "name": formula.__name__,
        "family": formula.__module__.rsplit(".", 1)[-1],
        "label": label,
        "unit": unit,
        "risk": risk,
        "role": role,
        "why": " ".join((formula.__doc__ or "").split()),
    }
