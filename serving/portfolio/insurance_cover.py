"""Policies, claims and filing days of the county's insurance 2+X, and figures of them by cover and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

import polars as pl

from features.contract.tables import POLICY_KINDS
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.months import month_end_after
from features.snapshot.amounts import yuan_sum
from features.snapshot.latest_versions import LatestVersions
from models.code_labels import INSURED_WORDS
from models.county_policy.sections import CountyPolicy
from models.disclosure import DISCLOSURE_COLUMNS, DisclosureRows
from models.help_routes.claims import insurance_routes
from models.help_routes.route import Protection
from serving.concurrency.single_flight import single_flight
from serving.explain.loaded_models import ledger_at
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_index
from serving.portfolio.household_search import household_loans

_ROWS_IN_MEMORY = 2
"""Month ends whose policies and claims are in memory; all readers share them."""
BASE_KINDS = ("accident", "serious_illness")
INDUSTRY_KINDS = ("sheep_income", "daylily_price", "crop")
INSURANCE_TABLES = ("policies", "claims", "hardships")


class InsuranceCover(StrEnum):
    """What a household is insured by: both kinds of the base, any kind of industry insurance, or one kind."""

    BASE = "base"
    INDUSTRY = "industry"
    ACCIDENT = "accident"
    SERIOUS_ILLNESS = "serious_illness"
    SHEEP_INCOME = "sheep_income"
    DAYLILY_PRICE = "daylily_price"
    CROP = "crop"
    OTHER = "other"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of policies that count."""
        return {InsuranceCover.BASE: BASE_KINDS, InsuranceCover.INDUSTRY: INDUSTRY_KINDS}.get(self, (self.value,))

    @property
    def words(self) -> Bilingual:
        """Its name in Chinese and English."""
        return INSURED_WORDS[self.value] if self.value in POLICY_KINDS else _COVER_WORDS[self]


_COVER_WORDS = {
    InsuranceCover.BASE: Bilingual("“2”：意外险和大病补充保险", "2: accident and serious illness, both"),
    InsuranceCover.INDUSTRY: Bilingual("“X”：产业保险，任一种", "X: industry insurance, any"),
}
INSURED_HOUSEHOLDS_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "The household."),
        "village_code": FrameColumn(pl.String(), "Its village."),
        "township_code": FrameColumn(pl.String(), "Its township."),
        "bank": FrameColumn(pl.String(), "A bank that it has an open loan of; missing without one."),
    }
)
FILINGS_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "The household."),
        "policy_id": FrameColumn(pl.String(), "The policy that covers the hardship."),
        "kind": FrameColumn(pl.String(), "As in table policies."),
        "happened_on": FrameColumn(pl.Date(), "Day of the hardship."),
        "file_by": FrameColumn(pl.Date(), "Last day on which the claim can be filed."),
        "sum_insured": FrameColumn(pl.Float64(), "Sum insured, yuan."),
    }
)
_COUNTS = ("households", "insured_households", "policies", "without_sum", "claims_12m", "without_amount", "waiting")
_AMOUNTS = {
    "sum_insured": "policies",
    "claimed_12m": "claims_12m",
    "paid_12m": "claims_12m",
    "waiting_claimed": "waiting",
    "longest_wait_days": "waiting",
}
"""Amounts, each with the count of what it sums: households without any of these do not stand behind it."""
COVER_FIGURES_SCHEMA = FrameSchema(
    {
        "code": FrameColumn(pl.String(), "The place, or any other group; missing codes are left out."),
        "households": FrameColumn(pl.Int64(), "Households."),
        "insured_households": FrameColumn(pl.Int64(), "Of these, insured by policies in force."),
        "policies": FrameColumn(pl.Int64(), "Policies in force."),
        "without_sum": FrameColumn(pl.Int64(), "Of these, without a sum insured."),
        "claims_12m": FrameColumn(pl.Int64(), "Claims of damages of the last twelve months."),
        "without_amount": FrameColumn(pl.Int64(), "Of these, without a claimed amount."),
        "waiting": FrameColumn(pl.Int64(), "Claims that are not settled."),
        "filings": FrameColumn(pl.Int64(), "Hardships to be claimed for whose last filing day is near."),
        "sum_insured": FrameColumn(pl.Float64(), "Sum insured in force, yuan; missing where it may not be told."),
        "claimed_12m": FrameColumn(pl.Float64(), "Claimed for damages of the last twelve months, yuan; likewise."),
        "paid_12m": FrameColumn(pl.Float64(), "Paid on those that are settled, yuan; likewise."),
        "waiting_claimed": FrameColumn(pl.Float64(), "Claimed and not settled, yuan; likewise."),
        "longest_wait_days": FrameColumn(pl.Int64(), "Days since the oldest damage that is not settled; likewise."),
    }
)


