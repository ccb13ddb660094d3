"""Recall, precision, money and lead time of each compared model at the rules' monthly visits, or within a ceiling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.raw_score import Floats
from training.evaluation.bootstrap import BootstrapWeights, estimate, quotient
from training.evaluation.evaluated_loans import Counts, EvaluatedLoans
from training.evaluation.measures import Bools, is_uninformative, selected_share_by_month
from training.evaluation.report import NO_ESTIMATE, EvaluationSettings, LeadTime, ModelAtCapacity, PopulationAtCapacity

_LEAD_DAYS = (90, 60, 30)


def population_at_capacity(
    loans: EvaluatedLoans, settings: EvaluationSettings, most_lit: float = 1.0
) -> PopulationAtCapacity:
    """Metrics of every compared model when each month it gets as many visits as the rules flag loans that month.

    most_lit: visits are at most this share of the month's loans.
    """
    weights = BootstrapWeights(loans.household_index, settings.draws, settings.seed)
    totals = {name: _bootstrap_totals(loans, score, weights, most_lit) for name, score in loans.scores.items()}
    return PopulationAtCapacity(
        loans=len(loans.bad),
        bad=int(loans.bad.sum()),
        visits=int(totals["rules"].visits[0]),
        money=float(loans.principal @ loans.bad),
        contenders={name: each.compare(totals["rules"], totals["model"]) for name, each in totals.items()},
        lead={name: lead_time(loans, score, most_lit) for name, score in loans.scores.items()},
    )


@dataclass(frozen=True)
class _BootstrapTotals:
    """Sums for one compared model, one value a bootstrap draw.

    caught: bad loans that were visited. bad: all bad loans. visits: those made. money: yuan outstanding on the bad
    loans visited. is_uninformative: the model scored no loan at all.
    """

    caught: Floats
    bad: Floats
    visits: Floats
    money: Floats
    is_uninformative: bool

    @property
    def recall(self) -> Floats:
        """Bad loans visited, as a share of all bad loans."""
        return quotient(self.caught, self.bad)

    def compare(self, rules: _BootstrapTotals, model: _BootstrapTotals) -> ModelAtCapacity:
        """Point estimates and intervals, with the differences of recall from the rules' and the model's."""
        if self.is_uninformative:
            return ModelAtCapacity(None, NO_ESTIMATE, NO_ESTIMATE, NO_ESTIMATE, NO_ESTIMATE, NO_ESTIMATE)
        return ModelAtCapacity(
            found=float(self.caught[0]),
            recall=estimate(self.recall),
            precision=estimate(quotient(self.caught, self.visits)),
            money=estimate(self.money),
            less_rules=estimate(self.recall - rules.recall),
            less_model=estimate(self.recall - model.recall),
        )


def _bootstrap_totals(
    loans: EvaluatedLoans, score: Floats, weights: BootstrapWeights, most_lit: float
) -> _BootstrapTotals:
    """Sums over the months; the rules' visits are counted anew under each draw, a household drawn twice twice."""
    caught = money = visits = np.zeros(weights.draws + 1)
    for month in np.unique(loans.month_index):
        rows = np.flatnonzero(loans.month_index == month)
        row_weights = weights.weights[loans.household_index[rows]]
        ceiling = np.floor(np.round(most_lit * row_weights.sum(0), 6))
        capacity = np.minimum(loans.flagged_by_rules[rows] @ row_weights, ceiling)
        share, bad_rows = _selected_share_of_bad(score[rows], loans.bad[rows], row_weights, capacity)
        caught_weights = share * row_weights[bad_rows]
        caught = caught + caught_weights.sum(0)
        money = money + loans.principal[rows[bad_rows]] @ caught_weights
        visits = visits + capacity
    bad = weights.sums(loans.bad.astype(np.float64))
    return _BootstrapTotals(caught, bad, visits, money, is_uninformative(score))


def _selected_share_of_bad(score: Floats, bad: Bools, row_weights: Floats, capacity: Floats) -> tuple[Floats, Counts]:
    """The share of each bad row that lies among the riskiest `capacity` rows, under each draw; and these rows' numbers.

    row_weights: rows x draws. capacity: one value a draw. The share: bad rows x draws; rows of one score share what
    capacity is left for them.
    """
    order = np.argsort(-score, kind="stable")
    tie_starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    tie_weights = np.add.reduceat(row_weights[order], tie_starts, axis=0)
    riskier = np.cumsum(tie_weights, axis=0) - tie_weights
    tie_of_row = np.empty(len(score), dtype=np.int64)
    tie_of_row[order] = np.repeat(np.arange(len(tie_starts)), np.diff(np.r_[tie_starts, len(score)]))
    bad_rows = np.flatnonzero(bad)
    in_tie = tie_weights[tie_of_row[bad_rows]]
    selected = np.clip(capacity - riskier[tie_of_row[bad_rows]], 0, in_tie)
    return np.divide(selected, in_tie, out=np.zeros_like(selected), where=in_tie > 0), bad_rows


def lead_time(loans: EvaluatedLoans, score: Floats, most_lit: float = 1.0) -> LeadTime:
    """Days from the first month end at which a loan was visited to the day it went bad; each loan counts once.

    Of a tie at the edge of the visits, all rows count as visited where more than half of it fits, else none.
    """
    if is_uninformative(score):
        is_visited = np.zeros(len(score), dtype=np.bool_)
    else:
        is_visited = selected_share_by_month(score, loans.flagged_by_rules, loans.month_index, most_lit) > 0.5
    bad_rows = loans.frame.select("loan_id", "as_of", "bad_on", is_visited=pl.Series(is_visited)).filter(
        pl.Series(loans.bad)
    )
    first = bad_rows.filter("is_visited").group_by("loan_id").agg(pl.col("as_of").min(), pl.col("bad_on").first())
    days = first.select((pl.col("bad_on") - pl.col("as_of")).dt.total_days()).to_series()
    return LeadTime(
        bad=bad_rows["loan_id"].n_unique(),
        caught=first.height,
        median_days=float(np.median(days.to_numpy())) if first.height else None,
        ahead={str(least): int((days >= least).sum()) for least in _LEAD_DAYS},
    )
