"""The loan book by a day: loans, payments and dues, and the day on which each due was covered.

Amounts are in whole fen: sums are exact. Loans and households go by number: sorts and joins are fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.snapshot.amounts import fen
from features.snapshot.frame_schemas import (
    BAD_DAYS_SCHEMA,
    BOOK_EVENTS_SCHEMA,
    BOOK_PAYMENTS_SCHEMA,
    DUES_SCHEMA,
    ENDINGS_SCHEMA,
)
from features.snapshot.latest_versions import LatestVersions

_MONEY = ("principal", "interest")
_ALWAYS = date(1900, 1, 1)
"""The day on which a due counts as covered where nothing had to be paid up to it."""
_LARGEST_SUM = 2**40
"""More fen than any loan owes: loan number and sum together make one sortable key."""


def _running_total(money: str, *group: str) -> pl.Expr:
    """The running total within each group of sorted rows: the total of all rows less the total before the group."""
    begins = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in group).fill_null(True)
    total = pl.col(money).cum_sum()
    return total - pl.when(begins).then(total - pl.col(money)).forward_fill()


_PAYMENT_COLUMNS = (
    *map(pl.col, ("loan", "paid_on")),
    *map(fen, ("principal_paid", "interest_paid")),
    (pl.col("payer") == "borrower").fill_null(False).alias("by_borrower"),
)
_PAID_TO_DATE = tuple(_running_total(f"{money}_paid", "loan").alias(f"{money}_to_date") for money in _MONEY)
_EVENT_COLUMNS = ("loan", "occurred_on", "kind", "new_matures_on", "known_on")
_PAYS_PRINCIPAL, _REPAYS_ALL = pl.col("principal_paid") > 0, pl.col("principal_to_date") >= pl.col("principal")
_PAID_OFF_ON = pl.col("paid_on").min().alias("paid_off_on")
_SETTLED, _SETTLED_ON = pl.col("kind") == "settled", pl.col("occurred_on").min().alias("settled_on")
_INSTALMENT_COLUMNS = (*map(pl.col, ("loan", "schedule_no", "due_on")), *map(fen, ("principal_due", "interest_due")))
_NEEDED_TO_DATE = tuple(
    _running_total(f"{money}_due", "loan", "schedule_no").alias(f"{money}_needed") for money in _MONEY
)
_BOTH = [f"{money}_covered_on" for money in _MONEY]
_COVERED_ON = pl.when(pl.all_horizontal(pl.col(_BOTH).is_not_null())).then(pl.max_horizontal(_BOTH)).alias("covered_on")
_LOWEST_HIGHEST = (pl.col("schedule_no").min().alias("lowest"), pl.col("schedule_no").max().alias("highest"))
_SEVERAL = pl.col("lowest") != pl.col("highest")
_FIRST_KNOWN = pl.col("known_on").min().alias("first_known")
_SPAN = (
    *map(pl.col, ("loan", "schedule_no")),
    pl.when(pl.col("schedule_no") != pl.col("lowest")).then(pl.col("first_known")).alias("starts_on"),
    pl.col("first_known").shift(-1).reverse().cum_min().reverse().over("loan").alias("ends_on"),
)
_STILL_OWED = (
    pl.col("paid_off_on").is_null() | (pl.col("due_on") <= pl.col("paid_off_on")),
    pl.col("settled_on").is_null() | (pl.col("settled_on") > pl.col("bad_on")),
)
_WRITTEN_OFF = pl.col("kind").is_in(("compensated", "written_off"))
_WRITTEN_OFF_ON = (pl.col("loan"), pl.col("occurred_on").alias("bad_on"))
_FIRST_BAD_ON = pl.col("bad_on").min()


@dataclass(frozen=True)
class LoanBook:
    """The loans in their newest versions, with what was paid on them and what was due."""

    versions: LatestVersions

    @property
    @returns(BOOK_PAYMENTS_SCHEMA)
    def payments(self) -> pl.LazyFrame:
        """One row for each payment, sorted by loan and day, with the loan's totals after it."""

        def query() -> pl.LazyFrame:
            """The payments with `principal_to_date` and `interest_to_date`."""
            payments = self.versions.newest("payments").select(_PAYMENT_COLUMNS)
            return payments.sort("loan", "paid_on").with_columns(_PAID_TO_DATE)

        return self.versions.cached_frame("payments", query).lazy()

    @property
    @returns(BOOK_EVENTS_SCHEMA)
    def events(self) -> pl.LazyFrame:
        """The newest version of each event of a loan."""
        return self.versions.cached_frame(
            "loan events", lambda: self.versions.newest("loan_events").select(_EVENT_COLUMNS)
        ).lazy()

    @property
    @returns(ENDINGS_SCHEMA)
    def endings(self) -> pl.LazyFrame:
        """One row for each loan whose principal was repaid or which was settled."""
        return self.versions.cached_frame("endings", self._endings).lazy()

    def _endings(self) -> pl.LazyFrame:
        principal = self.versions.loans.select("loan", fen("principal"))
        repaid = self.payments.filter(_PAYS_PRINCIPAL).join(principal, on="loan").filter(_REPAYS_ALL)
        paid_off, settled = repaid.group_by("loan"), self.events.filter(_SETTLED).group_by("loan")
        return paid_off.agg(_PAID_OFF_ON).join(settled.agg(_SETTLED_ON), on="loan", how="full", coalesce=True)

    @property
    @returns(DUES_SCHEMA)
    def dues(self) -> pl.LazyFrame:
        """One row for each instalment of every schedule, with the days on which it was covered.

        Contract, section 2: a due is covered on the first paid_on at which cumulative principal paid reaches
        cumulative principal due, and interest likewise; null where that day has not come. Each schedule counts from
        its own beginning; delivered again under its number, it is the newest delivery alone.
        """
        return self.versions.cached_frame("dues", self._dues).lazy()

    def _dues(self) -> pl.LazyFrame:
        versions = self.versions.cached_frame(
            "versions of instalments", lambda: self.versions.all_versions("instalments")
        ).lazy()
        instalments = self.versions.newest_by_key(versions, "instalments", ("loan", "schedule_no"))
        in_order = instalments.select(_INSTALMENT_COLUMNS).sort("loan", "schedule_no", "due_on")
        spans = _schedule_spans(versions)
        dues = in_order.join(spans, on=["loan", "schedule_no"], how="left", maintain_order="left")
        dues = dues.with_columns(_NEEDED_TO_DATE)
        for money in _MONEY:
            dues = self._with_covered_on(dues, money)
        return dues.with_columns(_COVERED_ON)

    def _with_covered_on(self, dues: pl.LazyFrame, money: str) -> pl.LazyFrame:
        """The dues with the first day on which the money paid to date reached the money needed."""
        coverage = _coverage(money)
        days = self.payments.filter(coverage.pays).select(coverage.days).set_sorted("key")
        matched = dues.with_columns(coverage.key).sort("key").join_asof(days, on="key", strategy="forward")
        return matched.with_columns(coverage.covered_on).drop("key", "payer_loan")


