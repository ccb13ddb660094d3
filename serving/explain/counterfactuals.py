"""Counterfactuals: the fewest actionable facts that would lower a loan's light, each combination scored again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations

import polars as pl

from features.messages import Bilingual, UserError
from features.months import same_day_after
from features.snapshot.as_of import Snapshot
from models.county_policy.sections import CountyPolicy
from models.light import CODES, LIGHT_WORDS
from serving.explain.household_cache import HouseholdMonth, household_month
from serving.explain.least_amounts import AMOUNT_FACTS, AmountFact, least_steps
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
from serving.explain.what_if.rescore import Rescorer, month_rescorer
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_rows
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import Counterfactual, Counterfactuals, SuggestedFact

_MOST_FACTS = 3
"""Facts that one counterfactual combines at most."""
_MORE_MONTHS = 12
"""Months that a renewal or extension adds."""
_LOANS_IN_MEMORY = 256
_Supposed = tuple[HypotheticalFact, ...]
_AS_IT_IS: _Supposed = ()
_Outcome = tuple[str | None, float | None] | None
"""Light and probability; no light where the facts close the loan; None where one of them is impossible."""


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
        Bilingual("重新做收入调查（数字不变）", "renew the income statement (with the same figures)"),
        lambda facts, _: (facts["statement_age_months"] or 0) > 0,
        lambda _facts, _as_of: IncomeStatement(kind="income_statement"),
    ),
)
"""Facts that counterfactuals may change; all other facts about a household stay as they are."""
_GREEN = Bilingual("已是绿灯。", "The light is green.")
_NOTHING = Bilingual("没有可办的事能使灯色好转。", "Nothing actionable would lower the light.")
_WAYS = Bilingual("办成以下任一项，灯色好转：", "Any one of these would lower the light:")
_CANNOT_RECOMPUTE = Bilingual("无法重新计算：{why}", "It cannot be recomputed: {why}")


def counterfactuals(warning: LoanWarning, facts: Row, month: PublishedMonth, store: DataFolder) -> Counterfactuals:
    """The fewest actionable facts that would lower a loan's light, each combination scored again.

    Args:
        warning: the loan's warning.
        facts: the loan's published features, by name.
        month: the published month.
        store: the data folder that the month lies in.

    Returns:
        All combinations of the smallest size that lower the light, best first, each with the light and probability
        the loan would have; among those of one fact are the least payment ahead and the fewest sheep that do. Empty
        with a sentence that says why where the light is green, the loan has gone bad, nothing actionable helps, or the
        month cannot be recomputed.

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
    trial = _Trial(month, month_rescorer(month, store), household_month(month, store, household), facts)
    applicable = [each for each in ACTIONABLE_FACTS if each.applies(facts, month.policy)]
    most = {each: each.most(facts, trial.household.ledger_snapshot) for each in AMOUNT_FACTS}
    most = {each: steps for each, steps in most.items() if steps > 0}
    alone = [(each,) for each in applicable]
    if not alone and not most:
        return _answer(_NOTHING)
    amounts = (trial.amount(each, steps) for each, steps in most.items())
    trial.score([_AS_IT_IS, *map(trial.facts_of, alone), *amounts])
    ways = [way for each in alone for way in _way_of_facts(each, trial)]
    ways += [way for each, steps in most.items() for way in _way_of_least_amount(each, steps, trial)]
    for size in range(2, min(_MOST_FACTS, len(applicable)) + 1):
        if ways:
            break
        together = list(combinations(applicable, size))
        trial.score([*map(trial.facts_of, together)])
        ways = [way for combined in together for way in _way_of_facts(combined, trial)]
    ways.sort(key=lambda way: (_level(way.light), way.probability or 0.0))
    looked_at = [_remedy(each, facts) for each in applicable]
    looked_at += [_amount_remedy(each, steps, trial) for each, steps in most.items()]
    return _answer(_WAYS if ways else _NOTHING, looked_at, ways)


