"""The maturity calendar: every loan whose principal falls due soon, whatever its light, counted and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

import polars as pl

from models.county_policy.sections import Plans
from models.group_light.evaluate_groups import CODE_OF, Level
from models.light import CODES
from serving.months.loan_index import Sort
from serving.months.repository import Month
from serving.portfolio.worklist import Asked, listed
from serving.schemas.portfolio import DueGroup, DueWithin, Maturity, MaturityCalendar


class DueLevel(StrEnum):
    """What the calendar is counted by."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    BANK = "bank"
    PRODUCT = "product"
    HOUSEHOLD = "household"

    @property
    def code(self) -> pl.Expr:
        return pl.col("household_id") if self is DueLevel.HOUSEHOLD else CODE_OF[Level(self.value)]


_MOST_GROUPS = 1000
"""So many are told, those with the most principal due: nobody reads more, and a province has many households."""


_READ = (
    *("loan_id", "household_id", "bank", "county_code", "township_code", "village_code"),
    *("light", "outstanding_principal", "days_to_maturity"),
)


def maturities(month: Month, level: DueLevel, asked: Asked) -> MaturityCalendar:
    """What falls due within `asked.due_within_days`; without it, within the longest list of the policy in force.

    Raises Refused as `listed` does.
    """
    plans = month.policy.plans
    within = max(plans.lists_days_ahead) if asked.due_within_days is None else asked.due_within_days
    found = listed(month, replace(asked, due_within_days=within, sort=Sort.MATURITY), _READ)
    windows = sorted({days for days in plans.lists_days_ahead if days < within} | {within})
    return MaturityCalendar(
        **month.versions,
        within_days=within,
        level=level.value,
        windows=_windows(found.rows, windows),
        groups=_groups(_with_product(found.rows, month), level, windows),
        total=found.rows.height,
        items=[_maturity(row, month.as_of, plans) for row in month.rows("warnings", found.places, _READ).to_dicts()],
        next_cursor=found.next_cursor,
    )


def _with_product(rows: pl.DataFrame, month: Month) -> pl.DataFrame:
    """The one thing groups go by that is no column of a warning."""
    products = month.scan("features").select("loan_id", "product").collect()
    return rows.join(products, on="loan_id", maintain_order="left")


def _groups(rows: pl.DataFrame, level: DueLevel, windows: Sequence[int]) -> list[DueGroup]:
    """The group with the most principal due first."""
    coded = rows.with_columns(level.code.alias("code")).filter(pl.col("code").is_not_null())
    most = coded.group_by("code").agg(pl.col("outstanding_principal").sum().round(2).alias("due"))
    first = most.sort(-pl.col("due"), "code").head(_MOST_GROUPS)
    found: dict[str, list[DueWithin]] = {code: [] for code in first["code"]}
    for days in windows:
        counted = {row["code"]: row for row in _within(coded, days).group_by("code").agg(_COUNTED).to_dicts()}
        for code, so_far in found.items():
            so_far.append(DueWithin.model_validate({**_NOTHING, **counted.get(code, {}), "days": days}))
    return [DueGroup(code=code, windows=each) for code, each in found.items()]


def _windows(rows: pl.DataFrame, windows: Sequence[int]) -> list[DueWithin]:
    counted = ((days, _within(rows, days).select(_COUNTED).row(0, named=True)) for days in windows)
    return [DueWithin(days=days, **counts) for days, counts in counted]


def _within(rows: pl.DataFrame, days: int) -> pl.DataFrame:
    return rows.filter(pl.col("days_to_maturity") <= days)


_COUNTED = (
    pl.len().alias("loans"),
    pl.col("household_id").n_unique().alias("households"),
    pl.col("outstanding_principal").sum().round(2).alias("principal"),
    *((pl.col("light") == code).sum().alias(f"{code}_loans") for code in CODES),
)
_NOTHING = {"loans": 0, "households": 0, "principal": 0.0, **{f"{code}_loans": 0 for code in CODES}}


def _maturity(row: dict[str, object], as_of: date, plans: Plans) -> Maturity:
    left = row["days_to_maturity"]
    assert isinstance(left, int)  # noqa: S101 - the published type
    matures_on = as_of + timedelta(days=left)
    notify_by = matures_on - timedelta(days=plans.notice_days_ahead)
    return Maturity.model_validate({**row, "matures_on": matures_on, "notify_by": notify_by})
