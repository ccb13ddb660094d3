"""What is judged: loans whose end is known, what the model and the rules said, and every contender's score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from models.boosting import Floats
from models.bundle import Bundle
from models.county_policy.policy_table import PolicyTable
from models.county_policy.sections import CountyPolicy
from models.rating.rate import rated
from training.evaluation.measures import UNKNOWN, Bools

Counts = npt.NDArray[np.int64]
ONE_LINE_RULE = "household_late_share"
"""The one-line rule: rank by the share of the household's earlier instalments that were late; unknown last."""


@dataclass(frozen=True)
class Judged:
    """The judgement fold, sorted by (as_of, loan_id).

    frame: features as of `as_of`, `household_id`, `loan_id`, `bad` (0, 1), `bad_on`, `probability` (of the label),
    `model_level` and `rule_level` (0 green, 1 yellow, 2 red), and what only an audit may see. scores: by contender
    one number a row, higher is riskier; `model` and `rules` are among them.
    """

    frame: pl.DataFrame
    scores: Mapping[str, Floats]

    @cached_property
    def bad(self) -> Bools:
        return self.frame["bad"].to_numpy().astype(bool)

    @cached_property
    def lit(self) -> Bools:
        """Whether the rules send somebody: red or yellow."""
        return self.frame["rule_level"].to_numpy() > 0

    @cached_property
    def lit_by_model(self) -> Bools:
        return self.frame["model_level"].to_numpy() > 0

    @cached_property
    def probability(self) -> Floats:
        return self.frame["probability"].to_numpy().astype(np.float64)

    @cached_property
    def principal(self) -> Floats:
        """Outstanding, in yuan; where it is missing, none can be caught."""
        return self.frame["outstanding_principal"].fill_null(0).to_numpy().astype(np.float64)

    @cached_property
    def households(self) -> Counts:
        """0, 1, ... for the household of each row."""
        return self.frame["household_id"].rank("dense").to_numpy().astype(np.int64) - 1

    @cached_property
    def months(self) -> Counts:
        """0, 1, ... for the month of each row."""
        return self.frame["as_of"].rank("dense").to_numpy().astype(np.int64) - 1

    @property
    def days(self) -> list[date]:
        """The month ends, in order."""
        return self.frame["as_of"].unique().sort().to_list()

    @property
    def not_in_arrears(self) -> Judged:
        """The loans of which no payment tells anything yet."""
        clean = (pl.col("days_past_due").fill_null(0) == 0) & (pl.col("overdue_amount").fill_null(0) == 0)
        return self.where(self.frame.select(clean).to_series().to_numpy())

    def where(self, rows: Bools) -> Judged:
        return Judged(self.frame.filter(pl.Series(rows)), {name: score[rows] for name, score in self.scores.items()})

    def scored_by(self, name: str, score: Floats) -> Judged:
        """With one contender more."""
        return replace(self, scores={**self.scores, name: score})


def judged_by(
    bundle: Bundle, sample: pl.DataFrame, policies: PolicyTable, rungs: Mapping[str, Floats] | None = None
) -> Judged:
    """The judgement fold as a model, the rule light, one-line rules and the ratings see it.

    sample: as `samples` gives it, by as_of and loan_id. rungs: scores of its rows by contenders fitted apart.
    """
    scored = sample.with_columns(pl.Series("probability", bundle.probability(sample)))
    frame = bundle.policy.lit_month_by_month(scored).rename({"level": "model_level"})
    return Judged(frame, contenders(frame, policies) | dict(rungs or {}))


def contenders(frame: pl.DataFrame, policies: PolicyTable) -> dict[str, Floats]:
    """The scores that need no other fit, from a frame that has `probability` and `rule_level`."""
    return {
        "model": frame["probability"].to_numpy().astype(np.float64),
        "rules": frame["rule_level"].to_numpy().astype(np.float64),
        "one_line_rule": frame[ONE_LINE_RULE].fill_null(-1).to_numpy().astype(np.float64),
        "days_past_due": frame["days_past_due"].fill_null(-1).to_numpy().astype(np.float64),
        **rating_scores(frame, policies),
    }


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
    return -points.fill_null(-UNKNOWN).to_numpy()
