"""From facts supposed to rows of the contract's tables, appended to a household's own as of that evening."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from features.compute import evening_at
from features.contract.tables import TABLES
from features.delivered_tables import Rows, kept_schema
from features.months import months_later
from features.snapshot.as_of import Evening
from serving.explain.loaded_models import ledger_at
from serving.explain.what_if.facts import (
    ClaimSettled,
    HardshipResolved,
    Impossible,
    IncomeStatement,
    LivestockBought,
    LivestockSold,
    MoreTime,
    NewHardship,
    Payment,
    Supposed,
    UseCheck,
)
from serving.months.data_folder import Store
from serving.months.repository import Month

_QUARTER = 3
_LONGEST_MORE_TIME = 60
"""Months by which a maturity can be put off."""
_FEN = 0.005
Row = dict[str, Any]
Added = dict[str, list[Row]]


@dataclass(frozen=True)
class Evenings:
    """What was known of one household on an evening, to which facts are added."""

    evening: Evening
    household: str
    county: str | None

    @property
    def as_of(self) -> date:
        return self.evening.as_of

    @property
    def rows(self) -> Rows:
        return self.evening.known.rows

    def supposing(self, facts: Sequence[Supposed]) -> Evenings:
        """With facts, each finding what the ones before it have left.

        Raises Impossible for one that cannot be.
        """
        found = self
        for fact in facts:
            found = found._with(_ROWS[type(fact)](found, fact))
        return found

    def _with(self, added: Added) -> Evenings:
        frames = {}
        for table, rows in added.items():
            dated = [{**row, "household_id": self.household, "known_on": self.as_of} for row in rows]
            frames[table] = pl.DataFrame(dated, schema=kept_schema(TABLES[table]))
        return replace(self, evening=self.evening.with_more(frames, self.county))

    def known(self, table: str) -> list[Row]:
        """The newest version of each of the household's facts in a table."""
        mine = self.evening.known.newest_of_all(table).filter(pl.col("household_id") == self.household)
        return mine.collect().to_dicts()

    def loan(self, loan_id: str) -> Row:
        """An open loan of the household, with what is overdue.

        Raises Impossible where it has none of that number.
        """
        opened = self.evening.open_loans.filter(pl.col("loan_id") == loan_id).collect().to_dicts()
        if not opened:
            raise Impossible(
                f"该农户没有未结贷款 {loan_id}; 请核对贷款编号。",
                f"The household has no open loan {loan_id}; check the loan's number.",
            )
        return opened[0]


def evening_of(month: Month, store: Store, household: str) -> Evenings:
    """The household's rows as the month was computed from them."""
    ledger = ledger_at(store.folder / "ledger", month.manifest.data_version)
    county = ledger.county_of(household)
    return Evenings(evening_at(month.as_of, ledger.rows(county, household)), household, county)


def _payment(on: Evenings, fact: Payment) -> Added:
    loan = on.loan(fact.loan_id)
    interest = min(fact.yuan, loan["overdue_interest"])
    principal = round(fact.yuan - interest, 2)
    if principal > loan["outstanding_principal"] + _FEN:
        owed = loan["outstanding_principal"] + loan["overdue_interest"]
        raise Impossible(
            f"贷款 {fact.loan_id} 只欠 {owed:,.2f} 元, 还不了 {fact.yuan:,.2f} 元; 请填不超过所欠的金额。",
            f"Loan {fact.loan_id} owes {owed:,.2f} yuan, so {fact.yuan:,.2f} cannot be paid; give no more than that.",
        )
    number = on.rows.computed(on.rows["payments"].select(pl.len())).item()
    paid = {"principal_paid": principal, "interest_paid": round(interest, 2), "payer": fact.payer}
    return {"payments": [{"payment_id": f"supposed-{number}", "loan_id": fact.loan_id, "paid_on": on.as_of, **paid}]}


def _sold(on: Evenings, fact: LivestockSold) -> Added:
    if fact.repays is None:
        return _herd(on, -fact.sheep, -fact.cattle, fact.yuan)
    paid = _payment(on, Payment(kind="payment", loan_id=fact.repays, yuan=fact.yuan))
    return {**_herd(on, -fact.sheep, -fact.cattle, 0.0), **paid}


def _bought(on: Evenings, fact: LivestockBought) -> Added:
    return _herd(on, fact.sheep, fact.cattle, -fact.yuan)


def _herd(on: Evenings, sheep: int, cattle: int, yuan: float) -> Added:
    """The newest survey with other counts and savings."""
    surveys = sorted(on.known("assets"), key=lambda survey: survey["observed_on"])
    if not surveys:
        raise Impossible(
            "没有资产调查, 不知道牲畜和存款; 请先登记资产调查。",
            "No survey of assets is known, so neither herd nor savings are; enter a survey first.",
        )
    newest, moved = surveys[-1], {"sheep_count": sheep, "cattle_count": cattle, "savings": yuan}
    changed = {name: _moved(name, newest[name], by) for name, by in moved.items() if by}
    return {"assets": [{**newest, **changed, "observed_on": on.as_of}]}


