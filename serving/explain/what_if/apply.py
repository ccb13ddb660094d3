"""Hypothetical facts applied to a household: each becomes rows of the contract's tables, added to its own rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from features.compute import snapshot_at
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables, stored_dtypes
from features.months import same_day_after
from features.snapshot.as_of import Snapshot
from features.snapshot.yearly_income import AMOUNTS
from serving.explain.loaded_models import ledger_at
from serving.explain.what_if.facts import (
    ClaimSettled,
    HardshipResolved,
    HypotheticalFact,
    ImpossibleFactsError,
    IncomeStatement,
    LivestockBought,
    LivestockSold,
    MoreTime,
    NewHardship,
    Payment,
    UseCheck,
)
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth

_QUARTER = 3
_LONGEST_MORE_TIME = 60
"""Months by which a maturity can be moved at most."""
_FEN = 0.005
_ASSET_WORDS = {"sheep_count": ("羊", "sheep"), "cattle_count": ("牛", "cattle"), "savings": ("存款", "savings")}
Row = dict[str, Any]
RowsByTable = dict[str, list[Row]]


@dataclass(frozen=True)
class HouseholdSnapshot:
    """One household's rows in the ledger as known at a month's end, to which hypothetical facts are applied.

    snapshot: of this household alone. county: its code; None where the ledger has no village of it.
    """

    snapshot: Snapshot
    household: str
    county: str | None

    @property
    def as_of(self) -> date:
        """The month's end."""
        return self.snapshot.as_of

    @property
    def tables(self) -> DeliveredTables:
        """The rows by table of the contract."""
        return self.snapshot.versions.tables

    def apply_facts(self, facts: Sequence[HypotheticalFact]) -> HouseholdSnapshot:
        """The household after the facts, applied in order.

        Raises ImpossibleFactsError for a fact that is impossible after those before it.
        """
        changed = self
        ids = {"household_id": self.household, "known_on": self.as_of}
        for fact in facts:
            frames = {
                table: pl.DataFrame([{**row, **ids} for row in rows], schema=stored_dtypes(TABLES[table]))
                for table, rows in _ROWS_OF_FACT[type(fact)](changed, fact).items()
            }
            changed = replace(changed, snapshot=changed.snapshot.with_added_rows(frames, self.county))
        return changed

    def newest_rows(self, table: str) -> list[Row]:
        """The newest version of each of the household's rows in a table."""
        return self.snapshot.versions.newest_of_household(table, self.household).collect().to_dicts()

    def row_count(self, table: str) -> int:
        """Rows of the table, all versions; a new id made from it is not in use."""
        return int(self.tables.collect(self.tables[table].select(pl.len())).item())

    def open_loan(self, loan_id: str) -> Row:
        """An open loan of the household, with the columns of `Snapshot.open_loans`.

        Raises ImpossibleFactsError where it has no open loan of that id.
        """
        loans = self.snapshot.open_loans.filter(pl.col("loan_id") == loan_id).collect().to_dicts()
        if not loans:
            raise ImpossibleFactsError(
                f"该农户没有未结贷款 {loan_id}；请核对贷款编号。",
                f"The household has no open loan {loan_id}; check the loan's number.",
            )
        return loans[0]


def household_snapshot(month: PublishedMonth, store: DataFolder, household: str) -> HouseholdSnapshot:
    """The household's rows as the month was computed from them.

    Raises UserError where the ledger never was at the month's data version.
    """
    ledger = ledger_at(store.folder / "ledger", month.manifest.data_version)
    county = ledger.county_of(household)
    return HouseholdSnapshot(
        snapshot_at(month.as_of, ledger.tables(county, household), month.life_rules), household, county
    )


