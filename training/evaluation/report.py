"""The evaluation report: plain values, equal for equal loans and seed; a measure that could not be computed is None.

`judgement.json` beside each model bundle and the gate's JSON hold these fields under these names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from features.messages import Bilingual


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings of an evaluation.

    seed, draws: of the bootstrap over households. deciles: number of bins of the calibration curve. least_loans,
    least_bad: a segment with fewer loans, or fewer that went bad, is "not enough data". least_cell: smallest number
    of loans, and of loans gone bad, of a group of people whose figures are shown.
    """

    seed: int = 20260101
    draws: int = 200
    deciles: int = 10
    least_loans: int = 30
    least_bad: int = 5
    least_cell: int = 10


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval (low to high) from the bootstrap by household."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def includes_zero(self) -> bool:
        """Whether zero lies within the interval, or there is no interval."""
        return self.low is None or self.high is None or self.low <= 0 <= self.high


NO_ESTIMATE = Estimate(None, None, None)


@dataclass(frozen=True)
class MonthMetrics:
    """One month end, or `all` of them: loans, how many went bad, the rules' visits, AUC and recall by compared model.

    recall: the share of the bad loans among the riskiest `visits` loans; ties count by their share.
    """

    month: str
    loans: int
    bad: int
    visits: int
    auc: Mapping[str, float | None]
    recall: Mapping[str, float | None]


@dataclass(frozen=True)
class ModelAtCapacity:
    """One compared model at the rules' number of visits.

    found: bad loans visited. recall, precision: shares. money: yuan outstanding on the bad loans visited. less_rules:
    recall minus the rules' recall; less_model: recall minus the model's; both on the same bootstrap draws.
    """

    found: float | None
    recall: Estimate
    precision: Estimate
    money: Estimate
    less_rules: Estimate
    less_model: Estimate


@dataclass(frozen=True)
class LeadTime:
    """How early the loans that went bad were first visited.

    bad: loans that went bad. caught: of these, loans visited before. median_days: of the caught, from the first visit
    to the day they went bad. ahead: number of caught loans by least number of days ahead (90, 60, 30).
    """

    bad: int
    caught: int
    median_days: float | None
    ahead: Mapping[str, int]


@dataclass(frozen=True)
class PopulationAtCapacity:
    """One population of loans, visited each month as often as the rules flag loans in it, or as a ceiling allows.

    money: yuan outstanding on the bad loans. contenders, lead: by compared model.
    """

    loans: int
    bad: int
    visits: int
    money: float
    contenders: Mapping[str, ModelAtCapacity]
    lead: Mapping[str, LeadTime]

    @property
    def best_opponent(self) -> str:
        """The compared model, other than the model itself, that finds most bad loans; the first of equals."""
        recall = {name: each.recall.value for name, each in self.contenders.items() if name != "model"}
        return max(recall, key=lambda name: -1.0 if recall[name] is None else float(recall[name] or 0))


@dataclass(frozen=True)
class LightQuadrant:
    """Loans with one pair of lights (or of two models' visits): number, bad ones, yuan on the bad ones, share bad."""

    first: str
    second: str
    loans: int
    bad: int
    money: float
    bad_share: float | None


@dataclass(frozen=True)
class RankingMetrics:
    """How well a compared model orders the loans: AUC, average precision, Kolmogorov-Smirnov distance."""

    auc: float | None
    pr_auc: float | None
    ks: float | None


@dataclass(frozen=True)
class CurvePoint:
    """One bin of the calibration curve: loans, mean probability, share that went bad."""

    loans: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class LightCalibration:
    """One light in one month: mean probability, and the 95% Jeffreys interval of the share that went bad.

    holds: whether the mean probability lies in the interval.
    """

    month: str
    light: str
    loans: int
    bad: int
    predicted: float
    low: float
    high: float
    holds: bool


@dataclass(frozen=True)
class LightOutcome:
    """One light over all months: its loans, how many went bad, how many were foretold, and the quotient of the two."""

    light: str
    loans: int
    bad: int
    foretold: float
    ratio: Estimate


@dataclass(frozen=True)
class CalibrationInTheLarge:
    """One month: mean probability of its loans, and the share of them that went bad."""

    month: str
    loans: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class CalibrationMetrics:
    """How well the probabilities agree with the outcomes.

    ece: expected calibration error. months: by light, the months in which it has loans; months_hold: those of them in
    which its Jeffreys interval holds the mean probability. outcomes: of each light over all months; empty in reports
    of earlier programs.
    """

    brier: float
    log_loss: float
    ece: float
    curve: tuple[CurvePoint, ...]
    in_the_large: tuple[CalibrationInTheLarge, ...]
    lights: tuple[LightCalibration, ...]
    months: Mapping[str, int]
    months_hold: Mapping[str, int]
    outcomes: tuple[LightOutcome, ...] = ()


@dataclass(frozen=True)
class SegmentMetrics:
    """One segment of the loans (`by` a dimension, `part` its code) under the visits made in the whole county.

    enough: whether it has enough loans and bad ones; the measures are None or empty where it has not.
    """

    by: str
    part: str
    loans: int
    bad: int
    enough: bool
    auc: float | None
    recall: Estimate
    recall_rules: Estimate
    less_rules: Estimate
    predicted: float | None
    observed: float | None


