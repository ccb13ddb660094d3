"""The class of a loan: the worst of its matrix by days past due and of the floors that other facts set.

Measures for the Risk Classification of Financial Assets of Commercial Banks (2023), articles 10, 15 and 17 to 22.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from features.messages import Bilingual
from models.five_classes.matrices import CLASS_WORDS, Matrix

NOT_ASSESSABLE = "not_assessable"
"""The code of a loan that nothing puts below normal, but whose repayment cannot be judged."""
NOT_ASSESSABLE_WORDS = Bilingual("无法认定", "not assessable")
_ORDER = list(CLASS_WORDS)
_OVERDUE = Bilingual("逾期 {days} 天", "{days} days past due")
_HELD = {
    "bad": Bilingual(
        "变坏以来最长逾期 {days} 天，欠款未清不上调",
        "up to {days} days past due since it went bad; not upgraded while arrears last",
    ),
    "probation": Bilingual(
        "最长逾期 {days} 天，欠款于 {ended} 结清，考察期未满不上调",
        "up to {days} days past due, arrears ended on {ended}; not upgraded before the probation is served",
    ),
    "other_loan": Bilingual(
        "最长逾期 {days} 天，该户在该行另有变坏或考察期内的贷款，不上调",
        "up to {days} days past due; not upgraded while another of its loans at this bank is bad or on probation",
    ),
}
_USE_CHANGED = Bilingual("改变用途未纠正", "use changed and not put right")
_RENEWS_UNPAID = Bilingual("借新还旧：原贷款未以自有资金还清", "renews a loan that was not repaid from own money")
_WATCHED = {
    "extended": Bilingual(
        "{day} 因困难展期，重组观察期未满", "extended in difficulty on {day}; the watch of a restructured loan runs"
    ),
    "renewed": Bilingual(
        "{day} 因困难续贷，重组观察期未满", "renewed in difficulty on {day}; the watch of a restructured loan runs"
    ),
}
_WATCHED_AGAIN = Bilingual("重组观察期内再次重组", "restructured again while it was watched")
_NOT_ASSESSABLE = Bilingual(
    "无还款计划，或最近应还日以来付款未报送，还款情况无法判断",
    "no schedule, or no payments delivered since its last due day: repayment cannot be judged",
)
_NORMAL = Bilingual("无逾期，无其他须下调的情形", "nothing overdue, and nothing else that sets a floor")


@dataclass(frozen=True)
class HeldClass:
    """Why a loan that was bad keeps its class.

    because: it is bad, on probation, or another loan at the bank is. worst_days_past_due: most of that time.
    arrears_ended_on: None while it is bad.
    """

    because: Literal["bad", "probation", "other_loan"]
    worst_days_past_due: int
    arrears_ended_on: date | None


@dataclass(frozen=True)
class Restructured:
    """The restructuring of a loan whose watch has not ended. again: the loan was watched already on that day."""

    kind: Literal["extended", "renewed"]
    day: date
    again: bool


@dataclass(frozen=True)
class ClassFacts:
    """The facts about a loan that set its class, on one day.

    is_assessable: whether a schedule and payments are known. held, restructured: None where neither applies.
    use_changed: found diverted, in whole or in part, and not put right since. renews_unpaid: it renews a loan that was
    not repaid from own money by then.
    """

    days_past_due: int
    is_assessable: bool = True
    held: HeldClass | None = None
    use_changed: bool = False
    renews_unpaid: bool = False
    restructured: Restructured | None = None


@dataclass(frozen=True)
class LoanClass:
    """A class: its code, its name, and the reasons for it, those for the worst class first."""

    code: str
    words: Bilingual
    reasons: tuple[Bilingual, ...]


def loan_class(facts: ClassFacts, matrix: Matrix) -> LoanClass:
    """The class of a loan by a matrix and the floors.

    Where nothing puts it below normal and its repayment cannot be judged, the class is NOT_ASSESSABLE.

    Example:
        >>> from models.five_classes.floors import ClassFacts, loan_class
        >>> from models.five_classes.matrices import MATRICES
        >>> judged = loan_class(ClassFacts(days_past_due=0, use_changed=True), MATRICES["rule_2023"])
        >>> judged.code, [reason.en for reason in judged.reasons]
        ('special_mention', ['use changed and not put right'])
    """
    floors = sorted(_floors(facts, matrix), key=lambda floor: -_ORDER.index(floor[0]))
    reasons = [words for _, words in floors]
    if not facts.is_assessable:
        reasons.append(_NOT_ASSESSABLE)
    if floors:
        code = floors[0][0]
        return LoanClass(code, CLASS_WORDS[code], tuple(reasons))
    if not facts.is_assessable:
        return LoanClass(NOT_ASSESSABLE, NOT_ASSESSABLE_WORDS, tuple(reasons))
    return LoanClass("normal", CLASS_WORDS["normal"], (_NORMAL,))


def _floors(facts: ClassFacts, matrix: Matrix) -> Iterator[tuple[str, Bilingual]]:
    """Each class that a fact sets as the best possible, with its sentence."""
    if facts.days_past_due > 0:
        yield matrix.class_of(facts.days_past_due), _OVERDUE.format(days=facts.days_past_due)
    held = facts.held
    if held and (held.because != "bad" or held.worst_days_past_due > facts.days_past_due):
        words = _HELD[held.because].format(days=held.worst_days_past_due, ended=held.arrears_ended_on)
        yield matrix.class_of(max(held.worst_days_past_due, 1)), words
    if facts.use_changed:
        yield "special_mention", _USE_CHANGED
    if facts.renews_unpaid:
        yield "special_mention", _RENEWS_UNPAID
    if facts.restructured:
        watched = _WATCHED[facts.restructured.kind].format(day=facts.restructured.day)
        yield "special_mention", watched
        if facts.restructured.again:
            yield "substandard", _WATCHED_AGAIN
