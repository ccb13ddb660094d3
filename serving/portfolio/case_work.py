"""The month as work: the visits that are due, late or handed up, and where the cases of listed loans stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from pathlib import Path

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.snapshot.amounts import yuan_sum
from models.county_policy.policy_table import FILE as POLICY_FILE
from models.county_policy.policy_table import policy_table_of
from models.county_policy.sections import CaseWork
from serving.access.roles import Role
from serving.access.scope import Scope
from serving.cases.case_facts import case_facts
from serving.cases.kinds import EscalationLevel
from serving.cases.visit_duties import DONE_STATES, DutyState, visit_duties
from serving.concurrency.single_flight import single_flight
from serving.database.engine import Database
from serving.database.tables import Case, CaseEvent
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.flag_spells import flag_spells
from serving.months.loan_index import loan_index
from serving.months.published_editions import published_editions
from serving.months.repository import MonthRepository
from serving.portfolio.promises import PromiseState, promise_states


class WorkView(StrEnum):
    """A part of the newest month's work list, by what is recorded of its cases.

    mine: open cases of the reader that are not put off and have a visit or a step due. unvisited: no visit yet.
    overdue: the visit is late. promise: the day of a promise has passed, and it is not known to be kept. escalated:
    late visits and handed-up cases that the reader's role is to hear of.
    """

    MINE = "mine"
    UNVISITED = "unvisited"
    OVERDUE = "overdue"
    PROMISE = "promise"
    ESCALATED = "escalated"


VIEW_WORDS: Mapping[WorkView, Bilingual] = {
    WorkView.MINE: Bilingual("我今天的", "mine today"),
    WorkView.UNVISITED: Bilingual("尚未走访", "no visit yet"),
    WorkView.OVERDUE: Bilingual("走访超期", "visit overdue"),
    WorkView.PROMISE: Bilingual("承诺已过期", "promise day past"),
    WorkView.ESCALATED: Bilingual("须上报的", "for township or county"),
}
DUTY_WORDS: Mapping[DutyState, Bilingual] = {
    DutyState.VISITED: Bilingual("已走访", "visited"),
    DutyState.CALLED: Bilingual("已电话联系", "called"),
    DutyState.CLOSED: Bilingual("走访处置单已办结", "case closed"),
    DutyState.PUT_OFF: Bilingual("暂缓", "put off"),
    DutyState.DUE: Bilingual("待走访", "to be visited"),
    DutyState.OVERDUE: Bilingual("走访超期", "visit overdue"),
}
_LEVELS_HEARD = {
    Role.CADRE: (EscalationLevel.TOWNSHIP.value, EscalationLevel.COUNTY.value),
    Role.COUNTY_OFFICIAL: (EscalationLevel.COUNTY.value,),
}
"""Levels whose cases a role is to hear of; an officer sees those of the own loans."""
_ALL_LEVELS = tuple(level.value for level in EscalationLevel)
_PROMISES_PAST = (PromiseState.BROKEN.value, PromiseState.UNKNOWN.value)
_UNVISITED = (DutyState.DUE.value, DutyState.OVERDUE.value)
_WORKLOADS_IN_MEMORY = 8
"""Workloads by scope, for the newest change of a case; some 200 bytes for each yellow or red loan."""
_POLICIES_IN_MEMORY = 4


@dataclass(frozen=True)
class LoanWork:
    """Where the work on a loan stands; what is not recorded, or does not apply, is None.

    duty: a DutyState, for yellow and red loans, with the day on which it was done. visit_due_on, is_certain: by when
    the visit is due, and whether the holidays on the way are known. is_joint: for red loans, whether bank and township
    have visited together. days_late: working days. heard_by: township or county, who is to hear of it. promise: a
    PromiseState, with the sum promised and what was paid of it, in yuan. subsidy_at_risk: interest that the state pays
    on it in a year, yuan.
    """

    case_id: int | None = None
    case_state: str | None = None
    responsible: str | None = None
    next_step: str | None = None
    next_step_on: date | None = None
    snoozed_until: date | None = None
    promised_on: date | None = None
    promised_yuan: float | None = None
    promise: str | None = None
    promise_paid: float | None = None
    subsidy_at_risk: float | None = None
    visited_on: date | None = None
    called_on: date | None = None
    duty: str | None = None
    done_on: date | None = None
    is_joint: bool | None = None
    visit_due_on: date | None = None
    is_certain: bool | None = None
    days_late: int = 0
    heard_by: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether the duty to visit is met."""
        return self.duty in DONE_STATES

    @property
    def last_contact_on(self) -> date | None:
        """The newest visit or call."""
        return max((day for day in (self.visited_on, self.called_on) if day is not None), default=None)

    @property
    def was_visit(self) -> bool:
        """Whether the last contact was a visit."""
        return self.visited_on is not None and self.visited_on == self.last_contact_on


