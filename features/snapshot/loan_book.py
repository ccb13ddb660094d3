"""The loan book by a day: loans, payments and dues, and the day each due was covered.

Loans and households go by their row number inside, money by whole fen: sums are exact, sorts and joins are fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl

from features.snapshot.amounts import fen
from features.snapshot.latest_versions import Known

_MONEY = ("principal", "interest")
_ALWAYS = date(1900, 1, 1)
"""The day on which a due with nothing to pay up to it counts as covered."""
_LARGEST_SUM = 2**40
"""More fen than any loan owes: loan number and sum together make one sortable key."""


@dataclass(frozen=True)
class Book:
    """Everything known of the loans."""

    known: Known

    @property
    def loans(self) -> pl.LazyFrame:
        """The newest version of each loan; `loan` and `household` number them."""
        return self.known.loans

    @property
    def payments(self) -> pl.LazyFrame:
        """Sorted by loan and day, with `principal_to_date` and `interest_to_date` of the loan after each."""
        return self.known.shared("payments", self._payments)

    def _payments(self) -> pl.LazyFrame:
        payments = self.known.newest("payments").select(_PAYMENT)
        return payments.sort("loan", "paid_on").with_columns(_PAID_TO_DATE)

    @property
    def events(self) -> pl.LazyFrame:
        """The newest version of each event of a loan."""
        columns = ("loan", "occurred_on", "kind", "new_matures_on", "known_on")
        return self.known.shared("loan events", lambda: self.known.newest("loan_events").select(columns))

    @property
    def endings(self) -> pl.LazyFrame:
        """For each loan that has ended: `paid_off_on`, the day by which its principal was repaid; `settled_on`."""
        return self.known.shared("endings", self._endings)

    def _endings(self) -> pl.LazyFrame:
        principal = self.loans.select("loan", fen("principal"))
        repaid = self.payments.filter(_PAYS_PRINCIPAL).join(principal, on="loan").filter(_REPAYS_ALL)
        paid_off, settled = repaid.group_by("loan"), self.events.filter(_SETTLED).group_by("loan")
        return paid_off.agg(_PAID_OFF_ON).join(settled.agg(_SETTLED_ON), on="loan", how="full", coalesce=True)

    @property
    def dues(self) -> pl.LazyFrame:
        """Instalments of every schedule, with the days on which principal, interest and both were covered.

        Contract, section 2: the first paid_on at which cumulative principal paid reaches cumulative principal due
        and the same for interest; null where that day has not come. Each schedule counts from its own beginning.
        `starts_on`, `ends_on`: from when and until when the schedule was in force; null is always.
        """
        return self.known.shared("dues", self._dues)

    def _dues(self) -> pl.LazyFrame:
        dues = self._scheduled().with_columns(_NEEDED_TO_DATE)
        for money in _MONEY:
            dues = self._with_covered(dues, money)
        return dues.with_columns(_COVERED_ON)

    def _scheduled(self) -> pl.LazyFrame:
        versions = self.known.shared("versions of instalments", lambda: self.known.versions("instalments"))
        instalments = self.known.newest_of(versions, "instalments", ("loan", "schedule_no", "due_on"))
        in_order = instalments.select(_INSTALMENT).sort("loan", "schedule_no", "due_on")
        spans = _spans(versions)
        return in_order.join(spans, on=["loan", "schedule_no"], how="left", maintain_order="left")

    def _with_covered(self, dues: pl.LazyFrame, money: str) -> pl.LazyFrame:
        """With the first day on which the money paid to date reached the money needed."""
        covering = _covering(money)
        days = self.payments.filter(covering.pays).select(covering.days).set_sorted("key")
        found = dues.with_columns(covering.key).sort("key").join_asof(days, on="key", strategy="forward")
        return found.with_columns(covering.covered_on).drop("key", "payer_loan")


@dataclass(frozen=True, eq=False)
class _Covering:
    """How dues of a kind of money find the day that covers them, by loan and sum in one key."""

    pays: pl.Expr
    days: tuple[pl.Expr, ...]
    key: pl.Expr
    covered_on: pl.Expr


@cache
def _covering(money: str) -> _Covering:
    needed, covered, loan = pl.col(f"{money}_needed"), f"{money}_covered_on", pl.col("loan")
    of_loan = loan.cast(pl.Int64) * _LARGEST_SUM
    paid = ((of_loan + pl.col(f"{money}_to_date")).alias("key"), loan.alias("payer_loan"))
    reached = pl.when(pl.col("payer_loan") == loan).then(pl.col(covered))
    return _Covering(
        pays=pl.col(f"{money}_paid") > 0,
        days=(*paid, pl.col("paid_on").alias(covered)),
        key=(of_loan + needed).alias("key"),
        covered_on=pl.when(needed == 0).then(pl.lit(_ALWAYS)).otherwise(reached).alias(covered),
    )


def bad_on(book: Book, bad_after_days: int) -> pl.LazyFrame:
    """`loan`, `bad_on` of each loan that has gone bad (contract, section 2); loans that have not are absent.

    The first day a loan is `bad_after_days` past due under the schedule in force on that day, or is
    compensated or written off. A due that came after the loan was repaid, or one still open when the loan was
    settled, makes no loan bad.
    """
    late = book.dues.with_columns(_past_due_on(bad_after_days)).filter(_late_by(book.known.known_by))
    owed = late.join(book.endings, on="loan", how="left").filter(_STILL_OWED)
    lost = book.events.filter(_LOST)
    return pl.concat([owed.select("loan", "bad_on"), lost.select(_LOST_ON)]).group_by("loan").agg(_FIRST_BAD_ON)


@cache
def _past_due_on(days: int) -> pl.Expr:
    return (pl.col("due_on") + pl.duration(days=days)).alias("bad_on")


@cache
def _late_by(known_by: date | None) -> tuple[pl.Expr, ...]:
    """Not covered on the day it counts as bad, which has come, under a schedule in force on it."""
    day = pl.col("bad_on")
    return (
        pl.lit(True) if known_by is None else day <= known_by,
        pl.col("covered_on").is_null() | (pl.col("covered_on") > day),
        pl.col("starts_on").is_null() | (pl.col("starts_on") <= day),
        pl.col("ends_on").is_null() | (day < pl.col("ends_on")),
    )


def _spans(versions: pl.LazyFrame) -> pl.LazyFrame:
    """Of loans with several schedules: the lowest holds from the beginning, a higher from its first known_on."""
    several = versions.group_by("loan").agg(_LOWEST_HIGHEST).filter(_SEVERAL)
    rescheduled = versions.join(several, on="loan").group_by("loan", "schedule_no", "lowest")
    return rescheduled.agg(_FIRST_KNOWN).sort("loan", "schedule_no").select(_SPAN)


def _running(money: str, *group: str) -> pl.Expr:
    """The running total within a group of sorted rows: the total of all, less what it was where the group began."""
    begins = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in group).fill_null(True)
    total = pl.col(money).cum_sum()
    return total - pl.when(begins).then(total - pl.col(money)).forward_fill()


_PAYMENT = (
    *map(pl.col, ("loan", "paid_on")),
    *map(fen, ("principal_paid", "interest_paid")),
    (pl.col("payer") == "borrower").fill_null(False).alias("by_borrower"),
)
_PAID_TO_DATE = tuple(_running(f"{money}_paid", "loan").alias(f"{money}_to_date") for money in _MONEY)
_PAYS_PRINCIPAL, _REPAYS_ALL = pl.col("principal_paid") > 0, pl.col("principal_to_date") >= pl.col("principal")
_PAID_OFF_ON = pl.col("paid_on").min().alias("paid_off_on")
_SETTLED, _SETTLED_ON = pl.col("kind") == "settled", pl.col("occurred_on").min().alias("settled_on")
_INSTALMENT = (*map(pl.col, ("loan", "schedule_no", "due_on")), *map(fen, ("principal_due", "interest_due")))
_NEEDED_TO_DATE = tuple(_running(f"{money}_due", "loan", "schedule_no").alias(f"{money}_needed") for money in _MONEY)
_BOTH = [f"{money}_covered_on" for money in _MONEY]
_COVERED_ON = pl.when(pl.all_horizontal(pl.col(_BOTH).is_not_null())).then(pl.max_horizontal(_BOTH)).alias("covered_on")
_STILL_OWED = (
    pl.col("paid_off_on").is_null() | (pl.col("due_on") <= pl.col("paid_off_on")),
    pl.col("settled_on").is_null() | (pl.col("settled_on") > pl.col("bad_on")),
)
_LOST = pl.col("kind").is_in(("compensated", "written_off"))
_LOST_ON = (pl.col("loan"), pl.col("occurred_on").alias("bad_on"))
_FIRST_BAD_ON = pl.col("bad_on").min()
_LOWEST_HIGHEST = (pl.col("schedule_no").min().alias("lowest"), pl.col("schedule_no").max().alias("highest"))
_SEVERAL = pl.col("lowest") != pl.col("highest")
_FIRST_KNOWN = pl.col("known_on").min().alias("first_known")
_SPAN = (
    *map(pl.col, ("loan", "schedule_no")),
    pl.when(pl.col("schedule_no") != pl.col("lowest")).then(pl.col("first_known")).alias("starts_on"),
    pl.col("first_known").shift(-1).reverse().cum_min().reverse().over("loan").alias("ends_on"),
)
