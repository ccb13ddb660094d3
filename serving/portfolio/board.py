"""The county at a glance, sums alone: lights, arrears, what moved, townships by banks, and the months before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

import polars as pl

from features.messages import Words
from models.county_policy.sections import Groups
from models.expected_loss import expected_loss
from models.group_light.evaluate_groups import Level, groups
from models.light import CODES
from serving.months.data_folder import Store
from serving.months.repository import Month, Published
from serving.portfolio.migration import Span, cells, moved, totals
from serving.portfolio.report_period import Scope
from serving.portfolio.standing import ALL

MONTHS = 12
"""So many month ends are looked back."""


class Measure(StrEnum):
    """What the map is coloured by: the share of loans that are lit, or of the balance that is in arrears."""

    LIT = "lit"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class Standing:
    """All loans of a month: by light loans and yuan; shares of the balance and of the households in arrears, with the
    interval of the former; None where there is no loan."""

    as_of: date
    loans: Mapping[str, int]
    balance: Mapping[str, float]
    overdue_share: float | None
    overdue_low: float | None
    overdue_high: float | None
    overdue_household_share: float | None

    @property
    def lit_share(self) -> float | None:
        all_loans = sum(self.loans.values())
        return (self.loans["red"] + self.loans["yellow"]) / all_loans if all_loans else None


@dataclass(frozen=True)
class Cell:
    """A township at a bank (either may be all). share: None where there are too few loans to judge. step: 0 to 4."""

    loans: int
    share: float | None
    step: int | None


@dataclass(frozen=True)
class MapTable:
    """Townships down, banks across, the first of each being all. bounds: shares from which the next step counts."""

    banks: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    bounds: tuple[float, ...]
    least_loans: int


@dataclass(frozen=True)
class Moves:
    """Since the month published before: cells of `migration.cells`, and what was cured and got worse."""

    since: date
    cells: tuple[Mapping[str, object], ...]
    totals: Mapping[str, object]


def _loans(month: Month) -> pl.DataFrame:
    """What groups are made of, without the lists of reasons: a county may have a million loans."""
    warnings, facts = month.scan("warnings").select(_WARNED), month.scan("features").select(_KNOWN)
    loans = warnings.join(facts, on="loan_id").drop("loan_id").collect()
    return loans.hstack(expected_loss(loans, month.policy))


_WARNED = (
    *("loan_id", "household_id", "bank", "county_code", "township_code", "village_code"),
    *("light", "probability", "outstanding_principal"),
)
_KNOWN = ("loan_id", "product", "overdue_principal", "overdue_interest", "has_gone_bad", "use_diverted")


@lru_cache(maxsize=128)
def standing(month: Month) -> Standing:
    """An edition never changes."""
    loans = _loans(month)
    lit = loans.group_by(pl.col("light").cast(pl.String)).agg(
        pl.len().alias("loans"), pl.col("outstanding_principal").sum().round(2).alias("balance")
    )
    found = {row["light"]: row for row in lit.to_dicts()}
    whole = groups(loans.with_columns(pl.lit(ALL).alias("county_code")), Level.COUNTY, month.policy.groups).to_dicts()
    rates = whole[0] if whole else {}
    return Standing(
        as_of=month.as_of,
        loans={code: int(found.get(code, {}).get("loans", 0)) for code in CODES},
        balance={code: float(found.get(code, {}).get("balance", 0.0)) for code in CODES},
        overdue_share=rates.get("overdue_share"),
        overdue_low=rates.get("overdue_share_low"),
        overdue_high=rates.get("overdue_share_high"),
        overdue_household_share=rates.get("overdue_household_share"),
    )


def lately(store: Store, until: date) -> list[Standing]:
    """The published month ends up to a day, the oldest first."""
    published = Published(store)
    days = [day for day in published.months() if day <= until][:MONTHS]
    return [standing(published.month(day)) for day in reversed(days)]


def moves(store: Store, month: Month) -> Moves | None:
    """None where no month before is published."""
    before = Published(store).month_before(month.as_of)
    return _moves(store, before, month) if before else None


@lru_cache(maxsize=32)
def _moves(store: Store, before: Month, month: Month) -> Moves:
    span = Span.of(store, before.as_of, month.as_of)
    loans = moved(span, Scope())
    return Moves(before.as_of, tuple(cells(loans).to_dicts()), totals(loans).row(0, named=True))


@lru_cache(maxsize=64)
def map_table(month: Month, measure: Measure) -> MapTable:
    """Townships and banks of the loans that exist for whoever reads the month."""
    policy = month.policy.groups
    loans = _loans(month).with_columns(pl.col("township_code").fill_null(""))
    pairs = [("township_code", "bank"), ("township_code",), ("bank",), ()]
    found = {key: row for by in pairs for key, row in _shares(loans, by, measure).items()}
    banks, townships = (tuple(loans[name].unique().sort()) for name in ("bank", "township_code"))
    bounds = _bounds(measure, found.get((None, None), (0, 0.0))[1], policy)
    rows = tuple(
        (
            town or "",
            tuple(_cell(found.get((town, bank)), bounds, policy.least_loans) for bank in (None, *banks)),
        )
        for town in (None, *townships)
    )
    return MapTable(banks, rows, bounds, policy.least_loans)


Key = tuple[str | None, str | None]


def _shares(loans: pl.DataFrame, by: Sequence[str], measure: Measure) -> dict[Key, tuple[int, float]]:
    """Loans and share of each group, by township and bank; None for all of them."""
    counted = (pl.len().alias("loans"), _SHARES[measure].alias("share"))
    rows = loans.group_by(by).agg(counted) if by else loans.select(counted)
    return {
        (row.get("township_code"), row.get("bank")): (row["loans"], row["share"])
        for row in rows.to_dicts()
        if row["loans"]
    }


_BALANCE = pl.col("outstanding_principal")
_LATE = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
_SHARES = {
    Measure.LIT: pl.col("light").cast(pl.String).is_in(["yellow", "red"]).mean(),
    Measure.OVERDUE: _BALANCE.filter(_LATE).sum() / _BALANCE.sum(),
}
_TIMES_THE_COUNTYS = (0.5, 0.8, 1.25, 2.0)


def _bounds(measure: Measure, whole: float, policy: Groups) -> tuple[float, ...]:
    """Lit: times the share of all. Overdue: half the bound of a yellow group, it, the red one, and twice that."""
    if measure is Measure.LIT:
        return tuple(whole * times for times in _TIMES_THE_COUNTYS)
    return (policy.yellow_above / 2, policy.yellow_above, policy.red_above, 2 * policy.red_above)


def _cell(found: tuple[int, float] | None, bounds: Sequence[float], least: int) -> Cell:
    if found is None:
        return Cell(0, None, None)
    loans, share = found
    if loans < least:
        return Cell(loans, None, None)
    return Cell(loans, share, sum(share > bound for bound in bounds))


MEASURE_WORDS: Mapping[Measure, Words] = {
    Measure.LIT: Words("亮灯 (红或黄) 贷款占比", "share of loans lit (red or yellow)"),
    Measure.OVERDUE: Words("逾期率 (金额)", "overdue, by balance"),
}
