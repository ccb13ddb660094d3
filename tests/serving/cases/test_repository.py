"""The book of cases: one open case a loan, events that say what they must, nobody's work overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access.scope import ALL_LOANS, Scope
from serving.cases.kinds import CaseEventKind
from serving.cases.outcomes import case_outcomes
from serving.cases.repository import (
    Authorship,
    CaseNotFoundError,
    CaseQuery,
    EventFields,
    add_event,
    case_by_number,
    open_case,
    search_cases,
)
from serving.database.engine import Database
from serving.database.tables import Case
from tests.serving.moments import NOW, TODAY

PEN = Authorship("ma", NOW, TODAY)
WARNING = {"loan_id": "L1", "household_id": "H1", "bank": "甲银行", "village_code": "640323101202", "light": "red"}
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write_session() as open_session:
        yield open_session


def opened_on(session: Session, **changed: str) -> Case:
    return open_case(session, {**WARNING, **changed}, date(2025, 12, 31), PEN)


def test_a_loan_has_one_open_case_and_another_after_it_is_closed(session: Session) -> None:
    case = opened_on(session)
    with pytest.raises(UserError, match="L1 has an open case already"):
        opened_on(session)
    add_event(session, case, 1, EventFields(CaseEventKind.OUTCOME, outcome="repaid"), PEN)
    assert (case.state, case.closed_at) == ("closed", NOW)
    assert opened_on(session).id != case.id


def test_a_number_does_not_tell_how_many_cases_others_have(session: Session) -> None:
    numbers = [opened_on(session, loan_id=f"L{number}").number for number in range(5)]
    assert len({number - numbers[0] for number in numbers}) == 5
    assert all(len(str(number)) == 9 for number in numbers)
    assert [after - before for before, after in pairwise(numbers)] != [1] * 4


def test_a_change_to_what_has_changed_since_is_refused(session: Session) -> None:
    case = opened_on(session)
    add_event(session, case, 1, EventFields(CaseEventKind.NOTE, text="called"), PEN)
    with pytest.raises(UserError, match=r"changed since \(version 2\)"):
        add_event(session, case, 1, EventFields(CaseEventKind.NOTE, text="called too"), PEN)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": CaseEventKind.VISIT}, "Missing for 'visit': date"),
        ({"kind": CaseEventKind.VISIT, "on_date": TOMORROW}, "cannot be"),
        ({"kind": CaseEventKind.VISIT, "on_date": TODAY - timedelta(days=367)}, "cannot be"),
        ({"kind": CaseEventKind.PROMISE, "on_date": TOMORROW}, "Missing for 'promise to pay': amount"),
        ({"kind": CaseEventKind.PROMISE, "on_date": YESTERDAY, "amount": 1.0}, "cannot be"),
        ({"kind": CaseEventKind.PROMISE, "on_date": TODAY + timedelta(days=367), "amount": 1.0}, "cannot be"),
        ({"kind": CaseEventKind.OUTCOME}, "Missing for 'outcome': outcome"),
        ({"kind": CaseEventKind.SNOOZE, "on_date": TOMORROW}, "Missing for 'put off': text"),
        ({"kind": CaseEventKind.SNOOZE, "on_date": TODAY, "text": "x"}, "cannot be"),
        ({"kind": CaseEventKind.NOTE, "text": "x", "amount": 1.0}, "No part of 'note': amount"),
        ({"kind": CaseEventKind.ANSWER, "text": "x", "answers": 7}, "no such objection"),
    ],
)
def test_an_event_that_says_too_little_too_much_or_the_wrong_thing_is_refused(
    session: Session, event: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        add_event(session, opened_on(session), 1, EventFields(**event), PEN)


@pytest.mark.parametrize(
    "event",
    [
        EventFields(CaseEventKind.VISIT, on_date=TODAY, judgement="green"),
        EventFields(CaseEventKind.VISIT, on_date=TODAY - timedelta(days=366)),
        EventFields(CaseEventKind.PROMISE, on_date=TODAY, amount=1.0),
        EventFields(CaseEventKind.PROMISE, on_date=TODAY + timedelta(days=366), amount=1.0),
        EventFields(CaseEventKind.SNOOZE, on_date=TOMORROW, text="away for work"),
    ],
)
def test_an_event_that_says_enough_is_kept(session: Session, event: EventFields) -> None:
    case = opened_on(session)
    assert add_event(session, case, 1, event, PEN).by == "ma"
    assert case.version == 2


def test_a_case_is_not_closed_while_an_objection_waits_and_a_closed_one_takes_nothing(session: Session) -> None:
    case = opened_on(session)
    add_event(session, case, 1, EventFields(CaseEventKind.OBJECTION, text="not my loan"), PEN)
    with pytest.raises(UserError, match="unanswered"):
        add_event(session, case, 2, EventFields(CaseEventKind.OUTCOME, outcome="no_risk"), PEN)
    add_event(session, case, 2, EventFields(CaseEventKind.ANSWER, answers=1, text="checked: it is"), PEN)
    add_event(session, case, 3, EventFields(CaseEventKind.OUTCOME, outcome="no_risk"), PEN)
    with pytest.raises(UserError, match="is closed"):
        add_event(session, case, 4, EventFields(CaseEventKind.NOTE, text="late"), PEN)


def test_a_case_out_of_scope_is_none(session: Session) -> None:
    case = opened_on(session)
    for scope in (Scope(bank="乙银行"), Scope(area="640324"), Scope(area="64032310120_")):
        with pytest.raises(CaseNotFoundError, match="There is no case"):
            case_by_number(session, case.number, scope)
        assert search_cases(session, CaseQuery(), scope) == []
    for scope in (ALL_LOANS, Scope(bank="甲银行", area="640323101")):
        assert case_by_number(session, case.number, scope) is case


def test_a_case_that_is_put_off_is_awake_again_on_its_day(session: Session) -> None:
    case = opened_on(session)
    add_event(session, case, 1, EventFields(CaseEventKind.SNOOZE, on_date=TOMORROW, text="away"), PEN)
    assert search_cases(session, CaseQuery(awake_on=TODAY), ALL_LOANS) == []
    assert search_cases(session, CaseQuery(awake_on=TOMORROW), ALL_LOANS) == [case]


def test_pages_of_cases_begin_with_the_newest(session: Session) -> None:
    cases = [opened_on(session, loan_id=f"L{number}") for number in range(3)]
    first = search_cases(session, CaseQuery(limit=2), ALL_LOANS)
    assert list(first) == [cases[2], cases[1]]
    assert list(search_cases(session, CaseQuery(limit=2, before_number=first[-1].number), ALL_LOANS)) == [cases[0]]


def test_what_came_of_a_case_is_a_row_for_analysis_without_what_was_written(session: Session) -> None:
    case = opened_on(session)
    add_event(
        session,
        case,
        1,
        EventFields(CaseEventKind.VISIT, on_date=TODAY, judgement="yellow", text="sheep are well"),
        PEN,
    )
    add_event(session, case, 2, EventFields(CaseEventKind.OUTCOME, outcome="extended", judgement="green"), PEN)
    frame = case_outcomes(session)
    kept = ("loan_id", "light", "judgement", "judged_by", "visits", "outcome")
    assert frame.select(kept).row(0) == ("L1", "red", "green", "ma", 1, "extended")
    assert "sheep" not in str(frame.rows())
    assert frame.schema["as_of"] == pl.Date


def test_only_what_was_handed_up_is_taken_back(session: Session) -> None:
    case = opened_on(session)
    back = EventFields(CaseEventKind.WITHDRAWAL, text="settled in the village")
    with pytest.raises(UserError, match="not handed up"):
        add_event(session, case, 1, back, PEN)
    add_event(session, case, 1, EventFields(CaseEventKind.ESCALATION, escalated_to="township"), PEN)
    add_event(session, case, 2, back, PEN)
    assert (case.escalated_to, case.version) == (None, 3)
