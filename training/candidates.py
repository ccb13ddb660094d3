"""Candidates for a model: trees with signs, trees without, an additive model, and a blend; the best is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.boosting import TrainingSet, TreeParams, Trees, row_weights
from models.raw_score import Blend, Floats, ModelColumn, RawScore
from training.additive_fit import STRENGTHS, AdditiveFit
from training.concurrent_fits import fits_at_a_time, map_concurrently
from training.folds import split_households
from training.plan import Plan
from training.search import params_for_thinned, rolling_origins
from training.thinned_rows import thin_rows

_WEIGHTS = (0.25, 0.5, 0.75)
"""Weights of the trees that are tried in a blend."""
_DRAWS = 500
_PARTS = 3
"""Parts of the households, each scored by a model of the others."""
OUT_OF_FOLD_SCHEMA = FrameSchema(
    {
        "raw": FrameColumn(pl.Float64(), "Raw score in uncalibrated log-odds."),
        "bad": FrameColumn(None, "Label: 1 where the loan goes bad, else 0."),
    },
    extra="the further columns of the fold",
)


class Candidate(StrEnum):
    """What a model is made of."""

    SIGNED_TREES = "signed_trees"
    FREE_TREES = "free_trees"
    ADDITIVE = "additive"
    BLEND = "blend"


@dataclass(frozen=True)
class ModelSpec:
    """How a model is fitted.

    candidate: what it is made of. params: of its trees. strength: of the additive model. weight: of the trees in a
    blend.
    """

    candidate: Candidate
    params: TreeParams
    strength: float = STRENGTHS[0]
    weight: float = 0.5

    def fit(self, rows: pl.DataFrame, columns: Sequence[ModelColumn], at_a_time: int = 1) -> RawScore:
        """The model of these rows.

        Args:
            rows: the model's columns and `bad` (0 or 1). Equal rows give an equal model.
            columns: the inputs, in their order.
            at_a_time: how many parts of a blend are fitted at a time; their number changes no part.

        Example:
            >>> import polars as pl
            >>> from models.boosting import TreeParams
            >>> from models.raw_score import ModelColumn
            >>> from training.candidates import Candidate, ModelSpec
            >>> days = [float(loan % 60) for loan in range(400)]
            >>> rows = pl.DataFrame({"days_past_due": days, "bad": [int(late > 40) for late in days]})
            >>> spec = ModelSpec(Candidate.BLEND, TreeParams(num_iterations=20), strength=1.0)
            >>> punctual, late = spec.fit(rows, [ModelColumn("days_past_due", sign=1)]).log_odds(rows)[[0, 59]]
            >>> bool(punctual < late)
            True
        """
        if self.candidate is Candidate.BLEND:
            specs = [replace(self, candidate=part) for part in (Candidate.SIGNED_TREES, Candidate.ADDITIVE)]
            trees, additive = map_concurrently(lambda spec: spec.fit(rows, columns), specs, at_a_time)
            return Blend(((self.weight, trees), (1 - self.weight, additive)))
        if self.candidate is Candidate.ADDITIVE:
            return AdditiveFit(rows, columns).fit(self.strength)
        if self.candidate is Candidate.FREE_TREES:
            columns = [replace(column, sign=0) for column in columns]
        return Trees(TrainingSet(rows, columns).fit(self.params).text, columns)

    def fit_thinned(self, rows: pl.DataFrame, columns: Sequence[ModelColumn]) -> RawScore:
        """The model of these rows, thinned: much quicker, for a choice or a check.

        Its scores are about as good; the base value of its reasons is that of the rows that stay, so that it is not
        for publishing.
        """
        few = thin_rows(rows)
        return replace(self, params=params_for_thinned(self.params, few.height / rows.height)).fit(few, columns)

    def to_card(self) -> dict[str, Any]:
        """The specification as a model card keeps it, but for the parameters of the trees."""
        return {"candidate": self.candidate.value, "strength": self.strength, "weight": self.weight}

    @staticmethod
    def from_card(card: Mapping[str, Any]) -> ModelSpec:
        """The specification on a model card; models of earlier programs are trees with signs."""
        params = TreeParams.from_card(card["growth"])
        stored = card.get("spec")
        if stored is None:
            return ModelSpec(Candidate.SIGNED_TREES, params)
        return ModelSpec(Candidate(stored["candidate"]), params, stored["strength"], stored["weight"])


@dataclass(frozen=True)
class CandidateChoice:
    """The chosen specification, and what it was chosen by.

    losses: mean log loss of each candidate on later months of other households. signs_cost: of the free trees' loss,
    how far it lies below that of the best candidate with signs, with its 95% interval by household (low, value, high).
    """

    spec: ModelSpec
    losses: Mapping[str, float]
    signs_cost: tuple[float, float, float]

    def to_card(self) -> dict[str, Any]:
        """The choice as a model card keeps it."""
        return {"losses": dict(self.losses), "signs_cost": list(self.signs_cost)}


@dataclass(frozen=True)
class _Origin:
    """A rolling origin: scores of its later rows by candidate (of the additive model by strength), and their outcomes.

    household: of each row. weight: of each row; None where each counts once.
    """

    signed: Floats
    free: Floats
    additive: Mapping[float, Floats]
    bad: Floats
    household: pl.Series
    weight: Floats | None


def choose_candidate(
    sample: pl.DataFrame, columns: Sequence[ModelColumn], plan: Plan, params: TreeParams
) -> CandidateChoice:
    """Fit every candidate on each rolling origin of the plan, and take the one with the least log loss.

    Trees without signs are taken only where they are better than every candidate with signs beyond the interval: a
    light whose reasons go against what everybody knows has to be worth it.

    Args:
        sample: the fit fold.
        columns: the model's inputs with their signs.
        plan: rolling origins and seed.
        params: of the trees.
    """
    origins = _score_origins(sample, columns, plan, params)
    bad = np.concatenate([origin.bad for origin in origins])
    share = np.concatenate([_mean_one(origin.weight, len(origin.bad)) for origin in origins])

    def losses_of(scores: Sequence[Floats]) -> Floats:
        """The log loss of each later row, times its weight, each origin's scores on the line that suits them best."""
        raw = np.concatenate([_recalibrate(score, o.bad, o.weight) for score, o in zip(scores, origins, strict=True)])
        return np.asarray((np.logaddexp(0, raw) - bad * raw) * share, dtype=np.float64)

    by_strength = {
        strength: float(losses_of([origin.additive[strength] for origin in origins]).mean()) for strength in STRENGTHS
    }
    strength = min(by_strength, key=lambda each: by_strength[each])
    additive = [origin.additive[strength] for origin in origins]
    blends = {
        weight: losses_of([weight * o.signed + (1 - weight) * a for o, a in zip(origins, additive, strict=True)])
        for weight in _WEIGHTS
    }
    weight = min(blends, key=lambda each: float(blends[each].mean()))
    losses = {
        Candidate.SIGNED_TREES: losses_of([origin.signed for origin in origins]),
        Candidate.FREE_TREES: losses_of([origin.free for origin in origins]),
        Candidate.ADDITIVE: losses_of(additive),
        Candidate.BLEND: blends[weight],
    }
    signed = min((each for each in losses if each is not Candidate.FREE_TREES), key=lambda each: losses[each].mean())
    household = pl.concat([origin.household for origin in origins])
    signs_cost = _mean_with_interval(losses[signed] - losses[Candidate.FREE_TREES], household, plan.seed)
    chosen = Candidate.FREE_TREES if signs_cost[0] > 0 else signed
    means = {candidate.value: float(loss.mean()) for candidate, loss in losses.items()}
    return CandidateChoice(ModelSpec(chosen, params, strength, weight), means, signs_cost)


