"""The loan book by a day: loans, payments, events, schedules, and the life of each loan to that day.

Amounts are in whole fen: sums are exact. Loans and households go by number: sorts and joins are fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.frame_schema import returns
from features.snapshot.amounts import fen
from features.snapshot.frame_schemas import (
    BOOK_EVENTS_SCHEMA,
    BOOK_PAYMENTS_SCHEMA,
    NEWEST_PAYMENTS_SCHEMA,
    SCHEDULE_ROWS_SCHEMA,
    SCHEDULES_SCHEMA,
)
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import LifeRules, LoanLives, renumbered

_NEWEST_PAYMENT_COLUMNS = (
    *map(pl.col, ("loan", "paid_on")),
    *map(fen, ("principal_paid", "interest_paid")),
    *map(pl.col, ("payer", "known_on")),
)
_PAYMENT_COLUMNS = (
    *map(pl.col, ("loan", "paid_on", "principal_paid", "interest_paid")),
    (pl.col("payer") == "borrower").fill_null(False).alias("by_borrower"),
)
_EVENT_COLUMNS = ("loan", "occurred_on", "kind", "new_matures_on", "known_on")
_STANDS = (pl.col("withdrawn") != "true").fill_null(True)
_SCHEDULE = ("loan", "schedule_no")
_SCHEDULE_COLUMNS = (
    *map(pl.col, (*_SCHEDULE, "due_on")),
    *map(fen, ("principal_due", "interest_due")),
    pl.col("first_known"),
)
_FIRST_KNOWN = pl.col("known_on").min().over(_SCHEDULE).alias("first_known")
_ONLY_KNOWN = pl.col("known_on").alias("first_known")
_IS_FIRST_ROW = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in _SCHEDULE).alias("is_first")
_STARTS_ON = pl.when(pl.col("loan") == pl.col("loan").shift()).then("first_known").alias("starts_on")
_ENDS_ON = pl.col("first_known").shift(-1).reverse().cum_min().reverse().over("loan").alias("ends_on")
_LIFE_TABLES = ("loans", "instalments", "payments", "loan_events")


@dataclass(frozen=True)
class LoanBook:
    """The loans in their newest versions, with what was paid on them and what was due.

    versions: the rows known. last: the day to whose evening lives are told. rules: of late, bad and cured on that day.
    """

    versions: LatestVersions
    last: date
    rules: LifeRules

    @property
    def _whole(self) -> LoanBook | None:
        """The book of `LatestVersions.whole`."""
        return None if self.versions.whole is None else LoanBook(self.versions.whole, self.last, self.rules)

    @property
    def with_closed_households(self) -> LoanBook:
        """The book with the households whose loans are all closed, too."""
        if not self.versions.only_borrowing:
            return self
        return self._whole or LoanBook(self.versions.with_closed_households(), self.last, self.rules)

    @property
    def lives(self) -> LoanLives:
        """What each loan owes, its instalments and its times bad, to the evening of `last`."""

        def walk() -> LoanLives:
            """The lives, computed; the compiled walk is loaded only here."""
            self.versions.cache.record_dependency(*_LIFE_TABLES)
            if whole := self._whole:
                return whole.lives.of_loans(self.versions.numbers_of(whole.versions))
            from features.snapshot.loan_life import loan_lives

            return loan_lives(self)

        return self.versions.cache.get_or_compute(f"lives to {self.last} by {self.rules}", walk)

    @property
    @returns(BOOK_PAYMENTS_SCHEMA)
    def payments(self) -> pl.LazyFrame:
        """One row for each payment since the loan's drawdown, sorted by loan and day; reversals are below zero."""

        def query() -> pl.LazyFrame:
            """The payments since the drawdown."""
            drawn_on = self.versions.loans.select("loan", "originated_on")
            dated = self.newest_payments.lazy().join(drawn_on, on="loan", maintain_order="left")
            return dated.filter(pl.col("paid_on") >= pl.col("originated_on")).select(_PAYMENT_COLUMNS)

        return self.versions.cached_frame("payments", query).lazy()

    @property
    @returns(NEWEST_PAYMENTS_SCHEMA)
    def newest_payments(self) -> pl.DataFrame:
        """The newest version of each payment, also of those before the drawdown, sorted by loan, day and payment."""

        def query() -> pl.LazyFrame:
            """The payments, sorted."""
            self.versions.cache.record_dependency("payments")
            if whole := self._whole:
                return renumbered(whole.newest_payments, self.versions.numbers_of(whole.versions)).lazy()
            newest = self.versions.newest("payments")
            in_order = self.versions.is_in_order("payments")
            return (newest if in_order else newest.sort("loan", "paid_on", "payment_id")).select(
                _NEWEST_PAYMENT_COLUMNS
            )

        return self.versions.cached_frame("newest payments", query)

    @property
    @returns(SCHEDULES_SCHEMA)
    def schedules(self) -> pl.DataFrame:
        """The instalments of the newest delivery of every schedule, sorted by loan, schedule and due day."""

        def query() -> pl.LazyFrame:
            """The instalments, sorted."""
            self.versions.cache.record_dependency("instalments")
            if whole := self._whole:
                return renumbered(whole.schedules, self.versions.numbers_of(whole.versions)).lazy()
            is_revised = "instalments" in self.versions.tables.revised_tables
            first_known = _FIRST_KNOWN if is_revised else _ONLY_KNOWN
            versions = self.versions.all_versions("instalments").with_columns(first_known)
            newest = self.versions.newest_by_key(versions, "instalments", _SCHEDULE).select(_SCHEDULE_COLUMNS)
            return newest if self.versions.is_in_order("instalments") else newest.sort(*_SCHEDULE, "due_on")

        return self.versions.cached_frame("schedules", query)

    @property
    @returns(BOOK_EVENTS_SCHEMA)
    def events(self) -> pl.LazyFrame:
        """The newest version of each event of a loan, without those withdrawn."""
        return self.versions.cached_frame(
            "loan events", lambda: self.versions.newest("loan_events").filter(_STANDS).select(_EVENT_COLUMNS)
        ).lazy()

    @property
    @returns(SCHEDULE_ROWS_SCHEMA)
    def schedule_rows(self) -> pl.LazyFrame:
        """One row for each instalment of every schedule as the bank delivered it, with the days it was in force.

        A schedule delivered again under its number is the newest delivery alone; the lowest is in force from the
        beginning, a higher one from its first known_on.
        """
        rows = self.schedules
        is_first = rows.select(_IS_FIRST_ROW).to_series()
        schedules = rows.filter(is_first).with_columns(_STARTS_ON)
        has_several = schedules["loan"].is_duplicated()
        ends_on = pl.Series("ends_on", [None], dtype=pl.Date).new_from_index(0, schedules.height)
        ends_on = ends_on.scatter(has_several.arg_true(), schedules.filter(has_several).select(_ENDS_ON).to_series())
        of_row = is_first.cum_sum() - 1
        days = (schedules["starts_on"].gather(of_row), ends_on.gather(of_row))
        return rows.lazy().drop("first_known").with_columns(days)
