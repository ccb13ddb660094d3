"""Counterfactuals: the fewest actionable facts that would lower a loan's light, each combination scored again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations

import polars as pl

from features.messages import Bilingual, UserError
from features.months import same_day_after
from models.county_policy.sections import CountyPolicy
from models.light import CODES, LIGHT_WORDS
from serving.explain.household_cache import household_month
from serving.explain.sentences import GONE_BAD, LOAN_CLOSED, Row, likelihood_sentence
from serving.explain.what_if.facts import (
    ClaimSettled,
    HypotheticalFact,
    ImpossibleFactsError,
    IncomeStatement,
    MoreTime,
    Payment,
    UseCheck,
)
from serving.explain.what_if.rescore import month_rescorer
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_rows
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import Counterfactual, Counterfactuals, SuggestedFact

_MOST_FACTS = 3
"""Facts that one counterfactual combines at most."""
_MORE_MONTHS = 12
"""Months that a renewal or extension adds."""
_LOANS_IN_MEMORY = 1024


@dataclass(frozen=True)
class ActionableFact:
    """A fact that somebody can bring about.

    applies: whether it applies to a loan, by its features and the policy. fact: the fact for a loan at a month's end.
    """

    code: str
    words: Bilingual
    applies: Callable[[Row, CountyPolicy], bool]
    fact: Callable[[Row, date], HypotheticalFact]


ACTIONABLE_FACTS = (
    ActionableFact(
        "arrears_cleared",
        Bilingual("还清逾期 {overdue_amount:,.2f} 元", "pay the {overdue_amount:,.2f} yuan overdue"),
        lambda facts, _: (facts["overdue_amount"] or 0) > 0,
        lambda facts, _: Payment(kind="payment", loan_id=facts["loan_id"], yuan=facts["overdue_amount"]),
    ),
    ActionableFact(
        "use_put_right",
        Bilingual("用途纠正并经检查确认", "have the use put right, and checked"),
        lambda facts, _: 1 in (facts["use_diverted"], facts["use_ill"]),
        lambda facts, _: UseCheck(kind="use_check", loan_id=facts["loan_id"], finding="put_right"),
    ),
    ActionableFact(
        "claim_settled",
        Bilingual("未结理赔结案并赔付", "have the open insurance claims settled and paid"),
        lambda facts, _: (facts["open_claims"] or 0) > 0,
        lambda _facts, _as_of: ClaimSettled(kind="claim_settled"),
    ),
    ActionableFact(
        "more_time",
        Bilingual("商定续贷或展期一年", "agree a renewal or extension of a year"),
        lambda facts, policy: (
            facts["times_renewed"] is not None
            and facts["times_renewed"] < policy.grants.renewals
            and facts["days_to_maturity"] >= 0
        ),
        lambda facts, as_of: MoreTime(
            kind="more_time",
            loan_id=facts["loan_id"],
            new_matures_on=same_day_after(as_of + timedelta(days=facts["days_to_maturity"]), _MORE_MONTHS),
        ),
    ),
    ActionableFact(
        "statement_renewed",
        Bilingual("重新做收入调查 (数字不变)", "renew the income statement (with the same figures)"),
        lambda facts, _: (facts["statement_age_months"] or 0) > 0,
        lambda _facts, _as_of: IncomeStatement(kind="income_statement"),
    ),
)
"""Facts that counterfactuals may change; all other facts about a household stay as they are."""
_GREEN = Bilingual("已是绿灯。", "The light is green.")
_NOTHING = Bilingual("没有可办的事能使灯色好转。", "Nothing actionable would lower the light.")
_WAYS = Bilingual("办成以下任一项, 灯色好转:", "Any one of these would lower the light:")
_CANNOT_RECOMPUTE = Bilingual("无法重新计算: {why}", "It cannot be recomputed: {why}")


def counterfactuals(warning: LoanWarning, facts: Row, month: PublishedMonth, store: DataFolder) -> Counterfactuals:
    """The fewest actionable facts that would lower a loan's light, each combination scored again.

    Args:
        warning: the loan's warning.
        facts: the loan's published features, by name.
        month: the published month.
        store: the data folder that the month lies in.

    Returns:
        All combinations of the smallest size that lower the light, best first, each with the light and probability
        the loan would have; empty with a sentence that says why where the light is green, the loan has gone bad,
        nothing actionable helps, or the month cannot be recomputed.

    Example:
        >>> import polars as pl
        >>> from serving.explain.counterfactuals import counterfactuals
        >>> from serving.explain.household_cache import household_month
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> green = month.scan("warnings").filter(pl.col("light") == "green").head(1).collect()
        >>> household = household_month(month, store, green["household_id"][0])
        >>> warning = next(each for each in household.rendered_warnings if each.light == "green")
        >>> answer = counterfactuals(warning, {}, month, store)
        >>> answer.en, answer.ways
        ('The light is green.', [])
    """
    if warning.light == "green":
        return _answer(_GREEN)
    if facts["has_gone_bad"]:
        return _answer(GONE_BAD)
    try:
        return _smallest_counterfactuals(warning.loan_id, warning.household_id, month, store)
    except UserError as error:
        why, words = error.message, _CANNOT_RECOMPUTE
        return _answer(Bilingual(words.zh.format(why=why.zh), words.en.format(why=why.en)))


def _answer(
    words: Bilingual, applicable: Sequence[SuggestedFact] = (), ways: Sequence[Counterfactual] = ()
) -> Counterfactuals:
    return Counterfactuals(zh=words.zh, en=words.en, looked_at=list(applicable), ways=list(ways))


@lru_cache(_LOANS_IN_MEMORY)
def _smallest_counterfactuals(loan: str, household: str, month: PublishedMonth, store: DataFolder) -> Counterfactuals:
    """The answer for a loan whose light is not green; of a published month it never changes."""
    features = loan_rows(month, "features", pl.col("household_id") == household)
    facts = features.filter(pl.col("loan_id") == loan).row(0, named=True)
    applicable = [each for each in ACTIONABLE_FACTS if each.applies(facts, month.policy)]
    ways: list[Counterfactual] = []
    for size in range(1, min(_MOST_FACTS, len(applicable)) + 1):
        ways = list(_ways_to_lower_light(combinations(applicable, size), facts, month, store))
        if ways:
            break
    ways.sort(key=lambda way: (_level(way.light), way.probability or 0.0))
    return _answer(_WAYS if ways else _NOTHING, [_remedy(each, facts) for each in applicable], ways)


def _ways_to_lower_light(
    combined_facts: Iterable[tuple[ActionableFact, ...]], facts: Row, month: PublishedMonth, store: DataFolder
) -> Iterator[Counterfactual]:
    """The combinations of facts that lower the loan's light, with all other facts as they were at the month's end."""
    rescorer, household = month_rescorer(month, store), household_month(month, store, facts["household_id"])
    published_light, _ = household.recomputed_lights[facts["loan_id"]]
    for actionable in combined_facts:
        try:
            changed = household.ledger_snapshot.apply_facts([each.fact(facts, month.as_of) for each in actionable])
        except ImpossibleFactsError:  # an earlier fact of the combination makes a later one impossible
            continue
        lights = rescorer.lights(changed.snapshot, household.peers, household.previous_month)
        light, probability = lights.get(facts["loan_id"], (None, None))
        if _level(light) >= _level(published_light):
            continue
        if light is None:
            outcome = LOAN_CLOSED
        else:
            lamp, likelihood = LIGHT_WORDS[light], likelihood_sentence(probability, False, month.manifest.label)
            outcome = Bilingual(f"{lamp.zh}; {likelihood.zh}", f"{lamp.en}; {likelihood.en}")
        remedies = [_remedy(each, facts) for each in actionable]
        zh, en = " + ".join(each.zh for each in remedies), " + ".join(each.en for each in remedies)
        words = {"zh": f"{zh} → {outcome.zh}", "en": f"{en} → {outcome.en}"}
        yield Counterfactual.model_validate({"remedies": remedies, "light": light, "probability": probability, **words})


def _level(light: str | None) -> int:
    """0 for green to 2 for red; -1, better than green, for a loan that is closed."""
    return -1 if light is None else CODES.index(light)


def _remedy(fact: ActionableFact, facts: Row) -> SuggestedFact:
    overdue = facts["overdue_amount"] or 0
    return SuggestedFact(
        code=fact.code,
        zh=fact.words.zh.format(overdue_amount=overdue),
        en=fact.words.en.format(overdue_amount=overdue),
    )
