"""Random feature frames with what a model meets: gaps, codes, and an outcome that depends on them."""

from __future__ import annotations

import numpy as np
import polars as pl

from features.catalog import OUTPUT_FEATURES
from models.boosting import TrainingSet, TreeParams, Trees, columns_of
from models.bundle import Bundle
from models.calibration import Beta
from models.policy import Panel, Policy, thresholds_at_capacity


def random_frame(rows: int, seed: int) -> pl.DataFrame:
    """Features of `rows` loans, a tenth of the cells missing."""
    chance = np.random.default_rng(seed)
    columns: dict[str, object] = {
        "loan_id": [f"L{row}" for row in range(rows)],
        "household_id": [f"H{row}" for row in range(rows)],
        "township_code": chance.choice(["640323100", "640323101"], rows),
        "village_code": chance.choice(["640323100001", "640323101001"], rows),
    }
    for feature in OUTPUT_FEATURES:
        levels = list(feature.unit.codes) or ["A bank", "B bank"]
        values = chance.choice(levels, rows) if feature.is_code else chance.normal(size=rows).round(2)
        gone = chance.random(rows) < 0.1
        columns[feature.name] = [None if missing else value for value, missing in zip(values, gone, strict=True)]
    return pl.DataFrame(
        columns, schema_overrides={f.name: pl.String if f.is_code else pl.Float64 for f in OUTPUT_FEATURES}
    )


def outcome(frame: pl.DataFrame, seed: int) -> pl.Series:
    """Bad or not, more often with arrears, low cover, and loans for trade."""
    score = (
        pl.col("days_past_due").fill_null(0)
        - pl.col("repayment_cover").fill_null(0)
        + (pl.col("declared_use") == "trade").fill_null(False).cast(pl.Float64)
    )
    chance = np.random.default_rng(seed).logistic(size=frame.height)
    return frame.select((score + pl.Series(chance) > 1).cast(pl.Int8).alias("bad")).to_series()


def fitted_bundle(seed: int = 1) -> Bundle:
    """A small model of the outcome, with a policy of 20 red and 60 visits."""
    from features.catalog import MODEL_COLUMNS

    frame, later = random_frame(3000, seed), random_frame(1000, seed + 1)
    columns = columns_of(MODEL_COLUMNS)
    params = TreeParams(num_iterations=60, lambda_l2=10.0, feature_fraction=0.7, extra_trees=False)
    ground = TrainingSet(
        frame.with_columns(outcome(frame, seed)), columns, later.with_columns(outcome(later, seed + 1))
    )
    trees, curve = Trees(ground.fit(params).text, columns), Beta(0.9, 0.8, -0.1)
    month = pl.Series(np.zeros(later.height))
    panel = Panel(later["loan_id"], month, curve.probability(trees.log_odds(later)))
    found = thresholds_at_capacity(panel, 20, 60)
    policy = Policy(found.yellow_from, found.red_from, "rules_visits", {"visits_red": 20, "visits_any": 60})
    return Bundle(7, trees, curve, policy, {"horizon_months": 6, "bad_after_days": 30, "data_version": "0-empty"})
