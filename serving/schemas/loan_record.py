"""A loan as the ledger has it: terms, ending, schedule, payments, events and use checks."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, Versions
from serving.schemas.household_sheet import Instalment
from serving.schemas.loan_warning import LoanMonth

EndingKind = Literal["repaid", "settled", "renewed", "compensated", "written_off"]


class LoanEnding(Answer):
    """How and when a loan ended, with a sentence.

    renewed_by: the loan that renews it; null where it was not renewed, nothing names that loan, or it does not exist
    for the reader.
    """

    kind: EndingKind
    ended_on: date
    renewed_by: str | None
    zh: str
    en: str


class LoanRecord(Answer):
    """A loan's terms, what is outstanding at the month's end (yuan), and how it ended.

    matures_on: as agreed first; maturity: in force at the end. times_bad: how often it has been bad. ending: null while
    it is open.
    """

    loan_id: str
    bank: str
    product: str | None
    declared_use: str | None
    principal: float
    annual_rate: float
    repayment_method: str
    subsidy_share: float | None
    originated_on: date
    matures_on: date
    maturity: date
    renews_loan_id: str | None
    outstanding_principal: float
    times_bad: int
    ending: LoanEnding | None


class LoanPayment(Answer):
    """A payment in yuan; below zero where it is a reversal, or a drawing on a revolving loan."""

    paid_on: date
    principal_paid: float
    interest_paid: float
    payer: str | None


class LoanEvent(Answer):
    """An event of a loan that was not withdrawn. amount: yuan. new_matures_on: of an extension."""

    occurred_on: date
    kind: str
    zh: str
    en: str
    amount: float | None
    new_matures_on: date | None


class UseCheckRecord(Answer):
    """A check of what the money was used for."""

    checked_on: date
    finding: str
    zh: str
    en: str


class LoanHistory(Versions):
    """A loan from payout to the month's end, open or closed.

    months: its light and figures in each published month that lists it, the oldest first, as they were published then;
    empty for a loan that ended before the first published month. record, instalments (the schedule in force; of a
    closed loan those due by its end), payments, events and use_checks: of the ledger at the month's data version, the
    oldest row first; record is null, and the lists are empty, where the ledger has it no more for the reader.
    """

    loan_id: str
    household_id: str
    months: list[LoanMonth]
    record: LoanRecord | None
    instalments: list[Instalment]
    payments: list[LoanPayment]
    events: list[LoanEvent]
    use_checks: list[UseCheckRecord]