NO_WORK = LoanWork()
"""A loan that needs no visit and has no case."""
_WORK_FIELDS = tuple(field.name for field in fields(LoanWork))


@dataclass(frozen=True)
class CaseWorkload:
    """The visits and cases of the newest month's loans within a reader's scope.

    rows: for each loan of the month that is yellow or red or has a case, in the columns of VISIT_DUTIES_SCHEMA and
    CASE_FACTS_SCHEMA, with `bank`, `township_code`, `outstanding_principal`, `subsidy_at_risk`, and what became of a
    promise (PROMISES_SCHEMA); `duty` is null where no visit is due.
    unlisted: CASE_FACTS_SCHEMA of loans that the month does not list. today: the date in the county. unreadable: month
    ends that cannot be read, so that a light may be older than it seems.
    """

    rows: pl.DataFrame
    unlisted: pl.DataFrame
    today: date
    unreadable: tuple[date, ...] = ()

    def loans_in(self, view: WorkView, reader: str, role: Role) -> list[str]:
        """The loans of a view, sorted by loan_id.

        reader: name of the reader's account. role: decides which cases are the reader's to hear of.
        """
        return self._rows_in(self.rows, view, reader, role)["loan_id"].sort().to_list()

    def view_counts(self, reader: str, role: Role, loan_ids: pl.Series | None = None) -> dict[WorkView, int]:
        """Loans in each view. loan_ids: only these, as other filters of the list leave them; None for all."""
        rows = self.rows if loan_ids is None else self.rows.filter(pl.col("loan_id").is_in(loan_ids.to_list()))
        return {view: self._rows_in(rows, view, reader, role).height for view in WorkView}

    def unlisted_cases(self, reader: str) -> int:
        """The reader's open cases on loans that the month does not list."""
        return self.unlisted.filter(pl.col("responsible") == reader).height

    def by_loan(self, loan_ids: Iterable[str]) -> dict[str, LoanWork]:
        """Where the work on each of a few loans stands."""
        ids = list(loan_ids)
        rows = {row["loan_id"]: row for row in self.rows.filter(pl.col("loan_id").is_in(ids)).to_dicts()}
        return {loan_id: _loan_work(rows[loan_id]) if loan_id in rows else NO_WORK for loan_id in ids}

    def _rows_in(self, rows: pl.DataFrame, view: WorkView, reader: str, role: Role) -> pl.DataFrame:
        match view:
            case WorkView.MINE:
                return rows.filter(pl.col("responsible") == reader, *self._something_to_do)
            case WorkView.UNVISITED:
                return rows.filter(pl.col("duty").is_in(_UNVISITED))
            case WorkView.OVERDUE:
                return rows.filter(pl.col("duty") == DutyState.OVERDUE.value)
            case WorkView.PROMISE:
                return rows.filter(pl.col("promise").is_in(_PROMISES_PAST))
            case WorkView.ESCALATED:
                return rows.filter(pl.col("heard_by").is_in(_LEVELS_HEARD.get(role, _ALL_LEVELS)))

    @property
    def _something_to_do(self) -> tuple[pl.Expr, ...]:
        """Conditions of a case that is open, not put off, and has something to do up to today.

        A visit that is due, a next step of today or earlier or none at all, or a promise of today or earlier since
        whose day nobody has visited or called, and that is not known to be kept.
        """
        is_awake = (pl.col("snoozed_until") <= self.today).fill_null(True)
        is_unvisited = pl.col("duty").is_in(_UNVISITED).fill_null(False)
        step_is_due = (pl.col("next_step_on") <= self.today).fill_null(True)
        contact = pl.max_horizontal("visited_on", "called_on")
        is_kept = (pl.col("promise") == PromiseState.KEPT.value).fill_null(False)
        is_unanswered = (contact < pl.col("promised_on")).fill_null(True)
        promise_is_due = (pl.col("promised_on") <= self.today) & is_unanswered & ~is_kept
        return pl.col("case_state") == "open", is_awake, is_unvisited | step_is_due | promise_is_due.fill_null(False)


