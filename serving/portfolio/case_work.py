"""The month as work: the visits that are due, late or handed up, and where the cases of listed loans stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl
from sqlalchemy.orm import Session

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from serving.access.roles import Role
from serving.access.scope import Scope
from serving.cases.case_facts import case_facts
from serving.cases.kinds import EscalationLevel
from serving.cases.visit_duties import DutyState, visit_duties
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.flag_spells import flag_spells
from serving.months.loan_index import loan_index
from serving.months.repository import MonthRepository


class WorkView(StrEnum):
    """A part of the work list, by what is recorded of its cases.

    mine: open cases of the reader that are not put off and have a visit or a step due. unvisited: no visit yet.
    overdue: the visit is late. escalated: late visits and handed-up cases that the reader's role is to hear of.
    """

    MINE = "mine"
    UNVISITED = "unvisited"
    OVERDUE = "overdue"
    ESCALATED = "escalated"


VIEW_WORDS: Mapping[WorkView, Bilingual] = {
    WorkView.MINE: Bilingual("我今天的", "mine today"),
    WorkView.UNVISITED: Bilingual("尚未走访", "no visit yet"),
    WorkView.OVERDUE: Bilingual("走访超期", "visit overdue"),
    WorkView.ESCALATED: Bilingual("上报的", "handed up"),
}
DUTY_WORDS: Mapping[DutyState, Bilingual] = {
    DutyState.DONE: Bilingual("已走访", "visited"),
    DutyState.PUT_OFF: Bilingual("暂缓", "put off"),
    DutyState.DUE: Bilingual("待走访", "to be visited"),
    DutyState.OVERDUE: Bilingual("走访超期", "visit overdue"),
}
_LEVELS_HEARD = {
    Role.CADRE: (EscalationLevel.TOWNSHIP.value, EscalationLevel.COUNTY.value),
    Role.COUNTY_OFFICIAL: (EscalationLevel.COUNTY.value,),
}
"""Levels whose handed-up cases a role is to hear of; an officer sees those of the own loans."""
_ALL_LEVELS = tuple(level.value for level in EscalationLevel)


@dataclass(frozen=True)
class LoanWork:
    """Where the work on a loan stands; what is not recorded, or does not apply, is None.

    duty: a DutyState, for yellow and red loans. visit_due_on, is_certain: by when the visit is due, and whether the
    holidays on the way are known. days_late: working days. heard_by: township or county, who is to hear of it.
    last_contact_on: the newest visit or call; was_visit: whether it was a visit.
    """

    case_id: int | None = None
    case_state: str | None = None
    responsible: str | None = None
    next_step: str | None = None
    next_step_on: date | None = None
    snoozed_until: date | None = None
    promised_on: date | None = None
    duty: str | None = None
    visit_due_on: date | None = None
    is_certain: bool | None = None
    days_late: int = 0
    heard_by: str | None = None
    last_contact_on: date | None = None
    was_visit: bool = False


NO_WORK = LoanWork()
"""A loan that needs no visit and has no case."""


@dataclass(frozen=True)
class CaseWorkload:
    """The visits and cases of a month's loans within a reader's scope.

    duties: in the columns of VISIT_DUTIES_SCHEMA and `bank`, `township_code`, `outstanding_principal`. facts: in those
    of CASE_FACTS_SCHEMA, also of loans that need no visit. today: the date in the county.
    """

    duties: pl.DataFrame
    facts: pl.DataFrame
    today: date

    def loans_in(self, view: WorkView, reader: str, role: Role) -> list[str]:
        """The loans of a view, sorted by loan_id.

        reader: name of the reader's account. role: decides which handed-up cases are the reader's to hear of.
        """
        return self._rows_in(view, reader, role)["loan_id"].sort().to_list()

    def view_counts(self, reader: str, role: Role) -> dict[WorkView, int]:
        """Loans in each view."""
        return {view: self._rows_in(view, reader, role).height for view in WorkView}

    def by_loan(self, loan_ids: Iterable[str]) -> dict[str, LoanWork]:
        """Where the work on each of a few loans stands."""
        ids = list(loan_ids)
        without_duty = self.facts.filter(pl.col("loan_id").is_in(ids))
        with_duty = self.duties.filter(pl.col("loan_id").is_in(ids))
        rows = {row["loan_id"]: row for frame in (without_duty, with_duty) for row in frame.to_dicts()}
        return {loan_id: _loan_work(rows[loan_id]) if loan_id in rows else NO_WORK for loan_id in ids}

    def _rows_in(self, view: WorkView, reader: str, role: Role) -> pl.DataFrame:
        is_unvisited = pl.col("duty").is_in([DutyState.DUE.value, DutyState.OVERDUE.value])
        match view:
            case WorkView.MINE:
                return self._mine(reader)
            case WorkView.UNVISITED:
                return self.duties.filter(is_unvisited)
            case WorkView.OVERDUE:
                return self.duties.filter(pl.col("duty") == DutyState.OVERDUE.value)
            case WorkView.ESCALATED:
                return self.duties.filter(pl.col("heard_by").is_in(_LEVELS_HEARD.get(role, _ALL_LEVELS)))

    def _mine(self, reader: str) -> pl.DataFrame:
        """The reader's open cases that are not put off and have something to do up to today.

        A visit that is due, a next step or promise of today or earlier, or no step planned at all.
        """
        own = self.facts.filter(pl.col("responsible") == reader, pl.col("case_state") == "open")
        own = own.join(self.duties.select("loan_id", "duty"), on="loan_id", how="left")
        is_awake = (pl.col("snoozed_until") <= self.today).fill_null(True)
        is_unvisited = pl.col("duty").is_in([DutyState.DUE.value, DutyState.OVERDUE.value]).fill_null(False)
        step_is_due = (pl.col("next_step_on") <= self.today).fill_null(True)
        promise_is_due = (pl.col("promised_on") <= self.today).fill_null(False)
        return own.filter(is_awake & (is_unvisited | step_is_due | promise_is_due))


VISIT_PROGRESS_SCHEMA = FrameSchema(
    {
        "township_code": FrameColumn(pl.String(), "The township; null for all of them, in the first row."),
        "lit": FrameColumn(pl.Int64(), "Yellow and red loans."),
        "done": FrameColumn(pl.Int64(), "Those whose visit was made."),
        "put_off": FrameColumn(pl.Int64(), "Those whose case is put off."),
        "due": FrameColumn(pl.Int64(), "Those whose visit is still in time."),
        "overdue": FrameColumn(pl.Int64(), "Those whose visit is late."),
        "to_county": FrameColumn(pl.Int64(), "Those that the county is to hear of."),
    }
)


@returns(VISIT_PROGRESS_SCHEMA)
def visit_progress(workload: CaseWorkload) -> pl.DataFrame:
    """How far the visits are, for all loans and by township, in the columns of VISIT_PROGRESS_SCHEMA."""
    counts = [
        pl.len().alias("lit"),
        *((pl.col("duty") == state.value).sum().alias(state.value) for state in DutyState),
        (pl.col("heard_by") == EscalationLevel.COUNTY.value).sum().alias("to_county"),
    ]
    duties = workload.duties.with_columns(pl.col("township_code").cast(pl.String))
    in_all = duties.select(pl.lit(None, pl.String).alias("township_code"), *counts)
    by_township = duties.group_by("township_code").agg(counts).sort("township_code")
    rows = pl.concat([in_all, by_township]).select(*VISIT_PROGRESS_SCHEMA.columns)
    return rows.with_columns(pl.exclude("township_code").cast(pl.Int64))


def case_workload(
    session: Session,
    data_folder: DataFolder,
    month: PublishedMonth,
    scope: Scope,
    today: date,
    loan_ids: Sequence[str] | None = None,
) -> CaseWorkload:
    """The visits and cases of a month within a scope, as recorded up to now.

    Args:
        session: of the service's database.
        data_folder: where the months are published.
        month: the published month, restricted to the scope.
        scope: of the reader, for the cases.
        today: the date in the county.
        loan_ids: only these loans; None for all.

    Returns:
        The workload; the days by which visits are due follow the policy of the month.

    Raises:
        UserError: a month cannot be read.

    Example:
        >>> from datetime import date
        >>> from serving.access.roles import Role
        >>> from serving.access.scope import ALL_LOANS
        >>> from serving.audit.command_line import database_of
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.case_work import WorkView, case_workload
        >>> folder = DataFolder(data)
        >>> month = MonthRepository(folder).month()
        >>> with database_of(tmp).read_session() as session:
        ...     work = case_workload(session, folder, month, ALL_LOANS, date(2026, 1, 10))
        >>> work.view_counts("li.wei", Role.OFFICER)[WorkView.MINE]
        0
    """
    facts = case_facts(session, scope, loan_ids)
    chosen = pl.lit(True) if loan_ids is None else pl.col("loan_id").is_in(loan_ids)
    spells = flag_spells(MonthRepository(DataFolder(data_folder.folder)), month.as_of).filter(chosen)
    loans = (
        loan_index(month).filter(chosen).select("loan_id", "bank", "township_code", "outstanding_principal").collect()
    )
    duties = visit_duties(spells.join(loans, on="loan_id", how="semi"), facts, month.policy.casework, today)
    return CaseWorkload(duties.join(loans, on="loan_id", maintain_order="left"), facts, today)


def _loan_work(row: Mapping[str, object]) -> LoanWork:
    names = LoanWork.__dataclass_fields__
    visited_on, called_on = row["visited_on"], row["called_on"]
    contacts = [day for day in (visited_on, called_on) if isinstance(day, date)]
    last = max(contacts, default=None)
    fields = {name: row[name] for name in names if name in row and row[name] is not None}
    return LoanWork(**{**fields, "last_contact_on": last, "was_visit": last is not None and last == visited_on})  # type: ignore[arg-type]
