"""The sources features are observed on: their columns, whose rows they are, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from features.snapshot.as_of import Evening


@dataclass(frozen=True)
class Source:
    """Rows that features are observed on, as they look that evening.

    tables: the optional tables they need; where one is not delivered in a county, its features are missing.
    by: the column that groups the rows: loan or household (their numbers).
    frame: its rows; None where they take the loans of all households together (`community.with_shares_of_others`).
    one_row: at most one row a group.
    audit_only: columns that may be looked at to audit fairness, never to score.
    """

    name: str
    tables: tuple[str, ...]
    by: str
    columns: tuple[str, ...]
    frame: Callable[[Evening], pl.LazyFrame] | None = None
    one_row: bool = False
    audit_only: tuple[str, ...] = ()


_INSTALMENT = (
    *("day_offset", "month_offset", "principal_due", "interest_due", "days_late"),
    *("unpaid_days", "principal_unpaid_days", "interest_unpaid_days", "days_before_due"),
)
_LOAN = (
    *("bank", "product", "repayment_method", "declared_use", "subsidy_share", "annual_rate", "principal"),
    *("term_days", "months_on_book", "days_to_maturity", "maturity_month", "outstanding_principal"),
    *("overdue_principal", "overdue_interest", "renews", "is_open"),
    *("household_type", "months_registered"),
)
_HAPPENED = ("day_offset", "month_offset")

LOANS = Source("loans", (), "loan", _LOAN, lambda evening: evening.loans, one_row=True, audit_only=("household_type",))
HOUSEHOLD_LOANS = Source(
    "household_loans",
    (),
    "household",
    (*_LOAN, *_HAPPENED),
    lambda evening: evening.loans,
    audit_only=("household_type",),
)
HOUSEHOLD_OPEN_LOANS = Source(
    "household_open_loans", (), "household", _LOAN, lambda evening: evening.open_loans, audit_only=("household_type",)
)
INSTALMENTS = Source("instalments", (), "loan", _INSTALMENT, lambda evening: evening.instalments)
HOUSEHOLD_INSTALMENTS = Source(
    "household_instalments", (), "household", _INSTALMENT, lambda evening: evening.instalments
)
DUES_TO_MATURITY = Source("dues_to_maturity", (), "loan", ("due",), lambda evening: evening.dues_to_maturity)
PAYMENTS = Source("payments", (), "loan", (*_HAPPENED, "paid", "by_borrower"), lambda evening: evening.payments)
LOAN_EVENTS = Source("loan_events", ("loan_events",), "loan", _HAPPENED, lambda evening: evening.loan_events)
USE_CHECKS = Source(
    "use_checks",
    ("use_checks",),
    "loan",
    ("finding", "diverted", "ill_used", "months_since"),
    lambda evening: evening.use_checks,
)
DECLARED_PRICES = Source(
    "declared_prices",
    (),
    "loan",
    ("price", "price_year_before"),
    lambda evening: evening.declared_prices,
    one_row=True,
)
MEMBERS = Source(
    "members",
    ("members",),
    "household",
    ("counts", "works_away", "labour", "schooled", "disabled", "healthy"),
    lambda evening: evening.members,
    audit_only=("disabled", "healthy"),
)
BORROWERS = Source(
    "borrowers",
    ("members",),
    "loan",
    ("sex", "age", "deceased"),
    lambda evening: evening.borrowers,
    one_row=True,
    audit_only=("sex", "age"),
)
STATEMENTS = Source(
    "statements",
    ("income_statements",),
    "household",
    (*_HAPPENED, "net_income", "gross_income", "household_cost"),
    lambda evening: evening.statements,
)
NEWEST_STATEMENT = Source(
    "newest_statement",
    ("income_statements",),
    "household",
    (
        *("net_income", "net_income_before", "gross_income", "household_cost", "age_months"),
        *("wage_income", "business_income", "property_income", "transfer_income"),
    ),
    lambda evening: evening.newest_statement,
    one_row=True,
)
ASSETS = Source(
    "assets",
    ("assets",),
    "household",
    (
        *("sheep_count", "cattle_count", "farmland_mu", "savings", "outside_debt", "outside_debt_before"),
        *("herd_value", "herd_before", "age_months"),
    ),
    lambda evening: evening.assets,
    one_row=True,
)
CREDIT_EVENTS = Source(
    "credit_events",
    ("credit_events",),
    "household",
    (*_HAPPENED, "amount", "open", "default", "overdue", "new_debt", "guarantee_called", "inquiry"),
    lambda evening: evening.credit_events,
)
HARDSHIPS = Source(
    "hardships",
    ("hardships",),
    "household",
    (*_HAPPENED, "loss", "unresolved", "lost", "sudden"),
    lambda evening: evening.hardships,
)
POLICIES = Source(
    "policies",
    ("policies",),
    "household",
    ("in_force", "industry", "person", "sum_insured"),
    lambda evening: evening.policies,
)
CLAIMS = Source(
    "claims",
    ("claims",),
    "household",
    (*_HAPPENED, "open", "claimed", "paid"),
    lambda evening: evening.claims,
)
REVIEWS = Source(
    "village_reviews",
    ("village_reviews",),
    "household",
    ("integrity_points", "integrity_before", "civility_points", "age_months"),
    lambda evening: evening.reviews,
    one_row=True,
)


NEIGHBOURS = Source(
    "neighbours",
    (),
    "loan",
    ("village_code_share", "township_code_share", "bank_share", "product_share"),
    one_row=True,
)
