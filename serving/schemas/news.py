"""News between month ends: loans whose light has moved since a month was published, and a household's lights today."""

from __future__ import annotations

from datetime import date

from serving.schemas.basis import Answer, LightCode, Versions


class NewFact(Answer):
    """A fact about a household that became known since the month.

    table: of the contract. happened_on: null for tables without a day of the fact.
    """

    table: str
    happened_on: date | None
    known_on: date
    zh: str
    en: str


class LoanNews(Answer):
    """One loan whose light moved on a day. before: null for a new loan; light: null for one that is no longer open.

    id: of this piece of news, for receivers that take each once. cause: code of what moved the light; zh, en: the move
    and its cause in a sentence. awaits_payments: whether the bank has brought no payments since the loan's last due
    day, so that it is not known whether it is in arrears. facts: known of the household since the month, the newest
    first. other columns: as in a warning, null where the loan is closed.
    """

    id: str
    loan_id: str
    household_id: str
    bank: str
    county_code: str | None
    township_code: str | None
    village_code: str | None
    as_of: date
    month: date
    before: LightCode | None
    light: LightCode | None
    cause: str
    zh: str
    en: str
    cause_zh: str
    cause_en: str
    awaits_payments: bool
    facts: list[NewFact]
    probability_before: float | None
    probability: float | None
    outstanding_principal: float | None
    days_to_maturity: int | None
    days_past_due: int | None
    action_zh: str | None
    action_en: str | None
    data_version: str


class NewsPage(Versions):
    """News since a month, the newest day first. as_of: the newest day of news; the month end where there is none.

    month: the published month that they follow. days: those that were watched, the newest first. damaged_days: those
    left out since a file of theirs is damaged, so that a light may be an earlier one. awaiting: by bank, the
    loans on the newest day that fell due since its newest payments. next_cursor: of the next page; null on the last.
    """

    month: date
    days: list[date]
    damaged_days: list[date]
    total: int
    items: list[LoanNews]
    awaiting: dict[str, int]
    next_cursor: str | None


class LoanToday(Answer):
    """A loan's light in the month and on the newest day of news; light: null where it is no longer open.

    month_light: null where the month does not have the loan. news: of this loan since the month, the newest first.
    """

    loan_id: str
    bank: str
    month_light: LightCode | None
    light: LightCode | None
    awaits_payments: bool
    news: list[LoanNews]


class HouseholdToday(Versions):
    """A household's loans as of the newest day of news beside the month, and what became known between.

    as_of: that day; the month end where nothing was watched since. month: the published month end.
    """

    household_id: str
    month: date
    loans: list[LoanToday]
    facts: list[NewFact]
