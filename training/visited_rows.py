"""Rows of loans that were visited while their label was still open: what they would have done without is not known.

The table `visits.parquet` in the data folder, written by `lights cases visits`, names loans and days. A row is censored
where the loan was visited within its label's window and before it went bad. Visits follow the lights, so that left out
alone such rows would take the risky loans with them: the rows that remain stand for them, by the inverse of the chance
of not having been visited (inverse probability of censoring weights). That chance is counted month by month among the
loans of the same published light and about the same published probability.

Sources: Robins, Finkelstein 2000, Correcting for noncompliance and dependent censoring with inverse probability of
censoring weights; Vock et al. 2016, Adapting machine learning techniques to censored time-to-event health record data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import UserError
from features.months import month_end, month_end_after
from models.boosting import ROW_WEIGHT
from models.visit_effect.visited_loans import VISITS_SCHEMA
from training.folds import Fold
from training.plan import Plan

VISITS_FILE = "visits.parquet"
"""In the data folder."""
TREATED_FOLDS = (Fold.FIT, Fold.CALIBRATION)
"""Folds from whose labels a score or a curve is fitted."""
PUBLISHED_SCORES_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "month": FrameColumn(pl.Date(), "Month end of a published month."),
        "light": FrameColumn(pl.String(), "The published light."),
        "probability": FrameColumn(pl.Float64(), "The published probability; missing without a model."),
    }
)
VISITED_ROWS_SCHEMA = FrameSchema(
    {
        "visited": FrameColumn(pl.Boolean(), "Whether the loan was visited while the row's label was open."),
        ROW_WEIGHT: FrameColumn(pl.Float64(), "Weight of the row in a fit: 0 where it was visited."),
    },
    extra="the columns of the rows, before them",
)
CHANCES_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "month": FrameColumn(pl.Date(), "Month end of a published month."),
        "chance": FrameColumn(pl.Float64(), "Chance of a visit in the month after it, while the loan is not bad."),
    }
)
_Counts = dict[str, dict[str, float]]


def with_row_weights(
    folds: Mapping[Fold, pl.DataFrame], store: Path, plan: Plan
) -> tuple[dict[Fold, pl.DataFrame], dict[str, Any] | None]:
    """The folds with the weight of each row where visits are known, and what was done, for the model's card.

    Args:
        folds: as `samples` returns them; weights are added to TREATED_FOLDS.
        store: the data folder, with the table of visits or without, and the published months.
        plan: `visits.treated` is `weight`, `censor` (visited rows count for nothing, the others as they are), or `keep`
            (all rows count).

    Returns:
        The folds, and None where there is no table of visits; otherwise `treated`, the day of the newest visit
        (`until`), and by fold `rows`, `visited`, the `bad` among those, and the largest weight.

    Raises:
        UserError: the table of visits cannot be read, or the loans that were not visited ended all alike.
    """
    path = store / VISITS_FILE
    if not path.exists():
        return dict(folds), None
    visits, scores = read_visits(path), published_scores(store)
    counts: _Counts = {}
    weighted = dict(folds)
    for fold, rows in folds.items():
        treated = visited_rows(rows, visits, scores, plan)
        visited = treated.filter("visited")
        counts[fold.value] = {"rows": rows.height, "visited": visited.height, "bad": int(visited["bad"].sum())}
        if fold in TREATED_FOLDS and plan.visits.treated != "keep":
            weighted[fold] = treated.drop("visited")
            if treated.filter(~pl.col("visited"))["bad"].n_unique() < rows["bad"].n_unique():
                raise UserError(
                    f'{fold} 样本中未走访的贷款结局都相同，无法据以训练；可在计划中设 visits.treated = "keep"。',
                    f"The loans of the {fold} fold that were not visited ended all alike: nothing to learn from. A "
                    'plan with visits.treated = "keep" takes labels as they are.',
                )
            counts[fold.value]["largest_weight"] = round(float(treated[ROW_WEIGHT].to_numpy().max(initial=0.0)), 3)
    until = visits["visited_on"].max()
    return weighted, {"treated": plan.visits.treated, "until": str(until) if until else None, "folds": counts}


@returns(VISITS_SCHEMA)
def read_visits(path: Path) -> pl.DataFrame:
    """A table of visits. Raises UserError where it cannot be read, or lacks a column."""
    try:
        rows = pl.read_parquet(path, columns=list(VISITS_SCHEMA.columns))
        return rows.select(pl.col(name).cast(dtype) for name, dtype in VISITS_SCHEMA.dtypes.items()).drop_nulls()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(
            f"走访表 {path} 无法读取；请重新运行 lights cases visits，或删除该文件。",
            f"The table of visits {path} cannot be read; run lights cases visits again, or delete the file.",
        ) from error


@returns(PUBLISHED_SCORES_SCHEMA)
def published_scores(store: Path) -> pl.DataFrame:
    """Light and probability of every loan in every published month, as any program reads them."""
    frames = [PUBLISHED_SCORES_SCHEMA.empty()]
    for folder in sorted((store / "warnings").glob("month=*")):
        month = month_end(date.fromisoformat(f"{folder.name.removeprefix('month=')}-01"))
        rows = pl.scan_parquet(folder / "*.parquet", hive_partitioning=False)
        columns = pl.col("loan_id"), pl.lit(month).alias("month"), pl.col("light").cast(pl.String), "probability"
        frames.append(rows.select(*columns).collect())
    return pl.concat(frames)


@returns(VISITED_ROWS_SCHEMA)
def visited_rows(rows: pl.DataFrame, visits: pl.DataFrame, scores: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Rows with whether they were visited while their label was open, and with the weight of each.

    Args:
        rows: of a fold, with `loan_id`, `as_of` and `bad_on`.
        visits: in the columns of VISITS_SCHEMA.
        scores: in the columns of PUBLISHED_SCORES_SCHEMA. In a month in which a loan has none it counts as not exposed
            to visits.
        plan: horizon, how rows are treated, bins of the probability and the largest weight.
    """
    numbered = rows.select("loan_id", "as_of", "bad_on").with_row_index("row")
    month_pairs = pl.DataFrame(
        [
            (as_of, month_end_after(as_of, ahead), month_end_after(as_of, ahead + 1))
            for as_of in rows["as_of"].unique()
            for ahead in range(plan.horizon_months)
        ],
        {"as_of": pl.Date, "month": pl.Date, "month_ends_on": pl.Date},
        orient="row",
    )
    months = numbered.join(month_pairs, on="as_of")
    in_month = (pl.col("visited_on") > pl.col("month")) & (pl.col("visited_on") <= pl.col("month_ends_on"))
    before_bad = pl.col("visited_on") < pl.col("bad_on").fill_null(date.max)
    visited_numbers = months.join(visits, on="loan_id").filter(in_month & before_bad)["row"].unique()
    visited = numbered["row"].is_in(visited_numbers.implode())
    if plan.visits.treated == "weight":
        chances = visit_chances(rows, visits, scores, plan)
        unvisited = _chance_of_no_visit(months, visits, chances)
        kept = numbered.join(unvisited, on="row", how="left", maintain_order="left")["unvisited"].fill_null(1.0)
        weight = (1 / kept).clip(upper_bound=plan.visits.largest_weight)
    else:
        weight = pl.Series([1.0]).new_from_index(0, rows.height)
    return rows.with_columns(
        visited.alias("visited"), pl.select(pl.when(~visited).then(weight).otherwise(0.0)).to_series().alias(ROW_WEIGHT)
    )


