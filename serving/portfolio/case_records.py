"""What reports tell of cases: the visits to a month's loans, and the columns of the action lists on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.contract.pseudonym import load_pseudonyms
from features.frame_schema import FrameColumn, FrameSchema, returns
from serving.access.scope import ALL_LOANS
from serving.cases.outcomes import visit_days
from serving.contacts.address_book import NO_CONTACTS, AddressBook, FoundContacts
from serving.database.engine import Database
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.portfolio.case_work import CaseWorkload, case_workload
from serving.portfolio.report_tables import day, text

VISIT_COLUMNS = (
    day("visit_due_on", "走访应于", "Visit due by"),
    day("visited_on", "最近走访", "Last visit"),
    text("responsible", "责任人", "Responsible"),
)
"""Columns of the action lists on visits and cases; none depends on the day on which a list is printed."""
VISIT_CELLS_SCHEMA = FrameSchema(
    {
        "visit_due_on": FrameColumn(pl.Date(), "The working day by which the visit is due."),
        "visited_on": FrameColumn(pl.Date(), "The newest visit."),
        "responsible": FrameColumn(pl.String(), "The account that the loan's case is assigned to."),
    }
)


@dataclass(frozen=True)
class CaseRecords:
    """Visits and cases as recorded when a report was made, and the address book's entries for its notices.

    workload: of the report's month where it is the newest, else None. visits: loan and day of each visit
    (VISITS_SCHEMA); None where no visit of the county is recorded, which is not the same as nobody visited.
    """

    workload: CaseWorkload | None = None
    visits: pl.DataFrame | None = None
    contacts: FoundContacts = NO_CONTACTS


NO_RECORDS = CaseRecords()
"""A report that leaves cases out."""


def case_records(
    database: Database, data_folder: DataFolder, as_of: date, today: date, with_contacts: bool = False
) -> CaseRecords:
    """Visits and cases of all loans, as recorded up to now; the workload of the newest month alone.

    as_of: the month end of the report. with_contacts: also the address book's entries for its notices.

    Raises UserError where the month is not published or cannot be read.
    """
    month = MonthRepository(data_folder).month(as_of)
    with database.read_session() as session:
        visits = visit_days(session)
    is_newest = as_of == MonthRepository(data_folder).months()[0]
    workload = case_workload(database, data_folder, ALL_LOANS, today) if is_newest else None
    contacts = NO_CONTACTS
    if with_contacts:
        due = pl.col("days_to_maturity").is_between(0, max(month.policy.plans.lists_days_ahead))
        households = month.scan("warnings").filter(due).select("household_id").unique().collect()["household_id"]
        book = AddressBook(load_pseudonyms(data_folder.folder))
        with database.read_session() as session:
            contacts = book.find(session, households.to_list())
    return CaseRecords(workload, None if visits.is_empty() else visits, contacts)


@returns(VISIT_CELLS_SCHEMA)
def visit_cells(workload: CaseWorkload, loan_ids: pl.Series) -> pl.DataFrame:
    """The cells of VISIT_COLUMNS in the order of the loans; null for a loan that needs no visit."""
    cells = workload.rows.select("loan_id", *VISIT_CELLS_SCHEMA.columns)
    return loan_ids.to_frame("loan_id").join(cells, on="loan_id", how="left", maintain_order="left").drop("loan_id")
