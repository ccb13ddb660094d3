"""Response models of insurance 2+X: figures by kind and place, due loans without cover, filing days that are near."""

from __future__ import annotations

from datetime import date

from serving.schemas.basis import Answer, Sentence, Versions
from serving.schemas.portfolio import MaturingLoan


class InsuranceFigures(Answer):
    """Enrolment and claims of one cover, of all households counted or of one place; amounts in yuan.

    code: of the place; null for all. A figure is null where fewer than 6 households stand behind it, or those of so
    few beside one bank or village that these could compute them. insured_households: with policies in force at the
    month's end. without_sum: policies in force whose sum insured was not delivered. claims_12m: of damages of the last
    twelve months; paid_12m counts settled ones; without_amount: claims among them without a claimed amount. waiting:
    not settled, of any age; longest_wait_days: since the day of the damage. filings: hardships covered and not claimed
    for, whose last filing day is near.
    """

    code: str | None
    cover: str
    zh: str
    en: str
    households: int | None
    insured_households: int | None
    insured_share: float | None
    policies: int | None
    sum_insured: float | None
    without_sum: int | None
    claims_12m: int | None
    claimed_12m: float | None
    paid_12m: float | None
    without_amount: int | None
    waiting: int | None
    waiting_claimed: float | None
    longest_wait_days: int | None
    filings: int | None


class FilingDue(Answer):
    """A hardship that a policy covers and no claim is for. file_by: the last filing day by the policy table."""

    household_id: str
    village_code: str | None
    policy_id: str
    kind: str
    zh: str
    en: str
    happened_on: date
    file_by: date
    days_left: int
    sum_insured: float | None


class InsuranceReport(Versions):
    """Insurance 2+X of the households in the reader's scope; of those with an open loan of `bank` where it is set.

    covers: all households by cover. groups: the places of `level`, by `cover`, those with most households first.
    uncovered_total, uncovered: open loans due within `within_days` whose household has no industry insurance in force,
    the soonest first; uncovered_unknown: such loans of counties that delivered no policies. next_cursor: of the next
    page of these loans. filings_total, filings: those due within `filing_within_days`, the soonest first, at most 200.
    not_delivered: tables that a county has not delivered, and what the delivered tables cannot tell.
    """

    level: str
    cover: str
    bank: str | None
    within_days: int
    filing_within_days: int
    covers: list[InsuranceFigures]
    groups: list[InsuranceFigures]
    uncovered_total: int
    uncovered_unknown: int
    uncovered: list[MaturingLoan]
    next_cursor: str | None
    filings_total: int
    filings: list[FilingDue]
    not_delivered: list[Sentence]