VISIT_PROGRESS_SCHEMA = FrameSchema(
    {
        "township_code": FrameColumn(pl.String(), "The township; null for all of them, in the first row."),
        "lit": FrameColumn(pl.Int64(), "Yellow and red loans."),
        "visited": FrameColumn(pl.Int64(), "Those that were visited."),
        "called": FrameColumn(pl.Int64(), "Yellow ones that were called, not visited."),
        "closed": FrameColumn(pl.Int64(), "Those whose case was closed without either."),
        "put_off": FrameColumn(pl.Int64(), "Those whose case is put off."),
        "due": FrameColumn(pl.Int64(), "Those whose visit is still in time."),
        "overdue": FrameColumn(pl.Int64(), "Those whose visit is late."),
        "to_county": FrameColumn(pl.Int64(), "Those that the county is to hear of."),
        "subsidy_at_risk": FrameColumn(
            pl.Float64(), "Interest that the state pays on the yellow and red ones, a year."
        ),
    }
)


@returns(VISIT_PROGRESS_SCHEMA)
def visit_progress(workload: CaseWorkload) -> pl.DataFrame:
    """How far the visits are, for all yellow and red loans and by township, in the columns of VISIT_PROGRESS_SCHEMA."""
    counts = [
        pl.len().alias("lit"),
        *((pl.col("duty") == state.value).sum().alias(state.value) for state in DutyState),
        (pl.col("heard_by") == EscalationLevel.COUNTY.value).sum().alias("to_county"),
        yuan_sum(pl.col("subsidy_at_risk")).alias("subsidy_at_risk"),
    ]
    duties = workload.rows.filter(pl.col("duty").is_not_null()).with_columns(pl.col("township_code").cast(pl.String))
    in_all = duties.select(pl.lit(None, pl.String).alias("township_code"), *counts)
    by_township = duties.group_by("township_code").agg(counts).sort("township_code")
    rows = pl.concat([in_all, by_township]).select(*VISIT_PROGRESS_SCHEMA.columns)
    return rows.cast(VISIT_PROGRESS_SCHEMA.dtypes)


def case_workload(
    database: Database, data_folder: DataFolder, scope: Scope, today: date, loan_ids: Sequence[str] | None = None
) -> CaseWorkload:
    """The visits and cases of the newest month within a scope, as recorded up to now.

    Args:
        database: the service's.
        data_folder: where the months are published; its scope restricts them.
        scope: of the reader, for the cases.
        today: the date in the county.
        loan_ids: only these loans; None for all.

    Returns:
        The workload. The days by which visits are due, and the holidays, are those of the policy in force today.

    Raises:
        UserError: no month is published, it cannot be read, or the policy file has faults.

    Example:
        >>> from datetime import date
        >>> from serving.access.roles import Role
        >>> from serving.access.scope import ALL_LOANS
        >>> from serving.audit.command_line import database_of
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.portfolio.case_work import WorkView, case_workload
        >>> work = case_workload(database_of(tmp), DataFolder(data), ALL_LOANS, date(2026, 1, 10))
        >>> work.view_counts("li.wei", Role.OFFICER)[WorkView.MINE]
        0
    """
    month = MonthRepository(data_folder).month()
    policy = _case_work_policy(data_folder.folder, today, _modified_at(data_folder.folder / POLICY_FILE))
    with database.read_session() as session:
        if loan_ids is not None:
            return _workload(session, data_folder, month, scope, policy, today, loan_ids)
        newest = tuple(session.scalar(select(func.max(number))) for number in (CaseEvent.id, Case.id))
    editions = tuple(published_editions(data_folder.warnings).values())
    ledger, stated = data_folder.ledger, policy.model_dump_json()
    request = _Request(database, data_folder, month, editions, scope, stated, today, newest, ledger.data_version)
    return _cached_workload(request)


