"""Evaluated loans: loans whose outcome is known, with the model's and the rules' lights and each compared score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from models.bundle import Bundle
from models.county_policy.policy_table import PolicyTable
from models.rating.rate import household_ratings
from models.raw_score import Floats
from training.evaluation.measures import UNKNOWN_SCORE, Bools

Counts = npt.NDArray[np.int64]
ONE_LINE_RULE = "household_late_share"
"""Column of the one-line rule: the share of the household's earlier instalments that were late; missing ranks last."""


@dataclass(frozen=True)
class EvaluatedLoans:
    """The judgement fold with scores, sorted by (as_of, loan_id).

    frame: `as_of`, `loan_id`, `household_id`, `bad` (0, 1), `bad_on`, `probability` (of going bad), `model_level` and
    `rule_level` (0 green, 1 yellow, 2 red), the features, the figures by month ahead where the model has them, and
    columns for the fairness audit alone. scores: one number a row for each compared model, higher is riskier; `model`
    and `rules` are among them. most_lit: the ceiling within which the model's thresholds were chosen, as a share of
    the loans; 1 for none.
    """

    frame: pl.DataFrame
    scores: Mapping[str, Floats]
    most_lit: float = 1.0

    @cached_property
    def bad(self) -> Bools:
        """Whether each loan went bad within the horizon."""
        return self.frame["bad"].to_numpy().astype(bool)

    @cached_property
    def flagged_by_rules(self) -> Bools:
        """Whether the rule light is yellow or red, so that the loan is visited."""
        return self.frame["rule_level"].to_numpy() > 0

    @cached_property
    def flagged_by_model(self) -> Bools:
        """Whether the model light is yellow or red."""
        return self.frame["model_level"].to_numpy() > 0

    @cached_property
    def probability(self) -> Floats:
        """The model's probability that each loan goes bad."""
        return self.frame["probability"].to_numpy().astype(np.float64)

    @cached_property
    def principal(self) -> Floats:
        """Outstanding principal in yuan; 0 where it is missing."""
        return self.frame["outstanding_principal"].fill_null(0).to_numpy().astype(np.float64)

    @cached_property
    def household_index(self) -> Counts:
        """0, 1, ... for the household of each row."""
        return self.frame["household_id"].rank("dense").to_numpy().astype(np.int64) - 1

    @cached_property
    def month_index(self) -> Counts:
        """0, 1, ... for the month of each row."""
        return self.frame["as_of"].rank("dense").to_numpy().astype(np.int64) - 1

    @property
    def month_ends(self) -> list[date]:
        """The month ends, in order."""
        return self.frame["as_of"].unique().sort().to_list()

    @property
    def not_in_arrears(self) -> EvaluatedLoans:
        """The loans without days past due and without overdue amounts."""
        clean = (pl.col("days_past_due").fill_null(0) == 0) & (pl.col("overdue_amount").fill_null(0) == 0)
        return self.subset(self.frame.select(clean).to_series().to_numpy())

    def subset(self, rows: Bools) -> EvaluatedLoans:
        """The loans for which `rows` is True."""
        scores = {name: score[rows] for name, score in self.scores.items()}
        return replace(self, frame=self.frame.filter(pl.Series(rows)), scores=scores)

    def with_score(self, name: str, score: Floats) -> EvaluatedLoans:
        """The loans with the score of one more compared model."""
        return replace(self, scores={**self.scores, name: score})


def score_loans(
    bundle: Bundle, sample: pl.DataFrame, policies: PolicyTable, opponents: Mapping[str, Floats] | None = None
) -> EvaluatedLoans:
    """The judgement fold with the scores of a model, the rule light, one-line rules, ratings and fitted opponents.

    sample: the fold as `samples` returns it. opponents: scores of its rows by `opponent_scores`.
    """
    probability = bundle.probability(sample)
    scored = sample.with_columns(pl.Series("probability", probability))
    if bundle.hazards is not None:
        scored = scored.hstack(bundle.hazards.time_to_bad(sample, probability, sample["as_of"].to_numpy()))
    frame = bundle.policy.levels_by_month(scored).rename({"level": "model_level"})
    most_lit = bundle.policy.terms.get("budget", {}).get("most_lit", 1.0)
    return EvaluatedLoans(frame, compared_scores(frame, policies) | dict(opponents or {}), most_lit)


def compared_scores(frame: pl.DataFrame, policies: PolicyTable) -> dict[str, Floats]:
    """The scores that need no other fit, by compared model; frame: with `probability` and `rule_level`."""
    return {
        "model": frame["probability"].to_numpy().astype(np.float64),
        "rules": frame["rule_level"].to_numpy().astype(np.float64),
        "one_line_rule": frame[ONE_LINE_RULE].fill_null(-1).to_numpy().astype(np.float64),
        "days_past_due": frame["days_past_due"].fill_null(-1).to_numpy().astype(np.float64),
        **rating_scores(frame, policies),
    }


def rating_scores(sample: pl.DataFrame, policies: PolicyTable) -> dict[str, Floats]:
    """Minus the points of each rating table; `UNKNOWN_SCORE` where a household has none.

    Every household is rated whatever its type, by its loans in the sample and by the policy in force on each row's own
    day; rows must be sorted by as_of.
    """
    months = [
        (month, policies.in_force(as_of))
        for (as_of,), month in sample.group_by("as_of", maintain_order=True)
        if isinstance(as_of, date)
    ]
    tables: tuple[Literal["631", "1531"], ...] = ("631", "1531")
    points = {
        table: [household_ratings(month, policy.ratings[table], policy.points)["points"] for month, policy in months]
        for table in tables
    }
    return {
        f"rating_{table}": np.concatenate([-month.fill_null(-UNKNOWN_SCORE).to_numpy() for month in points[table]])
        for table in tables
    }
