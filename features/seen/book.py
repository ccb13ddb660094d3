"""The loan book by a day: loans, payments and dues, and the day each due was covered.

Loans and households go by their row number inside, money by whole fen: sums are exact, sorts and joins are fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.seen.amounts import fen
from features.seen.known import Known

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
        payments = self.known.newest("payments").select(
            "loan",
            "paid_on",
            fen("principal_paid"),
            fen("interest_paid"),
            (pl.col("payer") == "borrower").fill_null(False).alias("by_borrower"),
        )
        in_order = payments.sort("loan", "paid_on")
        return in_order.with_columns(
            _running("principal_paid", "loan").alias("principal_to_date"),
            _running("interest_paid", "loan").alias("interest_to_date"),
        )

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
        whole = self.payments.filter(pl.col("principal_paid") > 0).join(principal, on="loan")
        repaid = whole.filter(pl.col("principal_to_date") >= pl.col("principal"))
        paid_off = repaid.group_by("loan").agg(pl.col("paid_on").min().alias("paid_off_on"))
        settled = self.events.filter(pl.col("kind") == "settled")
        settled_on = settled.group_by("loan").agg(pl.col("occurred_on").min().alias("settled_on"))
        return paid_off.join(settled_on, on="loan", how="full", coalesce=True)

    @property
    def dues(self) -> pl.LazyFrame:
        """Instalments of every schedule, with the days on which principal, interest and both were covered.

        Contract, section 2: the first paid_on at which cumulative principal paid reaches cumulative principal due
        and the same for interest; null where that day has not come. Each schedule counts from its own beginning.
        `starts_on`, `ends_on`: from when and until when the schedule was in force; null is always.
        """
        return self.known.shared("dues", self._dues)

    def _dues(self) -> pl.LazyFrame:
        dues = self._scheduled().with_columns(
            _running("principal_due", "loan", "schedule_no").alias("principal_needed"),
            _running("interest_due", "loan", "schedule_no").alias("interest_needed"),
        )
        for money in ("principal", "interest"):
            dues = self._with_covered(dues, money)
        both = pl.max_horizontal("principal_covered_on", "interest_covered_on")
        covered = pl.col("principal_covered_on").is_not_null() & pl.col("interest_covered_on").is_not_null()
        return dues.with_columns(pl.when(covered).then(both).alias("covered_on"))

    def _scheduled(self) -> pl.LazyFrame:
        versions = self.known.shared("versions of instalments", lambda: self.known.versions("instalments"))
        instalments = self.known.newest_of(versions, "instalments", ("loan", "schedule_no", "due_on")).select(
            "loan", "schedule_no", "due_on", fen("principal_due"), fen("interest_due")
        )
        in_order = instalments.sort("loan", "schedule_no", "due_on")
        spans = _spans(versions)
        return in_order.join(spans, on=["loan", "schedule_no"], how="left", maintain_order="left")

    def _with_covered(self, dues: pl.LazyFrame, money: str) -> pl.LazyFrame:
        """With the first day on which the money paid to date reached the money needed."""
        needed, covered = pl.col(f"{money}_needed"), f"{money}_covered_on"
        days = self.payments.filter(pl.col(f"{money}_paid") > 0).select(
            (pl.col("loan").cast(pl.Int64) * _LARGEST_SUM + pl.col(f"{money}_to_date")).alias("key"),
            pl.col("loan").alias("payer_loan"),
            pl.col("paid_on").alias(covered),
        )
        keyed = dues.with_columns((pl.col("loan").cast(pl.Int64) * _LARGEST_SUM + needed).alias("key")).sort("key")
        found = keyed.join_asof(days.set_sorted("key"), on="key", strategy="forward")
        reached = pl.when(pl.col("payer_loan") == pl.col("loan")).then(pl.col(covered))
        day = pl.when(needed == 0).then(pl.lit(_ALWAYS)).otherwise(reached)
        return found.with_columns(day.alias(covered)).drop("key", "payer_loan")


def bad_on(book: Book, bad_after_days: int) -> pl.LazyFrame:
    """`loan`, `bad_on` of each loan that has gone bad (contract, section 2); loans that have not are absent.

    The first day a loan is `bad_after_days` past due under the schedule in force on that day, or is
    compensated or written off. A due that came after the loan was repaid, or one still open when the loan was
    settled, makes no loan bad.
    """
    day = pl.col("due_on") + pl.duration(days=bad_after_days)
    late = book.dues.with_columns(day.alias("bad_on")).filter(
        True if book.known.known_by is None else pl.col("bad_on") <= book.known.known_by,
        pl.col("covered_on").is_null() | (pl.col("covered_on") > pl.col("bad_on")),
        pl.col("starts_on").is_null() | (pl.col("starts_on") <= pl.col("bad_on")),
        pl.col("ends_on").is_null() | (pl.col("bad_on") < pl.col("ends_on")),
    )
    owed = late.join(book.endings, on="loan", how="left").filter(
        pl.col("paid_off_on").is_null() | (pl.col("due_on") <= pl.col("paid_off_on")),
        pl.col("settled_on").is_null() | (pl.col("settled_on") > pl.col("bad_on")),
    )
    lost = book.events.filter(pl.col("kind").is_in(("compensated", "written_off")))
    days = pl.concat([owed.select("loan", "bad_on"), lost.select("loan", pl.col("occurred_on").alias("bad_on"))])
    return days.group_by("loan").agg(pl.col("bad_on").min())


def _spans(versions: pl.LazyFrame) -> pl.LazyFrame:
    """Of loans with several schedules: the lowest holds from the beginning, a higher from its first known_on."""
    schedules = pl.col("schedule_no")
    numbers = versions.group_by("loan").agg(schedules.min().alias("lowest"), schedules.max().alias("highest"))
    several = numbers.filter(pl.col("lowest") != pl.col("highest"))
    rescheduled = versions.join(several, on="loan").group_by("loan", "schedule_no", "lowest")
    starts = rescheduled.agg(pl.col("known_on").min().alias("first_known")).sort("loan", "schedule_no")
    later = pl.col("first_known").shift(-1).reverse().cum_min().reverse().over("loan")
    return starts.select(
        "loan",
        "schedule_no",
        pl.when(schedules != pl.col("lowest")).then(pl.col("first_known")).alias("starts_on"),
        later.alias("ends_on"),
    )


def _running(money: str, *group: str) -> pl.Expr:
    """The running total within a group of sorted rows: the total of all, less what it was where the group began."""
    begins = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in group).fill_null(True)
    total = pl.col(money).cum_sum()
    return total - pl.when(begins).then(total - pl.col(money)).forward_fill()
