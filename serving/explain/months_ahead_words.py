"""The figures by month ahead in sentences: when a loan may go bad, and whether it is only due soon or risky."""

from __future__ import annotations

from features.messages import Bilingual
from serving.schemas.loan_warning import LoanWarning

_WITHIN = Bilingual(
    "1个月内变坏的可能 {one}，3个月内 {three}，12个月内 {twelve}。",
    "It goes bad within 1 month with a probability of {one}, within 3 months {three}, within 12 months {twelve}.",
)
_DUE = Bilingual(
    "{days} 天后到期：与此相似的 100 笔贷款中，{open}届时仍未还清，其余此前已还清、续贷或变坏；届时未还清的 100 笔中，"
    "{bad}随后变坏。",
    "It falls due in {days} days: of 100 loans like this one {open} are still open then, the others are repaid or "
    "renewed early, or bad before; of 100 that are still open then {bad} go bad.",
)
_WITHOUT_FIGURES = Bilingual(
    "没有按月的预测：所用模型不作此预测，或无法与上述可能性相符。",
    "There are no figures by month: the model has none, or they could not be brought to agree with the probability.",
)


def months_ahead_sentence(warning: LoanWarning) -> Bilingual | None:
    """The probabilities within 1, 3 and 12 months, or that there are none; None for a loan without a probability."""
    if warning.probability is None:
        return None
    within = (warning.probability_1m, warning.probability_3m, warning.probability_12m)
    if any(probability is None for probability in within):
        return _WITHOUT_FIGURES
    one, three, twelve = (f"{probability:.1%}" for probability in within)
    return Bilingual(
        _WITHIN.zh.format(one=one, three=three, twelve=twelve), _WITHIN.en.format(one=one, three=three, twelve=twelve)
    )


def due_sentence(warning: LoanWarning) -> Bilingual | None:
    """How many such loans are still open when the principal falls due, and how many of them go bad.

    None for a loan that does not fall due within the horizon, or without figures by month.
    """
    if warning.due_probability is None or warning.bad_if_due is None:
        return None
    still_open, bad = count_of_hundred(warning.due_probability), count_of_hundred(warning.bad_if_due)
    days = warning.days_to_maturity
    return Bilingual(
        _DUE.zh.format(days=days, open=still_open.zh, bad=bad.zh),
        _DUE.en.format(days=days, open=still_open.en, bad=bad.en),
    )


def count_of_hundred(probability: float) -> Bilingual:
    """A probability as a count of a hundred loans.

    >>> count_of_hundred(0.084).en, count_of_hundred(0.004).en, count_of_hundred(1.0).en
    ('about 8', 'fewer than 1', '100')
    """
    loans = round(100 * probability)
    if probability == 1:
        return Bilingual("100 笔", "100")
    return Bilingual(f"约 {loans} 笔", f"about {loans}") if loans else Bilingual("不到 1 笔", "fewer than 1")
