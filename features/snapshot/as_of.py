"""One evening: everything the county knew by then, each table seen once and shared by all features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl

from features.months import day_offset, month_offset
from features.snapshot.amounts import as_yuan
from features.snapshot.events import (
    claims_seen,
    credit_events_seen,
    hardships_seen,
    loan_events_seen,
    policies_seen,
    reviews_seen,
    use_checks_seen,
)
from features.snapshot.instalments import instalments_seen
from features.snapshot.latest_versions import Known
from features.snapshot.loan_book import Book
from features.snapshot.loans import loans_seen
from features.snapshot.members import borrowers_seen, members_seen, people_seen
from features.snapshot.statements import assets_seen, newest_statement, prices_seen, statements_seen

_LONGEST_LOOK = 365
"""Days beyond which repayment cover does not look (contract, section 2)."""
_UNTIL = pl.col("days_to_maturity").clip(0, _LONGEST_LOOK).alias("until")
_TO_COME, _BY_THEN = pl.col("day_offset") > 0, pl.col("day_offset") <= pl.col("until")
_DUE = (pl.col("principal_due") + pl.col("interest_due")).alias("due")


@dataclass(frozen=True)
class Evening:
    """What was known at the end of `as_of`."""

    known: Known
    as_of: date

    def with_more(self, added: Mapping[str, pl.DataFrame], county: str | None) -> Evening:
        """As if more rows had been delivered by then (`Known.with_more`)."""
        return Evening(self.known.with_more(added, county), self.as_of)

    @property
    def book(self) -> Book:
        return Book(self.known)

    @property
    def loans(self) -> pl.LazyFrame:
        """One row a loan, open or closed, with its arrears and its place."""
        return self.known.shared("loans seen", lambda: loans_seen(self.book, self.as_of))

    @property
    def instalments(self) -> pl.LazyFrame:
        return self.known.shared("instalments seen", lambda: instalments_seen(self.book, self.as_of))

    @property
    def open_loans(self) -> pl.LazyFrame:
        return self.loans.filter("is_open")

    @property
    def dues_to_maturity(self) -> pl.LazyFrame:
        """For each open loan, the dues of all open loans of its household after as_of and up to its maturity."""
        until = self.open_loans.select("loan", "household", _UNTIL)
        dues = self.instalments.filter(_TO_COME).join(self.open_loans.select("loan"), on="loan", how="semi")
        coming = dues.select("household", "day_offset", _DUE)
        return until.join(coming, on="household").filter(_BY_THEN)

    @property
    def payments(self) -> pl.LazyFrame:
        return self.book.payments.select(_payment(self.as_of))

    @property
    def prices(self) -> pl.DataFrame:
        return self.known.held("prices seen", lambda: prices_seen(self.known, self.as_of))

    @property
    def declared_prices(self) -> pl.LazyFrame:
        """The price of what each loan was declared for."""
        of_product = self.prices.lazy().rename({"product": "declared_use"})
        return self.loans.select("loan", "declared_use").join(of_product, on="declared_use")

    @property
    def statements(self) -> pl.LazyFrame:
        return self.known.shared("statements seen", lambda: statements_seen(self.known, self.as_of))

    @property
    def newest_statement(self) -> pl.LazyFrame:
        return newest_statement(self.statements)

    @property
    def assets(self) -> pl.LazyFrame:
        return assets_seen(self.known, self.as_of, self.prices)

    @property
    def members(self) -> pl.LazyFrame:
        return self.known.shared("members seen", lambda: members_seen(self.known, self.as_of))

    @property
    def borrowers(self) -> pl.LazyFrame:
        people = people_seen(self.known, self.as_of) if self.known.rows.linked else self.members
        return borrowers_seen(self.open_loans, self.members, people)

    @property
    def hardships(self) -> pl.LazyFrame:
        return hardships_seen(self.known, self.as_of)

    @property
    def credit_events(self) -> pl.LazyFrame:
        return credit_events_seen(self.known, self.as_of)

    @property
    def policies(self) -> pl.LazyFrame:
        return policies_seen(self.known, self.as_of)

    @property
    def claims(self) -> pl.LazyFrame:
        return claims_seen(self.known, self.as_of)

    @property
    def use_checks(self) -> pl.LazyFrame:
        return use_checks_seen(self.known, self.as_of)

    @property
    def reviews(self) -> pl.LazyFrame:
        return reviews_seen(self.known, self.as_of)

    @property
    def loan_events(self) -> pl.LazyFrame:
        return loan_events_seen(self.book, self.as_of)


@cache
def _payment(as_of: date) -> tuple[pl.Expr, ...]:
    return (
        pl.col("loan"),
        day_offset(pl.col("paid_on"), as_of).alias("day_offset"),
        month_offset("paid_on", as_of).alias("month_offset"),
        as_yuan(pl.col("principal_paid") + pl.col("interest_paid")).alias("paid"),
        pl.col("by_borrower"),
    )
