"""One evening: everything the county knew by then, each table seen once and shared by all features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from features.months import day_offset, month_offset
from features.rows import Rows
from features.seen.instalments import instalments_seen
from features.seen.loans import loans_seen
from features.seen.versions import as_yuan, fen, newest_known


@dataclass(frozen=True)
class Evening:
    """The delivered rows as they stood at the end of `as_of`."""

    rows: Rows
    as_of: date

    @cached_property
    def loans(self) -> pl.LazyFrame:
        return loans_seen(self.rows, self.as_of).collect().lazy()

    @cached_property
    def instalments(self) -> pl.LazyFrame:
        """With the household, so that a household's whole history can be asked for."""
        households = self.loans.select("loan_id", "household_id")
        return instalments_seen(self.rows, self.as_of).join(households, on="loan_id").collect().lazy()

    @cached_property
    def payments(self) -> pl.LazyFrame:
        paid_on = pl.col("paid_on")
        return newest_known(self.rows, "payments", self.as_of).select(
            "loan_id",
            day_offset(paid_on, self.as_of).alias("day_offset"),
            month_offset(paid_on, self.as_of).alias("month_offset"),
            as_yuan(fen("principal_paid") + fen("interest_paid")).alias("paid"),
            (pl.col("payer") == "borrower").fill_null(False).alias("by_borrower"),
        )


@dataclass(frozen=True)
class Source:
    """Rows that features are observed on: their columns, whose they are, and how they look that evening.

    by: the column that groups the rows (loan_id or household_id). one_row: at most one row a group.
    """

    name: str
    tables: tuple[str, ...]
    by: str
    columns: tuple[str, ...]
    frame: Callable[[Evening], pl.LazyFrame]
    one_row: bool = False


_INSTALMENT = (
    "day_offset",
    "month_offset",
    "principal_due",
    "interest_due",
    "days_late",
    "unpaid_days",
    "principal_unpaid_days",
    "interest_unpaid_days",
    "days_before_due",
)
_LOAN = (
    "bank",
    "product",
    "repayment_method",
    "declared_use",
    "subsidy_share",
    "annual_rate",
    "principal",
    "term_days",
    "months_on_book",
    "days_to_maturity",
    "outstanding_principal",
    "principal_paid",
    "interest_paid",
    "extensions",
    "is_open",
)

LOANS = Source("loans", ("loans",), "loan_id", _LOAN, lambda evening: evening.loans, one_row=True)
HOUSEHOLD_LOANS = Source("household_loans", ("loans",), "household_id", _LOAN, lambda evening: evening.loans)
INSTALMENTS = Source(
    "instalments", ("instalments", "payments"), "loan_id", _INSTALMENT, lambda evening: evening.instalments
)
HOUSEHOLD_INSTALMENTS = Source(
    "household_instalments",
    ("instalments", "payments"),
    "household_id",
    _INSTALMENT,
    lambda evening: evening.instalments,
)
PAYMENTS = Source(
    "payments",
    ("payments",),
    "loan_id",
    ("day_offset", "month_offset", "paid", "by_borrower"),
    lambda evening: evening.payments,
)
