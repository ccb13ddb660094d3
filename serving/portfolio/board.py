"""The county board: sums over all loans of a month by light, township and bank, and of the months before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

import polars as pl

from features.messages import Bilingual
from features.snapshot.amounts import yuan_sum
from models.expected_loss import expected_loss
from models.group_light.evaluate_groups import GroupLevel, evaluate_groups
from models.light import CODES
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.migration import MigrationPeriod, loan_migrations, migration_cells, migration_totals
from serving.portfolio.report_period import ReportScope
from serving.portfolio.standing import ALL_GROUPS

MONTHS_SHOWN = 12
"""Published month ends that the board looks back."""
DUE_SOON_DAYS = 90
"""Days ahead within which loans are counted as due soon."""
_WARNING_COLUMNS = (
    *("loan_id", "household_id", "bank", "county_code", "township_code", "village_code"),
    *("light", "probability", "outstanding_principal", "bad_since", "status", "days_to_maturity"),
)
_FEATURE_COLUMNS = (
    *("loan_id", "originated_on", "product", "overdue_principal", "overdue_interest"),
    *("has_gone_bad", "use_diverted"),
)
_IN_ARREARS = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
_BALANCE = pl.col("outstanding_principal")
_MULTIPLES_OF_COUNTY_SHARE = (0.5, 0.8, 1.25, 2.0)
"""Bounds between the map's colours for flagged loans, as multiples of the share of all loans."""
GroupKey = tuple[str | None, str | None]
"""Township and bank; None for all."""


class Measure(StrEnum):
    """What the map is coloured by: the share of loans that are yellow or red, or of the balance in arrears."""

    LIT = "lit"
    OVERDUE = "overdue"


MEASURE_WORDS: Mapping[Measure, Bilingual] = {
    Measure.LIT: Bilingual("亮灯（红或黄）贷款占比", "share of loans lit (red or yellow)"),
    Measure.OVERDUE: Bilingual("逾期率（金额）", "overdue, by balance"),
}
_SHARES = {
    Measure.LIT: pl.col("light").cast(pl.String).is_in(["yellow", "red"]).mean(),
    Measure.OVERDUE: yuan_sum(_BALANCE.filter(_IN_ARREARS)) / yuan_sum(_BALANCE),
}


@dataclass(frozen=True)
class MonthTotals:
    """Sums over all loans of a month.

    loans, balance: loans and outstanding principal (yuan) by light. overdue_share: share of the balance in arrears,
    with its 95% interval; overdue_household_share: share of the households in arrears. Shares are None without loans.
    bad: loans that are bad. due_soon: loans that mature within DUE_SOON_DAYS.
    """

    as_of: date
    loans: Mapping[str, int]
    balance: Mapping[str, float]
    overdue_share: float | None
    overdue_low: float | None
    overdue_high: float | None
    overdue_household_share: float | None
    bad: int
    due_soon: int

    @property
    def lit_share(self) -> float | None:
        """The share of loans that are yellow or red; None without loans."""
        all_loans = sum(self.loans.values())
        return (self.loans["red"] + self.loans["yellow"]) / all_loans if all_loans else None


@dataclass(frozen=True)
class MapCell:
    """The loans of a township at a bank.

    share: of the measure; None where there are too few loans. step: its colour, 0 to 4; None without a share.
    """

    loans: int
    share: float | None
    step: int | None


@dataclass(frozen=True)
class MapTable:
    """Townships (rows) by banks (columns).

    banks: the columns' names; a column with all banks precedes them. rows: township code ("" for all, and where it is
    missing) with its cells; the first row is all townships. bounds: shares above which a cell has the next step.
    least_loans: loans that it takes to show a share.
    """

    banks: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MapCell, ...]], ...]
    bounds: tuple[float, ...]
    least_loans: int


@dataclass(frozen=True)
class MigrationSummary:
    """Migration of all loans between the lights of two published months.

    since: the earlier month end. cells: rows of `migration_cells`. totals: the row of `migration_totals`.
    """

    since: date
    cells: tuple[Mapping[str, object], ...]
    totals: Mapping[str, object]


def _loans(month: PublishedMonth) -> pl.DataFrame:
    """The columns that groups are evaluated by; without lists of reasons, since a county may have a million loans."""
    warnings = month.scan("warnings").select(_WARNING_COLUMNS)
    features = month.scan("features").select(_FEATURE_COLUMNS)
    loans = warnings.join(features, on="loan_id").drop("loan_id").collect()
    return loans.hstack(expected_loss(loans, month.contract_terms, month.fund_curves))


