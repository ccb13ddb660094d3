"""One evening: everything the county knew by then, each table seen once and shared by all features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from features.months import day_offset, month_offset
from features.rows import Rows
from features.seen.community import Community, community_of, shares_of_others
from features.seen.events import (
    claims_seen,
    credit_events_seen,
    hardships_seen,
    loan_events_seen,
    policies_seen,
    reviews_seen,
    use_checks_seen,
)
from features.seen.instalments import instalments_seen
from features.seen.loans import loans_seen
from features.seen.members import borrowers_seen, members_seen
from features.seen.statements import assets_seen, newest_statement, prices_seen, statements_seen
from features.seen.versions import as_yuan, fen, newest_known

_LONGEST_LOOK = 365
"""Days beyond which repayment cover does not look (contract, section 2)."""


@dataclass(frozen=True)
class Evening:
    """The delivered rows as they stood at the end of `as_of`.

    around: the community's totals, where `rows` are of one household alone; None: they follow from the rows.
    """

    rows: Rows
    as_of: date
    around: Community | None = None

    @cached_property
    def loans(self) -> pl.LazyFrame:
        """One row a loan, open or closed, with its arrears and its place."""
        due = pl.when(pl.col("day_offset") <= 0)
        to_date = self._instalments.group_by("loan_id").agg(
            due.then(_whole_fen("principal_due")).sum().alias("principal_due"),
            due.then(_whole_fen("interest_due")).sum().alias("interest_due"),
        )
        joined = self._loans.join(to_date, on="loan_id", how="left").with_columns(
            _short("principal").alias("overdue_principal"), _short("interest").alias("overdue_interest")
        )
        arrears = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
        return joined.with_columns(arrears.alias("in_arrears")).collect().lazy()

    @cached_property
    def _loans(self) -> pl.LazyFrame:
        return loans_seen(self.rows, self.as_of).collect().lazy()

    @cached_property
    def _instalments(self) -> pl.LazyFrame:
        return instalments_seen(self.rows, self.as_of).collect().lazy()

    @cached_property
    def instalments(self) -> pl.LazyFrame:
        """With the household, so that a household's whole history can be asked for."""
        return self._instalments.join(self._loans.select("loan_id", "household_id"), on="loan_id")

    @property
    def open_loans(self) -> pl.LazyFrame:
        return self.loans.filter("is_open")

    @property
    def dues_to_maturity(self) -> pl.LazyFrame:
        """For each open loan, the dues of all open loans of its household after as_of and up to its maturity."""
        until = self.open_loans.select(
            "loan_id", "household_id", pl.col("days_to_maturity").clip(0, _LONGEST_LOOK).alias("until")
        )
        dues = self.instalments.filter(pl.col("day_offset") > 0).join(
            self.open_loans.select("loan_id"), on="loan_id", how="semi"
        )
        coming = dues.select("household_id", "day_offset", due=pl.col("principal_due") + pl.col("interest_due"))
        return until.join(coming, on="household_id").filter(pl.col("day_offset") <= pl.col("until"))

    @property
    def payments(self) -> pl.LazyFrame:
        paid_on = pl.col("paid_on")
        return newest_known(self.rows, "payments", self.as_of).select(
            "loan_id",
            day_offset(paid_on, self.as_of).alias("day_offset"),
            month_offset(paid_on, self.as_of).alias("month_offset"),
            as_yuan(fen("principal_paid") + fen("interest_paid")).alias("paid"),
            (pl.col("payer") == "borrower").fill_null(False).alias("by_borrower"),
        )

    @cached_property
    def prices(self) -> pl.DataFrame:
        return prices_seen(self.rows, self.as_of)

    @property
    def declared_prices(self) -> pl.LazyFrame:
        """The price of what each loan was declared for."""
        of_product = self.prices.lazy().rename({"product": "declared_use"})
        return self._loans.select("loan_id", "declared_use").join(of_product, on="declared_use")

    @cached_property
    def statements(self) -> pl.LazyFrame:
        return statements_seen(self.rows, self.as_of)

    @property
    def newest_statement(self) -> pl.LazyFrame:
        return newest_statement(self.statements)

    @property
    def assets(self) -> pl.LazyFrame:
        return assets_seen(self.rows, self.as_of, self.prices)

    @cached_property
    def members(self) -> pl.LazyFrame:
        return members_seen(self.rows, self.as_of)

    @property
    def borrowers(self) -> pl.LazyFrame:
        return borrowers_seen(self._loans, self.members)

    @property
    def hardships(self) -> pl.LazyFrame:
        return hardships_seen(self.rows, self.as_of)

    @property
    def credit_events(self) -> pl.LazyFrame:
        return credit_events_seen(self.rows, self.as_of)

    @property
    def policies(self) -> pl.LazyFrame:
        return policies_seen(self.rows, self.as_of)

    @property
    def claims(self) -> pl.LazyFrame:
        return claims_seen(self.rows, self.as_of)

    @property
    def use_checks(self) -> pl.LazyFrame:
        return use_checks_seen(self.rows, self.as_of)

    @property
    def reviews(self) -> pl.LazyFrame:
        return reviews_seen(self.rows, self.as_of)

    @property
    def loan_events(self) -> pl.LazyFrame:
        return loan_events_seen(self.rows, self.as_of)

    @cached_property
    def community(self) -> Community:
        return self.around or community_of(self.loans.collect())

    @property
    def neighbours(self) -> pl.LazyFrame:
        """For each open loan, the arrears of the others in its village, township, bank and product."""
        return shares_of_others(self.loans.collect(), self.community).lazy()


def _whole_fen(yuan: str) -> pl.Expr:
    return (pl.col(yuan) * 100).round().cast(pl.Int64)


def _short(money: str) -> pl.Expr:
    """Due to date less paid, not below zero, to the fen: a rounding error is no arrears."""
    owed = pl.col(f"{money}_due").fill_null(0) - _whole_fen(f"{money}_paid")
    return as_yuan(pl.max_horizontal(owed, pl.lit(0)))
