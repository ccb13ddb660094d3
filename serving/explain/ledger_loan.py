"""A loan from payout to a month's end, open or closed: its months as published, and what the ledger has of it."""

from __future__ import annotations

import polars as pl

from features.units import FINDING
from models.code_labels import LOAN_EVENT_WORDS
from serving.explain.ledger_household import owner_in_ledger
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_history import loan_months
from serving.schemas.loan_record import LoanEvent, LoanHistory, LoanPayment, UseCheckRecord


def loan_history(month: PublishedMonth, store: DataFolder, loan_id: str) -> LoanHistory | None:
    """The history of a loan up to a month's end.

    Args:
        month: the last month; its scope says whether the loan exists for the reader.
        store: the data folder that the month lies in.
        loan_id: the loan.

    Returns:
        Its published months, and its terms, ending, schedule, payments, events and use checks in the ledger; None where
        neither has the loan for the reader.

    Raises:
        UserError: where a month cannot be read.

    Example:
        >>> from serving.explain.ledger_loan import loan_history
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> events = store.ledger.scan("loan_events").collect()
        >>> closed = sorted(events.filter(events["kind"] == "settled")["loan_id"])[0]
        >>> loan_history(month, store, closed).record.ending.ended_on <= month.as_of
        True
    """
    months = loan_months(store, loan_id, month.as_of)
    owner = owner_in_ledger(month, store, loan_id)
    if owner is None and not months:
        return None
    is_loan = pl.col("loan_id") == loan_id
    records = [each for each in owner.loan_records if each.loan_id == loan_id] if owner else []
    history = LoanHistory(
        **month.versions,
        loan_id=loan_id,
        household_id=months[-1].household_id if owner is None else owner.household,
        months=months,
        record=next(iter(records), None),
        instalments=[],
        payments=[],
        events=[],
        use_checks=[],
    )
    if owner is None:
        return history
    drawn_on = owner.loans.filter(is_loan)["originated_on"][0]
    paid = owner.newest("payments").filter(is_loan, pl.col("paid_on").is_between(drawn_on, month.as_of))
    checks = owner.newest("use_checks").filter(is_loan, pl.col("checked_on") <= month.as_of).sort("checked_on")
    findings = [(row, FINDING.text(row["finding"])) for row in checks.to_dicts()]
    events = [(row, LOAN_EVENT_WORDS[row["kind"]]) for row in owner.events.filter(is_loan).to_dicts()]
    return history.model_copy(
        update={
            "instalments": owner.instalments(loan_id),
            "payments": [LoanPayment.model_validate(row) for row in paid.sort("paid_on", "payment_id").to_dicts()],
            "events": [LoanEvent.model_validate({**row, "zh": words.zh, "en": words.en}) for row, words in events],
            "use_checks": [
                UseCheckRecord.model_validate({**row, "zh": words.zh, "en": words.en}) for row, words in findings
            ],
        }
    )