def _moved(name: str, known: float | None, by: float) -> float:
    if known is None or known + by < 0:
        zh, en = {"sheep_count": ("羊", "sheep"), "cattle_count": ("牛", "cattle"), "savings": ("存款", "savings")}[
            name
        ]
        have = "无数据 / no data" if known is None else f"{known:,.0f}"
        raise Impossible(
            f"{zh}已知为 {have}, 不能变动 {by:+,.0f}; 请核对数目。",
            f"The known {en} are {have.rpartition(' / ')[2]}, which cannot move by {by:+,.0f}; check the number.",
        )
    return known + by


def _hardship(on: Evenings, fact: NewHardship) -> Added:
    number = on.rows.computed(on.rows["hardships"].select(pl.len())).item()
    row = {"event_id": f"supposed-{number}", "occurred_on": on.as_of, "cause": fact.cause}
    return {"hardships": [{**row, "loss_amount": fact.loss_amount, "resolved_on": None}]}


def _resolved(on: Evenings, fact: HardshipResolved) -> Added:  # noqa: ARG001
    standing = [each for each in on.known("hardships") if _stands(each["resolved_on"], on.as_of)]
    if not standing:
        raise Impossible("没有尚未化解的困难。", "No hardship stands that could be resolved.")
    return {"hardships": [{**each, "resolved_on": on.as_of} for each in standing]}


def _stands(ended: date | None, as_of: date) -> bool:
    return ended is None or ended > as_of


def _use_check(on: Evenings, fact: UseCheck) -> Added:
    on.loan(fact.loan_id)
    return {"use_checks": [{"loan_id": fact.loan_id, "checked_on": on.as_of, "finding": fact.finding}]}


def _statement(on: Evenings, fact: IncomeStatement) -> Added:
    given = fact.model_dump(exclude={"kind"}, exclude_none=True)
    newest = max(on.known("income_statements"), key=lambda each: each["period_end"], default=None)
    if newest is None and not given:
        raise Impossible(
            "没有可沿用的收入调查; 请填写收入和支出。",
            "There is no income statement whose figures could stand again; give incomes and costs.",
        )
    period = {"period_start": months_later(on.as_of, -12) + timedelta(days=1), "period_end": on.as_of}
    return {"income_statements": [{**(newest or {}), **given, **period}]}


def _more_time(on: Evenings, fact: MoreTime) -> Added:
    loan = on.loan(fact.loan_id)
    matures_on = on.as_of + timedelta(days=loan["days_to_maturity"])
    latest = months_later(matures_on, _LONGEST_MORE_TIME)
    if loan["days_to_maturity"] < 0 or not matures_on < fact.new_matures_on <= latest:
        raise Impossible(
            f"贷款 {fact.loan_id} 于 {matures_on} 到期; 到期前方可续贷或展期, 新到期日须在其后、{latest} 以内。",
            f"Loan {fact.loan_id} matures on {matures_on}; more time is agreed before that day, and the new one lies "
            f"after it, up to {latest}.",
        )
    event = {"loan_id": fact.loan_id, "occurred_on": on.as_of, "kind": fact.event}
    owed = {"amount": loan["outstanding_principal"], "new_matures_on": fact.new_matures_on}
    return {"loan_events": [{**event, **owed}], "instalments": _put_off(on, loan, matures_on, fact.new_matures_on)}


def _put_off(on: Evenings, loan: Row, old: date, new: date) -> list[Row]:
    """A whole schedule of a higher number: the principal of the old maturity on the new, interest by the quarter."""
    rows = [row for row in on.known("instalments") if row["loan_id"] == loan["loan_id"]]
    number = max((row["schedule_no"] for row in rows), default=0)
    in_force = [row for row in rows if row["schedule_no"] == number]
    last = sum(row["principal_due"] for row in in_force if row["due_on"] >= old)
    kept = [{**row, "principal_due": 0.0 if row["due_on"] >= old else row["principal_due"]} for row in in_force]
    interest = round(last * loan["annual_rate"] * _QUARTER / 12, 2)
    steps = (months_later(old, _QUARTER * step) for step in range(1, _LONGEST_MORE_TIME))
    days = [*(day for day in steps if day < new), new]
    coming = [{"due_on": day, "principal_due": last if day == new else 0.0, "interest_due": interest} for day in days]
    return [{**row, "loan_id": loan["loan_id"], "schedule_no": number + 1} for row in (*kept, *coming)]


def _settled(on: Evenings, fact: ClaimSettled) -> Added:
    pending = [each for each in on.known("claims") if _stands(each["settled_on"], on.as_of)]
    mine = [each for each in pending if fact.claim_id in (None, each["claim_id"])]
    if not mine:
        raise Impossible("没有这样的未结理赔。", "No such claim is open.")
    paid = fact.paid_amount
    return {
        "claims": [
            {**each, "settled_on": on.as_of, "paid_amount": each["claimed_amount"] if paid is None else paid}
            for each in mine
        ]
    }


_ROWS: Mapping[type[Supposed], Callable[[Evenings, Any], Added]] = {
    Payment: _payment,
    LivestockSold: _sold,
    LivestockBought: _bought,
    NewHardship: _hardship,
    HardshipResolved: _resolved,
    UseCheck: _use_check,
    IncomeStatement: _statement,
    MoreTime: _more_time,
    ClaimSettled: _settled,
}
"""How each kind of fact is written into the tables."""
