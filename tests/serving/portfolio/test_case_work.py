"""The month as work: what is mine today, what is late, what was handed up, within the reader's loans."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy.orm import Session

from serving.access.accounts import account_details, create_account
from serving.access.roles import Role
from serving.access.scope import ALL_LOANS, Scope
from serving.audit.command_line import database_of
from serving.cases.kinds import CaseEventKind
from serving.cases.repository import Authorship, EventFields, add_event, assign_loans
from serving.months.data_folder import DataFolder
from serving.months.loan_index import LoanOrder, loan_index
from serving.months.repository import MonthRepository
from serving.portfolio.case_work import CaseWorkload, WorkView, case_workload, visit_progress
from tests.conftest import County
from tests.serving.moments import NOW


class Desk:
    """A county with an officer `li` of all banks, and what is recorded of its cases."""

    def __init__(self, county: County, session: Session) -> None:
        self.county, self.session = county, session
        create_account(session, account_details("li", "county_official"), NOW)
        self.red = county.warnings.filter(pl.col("light") == "red").to_dicts()
        self.today = county.month.published_on
        self.pen = Authorship("li", NOW, self.today)

    def assigned(self, number: int, *events: EventFields) -> str:
        [case] = assign_loans(self.session, [self.red[number]], self.county.newest, "li", self.pen)
        for event in events:
            add_event(self.session, case, case.version, event, self.pen)
        return case.loan_id

    def work(self, scope: Scope = ALL_LOANS, days_later: int = 0) -> CaseWorkload:
        store = DataFolder(self.county.data, scope)
        day = self.today + timedelta(days=days_later)
        return case_workload(self.session, store, MonthRepository(store).month(), scope, day)

    def mine(self) -> list[str]:
        return self.work().loans_in(WorkView.MINE, "li", Role.OFFICER)


@pytest.fixture
def desk(by_rules: County, tmp_path: Path) -> Desk:
    county = by_rules.copied_to(tmp_path / "var")
    database = database_of(county.data)
    session = Session(database.engine)
    return Desk(county, session)


def test_every_yellow_or_red_loan_is_to_be_visited_until_it_was(desk: Desk) -> None:
    lit = desk.county.warnings.filter(pl.col("light") != "green")["loan_id"].to_list()
    assert desk.work().loans_in(WorkView.UNVISITED, "li", Role.OFFICER) == lit
    visited = desk.assigned(0, EventFields(CaseEventKind.VISIT, on_date=desk.today))
    assert desk.work().loans_in(WorkView.UNVISITED, "li", Role.OFFICER) == [loan for loan in lit if loan != visited]


def test_late_visits_are_counted_and_go_up_to_township_and_county(desk: Desk) -> None:
    red = [row["loan_id"] for row in desk.red]
    assert desk.work(days_later=1).view_counts("li", Role.COUNTY_OFFICIAL)[WorkView.OVERDUE] == 0
    late = desk.work(days_later=60)
    assert set(red) <= set(late.loans_in(WorkView.OVERDUE, "li", Role.OFFICER))
    for role in (Role.COUNTY_OFFICIAL, Role.CADRE, Role.OFFICER):
        assert set(red) <= set(late.loans_in(WorkView.ESCALATED, "li", role))


def test_what_was_handed_up_to_the_township_is_not_the_countys(desk: Desk) -> None:
    loan = desk.assigned(0, EventFields(CaseEventKind.ESCALATION, escalated_to="township"))
    assert desk.work().loans_in(WorkView.ESCALATED, "li", Role.CADRE) == [loan]
    assert desk.work().loans_in(WorkView.ESCALATED, "li", Role.COUNTY_OFFICIAL) == []


def test_mine_today_are_open_cases_that_are_awake_and_have_something_to_do(desk: Desk) -> None:
    visit = EventFields(CaseEventKind.VISIT, on_date=desk.today)
    later, today = desk.today + timedelta(days=9), desk.today
    unvisited = desk.assigned(0, EventFields(CaseEventKind.NEXT_STEP, on_date=later, text="x"))
    without_step = desk.assigned(1, visit)
    step_today = desk.assigned(2, visit, EventFields(CaseEventKind.NEXT_STEP, on_date=today, text="x"))
    desk.assigned(3, visit, EventFields(CaseEventKind.NEXT_STEP, on_date=later, text="x"))
    desk.assigned(4, EventFields(CaseEventKind.SNOOZE, on_date=later, text="x"))
    desk.assigned(5, EventFields(CaseEventKind.OUTCOME, outcome="no_risk"))
    promise = EventFields(CaseEventKind.PROMISE, on_date=today, amount=100.0)
    promised = desk.assigned(6, visit, EventFields(CaseEventKind.NEXT_STEP, on_date=later, text="x"), promise)
    assert desk.mine() == sorted([unvisited, without_step, step_today, promised])
    assert desk.work().loans_in(WorkView.MINE, "wang", Role.OFFICER) == []


def test_another_banks_work_does_not_exist(desk: Desk) -> None:
    bank = desk.red[0]["bank"]
    other = next(row for row in desk.red if row["bank"] != bank)
    assign_loans(desk.session, [desk.red[0], other], desk.county.newest, "li", desk.pen)
    work = desk.work(Scope(bank=bank))
    assert set(work.duties["bank"]) == {bank}
    assert work.facts["loan_id"].to_list() == [desk.red[0]["loan_id"]]
    assert work.by_loan([other["loan_id"]])[other["loan_id"]].case_id is None


def test_the_last_contact_is_the_newest_visit_or_call(desk: Desk) -> None:
    visit = EventFields(CaseEventKind.VISIT, on_date=desk.today - timedelta(days=2))
    loan = desk.assigned(0, visit, EventFields(CaseEventKind.CALL, on_date=desk.today))
    found = desk.work().by_loan([loan])[loan]
    assert (found.last_contact_on, found.was_visit, found.responsible) == (desk.today, False, "li")


def test_progress_by_township_adds_up_to_all_and_to_the_views(desk: Desk) -> None:
    desk.assigned(0, EventFields(CaseEventKind.VISIT, on_date=desk.today))
    desk.assigned(1, EventFields(CaseEventKind.ESCALATION, escalated_to="county"))
    desk.assigned(2, EventFields(CaseEventKind.SNOOZE, on_date=desk.today + timedelta(days=9), text="x"))
    work = desk.work(days_later=1)
    rows = visit_progress(work)
    in_all = rows.row(0, named=True)
    assert (in_all["township_code"], in_all["done"], in_all["to_county"], in_all["put_off"]) == (None, 1, 1, 1)
    assert in_all["lit"] == work.duties.height == sum(in_all[name] for name in ("done", "put_off", "due", "overdue"))
    sums = rows.slice(1).drop("township_code").sum().row(0)
    assert sums == rows.drop("township_code").row(0)
    late = desk.work(days_later=60)
    assert visit_progress(late)["overdue"][0] == late.view_counts("li", Role.OFFICER)[WorkView.OVERDUE]


def test_the_order_of_prevention_is_worked_out_by_hand(county: County) -> None:
    policy = county.month.policy.casework
    rows = county.warnings.to_dicts()

    def key(row: dict[str, object]) -> tuple[float, float, str]:
        group = 1 if row["status"] == "bad" else 2 if row["light"] == "green" else 0
        days, probability = row["days_to_maturity"], row["probability"]
        assert isinstance(days, int)
        effect = min(1.0, max(policy.least_effect, days / policy.full_effect_days))
        chance = 1.0 if probability is None else float(str(probability))
        return group, -chance * float(str(row["outstanding_principal"])) * effect, str(row["loan_id"])

    expected = [row["loan_id"] for row in sorted(rows, key=key)]
    index = loan_index(county.month).sort(LoanOrder.PREVENTION.column).collect()
    assert index["loan_id"].to_list() == expected
