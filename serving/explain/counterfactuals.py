"""What would turn a light green: the fewest facts that can be acted on, each set recomputed, never one that cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations

import polars as pl

from features.messages import Refused, Words
from features.months import months_later
from models.county_policy.sections import CountyPolicy
from models.light import CODES, LIGHT_WORDS
from serving.explain.household_cache import home_of
from serving.explain.sentences import GONE_BAD, Row, likelihood
from serving.explain.what_if.facts import (
    ClaimSettled,
    Impossible,
    IncomeStatement,
    MoreTime,
    Payment,
    Supposed,
    UseCheck,
)
from serving.explain.what_if.rescore import bench_of
from serving.months.data_folder import Store
from serving.months.repository import Month
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import Remedy as ToldRemedy
from serving.schemas.reasons import TurnGreen, Way

_MOST_FACTS = 3
_MORE_MONTHS = 12
_KEPT = 1024
"""Loans whose answer is kept in memory while their month is looked at."""


@dataclass(frozen=True)
class Remedy:
    """A fact somebody can act on: to which loans it applies, and what it is then."""

    code: str
    words: Words
    applies: Callable[[Row, CountyPolicy], bool]
    fact: Callable[[Row, date], Supposed]


def _more_time_allowed(facts: Row, policy: CountyPolicy) -> bool:
    """As often as the notice allows, before the principal falls due."""
    taken = facts["times_renewed"]
    return taken is not None and taken < policy.lending.renewals and facts["days_to_maturity"] >= 0


def _a_year_later(facts: Row, as_of: date) -> MoreTime:
    matures_on = as_of + timedelta(days=facts["days_to_maturity"])
    return MoreTime(kind="more_time", loan_id=facts["loan_id"], new_matures_on=months_later(matures_on, _MORE_MONTHS))


REMEDIES = (
    Remedy(
        "arrears_cleared",
        Words("还清逾期 {overdue_amount:,.2f} 元", "pay the {overdue_amount:,.2f} yuan overdue"),
        lambda facts, _: (facts["overdue_amount"] or 0) > 0,
        lambda facts, _: Payment(kind="payment", loan_id=facts["loan_id"], yuan=facts["overdue_amount"]),
    ),
    Remedy(
        "use_put_right",
        Words("用途纠正并经检查确认", "have the use put right, and checked"),
        lambda facts, _: 1 in (facts["use_diverted"], facts["use_ill"]),
        lambda facts, _: UseCheck(kind="use_check", loan_id=facts["loan_id"], finding="put_right"),
    ),
    Remedy(
        "claim_settled",
        Words("未结理赔结案并赔付", "have the open insurance claims settled and paid"),
        lambda facts, _: (facts["open_claims"] or 0) > 0,
        lambda _facts, _as_of: ClaimSettled(kind="claim_settled"),
    ),
    Remedy(
        "more_time",
        Words("商定续贷或展期一年", "agree a renewal or extension of a year"),
        _more_time_allowed,
        _a_year_later,
    ),
    Remedy(
        "statement_renewed",
        Words("重新做收入调查 (数字不变)", "renew the income statement (with the same figures)"),
        lambda facts, _: (facts["statement_age_months"] or 0) > 0,
        lambda _facts, _as_of: IncomeStatement(kind="income_statement"),
    ),
)
"""What can be acted on. The rest of what is known of a household cannot, and is never moved."""

_GREEN = Words("已是绿灯。", "The light is green.")
_NOTHING = Words("没有可办的事能使灯色好转。", "Nothing actionable would lower the light.")
_WAYS = Words("办成以下任一项, 灯色好转:", "Any one of these would lower the light:")
_CANNOT_SAY = Words("无法重新计算: {why}", "It cannot be recomputed: {why}")
_CLOSED = Words("这笔贷款就此结清。", "The loan is closed by it.")


def turn_green(warning: LoanWarning, facts: Row, month: Month, store: Store) -> TurnGreen:
    """For one loan of a published month; `facts`: its published features."""
    if warning.light == "green":
        return _answer(_GREEN)
    if facts["has_gone_bad"]:
        return _answer(GONE_BAD)
    try:
        return _found(warning.loan_id, warning.household_id, month, store)
    except Refused as refusal:
        why = refusal.words
        return _answer(Words(_CANNOT_SAY.zh.format(why=why.zh), _CANNOT_SAY.en.format(why=why.en)))


def _answer(words: Words, applying: Sequence[ToldRemedy] = (), ways: Sequence[Way] = ()) -> TurnGreen:
    return TurnGreen(zh=words.zh, en=words.en, looked_at=list(applying), ways=list(ways))


@lru_cache(_KEPT)
def _found(loan: str, household: str, month: Month, store: Store) -> TurnGreen:
    facts = month.household("features", household).filter(pl.col("loan_id") == loan).row(0, named=True)
    applying = [remedy for remedy in REMEDIES if remedy.applies(facts, month.policy)]
    ways = _fewest(applying, facts, month, store)
    return _answer(_WAYS if ways else _NOTHING, [_named(remedy, facts) for remedy in applying], ways)


def _fewest(applying: Sequence[Remedy], facts: Row, month: Month, store: Store) -> list[Way]:
    """All ways of the smallest size that has any, the best first."""
    for size in range(1, min(_MOST_FACTS, len(applying)) + 1):
        ways = list(_ways(list(combinations(applying, size)), facts, month, store))
        if ways:
            return sorted(ways, key=lambda way: (_level(way.light), way.probability or 0.0))
    return []


def _ways(sets: Sequence[tuple[Remedy, ...]], facts: Row, month: Month, store: Store) -> Iterator[Way]:
    """Those of the sets that lower the light, all other facts as they were that evening."""
    bench, home = bench_of(month, store), home_of(month, store, facts["household_id"])
    stands, _ = home.judged_anew[facts["loan_id"]]
    for remedies in sets:
        try:
            supposed = home.evening.supposing([remedy.fact(facts, month.as_of) for remedy in remedies])
        except Impossible:  # one of them has left nothing for another to do
            continue
        light, probability = bench.lit(supposed.evening, home.others, home.before).get(facts["loan_id"], (None, None))
        if _level(light) < _level(stands):
            yield _way(remedies, facts, light, probability, month)


def _level(light: str | None) -> int:
    """A loan that is closed is better than green."""
    return -1 if light is None else CODES.index(light)


def _way(remedies: tuple[Remedy, ...], facts: Row, light: str | None, probability: float | None, month: Month) -> Way:
    named = [_named(remedy, facts) for remedy in remedies]
    reached = _reached(light, probability, month)
    zh, en = " + ".join(each.zh for each in named), " + ".join(each.en for each in named)
    told = {"zh": f"{zh} → {reached.zh}", "en": f"{en} → {reached.en}"}
    return Way.model_validate({"remedies": named, "light": light, "probability": probability, **told})


def _reached(light: str | None, probability: float | None, month: Month) -> Words:
    """The light and the likelihood, or that the loan is closed."""
    if light is None:
        return _CLOSED
    lamp, said = LIGHT_WORDS[light], likelihood(probability, has_gone_bad=False, label=month.manifest.label)
    return Words(f"{lamp.zh}; {said.zh}", f"{lamp.en}; {said.en}")


def _named(remedy: Remedy, facts: Row) -> ToldRemedy:
    zh, en = (text.format(overdue_amount=facts["overdue_amount"] or 0) for text in (remedy.words.zh, remedy.words.en))
    return ToldRemedy(code=remedy.code, zh=zh, en=en)