@returns(CHANCES_SCHEMA)
def visit_chances(rows: pl.DataFrame, visits: pl.DataFrame, scores: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The chance of a visit in the month after each published month, by light and bin of the probability.

    It is counted on the loans of `rows` in the months that are published: visits before a loan went bad, by the time
    that the loans were sound; the bins hold as many scores each, of one light.
    """
    rank = pl.col("probability").rank("average").over("light") / pl.col("probability").count().over("light")
    strata = scores.with_columns((rank * plan.visits.score_bins).ceil().fill_null(0).alias("bin"))
    loans = rows.select("loan_id", "as_of", "bad_on").unique(["loan_id", "as_of"])
    exposed = strata.join(loans, left_on=["loan_id", "month"], right_on=["loan_id", "as_of"])
    by_month = visits.group_by("loan_id", pl.col("visited_on").dt.month_start().dt.offset_by("-1d").alias("month"))
    firsts = by_month.agg(pl.col("visited_on").min())
    counted = exposed.join(firsts, on=["loan_id", "month"], how="left").with_columns(
        (pl.col("visited_on") < pl.col("bad_on").fill_null(date.max)).fill_null(False).alias("visited"),
        _exposure(visits).alias("exposure"),
    )
    chance = (pl.col("visited").sum() / pl.col("exposure").sum()).clip(0, 1)
    chances = counted.group_by("light", "bin").agg(chance.fill_nan(0.0).alias("chance"))
    joined = strata.join(chances, on=["light", "bin"], how="left", maintain_order="left")
    return joined.select("loan_id", "month", pl.col("chance").fill_null(0.0))


def _chance_of_no_visit(months: pl.DataFrame, visits: pl.DataFrame, chances: pl.DataFrame) -> pl.DataFrame:
    """The chance of each row that no visit came before its label was known: `row`, `unvisited`."""
    exposed = months.join(chances, on=["loan_id", "month"])
    stays = 1 - pl.col("chance") * _exposure(visits)
    return exposed.group_by("row").agg(stays.product().alias("unvisited"))


def _exposure(visits: pl.DataFrame) -> pl.Expr:
    """The share of a month's visits that would come before the loan goes bad: 0 to 1, by `month` and `bad_on`."""
    days = visits["visited_on"].dt.day().to_list()
    earlier = {day: sum(each < day for each in days) / max(len(days), 1) for day in range(1, 32)}
    day_bad = pl.col("bad_on").dt.day().replace_strict(earlier, default=1.0, return_dtype=pl.Float64)
    month_bad_on = pl.col("bad_on").dt.month_start().dt.offset_by("-1d")
    return (
        pl.when(pl.col("bad_on") <= pl.col("month"))
        .then(0.0)
        .when(month_bad_on == pl.col("month"))
        .then(day_bad)
        .otherwise(1.0)
    )
