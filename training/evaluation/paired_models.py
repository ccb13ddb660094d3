"""Champion and challenger on the same loans: differences with paired intervals, who is visited, whose light changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from features.messages import Bilingual, Line
from models.bundle import Bundle
from models.county_policy.policy_table import PolicyTable
from models.evaluation_words import group_words
from models.raw_score import Floats
from training.evaluation.at_capacity import population_at_capacity
from training.evaluation.bootstrap import BootstrapWeights, estimate, quotient
from training.evaluation.evaluated_loans import EvaluatedLoans, score_loans
from training.evaluation.light_quadrants import SwapSets, swap_sets
from training.evaluation.measures import Bools
from training.evaluation.report import Estimate, EvaluationSettings
from training.folds import Fold, rows_in_fold
from training.plan import Plan

METRIC_WORDS: Mapping[str, Bilingual] = {
    "auc": Bilingual("AUC", "AUC"),
    "average_precision": Bilingual("平均精确率（PR-AUC）", "average precision (PR-AUC)"),
    "log_loss": Bilingual("对数损失（越低越好）", "log loss (lower is better)"),
    "brier": Bilingual("Brier 分数（越低越好）", "Brier score (lower is better)"),
    "recall_at_rules_visits": Bilingual("走访次数与规则相同时的识别率", "recall at the rules' number of visits"),
}
_LOWER_IS_BETTER = ("log_loss", "brier")
_DRAWS_AT_ONCE = 25
_LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
"""Below which a probability counts as this in the log loss, as in scikit-learn's."""
_DEFAULT_SETTINGS = EvaluationSettings()
_VERDICTS = {
    "open": Bilingual("区间含 0，分不出高下", "the interval includes 0: not told apart"),
    "better": Bilingual("挑战者更好，区间不含 0", "the challenger is better, the interval does not include 0"),
    "worse": Bilingual("挑战者更差，区间不含 0", "the challenger is worse, the interval does not include 0"),
}
_HAS_SEEN = Bilingual(
    "注意：评判样本中 {loans} 行的农户曾用于训练在用模型，且月份重叠，对它有利。",
    "Mind: households of {loans} of these rows were in the champion's own fit, in the same months, which favours it.",
)
_OTHER_EVENT = Bilingual(
    "注意：在用模型预测的事件不同（{champion}），这里按挑战者的事件（{challenger}）评判。",
    "Mind: the champion foretells another event ({champion}); both are judged by the challenger's ({challenger}).",
)


@dataclass(frozen=True)
class PairedMetric:
    """A metric of both models, and challenger less champion with its interval, each draw of the same households."""

    name: str
    champion: float | None
    challenger: float | None
    difference: Estimate

    @property
    def verdict(self) -> Bilingual:
        """Which model is better beyond the interval, if any is."""
        if self.difference.includes_zero:
            return _VERDICTS["open"]
        is_higher = (self.difference.value or 0) > 0
        return _VERDICTS["better" if is_higher != (self.name in _LOWER_IS_BETTER) else "worse"]


@dataclass(frozen=True)
class PairedComparison:
    """Two models on the loans of the challenger's judgement fold.

    champion, challenger: versions. first, last: month ends (ISO). visits: of the rules, made anew in each month. swaps:
    visits and lights of the champion by those of the challenger. changed: loans whose light differs. cautions: why the
    comparison is not a fair one.
    """

    champion: str
    challenger: str
    first: str
    last: str
    loans: int
    bad: int
    households: int
    visits: int
    draws: int
    metrics: tuple[PairedMetric, ...]
    swaps: SwapSets
    changed: int
    cautions: tuple[Bilingual, ...]

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain JSON values."""
        return asdict(self)

    @property
    def run_metrics(self) -> dict[str, float]:
        """The differences as metrics of an MLflow run: `difference_<metric>`, and its interval as `_low`, `_high`."""
        values = {
            f"difference_{metric.name}{ending}": value
            for metric in self.metrics
            for ending, value in zip(("", "_low", "_high"), asdict(metric.difference).values(), strict=True)
        }
        return {name: value for name, value in values.items() if value is not None}


def compare_models(
    champion: Bundle,
    challenger: Bundle,
    sample: pl.DataFrame,
    policies: PolicyTable,
    settings: EvaluationSettings = _DEFAULT_SETTINGS,
) -> PairedComparison:
    """Score the same loans by both models and compare them.

    Args:
        champion: the model in use.
        challenger: the model that may replace it.
        sample: the judgement fold of the challenger's plan, as `samples` returns it.
        policies: the dated policy table.
        settings: seed and draws of the bootstrap over households.

    Example:
        >>> from features.ledger.ledger import Ledger
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.registry import ModelStore
        >>> from models.traffic_light.rule_table import rule_table_of
        >>> from training.cohort import samples
        >>> model = ModelStore(data / "models").champion
        >>> plan, tables = Plan.model_validate(model.card["plan"]), (rule_table_of(data), policy_table_of(data))
        >>> folds = samples(Ledger(data / "ledger"), plan, *tables, lambda *_: None, [Fold.JUDGEMENT])
        >>> itself = compare_models(model, model, folds[Fold.JUDGEMENT], tables[1])
        >>> itself.changed, {metric.difference.value for metric in itself.metrics}
        (0, {0.0})
    """
    old, new = (score_loans(bundle, sample, policies) for bundle in (champion, challenger))
    swaps, frame = swap_sets(old, new), new.frame
    changed = sum(each.loans for each in swaps.lights if each.first != each.second)
    return PairedComparison(
        champion=champion.version,
        challenger=challenger.version,
        first=str(frame["as_of"].min()),
        last=str(frame["as_of"].max()),
        loans=frame.height,
        bad=int(new.bad.sum()),
        households=frame["household_id"].n_unique(),
        visits=int(new.flagged_by_rules.sum()),
        draws=settings.draws,
        metrics=tuple(paired_metrics(old, new, settings)),
        swaps=swaps,
        changed=changed,
        cautions=tuple(_cautions(champion, challenger, sample)),
    )


def paired_metrics(
    champion: EvaluatedLoans, challenger: EvaluatedLoans, settings: EvaluationSettings
) -> Iterator[PairedMetric]:
    """Each metric of METRIC_WORDS; both models' loans are the same rows in the same order."""
    weights = BootstrapWeights(challenger.household_index, settings.draws, settings.seed)
    bad = challenger.bad
    every_row = np.ones(len(bad))
    measures: Mapping[str, Callable[[Floats], Floats]] = {
        "auc": lambda probability: _in_parts(weighted_auc, probability, bad, weights),
        "average_precision": lambda probability: _in_parts(weighted_average_precision, probability, bad, weights),
        "log_loss": lambda probability: weights.ratio(
            -np.log(np.maximum(np.where(bad, probability, 1 - probability), _LEAST_PROBABILITY)), every_row
        ),
        "brier": lambda probability: weights.ratio((probability - bad) ** 2, every_row),
    }
    for name, measure in measures.items():
        old, new = measure(champion.probability), measure(challenger.probability)
        yield PairedMetric(name, estimate(old).value, estimate(new).value, estimate(new - old))
    scores = {"rules": challenger.scores["rules"], "model": champion.probability, "challenger": challenger.probability}
    contenders = population_at_capacity(replace(challenger, scores=scores), settings).contenders
    old_recall, new_recall = (contenders[name] for name in ("model", "challenger"))
    yield PairedMetric(
        "recall_at_rules_visits", old_recall.recall.value, new_recall.recall.value, new_recall.less_model
    )


