"""The evaluation by segment of the loans: month, bank, township, product, arrears, loan age, earlier borrowing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from models.raw_score import Floats
from training.evaluation.bootstrap import BootstrapWeights, estimate
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.measures import Bools, auc, selected_share_by_month
from training.evaluation.report import NO_ESTIMATE, EvaluationSettings, SegmentMetrics

_NEW_BELOW_MONTHS = 12
UNKNOWN_CODE = "unknown"

SEGMENTS: Mapping[str, pl.Expr] = {
    "month": pl.col("as_of").cast(pl.String),
    "bank": pl.col("bank"),
    "township": pl.col("township_code"),
    "product": pl.col("product"),
    "arrears": pl.when((pl.col("days_past_due") > 0) | (pl.col("overdue_amount") > 0))
    .then(pl.lit("in_arrears"))
    .otherwise(pl.lit("not_in_arrears")),
    "loan_age": pl.when(pl.col("months_on_book") < _NEW_BELOW_MONTHS)
    .then(pl.lit("under_12_months"))
    .when(pl.col("months_on_book").is_not_null())
    .then(pl.lit("12_months_or_more")),
    "borrower": pl.when(pl.col("household_loans_ever") > 1)
    .then(pl.lit("has_borrowed_before"))
    .when(pl.col("household_loans_ever").is_not_null())
    .then(pl.lit("first_loan")),
}
"""Dimensions of the segments, each an expression over the evaluated frame that gives a segment's code."""


def segment_metrics(loans: EvaluatedLoans, settings: EvaluationSettings) -> tuple[SegmentMetrics, ...]:
    """Measures of every segment, under the visits that model and rules make in the whole county."""
    weights = BootstrapWeights(loans.household_index, settings.draws, settings.seed)
    visits = {
        name: selected_share_by_month(loans.scores[name], loans.flagged_by_rules, loans.month_index)
        for name in ("model", "rules")
    }
    return tuple(
        _metrics_of_segment(loans, by, code, rows, visits, weights, settings)
        for by, expression in SEGMENTS.items()
        for code, rows in rows_by_code(loans.frame, expression)
    )


def rows_by_code(frame: pl.DataFrame, expression: pl.Expr) -> Iterator[tuple[str, Bools]]:
    """Each code of the expression, sorted, with its rows; rows without a code come last, as `unknown`.

    Yields nothing where the frame lacks a column of the expression.
    """
    if not set(expression.meta.root_names()) <= set(frame.columns):
        return
    codes = frame.select(expression.cast(pl.String).alias("code")).to_series()
    for code in codes.drop_nulls().unique().sort().to_list():
        yield code, (codes == code).fill_null(False).to_numpy()
    if codes.null_count():
        yield UNKNOWN_CODE, codes.is_null().to_numpy()


def _metrics_of_segment(
    loans: EvaluatedLoans,
    by: str,
    code: str,
    rows: Bools,
    visits: Mapping[str, Floats],
    weights: BootstrapWeights,
    settings: EvaluationSettings,
) -> SegmentMetrics:
    size, bad = int(rows.sum()), int(loans.bad[rows].sum())
    if size < settings.least_loans or bad < settings.least_bad:
        return SegmentMetrics(by, code, size, bad, False, None, NO_ESTIMATE, NO_ESTIMATE, NO_ESTIMATE, None, None)
    bad_rows = (loans.bad & rows).astype(np.float64)
    recall = {name: weights.ratio(bad_rows * share, bad_rows) for name, share in visits.items()}
    return SegmentMetrics(
        by,
        code,
        size,
        bad,
        True,
        auc(loans.bad[rows], loans.scores["model"][rows]),
        estimate(recall["model"]),
        estimate(recall["rules"]),
        estimate(recall["model"] - recall["rules"]),
        float(loans.probability[rows].mean()),
        float(loans.bad[rows].mean()),
    )
