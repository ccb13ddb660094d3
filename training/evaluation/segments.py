"""The same judgement by parts of the loans: month, bank, township, product, arrears, new and old borrowers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from models.boosting import Floats
from training.evaluation.bootstrap import Draws, estimate
from training.evaluation.evaluated_loans import Judged
from training.evaluation.measures import Bools, auc, visited_by_month
from training.evaluation.report import NOTHING, Segment, Settings

_NEW_BELOW_MONTHS = 12
UNKNOWN_PART = "unknown"

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
"""By what the loans are parted, each an expression over the judged frame that gives the part's code."""


def segments(judged: Judged, settings: Settings) -> tuple[Segment, ...]:
    """Each part under the visits that are made in the whole county."""
    draws = Draws(judged.households, settings.draws, settings.seed)
    visits = {name: visited_by_month(judged.scores[name], judged.lit, judged.months) for name in ("model", "rules")}
    return tuple(
        _segment(judged, by, part, of, visits, draws, settings)
        for by, expression in SEGMENTS.items()
        for part, of in parts(judged.frame, expression)
    )


def parts(frame: pl.DataFrame, expression: pl.Expr) -> Iterator[tuple[str, Bools]]:
    """Each part in the order of its code, and which rows it has; rows without one are `unknown`, last."""
    if not set(expression.meta.root_names()) <= set(frame.columns):
        return
    codes = frame.select(expression.cast(pl.String).alias("part")).to_series()
    for code in codes.drop_nulls().unique().sort().to_list():
        yield code, (codes == code).fill_null(False).to_numpy()
    if codes.null_count():
        yield UNKNOWN_PART, codes.is_null().to_numpy()


def _segment(
    judged: Judged, by: str, part: str, of: Bools, visits: Mapping[str, Floats], draws: Draws, settings: Settings
) -> Segment:
    loans, bad = int(of.sum()), int(judged.bad[of].sum())
    if loans < settings.least_loans or bad < settings.least_bad:
        return Segment(by, part, loans, bad, False, None, NOTHING, NOTHING, NOTHING, None, None)
    ill = (judged.bad & of).astype(np.float64)
    recall = {name: draws.ratio(ill * share, ill) for name, share in visits.items()}
    return Segment(
        by,
        part,
        loans,
        bad,
        True,
        auc(judged.bad[of], judged.scores["model"][of]),
        estimate(recall["model"]),
        estimate(recall["rules"]),
        estimate(recall["model"] - recall["rules"]),
        float(judged.probability[of].mean()),
        float(judged.bad[of].mean()),
    )
