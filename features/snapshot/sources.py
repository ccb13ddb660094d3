"""The sources that features are observed on: their columns, what groups their rows, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from features.snapshot.as_of import Snapshot


@dataclass(frozen=True)
class Source:
    """Rows of a snapshot that features are observed on.

    tables: the optional tables the rows come from; where a county has not delivered one, the features are missing.
    by: the column that groups the rows, `loan` or `household` (their numbers). columns: those a formula may use.
    frame: the rows; None where they need the loans of all households together (`peer_groups.with_peer_shares`).
    one_row: whether a group has one row at most. audit_only: columns that may be used to audit fairness, never to
    score.
    """

    name: str
    tables: tuple[str, ...]
    by: str
    columns: tuple[str, ...]
    frame: Callable[[Snapshot], pl.LazyFrame] | None = None
    one_row: bool = False
    audit_only: tuple[str, ...] = ()


_INSTALMENT = (
    *("day_offset", "month_offset", "principal_due", "interest_due", "state_interest", "days_late"),
    *("unpaid_days", "principal_unpaid_days", "interest_unpaid_days", "days_before_due"),
)
_LOAN = (
    *("bank", "product", "repayment_method", "declared_use", "subsidy_share", "annual_rate", "principal"),
    *("term_days", "months_on_book", "days_to_maturity", "maturity_month", "outstanding_principal"),
    *("overdue_principal", "overdue_interest", "subsidy_overdue", "renews", "is_open"),
    *("times_bad", "months_since_arrears", "has_schedule", "days_since_bank_payments"),
    *("household_type", "months_registered"),
)
_OFFSETS = ("day_offset", "month_offset")

LOANS = Source(
    "loans", (), "loan", _LOAN, lambda snapshot: snapshot.loans, one_row=True, audit_only=("household_type",)
)
HOUSEHOLD_LOANS = Source(
    "household_loans",
    (),
    "household",
    (*_LOAN, *_OFFSETS),
    lambda snapshot: snapshot.loans,
    audit_only=("household_type",),
)
HOUSEHOLD_OPEN_LOANS = Source(
    "household_open_loans",
    (),
    "household",
    _LOAN,
    lambda snapshot: snapshot.counted_loans,
    audit_only=("household_type",),
)
INSTALMENTS = Source("instalments", (), "loan", _INSTALMENT, lambda snapshot: snapshot.instalments)
HOUSEHOLD_INSTALMENTS = Source(
    "household_instalments", (), "household", _INSTALMENT, lambda snapshot: snapshot.instalments
)
DUES_TO_MATURITY = Source("dues_to_maturity", (), "loan", ("due",), lambda snapshot: snapshot.dues_to_maturity)
PAYMENTS = Source(
    "payments", (), "loan", (*_OFFSETS, "paid", "counts", "by_borrower"), lambda snapshot: snapshot.payments
)
LOAN_EVENTS = Source("loan_events", ("loan_events",), "loan", _OFFSETS, lambda snapshot: snapshot.loan_events)
USE_CHECKS = Source(
    "use_checks",
    ("use_checks",),
    "loan",
    ("finding", "diverted", "ill_used", "months_since"),
    lambda snapshot: snapshot.use_checks,
)
DECLARED_PRICES = Source(
    "declared_prices",
    (),
    "loan",
    ("price", "price_year_before"),
    lambda snapshot: snapshot.declared_prices,
    one_row=True,
)
MEMBERS = Source(
    "members",
    ("members",),
    "household",
    ("counts", "works_away", "labour", "schooled", "disabled", "healthy"),
    lambda snapshot: snapshot.members,
    audit_only=("disabled", "healthy"),
)
BORROWERS = Source(
    "borrowers",
    ("members",),
    "loan",
    ("sex", "age", "deceased"),
    lambda snapshot: snapshot.borrowers,
    one_row=True,
    audit_only=("sex", "age"),
)
LOSSES = Source("losses", ("hardships",), "loan", ("of_borrower",), lambda snapshot: snapshot.losses)
STATEMENTS = Source(
    "statements",
    ("income_statements",),
    "household",
    (*_OFFSETS, "compared_net_income"),
    lambda snapshot: snapshot.statements,
)
YEARLY_INCOME = Source(
    "yearly_income",
    ("income_statements",),
    "household",
    (
        *("net_income", "net_income_before", "gross_income", "household_cost", "age_months", "covered_months"),
        *("wage_income", "business_income", "property_income", "transfer_income"),
    ),
    lambda snapshot: snapshot.yearly_income,
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
    lambda snapshot: snapshot.assets,
    one_row=True,
)
CREDIT_EVENTS = Source(
    "credit_events",
    ("credit_events",),
    "household",
    (*_OFFSETS, "amount", "open", "default", "overdue", "new_debt", "guarantee_called", "inquiry"),
    lambda snapshot: snapshot.credit_events,
)
HARDSHIPS = Source(
    "hardships",
    ("hardships",),
    "household",
    (*_OFFSETS, "loss", "unresolved", "lost", "sudden"),
    lambda snapshot: snapshot.hardships,
)
POLICIES = Source(
    "policies",
    ("policies",),
    "household",
    ("in_force", "industry", "person", "sum_insured"),
    lambda snapshot: snapshot.policies,
)
CLAIMS = Source(
    "claims",
    ("claims",),
    "household",
    (*_OFFSETS, "open", "claimed", "paid"),
    lambda snapshot: snapshot.claims,
)
REVIEWS = Source(
    "village_reviews",
    ("village_reviews",),
    "household",
    ("integrity_points", "integrity_before", "civility_points", "age_months"),
    lambda snapshot: snapshot.reviews,
    one_row=True,
)


NEIGHBOURS = Source(
    "neighbours",
    (),
    "loan",
    ("village_code_share", "township_code_share", "bank_share", "product_share"),
    one_row=True,
)