@dataclass(frozen=True)
class InsuranceRows:
    """All policies, claims and hardships known at a month's end.

    policies: those that had begun, with `in_force`. claims: with the policy's household and kind, `is_settled`,
    `paid_amount` from the day of settlement, `days` since the damage and `is_recent` (within twelve months).
    counties: those that have delivered each of INSURANCE_TABLES.
    """

    policies: pl.DataFrame
    claims: pl.DataFrame
    hardships: pl.DataFrame
    counties: Mapping[str, tuple[str, ...]]


def insurance_rows(month: PublishedMonth, store: DataFolder) -> InsuranceRows:
    """The rows of all households; whose figures a reader may see is decided by the households counted.

    Raises UserError where the ledger never was at the month's data version.
    """
    return _ledger_insurance(store.folder, month.manifest.data_version, month.as_of)


@single_flight(_ROWS_IN_MEMORY)
def _ledger_insurance(folder: Path, data_version: str, as_of: date) -> InsuranceRows:
    tables = ledger_at(folder / "ledger", data_version).tables()
    versions = LatestVersions(tables, as_of)
    in_force = pl.lit(as_of).is_between("insured_from", "insured_to").alias("in_force")
    policies = versions.newest_of_all_households("policies").filter(pl.col("insured_from") <= as_of)
    holders = policies.select("policy_id", "household_id", "kind")
    is_settled = (pl.col("settled_on") <= as_of).fill_null(False)
    claims = versions.newest_of_all_households("claims").filter(pl.col("occurred_on") <= as_of).drop("household_id")
    hardships = versions.newest_of_all_households("hardships").filter(pl.col("occurred_on") <= as_of)
    return InsuranceRows(
        policies=policies.with_columns(in_force).collect(),
        claims=claims.join(holders, on="policy_id")
        .with_columns(
            is_settled.alias("is_settled"),
            pl.when(is_settled).then("paid_amount").alias("paid_amount"),
            (pl.lit(as_of) - pl.col("occurred_on")).dt.total_days().alias("days"),
            (pl.col("occurred_on") > month_end_after(as_of, -12)).alias("is_recent"),
        )
        .collect(),
        hardships=hardships.sort("occurred_on", "event_id").collect(),
        counties={table: tables.counties_with(table, as_of) for table in INSURANCE_TABLES},
    )


@returns(INSURED_HOUSEHOLDS_SCHEMA)
def counted_households(
    month: PublishedMonth, store: DataFolder, counties: Sequence[str], bank: str | None, area: str | None
) -> pl.DataFrame:
    """The households in the reader's scope whose insurance is counted, by household_id.

    counties: those whose policies are delivered. bank: only households with an open loan of it; None for all.
    area: first digits of a village code; None for all.
    """
    of_bank = pl.lit(True) if bank is None else pl.col("bank") == bank
    loans = loan_index(month).filter(of_bank).select("household_id", "bank")
    borrowers = loans.unique("household_id", keep="first", maintain_order=True)
    everyone = household_loans(month, store).select("household_id", "village_code").unique("household_id")
    rows = everyone.join(borrowers, on="household_id", how="left" if bank is None else "inner")
    village = pl.col("village_code")
    return (
        rows.filter(village.str.head(6).is_in(list(counties)), village.str.starts_with(area or ""))
        .select(
            "household_id", "village_code", village.str.head(9).alias("township_code"), pl.col("bank").cast(pl.String)
        )
        .sort("household_id")
        .collect()
    )


