"""Judgement of the figures by month ahead: whether they come true, and who of the loans due soon goes bad."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from models.hazards import PUBLISHED_MONTHS, TIME_TO_BAD_SCHEMA, months_until
from models.raw_score import Floats
from training.evaluation.at_capacity import population_at_capacity
from training.evaluation.bootstrap import BootstrapWeights, estimate
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.measures import Bools
from training.evaluation.report import DueSkill, EvaluationSettings, ForetoldShare, MonthsAheadMetrics

_COMPARED = ("model", "rules", "calendar", "calendar_cover")
"""Compared models, of those that there are, whose skill among the loans due soon is measured beside `bad_if_due`."""
BAD_IF_DUE = "bad_if_due"


def months_ahead_metrics(
    loans: EvaluatedLoans, horizon_months: int, bad_after_days: int, settings: EvaluationSettings
) -> MonthsAheadMetrics | None:
    """Foretold and observed shares by month ahead, and the skill among loans that fall due within the horizon.

    Of each figure only the loans count whose outcome is certain; among these nothing is censored, and the estimate of
    Aalen and Johansen is the share of loans that went bad while others ended.

    Args:
        loans: the judgement fold with the columns of TIME_TO_BAD_SCHEMA, `ended_on` and `followed_until`.
        horizon_months: of the label and of `probability`.
        bad_after_days: days past due that make a loan bad.
        settings: seed and draws of the bootstrap.

    Returns:
        The metrics; None where the model has no hazards by month ahead.
    """
    if not set(TIME_TO_BAD_SCHEMA.columns) <= set(loans.frame.columns):
        return None
    as_of = loans.frame["as_of"].to_numpy()
    never_after_end = (pl.col("bad_on") <= pl.col("ended_on")).fill_null(pl.col("bad_on").is_not_null())
    days = loans.frame.select(pl.when(never_after_end).then("bad_on"), "ended_on", "followed_until").select(
        (pl.all() - loans.frame["as_of"]).dt.total_days().cast(pl.Float64).fill_null(np.inf)
    )
    bad_month, end_month, followed = (_month_of_event(as_of, days[name].to_numpy()) for name in days.columns)
    end_month = np.minimum(bad_month, end_month)
    spans = sorted({f"probability_{month}m": month for month in PUBLISHED_MONTHS}.items(), key=lambda span: span[1])
    within = [(name, month) for name, month in spans if month < horizon_months]
    beyond = [(name, month) for name, month in spans if month > horizon_months]
    shares = [
        foretold_share(loans, name, bad_month <= month, followed >= month, settings)
        for name, month in (*within, ("probability", horizon_months), *beyond)
    ]
    to_maturity = loans.frame["days_to_maturity"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    due_month, until = months_until(as_of, to_maturity), months_until(as_of, to_maturity + bad_after_days)
    is_due = loans.frame["due_probability"].is_not_null().to_numpy()
    is_reached = is_due & (end_month >= due_month)
    shares.append(foretold_share(loans, "due_probability", is_reached, is_due, settings))
    is_judged = is_reached & (followed >= until)
    bad_when_due = is_judged & (bad_month <= until)
    shares.append(foretold_share(loans, BAD_IF_DUE, bad_when_due, is_judged, settings))
    in_turn = EvaluatedLoans(loans.frame.with_columns(pl.Series("bad", bad_when_due.astype(np.int8))), loans.scores)
    return MonthsAheadMetrics(
        foretold=tuple(shares),
        without_figures=int(loans.frame["probability_1m"].null_count()),
        due_within_horizon=due_skill(loans.subset(is_due), settings),
        once_due=due_skill(in_turn.subset(is_judged), settings),
    )


def foretold_share(
    loans: EvaluatedLoans, name: str, happened: Bools, counts: Bools, settings: EvaluationSettings
) -> ForetoldShare:
    """The mean of a figure over the loans that count and have it, beside the share of them to which it happened."""
    foretold = loans.frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    rows = counts & ~np.isnan(foretold)
    weights = BootstrapWeights(loans.household_index, settings.draws, settings.seed)
    observed = estimate(weights.ratio((happened & rows).astype(np.float64), rows.astype(np.float64)))
    mean = float(foretold[rows].mean()) if rows.any() else None
    return ForetoldShare(name, int(rows.sum()), int((happened & rows).sum()), mean, observed)


def due_skill(loans: EvaluatedLoans, settings: EvaluationSettings) -> DueSkill:
    """AUC with interval, and recall at the rules' visits, of `bad_if_due` and of the compared models."""
    names = [name for name in _COMPARED if name in loans.scores]
    scores = {BAD_IF_DUE: loans.frame[BAD_IF_DUE].fill_null(0).to_numpy(), **{n: loans.scores[n] for n in names}}
    compared = EvaluatedLoans(loans.frame, scores)
    population = population_at_capacity(compared, settings)
    weights = BootstrapWeights(loans.household_index, settings.draws, settings.seed)
    return DueSkill(
        loans=population.loans,
        bad=population.bad,
        visits=population.visits,
        auc={name: estimate(weights.auc(loans.bad, score)) for name, score in scores.items()},
        recall={name: population.contenders[name].recall for name in scores},
    )


def _month_of_event(as_of: npt.NDArray[np.datetime64], days: Floats) -> Floats:
    """Which month ahead something happens in; what had happened by as_of, and became known later, in the first."""
    return np.where(np.isinf(days), np.inf, np.maximum(months_until(as_of, np.where(np.isinf(days), 1, days)), 1))
