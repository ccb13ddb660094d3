"""Lit loans beside the budget of visits: a month's count, what is told of it, and thresholds that would use it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema
from features.messages import Bilingual
from models.county_policy.sections import CountyPolicy
from models.light import CODES, LIGHT_WORDS, Light
from models.policy import (
    NEVER,
    Policy,
    Thresholds,
    VisitBudget,
    budget_within,
    loans_in_share,
    thresholds_in_month,
)
from models.traffic_light.evaluate import as_codes, as_levels

BUDGET_LOANS_SCHEMA = FrameSchema(
    {
        "status": FrameColumn(pl.String(), "performing, probation or bad."),
        "hard_light": FrameColumn(pl.String(), "The worst light of the hard rules that fired; green where none did."),
        "rule_light": FrameColumn(pl.String(), "The worst light of the rules that fired; green where none did."),
        "light": FrameColumn(pl.String(), "The published light."),
        "probability": FrameColumn(pl.Float64(), "Calibrated probability; missing without a model, and once bad."),
        "previous_model_light": FrameColumn(pl.String(), "Light by probability of the month before; missing for none."),
    },
    extra="the column by whose values thresholds differ, where they do",
)
"""Columns of the open loans of a month that `budget_use` counts."""

_STATUS = Bilingual(
    "走访预算：未变坏的贷款 {sound:,} 笔，亮灯 {lit:,} 笔（{lit_share:.1%}；红 {red:,}，黄 {yellow:,}），"
    "其中不论界限都亮灯（观察期或硬性规则）{apart:,} 笔；预算 {budget:,} 笔（{budget_share:.1%}），"
    "上限 {most_lit:.0%}；"
    "规则今日会点亮 {rules:,} 笔（{rules_share:.1%}）。已变坏 {bad:,} 笔另计。",
    "Budget of visits: of {sound:,} loans that have not gone bad {lit:,} are lit ({lit_share:.1%}; red {red:,}, yellow "
    "{yellow:,}), {apart:,} of them whatever the thresholds are (on probation or under a hard rule); the budget is "
    "{budget:,} ({budget_share:.1%}), the ceiling {most_lit:.0%}; today's rules would light {rules:,} "
    "({rules_share:.1%}). {bad:,} bad loans are counted apart.",
)
_VERDICTS: Mapping[str, Bilingual] = {
    "above": Bilingual(
        "亮灯占比 {lit_share:.1%} 超过上限 {most_lit:.0%}，走访不过来。",
        "The lit share of {lit_share:.1%} is above the ceiling of {most_lit:.0%}: more than can be visited.",
    ),
    "over": Bilingual(
        "亮灯 {lit:,} 笔，远多于预算的 {budget:,} 笔：打分已经移动。",
        "{lit:,} loans are lit, far more than the budget of {budget:,}: the scores have moved.",
    ),
    "under": Bilingual(
        "亮灯 {lit:,} 笔，远少于预算的 {budget:,} 笔：打分已经移动，可能漏掉有困难的贷款。",
        "{lit:,} loans are lit, far fewer than the budget of {budget:,}: the scores have moved, and loans with trouble "
        "may be missed.",
    ),
}
_WHAT_TO_DO = Bilingual(
    "查看恰好用完预算的界限：lights thresholds --as-of {as_of} --visits {budget}；"
    '加 --reason "原因" 登记，再 lights promote。',
    "See the thresholds that use up the budget: lights thresholds --as-of {as_of} --visits {budget}; register them "
    'with --reason "why", then lights promote.',
)
_HARD_RULES_ALONE = Bilingual(
    "观察期和硬性规则已用完预算（{apart:,} 笔），界限无从调整：先查送达是否完整（R303）和这些规则。",
    "Probation and hard rules alone use up the budget ({apart:,} loans), and no thresholds change that: see first "
    "whether the deliveries are complete (R303), and these rules.",
)
_BY_RULES = Bilingual(
    "本月仅按规则评灯，界限无从调整：训练模型（lights train），或修改规则表。",
    "The month has its lights by the rules alone, without thresholds to move: train a model (lights train), or change "
    "the rule table.",
)
_OFFER = Bilingual(
    "恰好亮 {lit:,} 笔（红 {red:,}）的界限：黄 {yellow}，红 {red_light}；{changed:,} 笔变色{turns_zh}。未采用；"
    '采用: lights thresholds --as-of {as_of} --visits {budget} --reason "原因"。',
    "Thresholds that would light {lit:,} (red {red:,}): yellow {yellow}, red {red_light}; {changed:,} loans change "
    'colour{turns_en}. Not applied; to apply: lights thresholds --as-of {as_of} --visits {budget} --reason "why".',
)


_LEAST_LEVEL = pl.max_horizontal(
    as_levels(pl.col("hard_light")),
    pl.when(pl.col("status") == "probation").then(int(Light.YELLOW)).otherwise(int(Light.GREEN)),
).alias("least_level")
"""The light that a sound loan has whatever the thresholds are, 0 to 2."""


_WAS = as_levels(pl.col("previous_model_light")).fill_null(int(Light.GREEN))


def rules_level() -> pl.Expr:
    """The light that sound loans in the columns of BUDGET_LOANS_SCHEMA have by the rules alone, 0 to 2."""
    return pl.max_horizontal(as_levels(pl.col("rule_light")), _LEAST_LEVEL)


def published_level(policy: Policy) -> pl.Expr:
    """The light that loans in the columns of BUDGET_LOANS_SCHEMA have under thresholds, 0 to 2; of bad ones red."""
    level = pl.max_horizontal(policy.level(pl.col("probability"), _WAS), _LEAST_LEVEL)
    return pl.when(pl.col("status") == "bad").then(int(Light.RED)).otherwise(level)


@dataclass(frozen=True)
class ThresholdOffer:
    """Thresholds that would use up the budget of a month.

    yellow_from, red_from: the general ones. groups: those of each bank or township, where thresholds differ. red, lit:
    loans that would be red, and red or yellow. turns: rows with `before`, `after` (lights) and `loans` of those that
    would change colour.
    """

    yellow_from: float
    red_from: float
    red: int
    lit: int
    groups: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    turns: Sequence[Mapping[str, Any]] = ()

    @property
    def changed_loans(self) -> int:
        """The number of loans that would change colour."""
        return sum(int(each["loans"]) for each in self.turns)

    def policy(self, current: Policy, terms: Mapping[str, Any]) -> Policy:
        """The light policy with these thresholds. terms: how they were chosen."""
        groups = {code: Thresholds(**each) for code, each in self.groups.items()}
        return replace(
            current,
            yellow_from=self.yellow_from,
            red_from=self.red_from,
            chosen_by="visits",
            terms=terms,
            groups=groups,
        )


@dataclass(frozen=True)
class BudgetUse:
    """The lit loans of a month beside the budget of visits.

    bad: loans that have gone bad, always red. sound: the other open loans. red, yellow: their lights. apart: of these
    lit ones, those that are lit whatever the thresholds are, on probation or under a hard rule. rules_red, rules_lit:
    sound loans that today's rules would light. budget_red, budget_lit: how many may be. most_lit: the ceiling, as a
    share of the sound loans. chosen_by: how the model's thresholds were chosen; None for lights by the rules alone.
    verdict: `fine`, `above` the ceiling, `over` or `under` the budget, or `few` loans to tell. offer: thresholds that
    use up the budget; None without a model.
    """

    bad: int
    sound: int
    red: int
    yellow: int
    apart: int
    rules_red: int
    rules_lit: int
    budget_red: int
    budget_lit: int
    most_lit: float
    chosen_by: str | None = None
    verdict: str = "fine"
    offer: ThresholdOffer | None = None

    @property
    def lit(self) -> int:
        """The sound loans that are red or yellow, those among them that are lit whatever the thresholds are."""
        return self.red + self.yellow

    def share(self, loans: int) -> float | None:
        """A number of loans as a share of the sound ones; None where there are none."""
        return loans / self.sound if self.sound else None

    @property
    def as_json(self) -> dict[str, Any]:
        """The use as plain values, as manifests hold it."""
        return asdict(self)

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> BudgetUse:
        """The use that `as_json` wrote."""
        offer = stored.get("offer")
        return BudgetUse(**{**stored, "offer": ThresholdOffer(**offer) if offer else None})


def budget_use(
    loans: pl.DataFrame, policy: Policy | None, county_policy: CountyPolicy, visits: VisitBudget | None = None
) -> BudgetUse:
    """Count the lit loans of a month beside the budget, and find the thresholds that would use the budget up.

    Args:
        loans: all open loans, in the columns of BUDGET_LOANS_SCHEMA.
        policy: the model's thresholds; None where the rules alone decided.
        county_policy: the ceiling, and how far off it or the budget is told.
        visits: a budget that is asked for, off which nothing is told; None for the share of loans that the thresholds
            were chosen for, within the ceiling, and where that is not known the rules' visits within the ceiling.

    Returns:
        The counts, the verdict and the offered thresholds.

    Example:
        >>> from datetime import date
        >>> from models.county_policy.policy_table import policy_table_of
        >>> limits = policy_table_of(data).in_force(date(2025, 12, 31))
        >>> rows = {
        ...     "status": ["performing"] * 10,
        ...     "hard_light": ["green"] * 10,
        ...     "rule_light": ["yellow"] * 8 + ["green"] * 2,
        ...     "light": ["red", "yellow"] + ["green"] * 8,
        ...     "probability": [0.9, 0.3, 0.2] + [0.1] * 7,
        ...     "previous_model_light": [None] * 10,
        ... }
        >>> frame = pl.DataFrame(rows, schema_overrides={"previous_model_light": pl.String})
        >>> use = budget_use(frame, Policy(0.25, 0.5, "rules_visits"), limits)
        >>> use.lit, use.rules_lit, use.budget_lit, use.offer.yellow_from
        (2, 8, 3, 0.2)
    """
    sound = loans.filter(pl.col("status") != "bad").with_columns(_LEAST_LEVEL)
    limits, count = county_policy.visits, sound.height
    lights, rule_lights = (sound[name].cast(pl.String) for name in ("light", "rule_light"))
    rules = VisitBudget(int((rule_lights == "red").sum()), int((rule_lights != "green").sum()))
    shares = budget_shares(policy) if policy else None
    chosen = VisitBudget(*(loans_in_share(count, share) for share in shares)) if shares else rules
    budget = visits or budget_within(chosen, count, limits.most_lit)
    red, yellow = int((lights == "red").sum()), int((lights == "yellow").sum())
    verdict = budget_verdict(red + yellow, count, budget, county_policy)
    if visits or (verdict != "above" and policy is None):
        verdict = "fine"
    return BudgetUse(
        bad=loans.height - count,
        sound=count,
        red=red,
        yellow=yellow,
        apart=int((sound["least_level"] > 0).sum()),
        rules_red=rules.red,
        rules_lit=rules.lit,
        budget_red=budget.red,
        budget_lit=budget.lit,
        most_lit=limits.most_lit,
        chosen_by=policy.chosen_by if policy else None,
        verdict=verdict,
        offer=threshold_offer(sound, policy, budget) if policy else None,
    )


def budget_verdict(lit: int, sound: int, budget: VisitBudget, county_policy: CountyPolicy) -> str:
    """Whether lit loans are `above` the ceiling, `over` or `under` the budget, `fine`, or too `few` to tell."""
    limits = county_policy.visits
    if sound < county_policy.groups.least_loans:
        return "few"
    if lit > limits.above_by * limits.most_lit * sound:
        return "above"
    if lit > limits.off_by * budget.lit:
        return "over"
    return "under" if lit * limits.off_by < budget.lit else "fine"


def budget_shares(policy: Policy) -> tuple[float, float] | None:
    """The shares of loans that thresholds were chosen to light, red and red or yellow; None where that is not known."""
    terms = policy.terms
    if "capacity" in terms:
        return terms["capacity"]["red_in_100"] / 100, terms["capacity"]["lit_in_100"] / 100
    budget = terms.get("budget") or terms.get("rules_visits") or terms.get("as_kept")
    return (budget["red"] / terms["rows"], budget["lit"] / terms["rows"]) if budget and terms.get("rows") else None


def threshold_offer(sound: pl.DataFrame, policy: Policy, budget: VisitBudget) -> ThresholdOffer:
    """The thresholds that would use up a budget of visits, and the loans that would change colour.

    sound: the loans that have not gone bad, in the columns of BUDGET_LOANS_SCHEMA, and `least_level`, the light that
    each has whatever the thresholds are. policy: the thresholds now; the offered ones keep its hysteresis, and differ
    by bank or township where its own do, each of which has its part of the budget.
    """
    sound = sound.with_columns(_WAS.alias("was"))

    def chosen(rows: pl.DataFrame, visits: VisitBudget) -> Thresholds:
        levels = rows["was"].to_numpy(), rows["least_level"].to_numpy()
        return thresholds_in_month(rows["probability"].to_numpy(), *levels, visits, policy.keeps)

    general, groups = chosen(sound, budget), {}
    for code in policy.groups:
        rows = sound.filter(pl.col(policy.by or "") == code)
        part = rows.height / sound.height if sound.height else 0.0
        visits = VisitBudget(loans_in_share(budget.red, part), loans_in_share(budget.lit, part))
        groups[code] = asdict(chosen(rows, visits))
    offer = ThresholdOffer(general.yellow_from, general.red_from, 0, 0, groups)
    after = as_codes(published_level(offer.policy(policy, {}))).alias("after")
    lights = sound.select(pl.col("light").cast(pl.String).alias("before"), after)
    turns = lights.filter(pl.col("before") != pl.col("after")).group_by("before", "after").agg(pl.len().alias("loans"))
    order = [as_levels(pl.col(name)) for name in ("before", "after")]
    red, green = (int((lights["after"] == code).sum()) for code in (CODES[-1], CODES[0]))
    return replace(offer, red=red, lit=lights.height - green, turns=turns.sort(order).to_dicts())


def budget_sentences(use: BudgetUse, as_of: date) -> list[Bilingual]:
    """The counts of a month; where they are off the ceiling or the budget, what to do; and the offered thresholds."""
    sentences = (budget_status(use, as_of), verdict_sentence(use, as_of), offer_sentence(use, as_of))
    return [sentence for sentence in sentences if sentence]


def budget_status(use: BudgetUse, as_of: date) -> Bilingual:
    """The lit loans of a month, the budget, the ceiling, and what today's rules would light."""
    return _STATUS.format(**_values(use, as_of))


