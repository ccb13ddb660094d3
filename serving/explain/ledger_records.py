"""A household's records in the ledger as an answer: loans, income, assets, insurance, reviews, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import polars as pl

from features.messages import Bilingual, UserError
from features.units import HOUSEHOLD_TYPE
from models.code_labels import INSURED_WORDS
from serving.explain.ledger_household import ledger_household
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.schemas.basis import Answer, Sentence
from serving.schemas.household_records import (
    AssetsRecord,
    ClaimRecord,
    HouseholdRecords,
    PolicyRecord,
    ReviewRecord,
    StatementRecord,
)

Record = TypeVar("Record", bound=Answer)
_LIVES_THERE = ("present", "working_away")
_INCOMES = ("wage_income", "business_income", "property_income", "transfer_income")
_NET_INCOME = pl.when(pl.any_horizontal(pl.col(_INCOMES).is_not_null())).then(
    pl.sum_horizontal(_INCOMES) - pl.col("production_cost").fill_null(0)
)
_KIND_WORDS = [
    pl.col("kind")
    .replace_strict({kind: getattr(words, lang) for kind, words in INSURED_WORDS.items()})
    .fill_null("–")
    .alias(lang)
    for lang in ("zh", "en")
]
_TABLE_WORDS: Mapping[str, Bilingual] = {
    "members": Bilingual("家庭成员", "members"),
    "income_statements": Bilingual("收入调查", "income statements"),
    "assets": Bilingual("资产登记", "observations of assets"),
    "policies": Bilingual("保险", "insurance policies"),
    "village_reviews": Bilingual("村级评议", "village reviews"),
}
_NOT_DELIVERED = Bilingual("本县尚未送达{table}数据。", "The county has delivered no {table}.")
_NO_ROW = Bilingual("没有该户的{table}记录。", "There are no {table} of this household.")


class NoOpenLoanError(UserError):
    """The household is in the ledger and exists for the reader, but has no open loan in the month."""


def household_records(month: PublishedMonth, store: DataFolder, household: str) -> HouseholdRecords:
    """What the ledger holds of a household, with an open loan or without, as known at the month's end.

    Args:
        month: the published month; its scope says which households and loans exist for the reader.
        store: the data folder that the month lies in.
        household: the household's id as stored.

    Returns:
        Village, type, members counted, loans with their endings, income statements, assets, policies, claims and
        reviews; and what is missing.

    Raises:
        UserError: where the household does not exist for the reader, or the ledger never was at the data version.

    Example:
        >>> from serving.explain.ledger_records import household_records
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> borrowing = set(month.scan("warnings").collect()["household_id"])
        >>> households = store.ledger.scan("households").collect()["household_id"].unique().sort()
        >>> without_loan = next(one for one in households if one not in borrowing)
        >>> records = household_records(month, store, without_loan)
        >>> records.household_id == without_loan, [loan for loan in records.loans if loan.ending is None]
        (True, [])
    """
    of = ledger_household(month, store, household)
    if not of.is_for_reader:
        raise UserError(
            f"{month.as_of} 的台账中没有农户 {household}，或不在您的查看范围内；请核对编号。",
            f"Household {household} is not in the ledger of {month.as_of}, or not within what you may see; check the "
            "identifier.",
        )
    row, tables = of.household_row or {}, {table: of.newest(table) for table in (*_TABLE_WORDS, "claims")}
    type_words, village = HOUSEHOLD_TYPE.text(row.get("household_type")), row.get("village_code")
    people = tables["members"].filter(pl.col("status").is_in(_LIVES_THERE))
    is_recorded = tables["members"].height > 0
    in_force = (pl.lit(month.as_of) <= pl.col("insured_to")).alias("in_force")
    begun = tables["policies"].filter(pl.col("insured_from") <= month.as_of).with_columns(in_force)
    settled = pl.col("settled_on") <= month.as_of
    claims = (
        tables["claims"]
        .with_columns(pl.when(settled).then("settled_on").alias("settled_on"))
        .with_columns(pl.when(pl.col("settled_on").is_not_null()).then("paid_amount").alias("paid_amount"))
        .join(tables["policies"].select("policy_id", "kind"), on="policy_id", how="left")
    )
    statements = tables["income_statements"].with_columns(_NET_INCOME.alias("net_income"))
    counties = {table: of.snapshot.versions.tables.counties_with(table, month.as_of) for table in _TABLE_WORDS}
    lacked = [
        Sentence(zh=words.zh.format(table=_TABLE_WORDS[table].zh), en=words.en.format(table=_TABLE_WORDS[table].en))
        for table in _TABLE_WORDS
        for words in ((_NO_ROW if (village or "")[:6] in counties[table] else _NOT_DELIVERED),)
        if tables[table].is_empty()
    ]
    return HouseholdRecords(
        **month.versions,
        household_id=household,
        village_code=village,
        township_code=village and village[:9],
        household_type=row.get("household_type"),
        type_zh=type_words.zh,
        type_en=type_words.en,
        registered_on=row.get("registered_on"),
        members=people.height if is_recorded else None,
        working_away=people.filter(pl.col("status") == "working_away").height if is_recorded else None,
        with_labour=people.filter(pl.col("labour").is_in(("full", "part"))).height if is_recorded else None,
        loans=of.loan_records,
        statements=_newest_first(statements, "period_end", StatementRecord),
        assets=_newest_first(tables["assets"], "observed_on", AssetsRecord),
        policies=_newest_first(begun.with_columns(_KIND_WORDS), "insured_from", PolicyRecord),
        claims=_newest_first(claims.with_columns(_KIND_WORDS), "occurred_on", ClaimRecord),
        reviews=_newest_first(tables["village_reviews"], "reviewed_on", ReviewRecord),
        missing=lacked,
    )


def _newest_first(rows: pl.DataFrame, day: str, record: type[Record]) -> list[Record]:
    """The rows as records, the latest `day` first."""
    return [record.model_validate(row) for row in rows.sort(day, descending=True, maintain_order=True).to_dicts()]


def check_for_open_loan(month: PublishedMonth, store: DataFolder, household: str) -> None:
    """Raises NoOpenLoanError where the household exists for the reader: it then has records, but no open loan."""
    if ledger_household(month, store, household).is_for_reader:
        raise NoOpenLoanError(
            f"{month.as_of} 农户 {household} 没有您可以查看的未结贷款，因此没有灯；已结清的贷款和其他记录见该户页面 "
            f"/households/{household}（接口 /api/v1/households/{household}）。",
            f"Household {household} has no open loan that you may see on {month.as_of}, hence no light; its closed "
            f"loans and other records are on its page, /households/{household} (interface: "
            f"/api/v1/households/{household}).",
        )