def mean_losses_by_strength(sample: pl.DataFrame, columns: Sequence[ModelColumn], plan: Plan) -> dict[float, float]:
    """The mean log loss of an additive model of each strength on the later rows of the plan's rolling origins."""

    def losses_of(origin: tuple[pl.DataFrame, pl.DataFrame]) -> list[Floats]:
        earlier, later = origin
        bad, weight = later["bad"].to_numpy().astype(np.float64), row_weights(later)
        raw = [_recalibrate(score, bad, weight) for score in _additive_scores(earlier, later, columns).values()]
        return [(np.logaddexp(0, each) - bad * each) * _mean_one(weight, later.height) for each in raw]

    by_origin = map_concurrently(losses_of, rolling_origins(sample, plan), fits_at_a_time(sample.height))
    means = (float(np.concatenate(losses).mean()) for losses in zip(*by_origin, strict=True))
    return dict(zip(STRENGTHS, means, strict=True))


def _score_origins(
    sample: pl.DataFrame, columns: Sequence[ModelColumn], plan: Plan, params: TreeParams
) -> list[_Origin]:
    """The scores of each candidate on each rolling origin of the plan."""

    def score(origin: tuple[pl.DataFrame, pl.DataFrame]) -> _Origin:
        earlier, later = origin
        return _Origin(
            ModelSpec(Candidate.SIGNED_TREES, params).fit_thinned(earlier, columns).log_odds(later),
            ModelSpec(Candidate.FREE_TREES, params).fit_thinned(earlier, columns).log_odds(later),
            _additive_scores(earlier, later, columns),
            later["bad"].to_numpy().astype(np.float64),
            later["household_id"],
            row_weights(later),
        )

    return map_concurrently(score, rolling_origins(sample, plan), fits_at_a_time(sample.height))


