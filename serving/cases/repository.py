"""The book of cases: opened on a loan's light, added to, closed; within a scope, each change on what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from features.messages import Refused
from serving.access.scope import Scope
from serving.cases.kinds import FIELD_WORDS, KINDS, Kind
from serving.database.tables import Case, CaseEvent

_DAYS_AHEAD, _DAYS_BACK = 366, 366


class NoSuchCase(Refused):
    """There is none for whoever asks."""


@dataclass(frozen=True)
class Event:
    """What happened. on_date: of the visit, the promise or the end of a snooze. amount: yuan."""

    kind: Kind
    on_date: date | None = None
    amount: float | None = None
    outcome: str | None = None
    judgement: str | None = None
    text: str | None = None
    answers: int | None = None


@dataclass(frozen=True)
class Written:
    """By whom, when, and what day it is in the county."""

    by: str
    at: datetime
    today: date


def open_case(session: Session, warning: Mapping[str, Any], as_of: date, pen: Written) -> Case:
    """A case on a published warning of a loan.

    Raises Refused where the loan has an open one.
    """
    names = ("loan_id", "household_id", "bank", "village_code", "light")
    case = Case(
        **{name: warning[name] for name in names},
        as_of=as_of,
        state="open",
        version=1,
        opened_by=pen.by,
        opened_at=pen.at,
    )
    try:
        with session.begin_nested():
            session.add(case)
    except IntegrityError as error:
        loan = warning["loan_id"]
        raise Refused(
            f"贷款 {loan} 已有未办结的走访单。", f"Loan {loan} has an open case already; add to that one."
        ) from error
    return case


def add(session: Session, case: Case, version: int, event: Event, pen: Written) -> CaseEvent:
    """Add to the version of the case that was seen.

    Raises Refused where it has changed since, is closed, or the event says too little, too much or the wrong thing.
    """
    _check(session, case, version, event, pen.today)
    said = CaseEvent(
        case_id=case.id,
        kind=event.kind.value,
        at=pen.at,
        by=pen.by,
        **{each.name: getattr(event, each.name) for each in fields(event) if each.name != "kind"},
    )
    session.add(said)
    case.version += 1
    if event.kind is Kind.SNOOZE:
        case.snoozed_until = event.on_date
    if event.kind is Kind.OUTCOME:
        case.state, case.closed_at = "closed", pen.at
    session.flush()
    return said


def case_numbered(session: Session, number: int, scope: Scope) -> Case:
    """Raises NoSuchCase where there is none within the scope."""
    case = session.scalar(select(Case).where(Case.id == number, scope.cases()).with_for_update())
    if case is None:
        raise NoSuchCase(f"没有走访单 {number}。", f"There is no case {number}.")
    return case


@dataclass(frozen=True)
class Sought:
    """Which cases are asked for. before: those with a smaller number. awake_on: not put off beyond this day."""

    state: str | None = None
    bank: str | None = None
    area: str | None = None
    loan_id: str | None = None
    household_id: str | None = None
    awake_on: date | None = None
    before: int | None = None
    limit: int = 50


def found(session: Session, sought: Sought, scope: Scope) -> Sequence[Case]:
    """The newest first."""
    asked = select(Case).where(scope.cases(), *_conditions(sought)).order_by(Case.id.desc()).limit(sought.limit)
    return session.scalars(asked).all()


def counted(session: Session, sought: Sought, scope: Scope) -> int:
    return session.scalar(select(func.count()).select_from(Case).where(scope.cases(), *_conditions(sought))) or 0


def events_of(session: Session, cases: Sequence[Case]) -> dict[int, list[CaseEvent]]:
    """Of each case, oldest first."""
    found: dict[int, list[CaseEvent]] = {case.id: [] for case in cases}
    asked = select(CaseEvent).where(CaseEvent.case_id.in_(list(found))).order_by(CaseEvent.id)
    for event in session.scalars(asked):
        found[event.case_id].append(event)
    return found


def unanswered(events: Sequence[CaseEvent]) -> list[CaseEvent]:
    """Objections that nobody has answered."""
    answered = {event.answers for event in events}
    return [event for event in events if event.kind == Kind.OBJECTION and event.id not in answered]


def _conditions(sought: Sought) -> Iterator[ColumnElement[bool]]:
    for name in ("state", "bank", "loan_id", "household_id"):
        if getattr(sought, name) is not None:
            yield getattr(Case, name) == getattr(sought, name)
    if sought.area is not None:
        yield Case.village_code.startswith(sought.area, autoescape=True)
    if sought.awake_on is not None:
        yield Case.snoozed_until.is_(None) | (Case.snoozed_until <= sought.awake_on)
    if sought.before is not None:
        yield Case.id < sought.before


def _check(session: Session, case: Case, version: int, event: Event, today: date) -> None:
    if case.version != version:
        raise Refused(
            f"走访单 {case.id} 已被他人更新 (第 {case.version} 版); 请刷新后再填。",
            f"Case {case.id} has been changed since (version {case.version}); look at it again and retry.",
        )
    if case.state != "open" and event.kind is not Kind.ANSWER:
        raise Refused(f"走访单 {case.id} 已办结。", f"Case {case.id} is closed.")
    _check_fields(event)
    _check_day(event, today)
    open_objections = unanswered(events_of(session, [case])[case.id])
    if event.kind is Kind.OUTCOME and open_objections:
        raise Refused("农户异议尚未答复, 不能办结。", "An objection is unanswered; answer it before closing the case.")
    if event.kind is Kind.ANSWER and event.answers not in {each.id for each in open_objections}:
        raise Refused("没有待答复的该项异议。", "There is no such objection that waits for an answer.")


def _check_fields(event: Event) -> None:
    declared = KINDS[event.kind]
    given = {each.name for each in fields(event) if each.name != "kind" and getattr(event, each.name) is not None}
    lacking, idle = declared.must - given, given - declared.must - declared.may
    if lacking:
        zh, en = _named(lacking)
        raise Refused(f"{declared.words.zh}缺少: {zh}。", f"Missing for '{declared.words.en}': {en}.")
    if idle:
        zh, en = _named(idle)
        raise Refused(f"{declared.words.zh}不含: {zh}。", f"No part of '{declared.words.en}': {en}.")


def _named(names: frozenset[str] | set[str]) -> tuple[str, str]:
    words = [FIELD_WORDS[name] for name in sorted(names)]
    return "、".join(each.zh for each in words), ", ".join(each.en for each in words)


def _check_day(event: Event, today: date) -> None:
    if event.on_date is None:
        return
    ahead = (event.on_date - today).days
    is_past = event.kind is Kind.VISIT
    if not (-_DAYS_BACK <= ahead <= 0 if is_past else 1 <= ahead <= _DAYS_AHEAD or _is_today(event, ahead)):
        raise Refused(
            f"日期 {event.on_date} 不合理: 走访应在过去一年内, 承诺和暂缓应在今后一年内。",
            f"The date {event.on_date} cannot be: a visit lies within the past year, a promise or a delay within the "
            "next.",
        )


def _is_today(event: Event, ahead: int) -> bool:
    """A promise may be for today."""
    return event.kind is Kind.PROMISE and ahead == 0