@dataclass(frozen=True)
class _Request:
    """What a workload depends on.

    editions: the published edition of each month, since spells go back over them. newest: numbers of the newest event
    and case; cases change by events alone. data_version: of the ledger, since payments keep promises.
    """

    database: Database
    data_folder: DataFolder
    month: PublishedMonth
    editions: tuple[Path, ...]
    scope: Scope
    policy: str
    today: date
    newest: tuple[int | None, ...]
    data_version: str


@single_flight(_WORKLOADS_IN_MEMORY)
def _cached_workload(request: _Request) -> CaseWorkload:
    policy = CaseWork.model_validate_json(request.policy)
    with request.database.read_session() as session:
        return _workload(
            session, request.data_folder, request.month, request.scope, policy, request.today, loan_ids=None
        )


@single_flight(_POLICIES_IN_MEMORY)
def _case_work_policy(folder: Path, today: date, _modified_at: int | None) -> CaseWork:
    return policy_table_of(folder).in_force(today).casework


def _modified_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _workload(
    session: Session,
    data_folder: DataFolder,
    month: PublishedMonth,
    scope: Scope,
    policy: CaseWork,
    today: date,
    loan_ids: Sequence[str] | None,
) -> CaseWorkload:
    facts = case_facts(session, scope, loan_ids)
    spells = flag_spells(MonthRepository(DataFolder(data_folder.folder)), month.as_of)
    chosen = spells.rows if loan_ids is None else spells.rows.filter(pl.col("loan_id").is_in(loan_ids))
    with_work = pl.concat([chosen.select("loan_id"), facts.select("loan_id")]).unique()
    columns = ("loan_id", "bank", "township_code", "outstanding_principal")
    loans = loan_index(month).select(columns).join(with_work.lazy(), on="loan_id", how="semi").collect()
    duties = visit_duties(chosen.join(loans, on="loan_id", how="semi"), facts, policy, today)
    others = facts.join(duties, on="loan_id", how="anti").join(loans, on="loan_id", how="semi")
    handed_up = pl.when(pl.col("case_state") == "open").then("escalated_to").alias("heard_by")
    rows = pl.concat([duties, others.with_columns(handed_up)], how="diagonal")
    rows = rows.join(loans, on="loan_id", maintain_order="left")
    rows = rows.join(subsidy_at_risk(month, rows), on="loan_id", how="left", maintain_order="left")
    promises = promise_states(rows.filter(pl.col("promised_on").is_not_null()), data_folder.ledger, today)
    return CaseWorkload(
        rows.join(promises, on="loan_id", how="left", maintain_order="left"),
        facts.join(loans, on="loan_id", how="anti").filter(pl.col("case_state") == "open"),
        today,
        spells.unreadable,
    )


def subsidy_at_risk(month: PublishedMonth, loans: pl.DataFrame) -> pl.DataFrame:
    """The interest that the state pays in a year on what each loan owes, yuan: lost with a loan that is not repaid."""
    terms = month.scan("features").select("loan_id", "annual_rate", "subsidy_share")
    owed = loans.lazy().select("loan_id", "outstanding_principal").join(terms, on="loan_id")
    interest = pl.col("outstanding_principal") * pl.col("annual_rate") * pl.col("subsidy_share").fill_null(0.0)
    return owed.select("loan_id", interest.round(2).alias("subsidy_at_risk")).collect()


def _loan_work(row: Mapping[str, object]) -> LoanWork:
    return LoanWork(**{name: row[name] for name in _WORK_FIELDS if row[name] is not None})  # type: ignore[arg-type]
