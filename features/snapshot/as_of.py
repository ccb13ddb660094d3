"""Snapshot of all facts known by a day; each table is read once and shared by all features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, month_offset
from features.snapshot import frame_schemas as schemas
from features.snapshot.amounts import as_yuan
from features.snapshot.events import (
    claims_at,
    credit_events_at,
    hardships_at,
    loan_events_at,
    policies_at,
    reviews_at,
    use_checks_at,
)
from features.snapshot.instalments import instalments_at
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import SHIPPED_RULES, LifeRules
from features.snapshot.loan_book import LoanBook
from features.snapshot.loans import bank_payments_at, loans_at
from features.snapshot.members import borrowers_of_loans, losses_of_loans, members_at, members_ever_at
from features.snapshot.statements import assets_at, prices_at, statements_at

_LONGEST_COVER_DAYS = 365
"""Days beyond which repayment cover does not look (contract, section 2)."""
_MONTHS_IN_YEAR = 12
_UNTIL = pl.col("days_to_maturity").clip(0, _LONGEST_COVER_DAYS).alias("until")
_IS_TO_COME, _IS_DUE_BY_THEN = pl.col("day_offset") > 0, pl.col("day_offset") <= pl.col("until")
_DUE = (pl.col("principal_due") + pl.col("interest_due")).alias("due")


@dataclass(frozen=True)
class Snapshot:
    """All facts that had happened and were known at the end of `as_of`, as one query for each kind of row.

    Rows delivered later, and days that had not come yet, are hidden. The properties are lazy frames in the columns of
    features/snapshot/frame_schemas.py; loans and households go by number (`LatestVersions`).

    Args:
        versions: the rows known by the same day; `features.compute.snapshot_at` makes both from delivered rows.
        as_of: the day, for features the last of a month.
        rules: of late, bad and cured on that day.

    Example:
        >>> from datetime import date
        >>> from features.ledger.ledger import Ledger
        >>> from features.snapshot.as_of import Snapshot
        >>> from features.snapshot.latest_versions import LatestVersions
        >>> day = date(2025, 12, 31)
        >>> snapshot = Snapshot(LatestVersions(Ledger(data / "ledger").tables(), day), day)
        >>> loans = snapshot.open_loans.select("loan_id", "outstanding_principal").collect()
        >>> bool((loans["outstanding_principal"] > 0).all())
        True
    """

    versions: LatestVersions
    as_of: date
    rules: LifeRules = SHIPPED_RULES

    @staticmethod
    def of_borrowing(book: LoanBook) -> Snapshot:
        """The snapshot of the households of a book that still borrow: its loans are walked once for both."""
        return Snapshot(book.versions.without_closed_households(), book.last, book.rules)

    def with_added_rows(self, added: Mapping[str, pl.DataFrame], county: str | None) -> Snapshot:
        """The snapshot as if more rows had been delivered by then (`LatestVersions.with_added_rows`)."""
        return Snapshot(self.versions.with_added_rows(added, county), self.as_of, self.rules)

    @property
    def book(self) -> LoanBook:
        """The loans with their payments and dues, by day instead of by offset from as_of."""
        return LoanBook(self.versions, self.as_of, self.rules)

    @property
    @returns(schemas.LOANS_SCHEMA)
    def loans(self) -> pl.LazyFrame:
        """One row for each loan, open or closed, with its arrears and its household's village."""
        return self.versions.cached_frame("loans", lambda: loans_at(self.book, self.as_of)).lazy()

    @property
    @returns(schemas.BANK_PAYMENTS_SCHEMA)
    def bank_payments(self) -> pl.LazyFrame:
        """One row for each bank of a county: the days since its newest payment became known, on any loan at all.

        A month may bring nothing but the payments with which loans end: households without an open loan count.
        """
        return bank_payments_at(self.book.with_closed_households, self.as_of)

    @property
    @returns(schemas.INSTALMENTS_SCHEMA)
    def instalments(self) -> pl.LazyFrame:
        """One row for each instalment of the schedule in force."""
        return self.versions.cached_frame("instalments", lambda: instalments_at(self.book, self.as_of)).lazy()

    @property
    @returns(schemas.LOANS_SCHEMA)
    def open_loans(self) -> pl.LazyFrame:
        """One row for each open loan."""
        return self.loans.filter("is_open")

    @property
    @returns(schemas.LOANS_SCHEMA)
    def counted_loans(self) -> pl.LazyFrame:
        """One row for each loan that the facts of a household as a whole are counted over: its open loans.

        In a snapshot of every household (`LatestVersions.every_household`), those of a household without an open loan
        are the loans that ended in the twelve months to as_of, and those compensated or written off, whenever that was.
        """
        return (
            self.loans.filter(_counts_for_household(self.as_of)) if self.versions.every_household else self.open_loans
        )

    @property
    @returns(schemas.DUES_TO_MATURITY_SCHEMA)
    def dues_to_maturity(self) -> pl.LazyFrame:
        """For each open loan, the dues of all open loans of its household after as_of and up to its maturity."""
        until = self.open_loans.select("loan", "household", _UNTIL)
        dues = self.instalments.filter(_IS_TO_COME).join(self.open_loans.select("loan"), on="loan", how="semi")
        return until.join(dues.select("household", "day_offset", _DUE), on="household").filter(_IS_DUE_BY_THEN)

    @property
    @returns(schemas.PAYMENTS_SCHEMA)
    def payments(self) -> pl.LazyFrame:
        """One row for each payment."""
        counts_after = self.book.lives.loans.lazy().select("loan", "counts_after")
        return self.book.payments.join(counts_after, on="loan").select(_payment_columns(self.as_of))

    @property
    @returns(schemas.PRICES_SCHEMA)
    def prices(self) -> pl.DataFrame:
        """One row for each product that has a known price."""
        return self.versions.cached_frame("prices", lambda: prices_at(self.versions, self.as_of))

    @property
    @returns(schemas.DECLARED_PRICES_SCHEMA)
    def declared_prices(self) -> pl.LazyFrame:
        """One row for each loan whose declared product has a known price."""
        of_product = self.prices.lazy().rename({"product": "declared_use"})
        return self.loans.select("loan", "declared_use").join(of_product, on="declared_use")

    @property
    @returns(schemas.STATEMENTS_SCHEMA)
    def statements(self) -> pl.LazyFrame:
        """One row for each income statement, with what the year that ends with it brought."""
        return self.versions.cached_frame("statements", lambda: statements_at(self.versions, self.as_of)).lazy()

    @property
    @returns(schemas.STATEMENTS_SCHEMA)
    def yearly_income(self) -> pl.LazyFrame:
        """One row for each household: the newest year of its income that the statements cover."""
        return self.statements.filter("is_told")

    @property
    @returns(schemas.ASSETS_SCHEMA)
    def assets(self) -> pl.LazyFrame:
        """One row for each household: its newest observation of assets."""
        return assets_at(self.versions, self.as_of, self.prices)

    @property
    @returns(schemas.MEMBERS_SCHEMA)
    def members(self) -> pl.LazyFrame:
        """One row for each recorded member of a household."""
        return self.versions.cached_frame("members", lambda: members_at(self.versions, self.as_of)).lazy()

    @property
    @returns(schemas.BORROWERS_SCHEMA)
    def borrowers(self) -> pl.LazyFrame:
        """One row for each of `counted_loans` whose borrower is recorded."""
        # Where no fact was moved between households, the members of today are all there ever were.
        members_ever = (
            members_ever_at(self.versions, self.as_of) if self.versions.tables.reassigned_households else self.members
        )
        return borrowers_of_loans(self.counted_loans, self.members, members_ever)

    @property
    @returns(schemas.LOSSES_SCHEMA)
    def losses(self) -> pl.LazyFrame:
        """One row for each open loan and each unresolved death, disappearance or custody in its household."""
        return losses_of_loans(self.open_loans, self.borrowers, self.members, self.hardships)

    @property
    @returns(schemas.HARDSHIPS_SCHEMA)
    def hardships(self) -> pl.LazyFrame:
        """One row for each hardship."""
        return hardships_at(self.versions, self.as_of)

    @property
    @returns(schemas.CREDIT_EVENTS_SCHEMA)
    def credit_events(self) -> pl.LazyFrame:
        """One row for each credit event."""
        return credit_events_at(self.versions, self.as_of)

    @property
    @returns(schemas.POLICIES_SCHEMA)
    def policies(self) -> pl.LazyFrame:
        """One row for each insurance policy."""
        return policies_at(self.versions, self.as_of)

    @property
    @returns(schemas.CLAIMS_SCHEMA)
    def claims(self) -> pl.LazyFrame:
        """One row for each insurance claim."""
        return claims_at(self.versions, self.as_of)

    @property
    @returns(schemas.USE_CHECKS_SCHEMA)
    def use_checks(self) -> pl.LazyFrame:
        """One row for each loan whose use was checked."""
        return use_checks_at(self.versions, self.as_of)

    @property
    @returns(schemas.REVIEWS_SCHEMA)
    def reviews(self) -> pl.LazyFrame:
        """One row for each household: its newest village review."""
        return reviews_at(self.versions, self.as_of)

    @property
    @returns(schemas.LOAN_EVENTS_SCHEMA)
    def loan_events(self) -> pl.LazyFrame:
        """One row for each extension or renewal of a loan."""
        return loan_events_at(self.book, self.as_of)


@cache
def _counts_for_household(as_of: date) -> pl.Expr:
    has_open_loan = pl.col("is_open").any().over("household")
    ended_in_year = month_offset("ended_on", as_of) > -_MONTHS_IN_YEAR
    return pl.col("is_open") | (~has_open_loan & (ended_in_year.fill_null(False) | pl.col("lost_on").is_not_null()))


@cache
def _payment_columns(as_of: date) -> tuple[pl.Expr, ...]:
    return (
        pl.col("loan"),
        day_offset(pl.col("paid_on"), as_of).alias("day_offset"),
        month_offset("paid_on", as_of).alias("month_offset"),
        as_yuan(pl.col("principal_paid") + pl.col("interest_paid")).alias("paid"),
        (pl.col("paid_on") > pl.col("counts_after")).alias("counts"),
        pl.col("by_borrower"),
    )