def _schedule_spans(versions: pl.LazyFrame) -> pl.LazyFrame:
    """From when and until when each schedule was in force, for loans with several.

    The lowest schedule is in force from the beginning, a higher one from its first known_on.
    """
    several = versions.group_by("loan").agg(_LOWEST_HIGHEST).filter(_SEVERAL)
    rescheduled = versions.join(several, on="loan").group_by("loan", "schedule_no", "lowest")
    return rescheduled.agg(_FIRST_KNOWN).sort("loan", "schedule_no").select(_SPAN)


@dataclass(frozen=True, eq=False)
class _Coverage:
    """The expressions that match dues of principal or interest with the payments that cover them.

    pays: payments of that money. days: the key of each such payment, its loan and its day. key: that of a due; both
    are sorted by loan and sum. covered_on: the day matched, null where the payment is one of another loan.
    """

    pays: pl.Expr
    days: tuple[pl.Expr, ...]
    key: pl.Expr
    covered_on: pl.Expr


@cache
def _coverage(money: str) -> _Coverage:
    needed, covered, loan = pl.col(f"{money}_needed"), f"{money}_covered_on", pl.col("loan")
    of_loan = loan.cast(pl.Int64) * _LARGEST_SUM
    paid = ((of_loan + pl.col(f"{money}_to_date")).alias("key"), loan.alias("payer_loan"))
    reached = pl.when(pl.col("payer_loan") == loan).then(pl.col(covered))
    return _Coverage(
        pays=pl.col(f"{money}_paid") > 0,
        days=(*paid, pl.col("paid_on").alias(covered)),
        key=(of_loan + needed).alias("key"),
        covered_on=pl.when(needed == 0).then(pl.lit(_ALWAYS)).otherwise(reached).alias(covered),
    )


@returns(BAD_DAYS_SCHEMA)
def first_bad_days(book: LoanBook, bad_after_days: int) -> pl.LazyFrame:
    """One row for each loan that has gone bad, with the first day on which it was (contract, section 2).

    A loan is bad once it is `bad_after_days` days past due under the schedule in force on that day, or is compensated
    or written off. A due after the loan was repaid, and one still open when the loan was settled, do not count.
    """
    late = book.dues.with_columns(_past_due_on(bad_after_days)).filter(_was_past_due(book.versions.known_by))
    owed = late.join(book.endings, on="loan", how="left").filter(_STILL_OWED)
    written_off = book.events.filter(_WRITTEN_OFF).select(_WRITTEN_OFF_ON)
    return pl.concat([owed.select("loan", "bad_on"), written_off]).group_by("loan").agg(_FIRST_BAD_ON)


@cache
def _past_due_on(days: int) -> pl.Expr:
    return (pl.col("due_on") + pl.duration(days=days)).alias("bad_on")


@cache
def _was_past_due(known_by: date | None) -> tuple[pl.Expr, ...]:
    """Where bad_on has come, and the due was not covered and its schedule in force on that day."""
    day = pl.col("bad_on")
    return (
        pl.lit(True) if known_by is None else day <= known_by,
        pl.col("covered_on").is_null() | (pl.col("covered_on") > day),
        pl.col("starts_on").is_null() | (pl.col("starts_on") <= day),
        pl.col("ends_on").is_null() | (day < pl.col("ends_on")),
    )