def _additive_scores(earlier: pl.DataFrame, later: pl.DataFrame, columns: Sequence[ModelColumn]) -> dict[float, Floats]:
    """The scores of the later rows by an additive model of each strength, fitted on the earlier ones."""
    fit = AdditiveFit(thin_rows(earlier), columns)
    return {strength: fit.fit(strength).log_odds(later) for strength in STRENGTHS}


@returns(OUT_OF_FOLD_SCHEMA)
def out_of_fold_scores(
    sample: pl.DataFrame, columns: Sequence[ModelColumn], plan: Plan, spec: ModelSpec
) -> pl.DataFrame:
    """The rows of a fold, each scored by a model of the specification that was fitted without its household's part.

    `raw` is the score in uncalibrated log-odds.
    """

    def score(group: int) -> tuple[pl.DataFrame, Floats]:
        """The rows of a part of the households, and for each its `raw` score."""
        others, part = split_households(sample, group, _PARTS, plan)
        return part, spec.fit_thinned(others, columns).log_odds(part)

    scored = map_concurrently(score, range(_PARTS), fits_at_a_time(sample.height))
    return pl.concat([part.with_columns(pl.Series("raw", raw)) for part, raw in scored])


def _mean_one(weight: Floats | None, rows: int) -> Floats:
    """Weights whose mean is 1; ones where each row counts once."""
    return np.ones(rows) if weight is None or not weight.any() else weight / weight.mean()


def _recalibrate(raw: Floats, bad: Floats, weight: Floats | None) -> Floats:
    """Raw scores on the line that gives the least log loss: the calibration comes later, and must not decide here.

    Rows that all ended alike have no such line, and stay.
    """
    if bad.min() == bad.max():
        return raw
    # two unknowns: a few steps
    line = LogisticRegression(C=1e6, solver="newton-cholesky").fit(raw[:, None], bad, weight)
    return np.asarray(line.decision_function(raw[:, None]), dtype=np.float64)


def _mean_with_interval(values: Floats, household: pl.Series, seed: int) -> tuple[float, float, float]:
    """The mean with its 95% interval by a bootstrap over households: low, value, high."""
    by_household = pl.DataFrame({"household": household, "value": values}).group_by("household", maintain_order=True)
    sums = by_household.agg(pl.col("value").sum(), pl.len().alias("rows"))
    total, rows = sums["value"].to_numpy(), sums["rows"].to_numpy()
    weights = np.random.default_rng(seed).poisson(1.0, (_DRAWS, len(total)))
    low, high = np.quantile((weights @ total) / np.maximum(weights @ rows, 1), (0.025, 0.975))
    return float(low), float(total.sum() / rows.sum()), float(high)