@dataclass(frozen=True)
class _Trial:
    """A loan and its household, scored again with hypothetical facts, all others as they were at the month's end.

    outcomes: of the facts that were supposed so far.
    """

    month: PublishedMonth
    rescorer: Rescorer
    household: HouseholdMonth
    facts: Row
    outcomes: dict[_Supposed, _Outcome] = field(default_factory=dict)

    @property
    def published_level(self) -> int:
        return self.level(_AS_IT_IS)

    def facts_of(self, actionable: Sequence[ActionableFact]) -> _Supposed:
        return tuple(each.fact(self.facts, self.month.as_of) for each in actionable)

    def amount(self, amount: AmountFact, steps: int) -> _Supposed:
        return (amount.fact(self.facts, self.household.ledger_snapshot, steps),)

    def level(self, supposed: _Supposed) -> int:
        """The level after facts whose outcome is known; the published one where one of them is impossible."""
        outcome = self.outcomes[supposed]
        return self.published_level if outcome is None else _level(outcome[0])

    def score(self, supposed: Sequence[_Supposed]) -> None:
        """Find the outcomes of each of these, all in one pass."""
        variants: dict[_Supposed, Snapshot] = {}
        for each in supposed:
            try:
                variants[each] = self.household.ledger_snapshot.apply_facts(each).snapshot
            except ImpossibleFactsError:  # an earlier fact makes a later one impossible
                self.outcomes[each] = None
        lights = self.rescorer.lights_of_variants(
            list(variants.values()),
            self.household.household,
            self.household.peers,
            self.household.previous_month,
        )
        for each, by_loan in zip(variants, lights, strict=True):
            self.outcomes[each] = by_loan.get(self.facts["loan_id"], (None, None))


def _way_of_facts(actionable: Sequence[ActionableFact], trial: _Trial) -> Iterator[Counterfactual]:
    """The counterfactual of some facts together, where they lower the light."""
    outcome = trial.outcomes[trial.facts_of(actionable)]
    if outcome is not None and _level(outcome[0]) < trial.published_level:
        yield _counterfactual([_remedy(each, trial.facts) for each in actionable], outcome, trial.month)


def _way_of_least_amount(amount: AmountFact, most: int, trial: _Trial) -> Iterator[Counterfactual]:
    """The counterfactual of the least amount that gives the best light that any amount gives, if that is lower."""
    best = trial.level(trial.amount(amount, most))
    if best >= trial.published_level:
        return

    def are_enough(tried: Sequence[int]) -> list[bool]:
        trial.score([each for steps in tried if (each := trial.amount(amount, steps)) not in trial.outcomes])
        return [trial.level(trial.amount(amount, steps)) <= best for steps in tried]

    least = least_steps(are_enough, most)
    outcome = trial.outcomes[trial.amount(amount, least or most)]
    if least is not None and outcome is not None:
        yield _counterfactual([_amount_remedy(amount, least, trial)], outcome, trial.month)


def _counterfactual(
    remedies: Sequence[SuggestedFact], outcome: tuple[str | None, float | None], month: PublishedMonth
) -> Counterfactual:
    light, probability = outcome
    if light is None:
        words = LOAN_CLOSED
    else:
        lamp, likelihood = LIGHT_WORDS[light], likelihood_sentence(probability, False, month.manifest.label)
        words = Bilingual(f"{lamp.zh}；{likelihood.zh}", f"{lamp.en}; {likelihood.en}")
    zh, en = " + ".join(each.zh for each in remedies), " + ".join(each.en for each in remedies)
    sentences = {"zh": f"{zh} → {words.zh}", "en": f"{en} → {words.en}"}
    return Counterfactual.model_validate(
        {"remedies": list(remedies), "light": light, "probability": probability, **sentences}
    )


def _level(light: str | None) -> int:
    """0 for green to 2 for red; -1, better than green, for a loan that is closed."""
    return -1 if light is None else CODES.index(light)


def _amount_remedy(fact: AmountFact, steps: int, trial: _Trial) -> SuggestedFact:
    amount, yuan = fact.amounts(trial.household.ledger_snapshot, steps)
    zh, en = (words.format(amount=amount, yuan=yuan) for words in (fact.words.zh, fact.words.en))
    return SuggestedFact(code=fact.code, zh=zh, en=en)


def _remedy(fact: ActionableFact, facts: Row) -> SuggestedFact:
    overdue = facts["overdue_amount"] or 0
    return SuggestedFact(
        code=fact.code,
        zh=fact.words.zh.format(overdue_amount=overdue),
        en=fact.words.en.format(overdue_amount=overdue),
    )
