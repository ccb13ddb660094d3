"""The repository of cases: open, search and add events; a change names the version of the case that it is based on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access.scope import Scope
from serving.cases.assignees import check_assignee
from serving.cases.kinds import EVENT_RULES, FIELD_WORDS, CaseEventKind
from serving.database.tables import Case, CaseEvent

LEAST_CASE_NUMBER = 100_000_000
"""Numbers of cases have nine digits; those opened by earlier programs, which counted up, have fewer."""
_DAYS_AHEAD, _DAYS_BACK = 366, 366


class CaseNotFoundError(UserError):
    """No case of that number exists within the user's scope."""


@dataclass(frozen=True)
class EventFields:
    """The fields of an event in a case.

    on_date: of the visit, call, promised payment or next step, or the end of a snooze. amount: promised, in
    yuan. judgement: the light that the officer would set. answers: number within the case of the objection that is
    answered. responsible: name of the account that the case is assigned to. joint: whether bank and township made the
    visit together. escalated_to: an `EscalationLevel`.
    """

    kind: CaseEventKind
    on_date: date | None = None
    amount: float | None = None
    outcome: str | None = None
    judgement: str | None = None
    text: str | None = None
    answers: int | None = None
    responsible: str | None = None
    joint: bool | None = None
    escalated_to: str | None = None


@dataclass(frozen=True)
class Authorship:
    """Who makes a change, when (with a time zone), and the date in the county."""

    by: str
    at: datetime
    today: date


def open_case(session: Session, warning: Mapping[str, Any], as_of: date, authorship: Authorship) -> Case:
    """Open a case on a loan's published warning.

    Args:
        session: a writing session of the service's database; the caller commits.
        warning: `loan_id`, `household_id`, `bank`, `village_code` and `light`, as published.
        as_of: the month end of the warning.
        authorship: who opens it, and when.

    Returns:
        The case, at version 1.

    Raises:
        UserError: the loan has an open case already.

    Example:
        >>> from datetime import UTC, date, datetime
        >>> from serving.audit.command_line import database_of
        >>> from serving.cases.kinds import CaseEventKind
        >>> from serving.cases.repository import Authorship, EventFields, add_event, open_case
        >>> warning = dict(loan_id="L1", household_id="H1", bank="甲银行", village_code=None, light="red")
        >>> authorship = Authorship("li.wei", datetime(2026, 1, 10, tzinfo=UTC), date(2026, 1, 10))
        >>> with database_of(tmp).write_session() as session:
        ...     case = open_case(session, warning, date(2025, 12, 31), authorship)
        ...     note = EventFields(CaseEventKind.NOTE, text="called; will pay next week")
        ...     event = add_event(session, case, case.version, note, authorship)
        >>> case.state, case.version, event.kind
        ('open', 2, 'note')
    """
    names = ("loan_id", "household_id", "bank", "village_code", "light")
    case = Case(
        number=free_case_number(session),
        **{name: warning[name] for name in names},
        as_of=as_of,
        state="open",
        version=1,
        opened_by=authorship.by,
        opened_at=authorship.at,
    )
    try:
        with session.begin_nested():
            session.add(case)
    except IntegrityError as error:
        loan = warning["loan_id"]
        raise UserError(
            f"贷款 {loan} 已有未办结的走访处置单。", f"Loan {loan} has an open case already; add to that one."
        ) from error
    return case


def free_case_number(session: Session) -> int:
    """A number of nine digits, drawn at random, that no case has."""
    while True:
        number = LEAST_CASE_NUMBER + secrets.randbelow(9 * LEAST_CASE_NUMBER)
        if session.scalar(select(Case.id).where(Case.number == number)) is None:
            return number


def add_event(session: Session, case: Case, version: int, event: EventFields, authorship: Authorship) -> CaseEvent:
    """Add an event to a case; an outcome closes it, a snooze puts it off, others set what its columns are named by.

    Args:
        session: a writing session of the service's database; the caller commits.
        case: the case.
        version: the version of the case that the change is based on.
        event: kind and fields of the event.
        authorship: who adds it, when, and the date in the county.

    Returns:
        The event; the case's version goes up by one.

    Raises:
        UserError: the case has another version or is closed, a field is missing, out of place or wrong, an
            objection is unanswered, or the account that it is assigned to does not see the loan.
    """
    answered = _check_event(session, case, version, event, authorship.today)
    if event.responsible is not None:
        check_assignee(session, event.responsible, [case])
    if answered is not None:
        event = replace(event, answers=answered.id)
    return _append_event(session, case, event, authorship)


