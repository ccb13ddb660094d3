"""Labels: which loans of a cohort went bad within the horizon, by all data."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.delivered_tables import Rows
from features.snapshot.latest_versions import Known
from features.snapshot.loan_book import Book, bad_on
from training.plan import Plan


def bad_days(rows: Rows, plan: Plan) -> pl.DataFrame:
    """`bad_on` of every loan that went bad, by all data."""
    book = Book(Known(rows, known_by=None))
    return book.loans.join(bad_on(book, plan.bad_after_days), on="loan").select("loan_id", "bad_on").collect()


def labelled(cohort: pl.DataFrame, bad: pl.DataFrame, as_of: date, plan: Plan) -> pl.DataFrame:
    """The cohort with `bad` (0 or 1) and `bad_on`; loans that turn out to have been bad already are left out."""
    joined = cohort.join(bad, on="loan_id", how="left", maintain_order="left")
    kept = joined.filter(pl.col("bad_on").is_null() | (pl.col("bad_on") > as_of))
    within = (pl.col("bad_on") <= plan.label_end(as_of)).fill_null(False)
    return kept.with_columns(pl.lit(as_of).alias("as_of"), within.cast(pl.Int8).alias("bad"))