@dataclass(frozen=True)
class GroupFairness:
    """One group of people (`by` a characteristic, `part` its code) under the model's lights.

    lit: share flagged. false_greens: share of the bad loans that were green. false_alarms: share of the good loans
    that were flagged. predicted, observed: mean probability and share bad. Figures are None where they would reveal
    few people, directly or by subtraction from a total.
    """

    by: str
    part: str
    loans: int | None
    bad: int | None
    lit: Estimate
    false_greens: Estimate
    false_alarms: Estimate
    predicted: float | None
    observed: float | None


@dataclass(frozen=True)
class PermutationTest:
    """Mean AUC of models fitted to shuffled labels and measured on shuffled labels; far from 1/2 means a leak."""

    auc: float
    fits: int
    permutations: int


@dataclass(frozen=True)
class LeakChecks:
    """Checks for leaks.

    permuted: None where the plan asks for no such fits. barred: columns of the model that no model may have. signs:
    columns that it moves against their sign; None in reports of earlier programs.
    model_data, judged_data: versions of the ledger of the fit and of the evaluation.
    """

    permuted: PermutationTest | None
    barred: tuple[str, ...]
    model_data: str
    judged_data: str
    signs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Ablation:
    """AUC and recall of the model refitted without one family of features; family None: with all features."""

    family: str | None
    auc: float | None
    recall: float | None


@dataclass(frozen=True)
class Stability:
    """The model refitted under several seeds.

    auc, recall: lowest and highest. rank_correlation: mean over pairs of seeds (Spearman). changing: mean share of
    loans that are visited under one seed and not under the other.
    """

    seeds: int
    auc: tuple[float, float] | None
    recall: tuple[float, float] | None
    rank_correlation: float
    changing: float


@dataclass(frozen=True)
class CeilingDistance:
    """The model's AUC and recall beside the best that the true hazards of a simulated county allow.

    way: (auc - 1/2) / (best_auc - 1/2).
    """

    auc: float
    best_auc: float
    way: float
    recall: float
    best_recall: float


@dataclass(frozen=True)
class ForetoldShare:
    """A published figure beside what came of it, over the loans whose outcome is certain.

    figure: column of the warnings. happened: loans to which it did. predicted: mean of the figure; None without loans.
    observed: share of the loans to which it happened, with its interval.
    """

    figure: str
    loans: int
    happened: int
    predicted: float | None
    observed: Estimate

    @property
    def holds(self) -> bool:
        """Whether the interval of the observed share holds the mean of the figure."""
        low, high = self.observed.low, self.observed.high
        return self.predicted is not None and low is not None and high is not None and low <= self.predicted <= high


@dataclass(frozen=True)
class DueSkill:
    """How well compared models tell which of the loans due soon go bad.

    visits: of the rules, month by month. auc, recall (at these visits): by compared model; `bad_if_due` is the model's
    probability of going bad once due.
    """

    loans: int
    bad: int
    visits: int
    auc: Mapping[str, Estimate]
    recall: Mapping[str, Estimate]


@dataclass(frozen=True)
class MonthsAheadMetrics:
    """The figures by month ahead.

    without_figures: loans for which the hazards could not be brought to agree with the probability.
    due_within_horizon: loans whose maturity falls within the horizon, bad where the label says so. once_due: those of
    them that were open and not bad when it came, bad where they went bad up to the month in which unpaid principal
    makes bad.
    """

    foretold: tuple[ForetoldShare, ...]
    without_figures: int
    due_within_horizon: DueSkill
    once_due: DueSkill


@dataclass(frozen=True)
class GainsCurves:
    """Recall of each compared model where it visits the riskiest `shares` of each month's loans."""

    shares: tuple[float, ...]
    recall: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class EvaluationReport:
    """The whole evaluation of a model.

    leaks, drift, ablation, stability and distance need the fit fold, other fits or the simulator's truth; they are
    None until they are filled in. drift: PSI by column. bad_by_fold: bad loans in each fold of the model. months_ahead:
    None for models without hazards by month ahead. at_budget: everyone at the rules' visits within the ceiling of the
    thresholds; None where that leaves out none. gains: None in reports of earlier programs.
    """

    settings: EvaluationSettings
    months: tuple[MonthMetrics, ...]
    everyone: PopulationAtCapacity
    not_in_arrears: PopulationAtCapacity
    corners: tuple[LightQuadrant, ...]
    ranking: Mapping[str, RankingMetrics]
    calibration: CalibrationMetrics
    segments: tuple[SegmentMetrics, ...]
    fairness: tuple[GroupFairness, ...]
    conclusions: tuple[Bilingual, ...]
    leaks: LeakChecks | None = None
    drift: Mapping[str, float] | None = None
    ablation: tuple[Ablation, ...] | None = None
    stability: Stability | None = None
    distance: CeilingDistance | None = None
    bad_by_fold: Mapping[str, int] | None = None
    months_ahead: MonthsAheadMetrics | None = None
    at_budget: PopulationAtCapacity | None = None
    gains: GainsCurves | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return asdict(self)


Lang = Literal["zh", "en"]