@lru_cache(maxsize=128)
def month_totals(month: PublishedMonth) -> MonthTotals:
    """The sums of a month over the loans in the reader's scope; of an edition they never change.

    Args:
        month: the published month.

    Returns:
        Loans and balances by light, and the shares in arrears.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.board import month_totals
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> totals = month_totals(month)
        >>> sum(totals.loans.values()) == month.manifest.rows
        True
        >>> 0 <= totals.overdue_low <= totals.overdue_share <= totals.overdue_high <= 1
        True
    """
    loans = _loans(month)
    by_light = loans.group_by(pl.col("light").cast(pl.String)).agg(
        pl.len().alias("loans"), yuan_sum(_BALANCE).alias("balance")
    )
    totals = {row["light"]: row for row in by_light.to_dicts()}
    as_one_group = loans.with_columns(pl.lit(ALL_GROUPS).alias("county_code"))
    rates = next(iter(evaluate_groups(as_one_group, GroupLevel.COUNTY, month.policy.groups).to_dicts()), {})
    return MonthTotals(
        as_of=month.as_of,
        loans={code: int(totals.get(code, {}).get("loans", 0)) for code in CODES},
        balance={code: float(totals.get(code, {}).get("balance", 0.0)) for code in CODES},
        overdue_share=rates.get("overdue_share"),
        overdue_low=rates.get("overdue_share_low"),
        overdue_high=rates.get("overdue_share_high"),
        overdue_household_share=rates.get("overdue_household_share"),
        bad=int((loans["status"] == "bad").sum()),
        due_soon=int(loans["days_to_maturity"].is_between(0, DUE_SOON_DAYS).sum()),
    )


def recent_month_totals(store: DataFolder, until: date) -> list[MonthTotals]:
    """The totals of the last MONTHS_SHOWN whole months published up to a day, the oldest first."""
    repository = MonthRepository(store)
    days = [day for day in repository.months() if day <= until][:MONTHS_SHOWN]
    return [month_totals(month) for month in repository.whole_months(reversed(days))[0]]


def latest_migration(store: DataFolder, month: PublishedMonth) -> MigrationSummary | None:
    """The migration since the newest whole month published before; None where there is no such month."""
    repository = MonthRepository(store)
    earlier, _ = repository.whole_months((day for day in repository.months() if day < month.as_of), at_most=1)
    return _migration_summary(store, earlier[0], month) if earlier else None


@lru_cache(maxsize=32)
def _migration_summary(store: DataFolder, earlier: PublishedMonth, month: PublishedMonth) -> MigrationSummary:
    loans = loan_migrations(MigrationPeriod.between(store, earlier.as_of, month.as_of), ReportScope())
    cells = tuple(migration_cells(loans).to_dicts())
    return MigrationSummary(earlier.as_of, cells, migration_totals(loans).row(0, named=True))


@lru_cache(maxsize=64)
def township_bank_map(month: PublishedMonth, measure: Measure) -> MapTable:
    """The board's map: a measure by township and bank, over the loans in the reader's scope.

    Args:
        month: the published month.
        measure: the share that the cells show.

    Returns:
        The table; its first row and first column are totals.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.board import Measure, township_bank_map
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> table = township_bank_map(month, Measure.OVERDUE)
        >>> township, cells = table.rows[0]
        >>> township, cells[0].loans == month.manifest.rows, len(cells) == len(table.banks) + 1
        ('', True, True)
    """
    policy = month.policy.groups
    loans = _loans(month).with_columns(pl.col("township_code").fill_null(""))
    groups: dict[GroupKey, tuple[int, float]] = {}
    totals = (pl.len().alias("loans"), _SHARES[measure].alias("share"))
    for by in (("township_code", "bank"), ("township_code",), ("bank",), ()):
        for row in (loans.group_by(by).agg(totals) if by else loans.select(totals)).to_dicts():
            if row["loans"]:
                groups[row.get("township_code"), row.get("bank")] = (row["loans"], row["share"])
    if measure is Measure.LIT:
        _, share_of_all = groups.get((None, None), (0, 0.0))
        bounds = tuple(share_of_all * multiple for multiple in _MULTIPLES_OF_COUNTY_SHARE)
    else:
        bounds = (policy.yellow_above / 2, policy.yellow_above, policy.red_above, 2 * policy.red_above)
    banks, townships = (tuple(loans[name].unique().sort()) for name in ("bank", "township_code"))
    rows = tuple(
        (
            township or "",
            tuple(_cell(groups.get((township, bank)), bounds, policy.least_loans) for bank in (None, *banks)),
        )
        for township in (None, *townships)
    )
    return MapTable(banks, rows, bounds, policy.least_loans)


def _cell(group: tuple[int, float] | None, bounds: Sequence[float], least_loans: int) -> MapCell:
    loans, share = group or (0, 0.0)
    if group is None or loans < least_loans:
        return MapCell(loans, None, None)
    return MapCell(loans, share, sum(share > bound for bound in bounds))
