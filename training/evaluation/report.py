"""The report: plain values, the same for the same loans and seed; what could not be told is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from features.messages import Words


@dataclass(frozen=True)
class Settings:
    """seed, draws: of the bootstrap over households. deciles: bins of the calibration curve.

    least_loans, least_bad: a smaller part of the loans is "not enough data". least_cell: no group of people of
    fewer loans, or of fewer that went bad, is told of.
    """

    seed: int = 20260101
    draws: int = 200
    deciles: int = 10
    least_loans: int = 30
    least_bad: int = 5
    least_cell: int = 10


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval by household."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def tells_nothing(self) -> bool:
        """Whether zero lies within the interval, or there is none."""
        return self.low is None or self.high is None or self.low <= 0 <= self.high


NOTHING = Estimate(None, None, None)


@dataclass(frozen=True)
class MonthLine:
    """One month (or all): loans, how many went bad, visits of the rules, and for each contender AUC and recall.

    recall: the share of the bad loans among the riskiest `visits` loans; ties count by their share.
    """

    month: str
    loans: int
    bad: int
    visits: int
    auc: Mapping[str, float | None]
    recall: Mapping[str, float | None]


@dataclass(frozen=True)
class Caught:
    """What a contender finds at the rules' visits: recall, precision, yuan outstanding on the bad loans it finds.

    less_rules: recall less the rules'; less_model: recall less the model's. Both on the same draws.
    """

    found: float | None
    recall: Estimate
    precision: Estimate
    money: Estimate
    less_rules: Estimate
    less_model: Estimate


@dataclass(frozen=True)
class Lead:
    """How early the loans that went bad were first lit: of `bad` loans, `caught`, and so many days ahead of them.

    ahead: loans by the least days ahead (90, 60, 30). median_days: of those caught.
    """

    bad: int
    caught: int
    median_days: float | None
    ahead: Mapping[str, int]


@dataclass(frozen=True)
class AtVisits:
    """One population, visited month by month as often as the rules light it: loans, bad, visits, yuan on bad loans."""

    loans: int
    bad: int
    visits: int
    money: float
    contenders: Mapping[str, Caught]
    lead: Mapping[str, Lead]


@dataclass(frozen=True)
class Corner:
    """Loans by two lights (or two models' visits), and what became of them. bad_share: None of no loan."""

    first: str
    second: str
    loans: int
    bad: int
    money: float
    bad_share: float | None


@dataclass(frozen=True)
class Ranking:
    """How well a contender orders the loans."""

    auc: float | None
    pr_auc: float | None
    ks: float | None


@dataclass(frozen=True)
class CurvePoint:
    """A bin of the calibration curve: loans, mean probability, share that went bad."""

    loans: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class LightCheck:
    """A light in a month: mean probability, share bad, and whether its 95% Jeffreys interval holds the former."""

    month: str
    light: str
    loans: int
    bad: int
    predicted: float
    low: float
    high: float
    holds: bool


@dataclass(frozen=True)
class InTheLarge:
    """A month as a whole: expected and observed share bad."""

    month: str
    loans: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Calibrated:
    """How true the probabilities are. months_hold: of `months`, by light, those whose Jeffreys interval holds."""

    brier: float
    log_loss: float
    ece: float
    curve: tuple[CurvePoint, ...]
    in_the_large: tuple[InTheLarge, ...]
    lights: tuple[LightCheck, ...]
    months: Mapping[str, int]
    months_hold: Mapping[str, int]


@dataclass(frozen=True)
class Segment:
    """A part of the loans under the visits of the whole; None where there is not enough data."""

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
class Group:
    """A group of people: share lit, bad but green of the bad, lit of the good, mean probability, share bad.

    None where so few people would be told of, or where a sum would tell of them.
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
class Permuted:
    """AUC of models fitted to labels shuffled within the month, on others shuffled likewise; far from 1/2 is a leak."""

    auc: float
    fits: int
    permutations: int


@dataclass(frozen=True)
class Leaks:
    """permuted: None where not tried. barred: columns of the model it must never have. The rest: data versions."""

    permuted: Permuted | None
    barred: tuple[str, ...]
    model_data: str
    judged_data: str


@dataclass(frozen=True)
class Ablated:
    """The model without one family of features; family None: with all."""

    family: str | None
    auc: float | None
    recall: float | None


@dataclass(frozen=True)
class Stability:
    """The model fitted anew under other seeds: lowest and highest AUC and recall.

    rank_correlation: the mean over pairs (Spearman). changing: mean share of loans visited under one seed and not
    under another.
    """

    seeds: int
    auc: tuple[float, float] | None
    recall: tuple[float, float] | None
    rank_correlation: float
    changing: float


@dataclass(frozen=True)
class Distance:
    """How far from what the true hazards allow. way: of the way from 1/2 to the best AUC, the share gone."""

    auc: float
    best_auc: float
    way: float
    recall: float
    best_recall: float


@dataclass(frozen=True)
class Report:
    """A judgement whole. What needs another fit, the fit fold or the simulator's truth is None until it is put in."""

    settings: Settings
    months: tuple[MonthLine, ...]
    everyone: AtVisits
    not_in_arrears: AtVisits
    corners: tuple[Corner, ...]
    ranking: Mapping[str, Ranking]
    calibration: Calibrated
    segments: tuple[Segment, ...]
    fairness: tuple[Group, ...]
    conclusions: tuple[Words, ...]
    leaks: Leaks | None = None
    drift: Mapping[str, float] | None = None
    ablation: tuple[Ablated, ...] | None = None
    stability: Stability | None = None
    distance: Distance | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


Lang = Literal["zh", "en"]
