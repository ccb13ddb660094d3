"""The ledger of every household as of a day: its facts, its loans, and the years in which it paid on time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.compute import HOUSEHOLDS_PER_BLOCK, every_household_at, household_facts
from features.declare import Feature, money_sum
from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.as_of import Snapshot
from features.snapshot.life_rules import SHIPPED_RULES, LifeRules

LEDGER_LOANS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "household_id": FrameColumn(pl.String(), "Identifier of its household."),
        "village_code": FrameColumn(pl.String(), "Village of the household, twelve digits."),
        "bank": FrameColumn(pl.String(), "As in table loans."),
        "product": FrameColumn(pl.String(), "As in table loans."),
        "principal": FrameColumn(pl.Float64(), "Principal that was granted and drawn, yuan."),
        "annual_rate": FrameColumn(pl.Float64(), "Yearly rate of the loan."),
        "originated_on": FrameColumn(pl.Date(), "Day on which the loan was paid out."),
        "expires_on": FrameColumn(pl.Date(), "Maturity in force."),
        "outstanding_principal": FrameColumn(pl.Float64(), "Principal not yet repaid, yuan."),
        "is_open": FrameColumn(pl.Boolean(), "Whether the loan is open."),
        "ended_on": FrameColumn(pl.Date(), "Day it was repaid, settled or renewed; null where it was not."),
        "is_settled": FrameColumn(pl.Boolean(), "Whether the bank settled it, or another loan renewed it."),
        "lost_on": FrameColumn(pl.Date(), "Day it was compensated or written off; null where it was not."),
        "repayments": FrameColumn(pl.Int64(), "Payments of principal, whoever paid, up to the day."),
        "last_repaid_on": FrameColumn(pl.Date(), "Day of the last of them; null without one."),
        "subsidy_to_come": FrameColumn(pl.Float64(), "Interest that the state is still to pay on it, yuan."),
    }
)
PUNCTUAL_YEARS_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "Identifier of the household."),
        "years_with_dues": FrameColumn(pl.Int64(), "Whole years in which something was asked of it."),
        "punctual_years": FrameColumn(pl.Int64(), "Those of them in which none of it was paid late."),
    }
)
HOUSEHOLD_PEOPLE_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "Identifier of the household."),
        "borrower_age": FrameColumn(
            pl.Int64(), "Age in whole years of the borrower of its first loan that counts; without a loan, of the head."
        ),
    }
)
_MONTHS_IN_YEAR = 12


@dataclass(frozen=True)
class HouseholdLedger:
    """The ledger of households at the end of a day.

    facts: as `household_facts` returns them. loans: all loans ever drawn, in LEDGER_LOANS_SCHEMA. years: in
    PUNCTUAL_YEARS_SCHEMA, a row for each household that ever had a due. people: in HOUSEHOLD_PEOPLE_SCHEMA, a row for
    each household of which the borrower or the head is recorded.
    """

    facts: pl.DataFrame
    loans: pl.DataFrame
    years: pl.DataFrame
    people: pl.DataFrame


def household_ledger_at(
    as_of: date, tables: DeliveredTables, facts: Collection[Feature], rules: LifeRules = SHIPPED_RULES
) -> HouseholdLedger:
    """The ledger of every household at the end of a day, from what was known by then.

    Args:
        as_of: the day, the last of a month.
        tables: the delivered rows of a county, or of one household.
        facts: the features that its `facts` have, as `household_facts` takes them.
        rules: of late, bad and cured, as of the day.

    Returns:
        The ledger; its frames are sorted by household.

    Example:
        >>> from datetime import date
        >>> from features.household_ledger import household_ledger_at
        >>> from features.income import income_per_head
        >>> from features.ledger.ledger import Ledger
        >>> ledger = household_ledger_at(date(2025, 12, 31), Ledger(data / "ledger").tables(), [income_per_head])
        >>> ledger.facts["household_id"].n_unique() > ledger.loans["household_id"].n_unique()
        True
        >>> bool((ledger.years["punctual_years"] <= ledger.years["years_with_dues"]).all())
        True
    """
    parts = []
    for block in tables.household_blocks(HOUSEHOLDS_PER_BLOCK, "households"):
        snapshot = every_household_at(as_of, block, rules)
        parts.append(
            HouseholdLedger(
                household_facts(snapshot, facts),
                ledger_loans(snapshot),
                punctual_years(snapshot),
                household_people(snapshot),
            )
        )
    names = ("facts", "loans", "years", "people")
    return HouseholdLedger(*(pl.concat([getattr(part, name) for part in parts]) for name in names))


@returns(LEDGER_LOANS_SCHEMA)
def ledger_loans(snapshot: Snapshot) -> pl.DataFrame:
    """All loans drawn by the snapshot's day, open or ended, sorted by household_id and loan_id."""
    loans, as_of = snapshot.loans, snapshot.as_of
    is_repayment = (pl.col("principal_paid") > 0) & (pl.col("paid_on") <= as_of)
    repaid = (
        snapshot.book.payments.filter(is_repayment)
        .group_by("loan")
        .agg(pl.len().cast(pl.Int64).alias("repayments"), pl.col("paid_on").max().alias("last_repaid_on"))
    )
    is_subsidy = (pl.col("day_offset") > 0) & (pl.col("state_interest") > 0)
    to_come = (
        snapshot.instalments.filter(is_subsidy)
        .group_by("loan")
        .agg(subsidy_to_come=money_sum(pl.col("state_interest")))
    )
    settled = snapshot.book.events.filter(pl.col("kind").is_in(("settled", "renewed"))).select("loan")
    renewing = loans.filter(pl.col("renews_loan_id").is_not_null()).select(loan_id="renews_loan_id")
    joined = (
        loans.join(repaid, on="loan", how="left")
        .join(to_come, on="loan", how="left")
        .join(settled.unique().with_columns(settled=True), on="loan", how="left")
        .join(renewing.unique().with_columns(renewed=True), on="loan_id", how="left")
        .with_columns(
            expires_on=(pl.lit(as_of) + pl.duration(days="days_to_maturity")).cast(pl.Date),
            is_settled=pl.any_horizontal(pl.col("settled", "renewed").fill_null(False)),
            repayments=pl.col("repayments").fill_null(0),
            subsidy_to_come=pl.when("is_open").then(pl.col("subsidy_to_come").fill_null(0.0)).otherwise(0.0),
        )
    )
    in_order = joined.select(*LEDGER_LOANS_SCHEMA.columns).sort("household_id", "loan_id")
    return snapshot.versions.tables.collect(in_order)