def _append_event(session: Session, case: Case, event: EventFields, authorship: Authorship) -> CaseEvent:
    row = CaseEvent(
        case_id=case.id,
        kind=event.kind.value,
        at=authorship.at,
        by=authorship.by,
        **{each.name: getattr(event, each.name) for each in fields(event) if each.name != "kind"},
    )
    session.add(row)
    case.version += 1
    match event.kind:
        case CaseEventKind.SNOOZE:
            case.snoozed_until = event.on_date
        case CaseEventKind.OUTCOME:
            case.state, case.closed_at = "closed", authorship.at
        case CaseEventKind.ASSIGNMENT:
            case.responsible = event.responsible
        case CaseEventKind.NEXT_STEP:
            case.next_step, case.next_step_on = event.text, event.on_date
        case CaseEventKind.ESCALATION:
            case.escalated_to = event.escalated_to
        case CaseEventKind.WITHDRAWAL:
            case.escalated_to = None
    session.flush()
    return row


def assign_loans(
    session: Session,
    warnings: Sequence[Mapping[str, Any]],
    as_of: date,
    responsible: str,
    authorship: Authorship,
    scope: Scope,
) -> list[Case]:
    """Assign each loan to an account: its open case, or one that is opened for it.

    A case keeps the bank and village that its loan had when it was opened; where the loan has moved since, the case
    goes along with it, if both are within the scope of who assigns.

    Args:
        session: a writing session of the service's database; the caller commits all or nothing.
        warnings: of the loans, in the columns that `open_case` reads.
        as_of: the month end of the warnings.
        responsible: name of the account.
        authorship: who assigns, and when.
        scope: of who assigns.

    Returns:
        The cases in the order of the warnings. One that the account has already is left as it is.

    Raises:
        UserError: there is no such account, it does not see one of the loans, or a loan has an open case outside the
            scope.
    """
    loans = [_PublishedLoan(row["loan_id"], row["bank"], row["village_code"]) for row in warnings]
    check_assignee(session, responsible, loans)
    is_open = select(Case).where(Case.state == "open", Case.loan_id.in_([loan.loan_id for loan in loans]))
    within_scope = {
        case.loan_id: case for case in session.scalars(is_open.where(scope.case_condition()).with_for_update())
    }
    elsewhere = set(session.scalars(is_open.with_only_columns(Case.loan_id))) - within_scope.keys()
    if elsewhere:
        raise _case_elsewhere(min(elsewhere))
    cases = []
    for warning, loan in zip(warnings, loans, strict=True):
        case = within_scope.get(loan.loan_id) or open_case(session, warning, as_of, authorship)
        has_moved = (case.bank, case.village_code) != (loan.bank, loan.village_code)
        case.bank, case.village_code = loan.bank, loan.village_code
        if case.responsible != responsible or has_moved:
            assignment = EventFields(CaseEventKind.ASSIGNMENT, responsible=responsible)
            _check_event(session, case, case.version, assignment, authorship.today)
            _append_event(session, case, assignment, authorship)
        cases.append(case)
    return cases


class _PublishedLoan(NamedTuple):
    """A loan's number, bank and village as published."""

    loan_id: str
    bank: str
    village_code: str | None


def _case_elsewhere(loan: str) -> UserError:
    return UserError(
        f"贷款 {loan} 的走访处置单在另一银行或区域名下（贷款已转移）；请由县级部门重新指派。",
        f"The open case of loan {loan} belongs to another bank or area, from which the loan has moved; ask the county "
        "to assign it anew.",
    )


def case_by_number(session: Session, number: int, scope: Scope) -> Case:
    """The case of a number, locked for a change. Raises CaseNotFoundError where there is none within the scope."""
    case = session.scalar(select(Case).where(Case.number == number, scope.case_condition()).with_for_update())
    if case is None:
        raise CaseNotFoundError(f"没有走访处置单 {number}。", f"There is no case {number}.")
    return case


@dataclass(frozen=True)
class CaseQuery:
    """Filters of a search for cases.

    state: `open` or `closed`. area: first digits of the village code. awake_on: leaves out cases put off beyond this
    day. before_number: only cases opened before that of this number. responsible: name of the account that they are
    assigned to.
    """

    state: str | None = None
    bank: str | None = None
    area: str | None = None
    loan_id: str | None = None
    household_id: str | None = None
    awake_on: date | None = None
    before_number: int | None = None
    limit: int = 50
    responsible: str | None = None


def search_cases(session: Session, query: CaseQuery, scope: Scope) -> Sequence[Case]:
    """The cases that match a query within a scope, newest first."""
    statement = (
        select(Case).where(scope.case_condition(), *_conditions(query)).order_by(Case.id.desc()).limit(query.limit)
    )
    return session.scalars(statement).all()


def count_cases(session: Session, query: CaseQuery, scope: Scope) -> int:
    """How many cases match a query within a scope, without its limit."""
    return (
        session.scalar(select(func.count()).select_from(Case).where(scope.case_condition(), *_conditions(query))) or 0
    )