def weighted_auc(score: Floats, bad: Bools, weights: Floats) -> Floats:
    """The area under the ROC curve under each draw; weights: rows x draws. NaN where a draw has one outcome alone."""
    good, ill = _sums_by_tie(score, bad, weights)
    below = np.cumsum(good, axis=0) - good
    return quotient((ill * (below + good / 2)).sum(0), ill.sum(0) * good.sum(0))


def weighted_average_precision(score: Floats, bad: Bools, weights: Floats) -> Floats:
    """The average precision under each draw; weights: rows x draws. NaN where a draw has no bad loan."""
    good, ill = (sums[::-1] for sums in _sums_by_tie(score, bad, weights))
    caught = np.cumsum(ill, axis=0)
    visited = caught + np.cumsum(good, axis=0)
    precision = np.divide(caught, visited, out=np.zeros_like(caught), where=visited > 0)
    return quotient((precision * ill).sum(0), ill.sum(0))


def _sums_by_tie(score: Floats, bad: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """The weights of good and of bad rows by distinct score, from the lowest on: scores x draws."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    good, ill = (np.add.reduceat(weights[order] * kind[order, None], starts, axis=0) for kind in (~bad, bad))
    return good, ill


def _in_parts(
    measure: Callable[[Floats, Bools, Floats], Floats], score: Floats, bad: Bools, weights: BootstrapWeights
) -> Floats:
    """A measure under all draws, some at a time so that memory has a bound."""
    columns = range(0, weights.draws + 1, _DRAWS_AT_ONCE)
    parts = (weights.weights[:, first : first + _DRAWS_AT_ONCE][weights.household_index] for first in columns)
    return np.concatenate([measure(score, bad, part) for part in parts])


def _cautions(champion: Bundle, challenger: Bundle, sample: pl.DataFrame) -> Iterator[Bilingual]:
    plan = Plan.model_validate(champion.card["plan"])
    known = rows_in_fold(sample.filter(pl.col("as_of").is_in(plan.month_ends.fit)), Fold.FIT, plan).height
    if known:
        yield _HAS_SEEN.format(loans=known)
    old, new = (f"{each.bad_after_days}/{each.card['horizon_months']}" for each in (champion, challenger))
    if old != new:
        yield _OTHER_EVENT.format(champion=old, challenger=new)


def comparison_lines(comparison: PairedComparison) -> Iterator[Line]:
    """The comparison as lines for a terminal."""
    champion, challenger, rows = comparison.champion, comparison.challenger, comparison.loans
    months, bad, visits = f"{comparison.first} … {comparison.last}", comparison.bad, comparison.visits
    yield Bilingual(
        f"在用 {champion}，挑战者 {challenger}：{rows} 行，{months}，变坏 {bad}，走访 {visits}",
        f"champion {champion}, challenger {challenger}: {rows} rows, {months}, {bad} bad, {visits} visits",
    )
    for metric in comparison.metrics:
        values = (metric.champion, metric.challenger, *asdict(metric.difference).values())
        old, new, value, low, high = ("-" if each is None else f"{each:.4f}" for each in values)
        words, verdict = METRIC_WORDS[metric.name], metric.verdict
        yield Bilingual(
            f"{words.zh}：{old} → {new}，差 {value}（{low} … {high}）；{verdict.zh}",
            f"{words.en}: {old} → {new}, difference {value} ({low} … {high}); {verdict.en}",
        )
    yield Bilingual(f"{comparison.changed} 行变色", f"{comparison.changed} rows change colour")
    for cell in comparison.swaps.lights:
        first, second = (group_words("", code) for code in (cell.first, cell.second))
        if cell.loans and cell.first != cell.second:
            yield Bilingual(
                f"  {first.zh} → {second.zh}：{cell.loans}，变坏 {cell.bad}",
                f"  {first.en} → {second.en}: {cell.loans}, {cell.bad} bad",
            )
    for caution in comparison.cautions:
        yield Bilingual(f"! {caution.zh}", f"! {caution.en}")
