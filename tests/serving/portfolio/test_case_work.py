"""The month as work: what is mine today, what is late, what was handed up, within the reader's loans."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.access.accounts import account_details, create_account
from serving.access.roles import Role
from serving.access.scope import ALL_LOANS, Scope
from serving.audit.command_line import database_of
from serving.cases.kinds import CaseEventKind
from serving.cases.repository import Authorship, EventFields, add_event, assign_loans
from serving.cases.visit_duties import DutyState
from serving.database.engine import Database
from serving.database.tables import Case
from serving.months.data_folder import DataFolder
from serving.months.loan_index import LoanOrder, loan_index
from serving.months.published_editions import month_folder_name
from serving.portfolio.case_work import CaseWorkload, WorkView, case_workload, visit_progress
from serving.portfolio.worklist import WorklistQuery, matching_loans, worklist_page
from tests.conftest import County
from tests.serving.moments import NOW


class Desk:
    """A county with an officer `li` of all banks, and what is recorded of its cases."""

    def __init__(self, county: County, database: Database) -> None:
        self.county, self.database, self.session = county, database, Session(database.engine)
        session = self.session
        create_account(session, account_details("li", "county_official"), NOW)
        self.red = county.warnings.filter(pl.col("light") == "red").to_dicts()
        self.today = county.month.published_on
        self.pen = Authorship("li", NOW, self.today)

    def assigned(self, number: int, *events: EventFields) -> str:
        return self.assigned_row(self.red[number], *events)

    def assigned_row(self, row: dict[str, Any], *events: EventFields) -> str:
        [case] = assign_loans(self.session, [row], self.county.newest, "li", self.pen, ALL_LOANS)
        for event in events:
            add_event(self.session, case, case.version, event, self.pen)
        self.session.commit()
        return case.loan_id

    def work(self, scope: Scope = ALL_LOANS, days_later: int = 0) -> CaseWorkload:
        store = DataFolder(self.county.data, scope)
        return case_workload(self.database, store, scope, self.today + timedelta(days=days_later))

    def mine(self) -> list[str]:
        return self.work().loans_in(WorkView.MINE, "li", Role.OFFICER)


@pytest.fixture
def desk(by_rules: County, tmp_path: Path) -> Desk:
    county = by_rules.copied_to(tmp_path / "var")
    return Desk(county, database_of(county.data))


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
    visited_before = EventFields(CaseEventKind.VISIT, on_date=today - timedelta(days=1))
    promised = desk.assigned(6, visited_before, EventFields(CaseEventKind.NEXT_STEP, on_date=later, text="x"), promise)
    assert desk.mine() == sorted([unvisited, without_step, step_today, promised])
    assert desk.work().loans_in(WorkView.MINE, "wang", Role.OFFICER) == []


def test_another_banks_work_does_not_exist(desk: Desk) -> None:
    bank = desk.red[0]["bank"]
    other = next(row for row in desk.red if row["bank"] != bank)
    for row in (desk.red[0], other):
        desk.assigned_row(row)
    work = desk.work(Scope(bank=bank))
    assert set(work.rows["bank"].cast(pl.String)) == {bank}
    assert work.rows.drop_nulls("case_id")["loan_id"].to_list() == [desk.red[0]["loan_id"]]
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
    desk.assigned(3, EventFields(CaseEventKind.OUTCOME, outcome="no_risk"))
    work = desk.work(days_later=1)
    rows = visit_progress(work)
    in_all = rows.row(0, named=True)
    found = {name: in_all[name] for name in ("visited", "to_county", "put_off", "closed", "called")}
    assert found == {"visited": 1, "to_county": 1, "put_off": 1, "closed": 1, "called": 0}
    assert in_all["lit"] == sum(in_all[state.value] for state in DutyState)
    assert rows.slice(1).drop("township_code").sum().row(0) == rows.drop("township_code").row(0)
    late = desk.work(days_later=60)
    assert visit_progress(late)["overdue"][0] == late.view_counts("li", Role.OFFICER)[WorkView.OVERDUE]


def test_a_case_on_a_green_loan_that_was_handed_up_is_the_countys_too(desk: Desk) -> None:
    green = desk.county.warnings.filter(pl.col("light") == "green").row(0, named=True)
    loan = desk.assigned_row(green, EventFields(CaseEventKind.ESCALATION, escalated_to="county"))
    assert desk.work().loans_in(WorkView.ESCALATED, "li", Role.COUNTY_OFFICIAL) == [loan]
    assert desk.work().loans_in(WorkView.MINE, "li", Role.OFFICER) == [loan]
    assert loan not in desk.work().loans_in(WorkView.UNVISITED, "li", Role.OFFICER)


def test_a_case_on_a_loan_that_is_no_longer_listed_is_told_apart(desk: Desk) -> None:
    desk.assigned_row({**desk.red[0], "loan_id": "gone"})
    work = desk.work()
    assert work.view_counts("li", Role.OFFICER)[WorkView.MINE] == 0
    assert (work.unlisted_cases("li"), work.unlisted_cases("wang")) == (1, 0)


def test_a_closed_case_leaves_nothing_behind_but_its_visit(desk: Desk) -> None:
    promise = EventFields(CaseEventKind.PROMISE, on_date=desk.today, amount=5.0)
    step = EventFields(CaseEventKind.NEXT_STEP, on_date=desk.today, text="call him")
    visit = EventFields(CaseEventKind.VISIT, on_date=desk.today)
    loan = desk.assigned(0, promise, step, visit, EventFields(CaseEventKind.OUTCOME, outcome="no_risk"))
    work = desk.work().by_loan([loan])[loan]
    assert (work.responsible, work.next_step, work.promised_on) == (None, None, None)
    assert (work.duty, work.done_on) == ("visited", desk.today)
    again = desk.assigned(0, EventFields(CaseEventKind.NEXT_STEP, on_date=desk.today + timedelta(days=30), text="x"))
    assert again == loan
    assert desk.work().loans_in(WorkView.MINE, "li", Role.OFFICER) == []
    assert desk.work().by_loan([loan])[loan].duty == "visited"


def test_a_promise_whose_day_has_passed_waits_until_somebody_asks(desk: Desk) -> None:
    step = EventFields(CaseEventKind.NEXT_STEP, on_date=desk.today + timedelta(days=30), text="x")
    visit = EventFields(CaseEventKind.VISIT, on_date=desk.today)
    promise = EventFields(CaseEventKind.PROMISE, on_date=desk.today + timedelta(days=2), amount=5.0)
    loan = desk.assigned(0, visit, step, promise)
    mine = [desk.work(days_later=days).loans_in(WorkView.MINE, "li", Role.OFFICER) for days in (1, 2, 5)]
    assert mine == [[], [loan], [loan]]
    later = Authorship("li", NOW, desk.today + timedelta(days=3))
    case = desk.session.scalars(select(Case).where(Case.loan_id == loan)).one()
    add_event(desk.session, case, case.version, EventFields(CaseEventKind.CALL, on_date=later.today), later)
    desk.session.commit()
    assert desk.work(days_later=5).loans_in(WorkView.MINE, "li", Role.OFFICER) == []


def test_the_counts_of_views_are_those_of_the_loans_that_other_filters_leave(desk: Desk) -> None:
    work, month = desk.work(), desk.county.month
    query = WorklistQuery(light="red")
    left = matching_loans(month, query, work.rows["loan_id"])
    assert set(left) == {row["loan_id"] for row in desk.red}
    counted = work.view_counts("li", Role.OFFICER, left)[WorkView.UNVISITED]
    view = replace(query, work=WorkView.UNVISITED, loans=tuple(work.loans_in(WorkView.UNVISITED, "li", Role.OFFICER)))
    assert counted == worklist_page(month, view).rows.height == len(desk.red)


def test_turning_the_page_after_a_visit_leaves_no_loan_out(desk: Desk) -> None:
    month = desk.county.month

    def page(cursor: str | None) -> tuple[list[str], str | None]:
        loans = tuple(desk.work().loans_in(WorkView.UNVISITED, "li", Role.OFFICER))
        query = WorklistQuery(work=WorkView.UNVISITED, loans=loans, limit=4, cursor=cursor)
        found = worklist_page(month, query)
        return month.rows("warnings", found.row_positions)["loan_id"].to_list(), found.next_cursor

    whole = page(None)[0]
    first, cursor = page(None)
    second = page(cursor)[0]
    row = desk.county.warnings.filter(pl.col("loan_id") == first[0]).row(0, named=True)
    desk.assigned_row(row, EventFields(CaseEventKind.VISIT, on_date=desk.today))
    assert whole == first
    assert page(cursor)[0] == second


def test_a_notice_that_is_added_to_the_policy_holds_for_the_month_that_is_published(desk: Desk) -> None:
    before = desk.work().rows["visit_due_on"].max()
    lines = [
        "[[policy]]",
        "since = 2016-01-02",
        "source = 'a county notice'",
        "[policy.casework]",
        "yellow_within = 40",
    ]
    (desk.county.data / "policy.toml").write_text("\n".join(lines), "utf-8")
    after = desk.work().rows["visit_due_on"].max()
    assert isinstance(before, date)
    assert isinstance(after, date)
    assert after > before


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


def test_an_earlier_month_that_is_published_later_counts_at_once(desk: Desk) -> None:
    months, county = desk.county.store.warnings, desk.county

    def begins() -> set[date]:
        return set(desk.work().rows["flagged_as_of"])

    assert begins() == {county.newest}
    (months / month_folder_name(county.before)).symlink_to((months / month_folder_name(county.newest)).resolve())
    assert begins() == {county.before}


def test_a_case_that_is_closed_in_the_evening_in_utc_was_closed_on_the_countys_next_day(desk: Desk) -> None:
    desk.pen = Authorship("li", datetime.combine(desk.today, time(16, 30), UTC), desk.today)
    loan = desk.assigned(0, EventFields(CaseEventKind.OUTCOME, outcome="no_risk"))
    assert desk.work().by_loan([loan])[loan].done_on == desk.today + timedelta(days=1)


def test_a_promise_whose_day_has_passed_is_a_view_and_work_for_today(desk: Desk) -> None:
    promise = EventFields(CaseEventKind.PROMISE, on_date=desk.today + timedelta(days=5), amount=500.0)
    step = EventFields(CaseEventKind.NEXT_STEP, on_date=desk.today + timedelta(days=200), text="wait")
    loan = desk.assigned(0, EventFields(CaseEventKind.VISIT, on_date=desk.today), promise, step)
    for days_later, listed in ((5, []), (6, [loan])):
        work = desk.work(days_later=days_later)
        assert work.loans_in(WorkView.PROMISE, "li", Role.OFFICER) == listed
    told = desk.work(days_later=6).by_loan([loan])[loan]
    assert (told.promise, told.promised_yuan, told.promise_paid) == ("unknown", 500.0, 0.0)
    assert loan in desk.work(days_later=6).loans_in(WorkView.MINE, "li", Role.OFFICER)


def test_the_subsidy_at_risk_is_the_interest_that_the_state_pays_in_a_year(desk: Desk) -> None:
    month = desk.county.month
    terms = month.scan("features").select("loan_id", "annual_rate", "subsidy_share").collect()
    lit = desk.county.warnings.filter(pl.col("light") != "green").join(terms, on="loan_id")
    expected = {
        row["loan_id"]: round(row["outstanding_principal"] * row["annual_rate"] * (row["subsidy_share"] or 0.0), 2)
        for row in lit.to_dicts()
    }
    assert any(expected.values())
    work = desk.work()
    assert {loan: told.subsidy_at_risk for loan, told in work.by_loan(expected).items()} == expected
    assert visit_progress(work)["subsidy_at_risk"][0] == pytest.approx(sum(expected.values()))


def test_an_escalation_that_is_taken_back_is_no_longer_to_be_heard(desk: Desk) -> None:
    loan = desk.assigned(0, EventFields(CaseEventKind.ESCALATION, escalated_to="county"))
    assert loan in desk.work().loans_in(WorkView.ESCALATED, "li", Role.COUNTY_OFFICIAL)
    desk.assigned(0, EventFields(CaseEventKind.WITHDRAWAL, text="the household has paid"))
    assert loan not in desk.work().loans_in(WorkView.ESCALATED, "li", Role.COUNTY_OFFICIAL)