def events_by_case(session: Session, cases: Sequence[Case]) -> dict[int, list[CaseEvent]]:
    """The events of each case by its id, oldest first."""
    events: dict[int, list[CaseEvent]] = {case.id: [] for case in cases}
    statement = select(CaseEvent).where(CaseEvent.case_id.in_(list(events))).order_by(CaseEvent.id)
    for event in session.scalars(statement):
        events[event.case_id].append(event)
    return events


def open_objections(events: Sequence[CaseEvent]) -> list[CaseEvent]:
    """The objections that no event answers."""
    answered = {event.answers for event in events}
    return [event for event in events if event.kind == CaseEventKind.OBJECTION and event.id not in answered]


def _conditions(query: CaseQuery) -> Iterator[ColumnElement[bool]]:
    for name in ("state", "bank", "loan_id", "household_id", "responsible"):
        if getattr(query, name) is not None:
            yield getattr(Case, name) == getattr(query, name)
    if query.area is not None:
        yield Case.village_code.startswith(query.area, autoescape=True)
    if query.awake_on is not None:
        yield Case.snoozed_until.is_(None) | (Case.snoozed_until <= query.awake_on)
    if query.before_number is not None:
        yield Case.id < select(Case.id).where(Case.number == query.before_number).scalar_subquery()


def _check_event(session: Session, case: Case, version: int, event: EventFields, today: date) -> CaseEvent | None:
    """The objection that the event answers, if any. Raises UserError where it may not be added to this version."""
    if case.version != version:
        raise UserError(
            f"走访处置单 {case.number} 已被他人更新（第 {case.version} 版）；请刷新后再填。",
            f"Case {case.number} has been changed since (version {case.version}); look at it again and retry.",
        )
    if case.state != "open" and event.kind is not CaseEventKind.ANSWER:
        raise UserError(f"走访处置单 {case.number} 已办结。", f"Case {case.number} is closed.")
    _check_fields(event)
    _check_day(event, today)
    if event.kind is CaseEventKind.WITHDRAWAL and case.escalated_to is None:
        raise UserError(
            f"走访处置单 {case.number} 没有上报，无从撤回。",
            f"Case {case.number} is not handed up; there is nothing to take back.",
        )
    if event.kind not in (CaseEventKind.OUTCOME, CaseEventKind.ANSWER):
        return None
    events = events_by_case(session, [case])[case.id]
    objections = open_objections(events)
    if event.kind is CaseEventKind.OUTCOME and objections:
        raise UserError(
            "农户异议尚未答复，不能办结。", "An objection is unanswered; answer it before closing the case."
        )
    answered = dict(enumerate(events, start=1)).get(event.answers or 0)
    if event.kind is CaseEventKind.ANSWER and answered not in objections:
        raise UserError("没有待答复的该项异议。", "There is no such objection that waits for an answer.")
    return answered


def _check_fields(event: EventFields) -> None:
    """Raises UserError where a field that the kind must have is missing, or one that it may not have is there."""
    rule = EVENT_RULES[event.kind]
    names = {each.name for each in fields(event) if each.name != "kind" and getattr(event, each.name) is not None}
    missing, extra = rule.required - names, names - rule.required - rule.optional
    if missing:
        zh, en = _field_lists(missing)
        raise UserError(f"{rule.label.zh}缺少：{zh}。", f"Missing for '{rule.label.en}': {en}.")
    if extra:
        zh, en = _field_lists(extra)
        raise UserError(f"{rule.label.zh}不含：{zh}。", f"No part of '{rule.label.en}': {en}.")


def _field_lists(names: frozenset[str] | set[str]) -> tuple[str, str]:
    words = [FIELD_WORDS[name] for name in sorted(names)]
    return "、".join(each.zh for each in words), ", ".join(each.en for each in words)


def _check_day(event: EventFields, today: date) -> None:
    """Raises UserError where a visit or call lies ahead, what is to come in the past, or any of them a year away."""
    if event.on_date is None:
        return
    days_ahead = (event.on_date - today).days
    match event.kind:
        case CaseEventKind.VISIT | CaseEventKind.CALL:
            is_plausible = -_DAYS_BACK <= days_ahead <= 0
        case CaseEventKind.PROMISE | CaseEventKind.NEXT_STEP:  # may be for today
            is_plausible = 0 <= days_ahead <= _DAYS_AHEAD
        case _:
            is_plausible = 1 <= days_ahead <= _DAYS_AHEAD
    if not is_plausible:
        raise UserError(
            f"日期 {event.on_date} 不合理：走访和电话应在过去一年内，承诺、下一步和暂缓应在今后一年内。",
            f"The date {event.on_date} cannot be: a visit or call lies within the past year, a promise, next step or "
            "delay within the next.",
        )