def _payment_rows(household: HouseholdSnapshot, fact: Payment) -> RowsByTable:
    loan = household.open_loan(fact.loan_id)
    interest = min(fact.yuan, loan["overdue_interest"])
    principal = round(fact.yuan - interest, 2)
    if principal > loan["outstanding_principal"] + _FEN:
        owed = loan["outstanding_principal"] + loan["overdue_interest"]
        raise ImpossibleFactsError(
            f"贷款 {fact.loan_id} 只欠 {owed:,.2f} 元，还不了 {fact.yuan:,.2f} 元；请填不超过所欠的金额。",
            f"Loan {fact.loan_id} owes {owed:,.2f} yuan, so {fact.yuan:,.2f} cannot be paid; give no more than that.",
        )
    payment = {
        "payment_id": f"supposed-{household.row_count('payments')}",
        "loan_id": fact.loan_id,
        "paid_on": household.as_of,
        "principal_paid": principal,
        "interest_paid": round(interest, 2),
        "payer": fact.payer,
    }
    return {"payments": [payment]}


def _sale_rows(household: HouseholdSnapshot, fact: LivestockSold) -> RowsByTable:
    if fact.repays is None:
        return _survey_rows(household, -fact.sheep, -fact.cattle, fact.yuan)
    payment = _payment_rows(household, Payment(kind="payment", loan_id=fact.repays, yuan=fact.yuan))
    return {**_survey_rows(household, -fact.sheep, -fact.cattle, 0.0), **payment}


def _survey_rows(household: HouseholdSnapshot, sheep: int, cattle: int, yuan: float) -> RowsByTable:
    """The newest survey of assets, with counts and savings changed by these amounts."""
    surveys = sorted(household.newest_rows("assets"), key=lambda survey: survey["observed_on"])
    if not surveys:
        raise ImpossibleFactsError(
            "没有资产调查，不知道牲畜和存款；请先登记资产调查。",
            "No survey of assets is known, so neither herd nor savings are; enter a survey first.",
        )
    newest, changes = surveys[-1], {"sheep_count": sheep, "cattle_count": cattle, "savings": yuan}
    changed = {name: _changed_amount(name, newest[name], by) for name, by in changes.items() if by}
    return {"assets": [{**newest, **changed, "observed_on": household.as_of}]}


def _changed_amount(name: str, amount: float | None, by: float) -> float:
    """The amount after the change. Raises ImpossibleFactsError where it is missing, or would fall below zero."""
    if amount is not None and amount + by >= 0:
        return amount + by
    zh, en = _ASSET_WORDS[name]
    zh_amount, en_amount = ("无数据 / no data", "no data") if amount is None else (f"{amount:,.0f}",) * 2
    raise ImpossibleFactsError(
        f"{zh}已知为 {zh_amount}，不能变动 {by:+,.0f}；请核对数目。",
        f"The known {en} are {en_amount}, which cannot move by {by:+,.0f}; check the number.",
    )


def _hardship_rows(household: HouseholdSnapshot, fact: NewHardship) -> RowsByTable:
    hardship = {
        "event_id": f"supposed-{household.row_count('hardships')}",
        "occurred_on": household.as_of,
        "cause": fact.cause,
        "loss_amount": fact.loss_amount,
        "resolved_on": None,
    }
    return {"hardships": [hardship]}


def _resolution_rows(household: HouseholdSnapshot, fact: HardshipResolved) -> RowsByTable:  # noqa: ARG001
    rows = household.newest_rows("hardships")
    unresolved = [row for row in rows if _is_open(row["resolved_on"], household.as_of)]
    if not unresolved:
        raise ImpossibleFactsError("没有尚未化解的困难。", "No hardship stands that could be resolved.")
    return {"hardships": [{**row, "resolved_on": household.as_of} for row in unresolved]}


def _is_open(ended_on: date | None, as_of: date) -> bool:
    return ended_on is None or ended_on > as_of


def _statement_rows(household: HouseholdSnapshot, fact: IncomeStatement) -> RowsByTable:
    """A statement of the past twelve months: the yearly figures told, replaced by those that the fact names."""
    given = fact.model_dump(exclude={"kind"}, exclude_none=True)
    year = household.tables.collect(household.snapshot.yearly_income.select(AMOUNTS))
    figures = {**{each.name: each.item() for each in year if each.count()}, **given}
    if not figures:
        raise ImpossibleFactsError(
            "没有可沿用的收入调查（须至少覆盖半年）；请填写收入和支出。",
            "There is no income statement of half a year or more whose figures could stand again; give incomes and "
            "costs.",
        )
    as_of = household.as_of
    period = {"period_start": same_day_after(as_of, -12) + timedelta(days=1), "period_end": as_of}
    return {"income_statements": [{**figures, **period}]}