@returns(PUNCTUAL_YEARS_SCHEMA)
def punctual_years(snapshot: Snapshot) -> pl.DataFrame:
    """For each household with a due, its whole years with dues, and those without a late one, sorted by household_id.

    Years end with the snapshot's day and go back from it, twelve calendar months each; one counts where the household
    had drawn its first loan by its beginning, and something was asked of it. What the state pays is not asked of it.
    """
    first_drawn = snapshot.loans.group_by("household").agg(pl.col("months_on_book").max().alias("months"))
    asked = (pl.col("day_offset") <= 0) & (pl.col("principal_due") + pl.col("interest_due") > 0)
    years_back = (-pl.col("month_offset")) // _MONTHS_IN_YEAR
    years = (
        snapshot.instalments.filter(asked)
        .group_by("household", years_back.alias("years_back"))
        .agg((pl.col("days_late") > 0).any().alias("is_late"))
        .join(first_drawn, on="household")
    )
    is_whole = pl.col("months") >= (pl.col("years_back") + 1) * _MONTHS_IN_YEAR
    of_household = years.group_by("household").agg(
        is_whole.sum().cast(pl.Int64).alias("years_with_dues"),
        (is_whole & ~pl.col("is_late")).sum().cast(pl.Int64).alias("punctual_years"),
    )
    named = of_household.join(snapshot.versions.households, on="household")
    return snapshot.versions.tables.collect(named.select(*PUNCTUAL_YEARS_SCHEMA.columns).sort("household_id"))


@returns(HOUSEHOLD_PEOPLE_SCHEMA)
def household_people(snapshot: Snapshot) -> pl.DataFrame:
    """The age of the person who borrows for each household, or would, sorted by household_id."""
    loans = snapshot.counted_loans.select("loan", "household", "loan_id")
    borrowers = snapshot.borrowers.join(loans, on="loan").sort("loan_id").unique("household", keep="first")
    heads = snapshot.members.filter(pl.col("is_head")).sort(~pl.col("counts"), "member_id")
    ages = (
        pl.concat([borrowers.select("household", "age"), heads.select("household", "age")])
        .unique("household", keep="first", maintain_order=True)
        .join(snapshot.versions.households, on="household")
        .select("household_id", pl.col("age").cast(pl.Int64).alias("borrower_age"))
    )
    return snapshot.versions.tables.collect(ages.sort("household_id"))
