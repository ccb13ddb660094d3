"""Response models of the household ledger: one household, and the list of every household."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, Versions
from serving.schemas.household_sheet import VillageRating

Grade = Literal["excellent", "good", "fair", "poor"]


class LedgerRating(VillageRating):
    """A rating with what its limit covers.

    products: those that the limit covers, by code. drawn: outstanding principal of open loans in them, yuan. headroom:
    limit less drawn, not below 0. above_limit: drawn less limit, not below 0. Both are null without a grade.
    sets_grade: whether it is the rating that sets the household's grade.
    """

    products: list[str]
    products_zh: str
    products_en: str
    drawn: float
    headroom: float | None
    above_limit: float | None
    sets_grade: bool


class MovedLine(Answer):
    """An item or deduction whose points differ between two days; null where the fact is missing."""

    code: str
    zh: str
    en: str
    before: float | None
    after: float | None


class LedgerMove(Answer):
    """How the grade moved since an earlier day, by the rating that sets it today.

    compared_with: the month published before, or the day one year before. lines: the items that differ, with points;
    empty where none does. zh, en: the sentence.
    """

    compared_with: Literal["previous_month", "year_before"]
    as_of: date
    points_before: float | None
    points: float | None
    grade_before: Grade | None
    limit_before: float | None
    lines: list[MovedLine]
    zh: str
    en: str


class GradeOnDay(Answer):
    """The grade at the end of a month, by the policy in force then; table: the rating that set it."""

    as_of: date
    table: str | None
    points: float | None
    known: float | None
    grade: Grade | None
    grade_zh: str
    grade_en: str
    limit: float | None
    drawn: float


class LedgerLoan(Answer):
    """A loan that the household drew: granted, drawn, and what is left.

    outstanding_principal: what is drawn today. headroom: of an open revolving grant, the principal less what is
    outstanding; else null. expires_on: the maturity in force. state: open, repaid, renewed (or settled) or lost
    (compensated or written off). repayments: payments of principal so far.
    """

    loan_id: str
    bank: str
    product: str
    product_zh: str
    product_en: str
    principal: float
    annual_rate: float
    originated_on: date
    expires_on: date | None
    outstanding_principal: float
    headroom: float | None
    state: Literal["open", "repaid", "renewed", "lost"]
    state_zh: str
    state_en: str
    repayments: int
    last_repaid_on: date | None


class WorseGrade(Answer):
    """The grade that would follow from something, and what it would cost. headroom_lost: yuan that could be drawn less.

    Null where there is no grade now, or none then.
    """

    grade: Grade | None
    grade_zh: str
    grade_en: str
    points: float | None
    limit: float | None
    headroom_lost: float | None


class AtRisk(Answer):
    """What the household stands to lose.

    subsidy_to_come: interest that the state is still to pay on its open loans, yuan; it is paid for use as agreed.
    if_diverted: the grade if a use check found the use of a loan diverted. if_poor: the lowest grade.
    """

    subsidy_to_come: float
    if_diverted: WorseGrade
    if_poor: WorseGrade


class HouseholdLedgerAnswer(Versions):
    """The ledger of one household, borrower or not.

    published: whether as_of is a published month; else it is computed from the ledger as it is now. loans_zh, loans_en:
    on which loans the deductions rest. loans: those of the reader's bank; loans_elsewhere: how many others there are.
    rate_one_year, rate_longer: the ceiling of a loan of up to a year, and of a longer one, less the grade's discount.
    """

    published: bool
    household_id: str
    village_code: str | None
    place: str | None
    household_type: str | None
    type_zh: str
    type_en: str
    table: str | None
    points: float | None
    known: float | None
    grade: Grade | None
    grade_zh: str
    grade_en: str
    limit: float | None
    drawn: float
    headroom: float | None
    above_limit: float | None
    rate_one_year: float | None
    rate_longer: float | None
    outstanding_principal: float
    loans_zh: str
    loans_en: str
    borrower_age: int | None
    age_zh: str
    age_en: str
    listed: bool | None
    listed_zh: str
    listed_en: str
    years_with_dues: int
    punctual_years: int
    ratings: list[LedgerRating]
    moves: list[LedgerMove]
    at_risk: AtRisk
    history: list[GradeOnDay]
    loans: list[LedgerLoan]
    loans_elsewhere: int


class LedgerItem(Answer):
    """One household in the list; columns as in the ledger of one household."""

    household_id: str
    village_code: str | None
    household_type: str | None
    table: str | None
    points: float | None
    known: float | None
    grade: Grade | None
    limit: float | None
    drawn: float
    headroom: float | None
    above_limit: float | None
    outstanding_principal: float
    open_loans: int
    years_with_dues: int
    punctual_years: int


class LedgerPage(Versions):
    """A page of the list of every household. total: households that match the filters."""

    total: int
    items: list[LedgerItem]
    next_cursor: str | None
