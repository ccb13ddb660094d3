"""A household judged again: with facts supposed, or from rows that a program brings."""

from __future__ import annotations

from serving.schemas.basis import Answer, Versions
from serving.schemas.loan_warning import LoanWarning


class WhatIfLoan(Answer):
    """One loan as published and with what is supposed; after is null where that closes it.

    before_zh .. after_en: the likelihood in words. `score_rank` of `after` is null: it is in no list.
    """

    loan_id: str
    before: LoanWarning
    after: LoanWarning | None
    before_zh: str
    before_en: str
    after_zh: str
    after_en: str


class WhatIf(Versions):
    """The open loans of a household with facts supposed; nothing is stored."""

    household_id: str
    loans: list[WhatIfLoan]


class Scored(Versions):
    """The warnings of one household's rows, judged as a published month was; nothing is stored."""

    household_id: str
    warnings: list[LoanWarning]
