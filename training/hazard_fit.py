"""Fit of the hazards by month ahead, on months of loans that the score has not been fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from models.boosting import TrainingSet, TreeParams, Trees
from models.calibration import CalibrationCurve
from models.hazards import HAZARD_COLUMNS, RISK_COLUMNS, Hazards, hazard_inputs, months_ahead
from models.raw_score import Floats, ModelColumn
from training.labels import person_months
from training.plan import Plan

_PARAMS = TreeParams(
    num_iterations=30,
    num_leaves=15,
    max_depth=6,
    learning_rate=0.2,
    min_data_in_leaf=200,
    lambda_l2=10,
    feature_fraction=1,
    bagging_fraction=1,
    extra_trees=False,
)
"""Few trees, since each loan is scored for every month ahead; on simulated counties more of them foretell no better."""
_MOST_ROWS = 100_000
"""Rows of the folds beyond which every n-th alone is followed."""
_ROWS_CHECKED = 1000
"""Rows whose scores are compared with LightGBM's own."""


def fit_hazards(sample: pl.DataFrame, raw: Floats, curve: CalibrationCurve, plan: Plan) -> Hazards:
    """The hazards of going bad, and of ending, in each month ahead.

    What comes after the judgement fold begins is not looked at.

    Args:
        sample: rows of the fit and calibration folds, as `training.cohort.samples` returns them.
        raw: their raw scores by models that were fitted without their households.
        curve: the calibration.
        plan: horizon, days past due that are bad, seed, and the first month end of the judgement fold.
    """
    apart = max(-(-sample.height // _MOST_ROWS), 1)
    loans, log_odds = sample.gather_every(apart), curve.log_odds(raw[::apart])
    horizon, bad_after_days = plan.horizon_months, plan.bad_after_days
    months = months_ahead(horizon, bad_after_days)
    rows = person_months(loans, months, plan.month_ends.judgement[0])
    inputs = hazard_inputs(loans, loans["as_of"].to_numpy(), log_odds, months, bad_after_days)
    cells = inputs[rows["month_ahead"].to_numpy() - 1, rows["row_position"].to_numpy()]
    went_bad, ended = rows["went_bad"].to_numpy(), rows["ended"].to_numpy()
    return Hazards(
        _trees(cells, went_bad.astype(np.float64), plan, RISK_COLUMNS),
        _trees(cells[~went_bad], ended[~went_bad].astype(np.float64), plan, HAZARD_COLUMNS),
        horizon,
        bad_after_days,
    )


def _trees(cells: Floats, outcome: Floats, plan: Plan, columns: Sequence[ModelColumn]) -> Trees:
    """The trees of one hazard; cells: as `hazard_inputs` makes them. outcome: 1 where the month brings it, else 0."""
    codes = dict(enumerate(columns[-1].levels))
    rows = pl.from_numpy(cells, [column.name for column in columns]).with_columns(
        pl.col(columns[-1].name).replace_strict(codes, default=None, return_dtype=pl.String)
    )
    fitted = TrainingSet(rows, columns, bad=outcome).fit(replace(_PARAMS, seed=plan.seed))
    trees = Trees(fitted.text, columns)
    trees.check_scores(cells[:: max(1, len(cells) // _ROWS_CHECKED)])
    return trees
