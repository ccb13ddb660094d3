"""The fifteen tables of the contract, section 1, as data."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Literal, get_args

from features.contract.declarations import CellKind, ContractColumn, ContractTable

_name = partial(ContractColumn, kind=CellKind.NAME)
_identifier = partial(ContractColumn, kind=CellKind.IDENTIFIER)
_person = partial(ContractColumn, kind=CellKind.PERSON)
_date = partial(ContractColumn, kind=CellKind.DATE)
_money = partial(ContractColumn, kind=CellKind.MONEY)
_number = partial(ContractColumn, kind=CellKind.NUMBER)
_points = partial(ContractColumn, kind=CellKind.POINTS)
_known_on = ContractColumn("known_on", CellKind.DATE)

USES = ("sheep", "cattle", "daylily", "grain", "forage", "herbs", "trade", "other")

HardshipCause = Literal[
    "illness",
    "disability",
    "death",
    "missing",
    "custody",
    "disaster",
    "epidemic",
    "accident",
    "business_failure",
    "unemployment",
    "price_collapse",
    "schooling",
    "other",
]
HARDSHIP_CAUSES: tuple[str, ...] = get_args(HardshipCause)
"""Causes of hardship; policies, labels and the simulator name these."""
PolicyKind = Literal["accident", "serious_illness", "sheep_income", "daylily_price", "crop", "other"]
POLICY_KINDS: tuple[str, ...] = get_args(PolicyKind)
"""Kinds of insurance."""


def _code(name: str, *codes: str, required: bool = False) -> ContractColumn:
    return ContractColumn(name, CellKind.CODE, required=required, codes=codes)


HOUSEHOLDS = ContractTable(
    "households",
    key=("household_id",),
    columns=(
        _person("household_id", required=True),
        ContractColumn("village_code", CellKind.VILLAGE, required=True),
        _name("county_name"),
        _name("township_name"),
        _name("village_name"),
        _code("household_type", "lifted_out", "unstable", "marginal", "sudden_hardship", "ordinary"),
        _date("registered_on"),
        _known_on,
    ),
)
MEMBERS = ContractTable(
    "members",
    key=("member_id",),
    parent=("households", "household_id"),
    hangs_on=("household_id",),
    columns=(
        _person("member_id", required=True),
        _person("household_id", required=True),
        _code("relation", "head", "spouse", "child", "parent", "other"),
        _code("sex", "F", "M"),
        _date("birth_date", since=date(1900, 1, 1)),
        _code("education", "none", "primary", "junior", "senior", "tertiary"),
        _code("health", "healthy", "chronic", "serious_illness", "disabled"),
        _code("labour", "full", "part", "none"),
        _code("status", "present", "working_away", "left", "deceased"),
        _known_on,
    ),
)
INCOME_STATEMENTS = ContractTable(
    "income_statements",
    key=("household_id", "period_end"),
    parent=("households", "household_id"),
    event_day="period_end",
    ordered_days=(("period_start", "period_end"),),
    columns=(
        _person("household_id", required=True),
        _date("period_start", required=True),
        _date("period_end", required=True),
        _money("wage_income"),
        _money("business_income"),
        _money("property_income"),
        _money("transfer_income"),
        _money("production_cost"),
        _money("living_cost"),
        _money("medical_cost"),
        _money("education_cost"),
        _known_on,
    ),
)
ASSETS = ContractTable(
    "assets",
    key=("household_id", "observed_on"),
    parent=("households", "household_id"),
    event_day="observed_on",
    columns=(
        _person("household_id", required=True),
        _date("observed_on", required=True),
        _number("sheep_count"),
        _number("cattle_count"),
        _number("farmland_mu"),
        _money("savings"),
        _money("outside_debt"),
        _known_on,
    ),
)
LOANS = ContractTable(
    "loans",
    key=("loan_id",),
    parent=("households", "household_id"),
    ordered_days=(("originated_on", "matures_on"),),
    hangs_on=("household_id", "bank", "originated_on"),
    columns=(
        _identifier("loan_id", required=True),
        _person("household_id", required=True),
        _person("borrower_member_id"),
        _name("bank", required=True),
        _code("product", "microloan", "revolving", "other"),
        _money("principal", required=True, least=100),
        ContractColumn("annual_rate", CellKind.RATE, required=True),
        _date("originated_on", required=True),
        _date("matures_on", required=True),
        _code(
            "repayment_method",
            "bullet_quarterly_interest",
            "bullet_all",
            "equal_instalment",
            "equal_principal",
            required=True,
        ),
        _code("declared_use", *USES),
        ContractColumn("subsidy_share", CellKind.SHARE),
        _code("subsidy_manner", "direct", "refund"),
        _identifier("renews_loan_id"),
        _known_on,
    ),
)
INSTALMENTS = ContractTable(
    "instalments",
    key=("loan_id", "schedule_no", "due_on"),
    parent=("loans", "loan_id"),
    whole=("loan_id", "schedule_no"),
    columns=(
        _identifier("loan_id", required=True),
        ContractColumn("schedule_no", CellKind.WHOLE, default=1),
        _date("due_on", required=True),
        _money("principal_due", required=True),
        _money("interest_due", required=True),
        _known_on,
    ),
)
PAYMENTS = ContractTable(
    "payments",
    key=("payment_id",),
    parent=("loans", "loan_id"),
    event_day="paid_on",
    hangs_on=("loan_id",),
    columns=(
        _identifier("payment_id", required=True),
        _identifier("loan_id", required=True),
        _date("paid_on", required=True),
        _money("principal_paid", required=True, signed=True),
        _money("interest_paid", required=True, signed=True),
        _code("payer", "borrower", "subsidy", "insurance", "compensation_fund", "other"),
        _known_on,
    ),
)
LOAN_EVENTS = ContractTable(
    "loan_events",
    key=("loan_id", "kind", "occurred_on"),
    parent=("loans", "loan_id"),
    event_day="occurred_on",
    columns=(
        _identifier("loan_id", required=True),
        _date("occurred_on", required=True),
        _code("kind", "extended", "renewed", "settled", "compensated", "written_off", required=True),
        _money("amount"),
        _date("new_matures_on"),
        _code("withdrawn", "true", "false"),
        _known_on,
    ),
)
USE_CHECKS = ContractTable(
    "use_checks",
    key=("loan_id", "checked_on"),
    parent=("loans", "loan_id"),
    event_day="checked_on",
    columns=(
        _identifier("loan_id", required=True),
        _date("checked_on", required=True),
        _code("finding", "as_declared", "partly_diverted", "diverted", "idle", "put_right", required=True),
        _known_on,
    ),
)
CREDIT_EVENTS = ContractTable(
    "credit_events",
    key=("event_id",),
    parent=("households", "household_id"),
    event_day="occurred_on",
    hangs_on=("household_id",),
    columns=(
        _identifier("event_id", required=True),
        _person("household_id", required=True),
        _date("occurred_on", required=True),
        _code(
            "kind",
            "overdue_elsewhere",
            "default_elsewhere",
            "court_enforcement",
            "new_debt",
            "guarantee_called",
            "inquiry",
            required=True,
        ),
        _money("amount"),
        _date("closed_on"),
        _known_on,
    ),
)
POLICIES = ContractTable(
    "policies",
    key=("policy_id",),
    parent=("households", "household_id"),
    ordered_days=(("insured_from", "insured_to"),),
    hangs_on=("household_id",),
    columns=(
        _identifier("policy_id", required=True),
        _person("household_id", required=True),
        _code(
            "kind",
            *POLICY_KINDS,
            required=True,
        ),
        _date("insured_from", required=True),
        _date("insured_to", required=True),
        _money("sum_insured"),
        _known_on,
    ),
)
CLAIMS = ContractTable(
    "claims",
    key=("claim_id",),
    parent=("policies", "policy_id"),
    event_day="occurred_on",
    hangs_on=("policy_id",),
    columns=(
        _identifier("claim_id", required=True),
        _identifier("policy_id", required=True),
        _date("occurred_on", required=True),
        _money("claimed_amount"),
        _money("paid_amount"),
        _date("settled_on"),
        _known_on,
    ),
)
HARDSHIPS = ContractTable(
    "hardships",
    key=("event_id",),
    parent=("households", "household_id"),
    event_day="occurred_on",
    hangs_on=("household_id",),
    columns=(
        _identifier("event_id", required=True),
        _person("household_id", required=True),
        _person("member_id"),
        _date("occurred_on", required=True),
        _code(
            "cause",
            *HARDSHIP_CAUSES,
            required=True,
        ),
        _money("loss_amount"),
        _date("resolved_on"),
        _known_on,
    ),
)
VILLAGE_REVIEWS = ContractTable(
    "village_reviews",
    key=("household_id", "reviewed_on"),
    parent=("households", "household_id"),
    event_day="reviewed_on",
    columns=(
        _person("household_id", required=True),
        _date("reviewed_on", required=True),
        _points("integrity_points"),
        _points("civility_points"),
        _known_on,
    ),
)
PRICES = ContractTable(
    "prices",
    key=("product", "month"),
    columns=(
        _code("product", *USES, required=True),
        _date("month", required=True),
        _money("price", required=True),
        _known_on,
    ),
)

TABLES: dict[str, ContractTable] = {
    table.name: table
    for table in (
        HOUSEHOLDS,
        MEMBERS,
        INCOME_STATEMENTS,
        ASSETS,
        LOANS,
        INSTALMENTS,
        PAYMENTS,
        LOAN_EVENTS,
        USE_CHECKS,
        CREDIT_EVENTS,
        POLICIES,
        CLAIMS,
        HARDSHIPS,
        VILLAGE_REVIEWS,
        PRICES,
    )
}
"""All tables by name; parent tables come first."""
REQUIRED_TABLES = ("households", "loans", "instalments", "payments")
"""The tables that every county delivers; the others may be missing (contract, section 1)."""