def _more_time_rows(household: HouseholdSnapshot, fact: MoreTime) -> RowsByTable:
    loan = household.open_loan(fact.loan_id)
    matures_on = household.as_of + timedelta(days=loan["days_to_maturity"])
    latest = same_day_after(matures_on, _LONGEST_MORE_TIME)
    if loan["days_to_maturity"] < 0 or not matures_on < fact.new_matures_on <= latest:
        raise ImpossibleFactsError(
            f"贷款 {fact.loan_id} 于 {matures_on} 到期；到期前方可续贷或展期，新到期日须在其后、{latest} 以内。",
            f"Loan {fact.loan_id} matures on {matures_on}; more time is agreed before that day, and the new one lies "
            f"after it, up to {latest}.",
        )
    event = {
        "loan_id": fact.loan_id,
        "occurred_on": household.as_of,
        "kind": fact.event,
        "amount": loan["outstanding_principal"],
        "new_matures_on": fact.new_matures_on,
    }
    return {"loan_events": [event], "instalments": _new_schedule(household, loan, matures_on, fact.new_matures_on)}


def _new_schedule(household: HouseholdSnapshot, loan: Row, old: date, new: date) -> list[Row]:
    """A new schedule version: the principal due at the old maturity moves to the new one, with quarterly interest."""
    rows = [row for row in household.newest_rows("instalments") if row["loan_id"] == loan["loan_id"]]
    number = max((row["schedule_no"] for row in rows), default=0)
    in_force = [row for row in rows if row["schedule_no"] == number]
    principal = sum(row["principal_due"] for row in in_force if row["due_on"] >= old)
    earlier = [{**row, "principal_due": 0.0 if row["due_on"] >= old else row["principal_due"]} for row in in_force]
    interest = round(principal * loan["annual_rate"] * _QUARTER / 12, 2)
    quarters = (same_day_after(old, _QUARTER * step) for step in range(1, _LONGEST_MORE_TIME))
    later = [
        {"due_on": day, "principal_due": principal if day == new else 0.0, "interest_due": interest}
        for day in (*(day for day in quarters if day < new), new)
    ]
    return [{**row, "loan_id": loan["loan_id"], "schedule_no": number + 1} for row in (*earlier, *later)]


def _settlement_rows(household: HouseholdSnapshot, fact: ClaimSettled) -> RowsByTable:
    claims = [
        row
        for row in household.newest_rows("claims")
        if _is_open(row["settled_on"], household.as_of) and fact.claim_id in (None, row["claim_id"])
    ]
    if not claims:
        raise ImpossibleFactsError("没有这样的未结理赔。", "No such claim is open.")
    settled = []
    for row in claims:
        paid = row["claimed_amount"] if fact.paid_amount is None else fact.paid_amount
        settled.append({**row, "settled_on": household.as_of, "paid_amount": paid})
    return {"claims": settled}


_ROWS_OF_FACT: Mapping[type[HypotheticalFact], Callable[[HouseholdSnapshot, Any], RowsByTable]] = {
    Payment: _payment_rows,
    LivestockSold: _sale_rows,
    LivestockBought: lambda household, fact: _survey_rows(household, fact.sheep, fact.cattle, -fact.yuan),
    NewHardship: _hardship_rows,
    HardshipResolved: _resolution_rows,
    UseCheck: lambda household, fact: {
        "use_checks": [
            {
                "loan_id": household.open_loan(fact.loan_id)["loan_id"],
                "checked_on": household.as_of,
                "finding": fact.finding,
            }
        ]
    },
    IncomeStatement: _statement_rows,
    MoreTime: _more_time_rows,
    ClaimSettled: _settlement_rows,
}
"""The function that turns each kind of fact into rows."""