def verdict_sentence(use: BudgetUse, as_of: date) -> Bilingual | None:
    """Where the lit loans are off the ceiling or the budget, a sentence that says so and what to do; else None."""
    if use.verdict not in _VERDICTS:
        return None
    to_do = _WHAT_TO_DO if use.chosen_by else _BY_RULES
    if use.chosen_by and use.apart >= use.budget_lit:
        to_do = _HARD_RULES_ALONE
    said, to_do = (each.format(**_values(use, as_of)) for each in (_VERDICTS[use.verdict], to_do))
    return Bilingual(said.zh + to_do.zh, f"{said.en} {to_do.en}")


def offer_sentence(use: BudgetUse, as_of: date) -> Bilingual | None:
    """The thresholds that would use up the budget, and the loans that would change colour; None without a model."""
    offer = use.offer
    if offer is None:
        return None
    return _OFFER.format(
        **asdict(offer),
        changed=offer.changed_loans,
        yellow=_threshold_words(offer.yellow_from),
        red_light=_threshold_words(offer.red_from),
        turns_zh=_turn_words(offer.turns, "zh"),
        turns_en=_turn_words(offer.turns, "en"),
        budget=use.budget_lit,
        as_of=as_of,
    )


def _values(use: BudgetUse, as_of: date) -> dict[str, Any]:
    """The numbers that sentences name."""
    loans = {"lit": use.lit, "budget": use.budget_lit, "rules": use.rules_lit}
    shares = {f"{name}_share": use.share(number) or 0.0 for name, number in loans.items()}
    return {**use.as_json, **loans, **shares, "as_of": as_of}


def _turn_words(turns: Sequence[Mapping[str, Any]], lang: str) -> str:
    """The loans that change colour, as `green → yellow 3`, after a colon; nothing where none does."""
    words = {code: getattr(LIGHT_WORDS[code], lang) for code in CODES}
    said = ", ".join(f"{words[each['before']]} → {words[each['after']]} {each['loans']:,}" for each in turns)
    return said and f": {said}"


def _threshold_words(threshold: float) -> str:
    return "–" if threshold >= NEVER else f"≥ {threshold:.4f}"
