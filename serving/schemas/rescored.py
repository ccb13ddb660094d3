"""A household rescored: with hypothetical facts, or from tables that a program sends."""

from __future__ import annotations

from serving.schemas.basis import Answer, Versions
from serving.schemas.loan_warning import LoanWarning


class WhatIfLoan(Answer):
    """A loan as published (before) and with the hypothetical facts (after); after is null where they close the loan.

    before_zh to after_en: the probability in words. The `score_rank` of `after` is null: it is in no list.
    """

    loan_id: str
    before: LoanWarning
    after: LoanWarning | None
    before_zh: str
    before_en: str
    after_zh: str
    after_en: str


class WhatIfAnswer(Versions):
    """The open loans of a household with hypothetical facts; nothing is stored."""

    household_id: str
    loans: list[WhatIfLoan]


class RescoredWarnings(Versions):
    """The warnings of a household's tables, scored as a published month was; nothing is stored."""

    household_id: str
    warnings: list[LoanWarning]
