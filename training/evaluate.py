"""The judgement: the model, the rule light, a one-line rule and the ratings on the same loans, at the same visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import roc_auc_score

from models.boosting import Floats
from models.bundle import Bundle
from models.county_policy.sections import CountyPolicy
from models.county_policy.table import PolicyTable
from models.rating.rate import rated

Bools = npt.NDArray[np.bool_]
ONE_LINE_RULE = "household_late_share"
"""The one-line rule: rank by the share of the household's earlier instalments that were late; unknown last."""

_UNKNOWN_POINTS = 101.0
"""More than any household has: where nothing is known a rating asks for no visit."""


@dataclass(frozen=True)
class Judgement:
    """One month (or all): loans, how many went bad, visits of the rules, and for each contender AUC and recall.

    recall: the share of the bad loans among the riskiest `visits` loans; ties count by their share.
    """

    month: str
    loans: int
    bad: int
    visits: int
    auc: Mapping[str, float | None]
    recall: Mapping[str, float | None]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def judgements(bundle: Bundle, sample: pl.DataFrame, policies: PolicyTable) -> list[Judgement]:
    """One judgement a month end, and one over all of them with the visits made month by month."""
    scores = {
        "model": bundle.probability(sample),
        "rules": sample["rule_level"].to_numpy().astype(np.float64),
        "one_line_rule": sample[ONE_LINE_RULE].fill_null(-1).to_numpy(),
        **rating_scores(sample, policies),
    }
    bad, days = sample["bad"].to_numpy().astype(bool), sample["as_of"].to_list()
    months = [np.array([day == month for day in days]) for month in sorted(set(days))]
    found = [_month(str(month), of, scores, bad) for month, of in zip(sorted(set(days)), months, strict=True)]
    return [*found, _overall(found, scores, bad)]


def _month(month: str, of: Bools, scores: Mapping[str, Floats], bad: Bools) -> Judgement:
    visits = int((scores["rules"][of] > 0).sum())
    return Judgement(
        month,
        int(of.sum()),
        int(bad[of].sum()),
        visits,
        {name: auc(bad[of], score[of]) for name, score in scores.items()},
        {name: recall_at(score[of], bad[of], visits) for name, score in scores.items()},
    )


def _overall(months: list[Judgement], scores: Mapping[str, Floats], bad: Bools) -> Judgement:
    total = sum(month.bad for month in months)
    recall = {name: _together([(month.recall[name], month.bad) for month in months]) for name in scores}
    areas = {name: auc(bad, score) for name, score in scores.items()}
    return Judgement("all", len(bad), total, sum(month.visits for month in months), areas, recall)


def _together(months: list[tuple[float | None, int]]) -> float | None:
    """Recall over all months; one in which nothing was known found nothing, unless there is no other."""
    total = sum(bad for _, bad in months)
    if not total or all(recall is None for recall, _ in months):
        return None
    return sum((recall or 0) * bad for recall, bad in months) / total


def auc(bad: Bools, score: Floats) -> float | None:
    """None where all loans ended alike, or all are unknown: not enough data is an answer."""
    return None if not 0 < bad.sum() < len(bad) or _says_nothing(score) else float(roc_auc_score(bad, score))


def recall_at(score: Floats, bad: Bools | Floats, visits: int) -> float | None:
    """The share of the bad found in the `visits` highest scores; of a tie at the edge, its average.

    bad: whether each went bad, or its chance.
    """
    if not bad.sum() or _says_nothing(score):
        return None
    if visits == 0:
        return 0.0
    edge = np.sort(score)[::-1][min(visits, len(score)) - 1]
    above, level = score > edge, score == edge
    left = min(visits, len(score)) - int(above.sum())
    return float((bad[above].sum() + left * bad[level].mean()) / bad.sum())


def rating_scores(sample: pl.DataFrame, policies: PolicyTable) -> dict[str, Floats]:
    """Minus the points of each rating table, for every household whatever its type; unknown ones come last.

    By the policy in force on each row's own day; rows must be sorted by as_of. A household is rated by its loans in
    the sample.
    """
    months = [
        (month, policies.in_force(as_of))
        for (as_of,), month in sample.group_by("as_of", maintain_order=True)
        if isinstance(as_of, date)
    ]
    return {
        f"rating_{name}": np.concatenate([_minus_points(month, policy, name) for month, policy in months])
        for name in ("631", "1531")
    }


def _minus_points(month: pl.DataFrame, policy: CountyPolicy, name: Literal["631", "1531"]) -> Floats:
    points = rated(month, policy.ratings[name], policy.points)["points"]
    return -points.fill_null(_UNKNOWN_POINTS).to_numpy()


def _says_nothing(score: Floats) -> bool:
    return bool((score == -_UNKNOWN_POINTS).all())