@returns(FILINGS_SCHEMA)
def filings_due(
    rows: InsuranceRows, household_ids: pl.Series, policy: CountyPolicy, as_of: date, days: int
) -> pl.DataFrame:
    """The hardships that a policy covers and no claim is for, to be filed within some days, the soonest first.

    By the rules of the routes of help on a household's sheet (`models.help_routes.claims`).

    household_ids: whose hardships count. policy: with the hardships that each kind covers and the days for filing.
    """
    limits = policy.insurance.claim_within_days
    of_household = rows.policies.filter(pl.col("household_id").is_in(household_ids.implode()))
    covered = pl.DataFrame(
        [(kind, cause, limits[kind]) for kind, causes in policy.insurance.covers.items() for cause in causes],
        {"kind": pl.String, "cause": pl.String, "limit": pl.Int64},
        orient="row",
    )
    file_by = (pl.col("occurred_on") + pl.duration(days="limit")).cast(pl.Date)
    candidates = (
        of_household.join(rows.hardships.select("household_id", "cause", "occurred_on"), on="household_id")
        .join(covered, on=["kind", "cause"])
        .filter(
            pl.col("occurred_on").is_between("insured_from", "insured_to"),
            file_by.is_between(as_of, as_of + timedelta(days=days)),
        )
    )
    due = []
    for contract in candidates.unique("policy_id").to_dicts():
        own_claims = rows.claims.filter(pl.col("policy_id") == contract["policy_id"])
        own_hardships = rows.hardships.filter(pl.col("household_id") == contract["household_id"])
        claims = own_claims.sort("occurred_on", "claim_id").rename({"is_settled": "settled"}).to_dicts()
        protection = Protection([contract], own_hardships.to_dicts(), claims)
        for route in insurance_routes(protection, as_of, policy):
            if route.code == "insurance_claim" and route.until and 0 <= (route.until - as_of).days <= days:
                happened_on = route.until - timedelta(days=limits[contract["kind"]])
                values = {**contract, "happened_on": happened_on, "file_by": route.until}
                due.append([values[name] for name in FILINGS_SCHEMA.columns])
    return pl.DataFrame(due, FILINGS_SCHEMA.dtypes, orient="row").sort("file_by", "household_id", "policy_id")


@returns(COVER_FIGURES_SCHEMA)
def cover_figures(
    rows: InsuranceRows, households: pl.DataFrame, filings: pl.DataFrame, cover: InsuranceCover, code: pl.Expr
) -> pl.DataFrame:
    """Enrolment and claims of a cover by group, sorted by code.

    A group of so few households that its figures may not be told (`models.disclosure`) has none but its code; amounts
    are missing where the households behind them are too few.

    Args:
        rows: of `insurance_rows`.
        households: of `counted_households`; each counts once.
        filings: of `filings_due`.
        cover: the kinds of policies that count.
        code: the group of a household, by the columns of `households`.
    """
    of_cover, amount = pl.col("kind").is_in(cover.kinds), pl.col("claimed_amount")
    least_kinds = len(BASE_KINDS) if cover is InsuranceCover.BASE else 1
    recent, waiting = pl.col("is_recent"), ~pl.col("is_settled")
    enrolled = (
        rows.policies.filter(of_cover, "in_force")
        .group_by("household_id")
        .agg(
            (pl.col("kind").n_unique() >= least_kinds).alias("insured_households"),
            pl.len().alias("policies"),
            pl.col("sum_insured").null_count().alias("without_sum"),
            yuan_sum(pl.col("sum_insured")).alias("sum_insured"),
        )
    )
    claims = (
        rows.claims.filter(of_cover)
        .group_by("household_id")
        .agg(
            recent.sum().alias("claims_12m"),
            (recent & amount.is_null()).sum().alias("without_amount"),
            yuan_sum(amount.filter(recent)).alias("claimed_12m"),
            yuan_sum(pl.col("paid_amount").filter(recent)).alias("paid_12m"),
            waiting.sum().alias("waiting"),
            yuan_sum(amount.filter(waiting)).alias("waiting_claimed"),
            pl.col("days").filter(waiting).max().alias("longest_wait_days"),
        )
    )
    near = filings.filter(of_cover).group_by("household_id").agg(pl.len().alias("filings"))
    joined = households.with_columns(code.alias("code"), pl.lit(1).alias("households"))
    for frame in (enrolled, claims, near):
        joined = joined.join(frame, on="household_id", how="left", maintain_order="left")
    counts = [pl.col(name).cast(pl.Int64).sum() for name in (*_COUNTS, "filings")]
    sums = [yuan_sum(pl.col(name)) for name in _AMOUNTS if name != "longest_wait_days"]
    totals = joined.group_by("code").agg(*counts, *sums, pl.col("longest_wait_days").max()).drop_nulls("code")
    disclosure = DisclosureRows(joined.select("code", *DISCLOSURE_COLUMNS), pl.col("code"))
    is_tellable = pl.col("code").is_in(disclosure.tellable(joined["household_id"]).implode())
    for name, counted in _AMOUNTS.items():
        behind = joined.select(pl.when(pl.col(counted) > 0).then(counted)).to_series()
        may_tell = pl.col("code").is_in(disclosure.tellable(behind).implode()) | (pl.col(counted) == 0)
        totals = totals.with_columns(pl.when(may_tell).then(name).alias(name))
    figures = [name for name in COVER_FIGURES_SCHEMA.columns if name != "code"]
    tellable = totals.with_columns(pl.when(is_tellable).then(name).alias(name) for name in figures)
    return tellable.select(list(COVER_FIGURES_SCHEMA.columns)).cast(COVER_FIGURES_SCHEMA.dtypes).sort("code")
