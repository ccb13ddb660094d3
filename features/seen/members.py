"""The people of a household as last recorded: who is there, who can work, and what only audits may look at."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.months import whole_months_since
from features.rows import Rows
from features.seen.versions import newest_known

_LABOUR = {"full": 1.0, "part": 0.5, "none": 0.0}


def members_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row for each member not gone by as_of. `labour`: 1 full, 0.5 part, 0 none."""
    members = newest_known(rows, "members", as_of).filter(
        pl.col("birth_date").is_null() | (pl.col("birth_date") <= as_of)
    )
    return members.select(
        "household_id",
        "member_id",
        pl.col("status").is_in(("present", "working_away")).fill_null(False).alias("counts"),
        (pl.col("status") == "working_away").fill_null(False).alias("works_away"),
        (pl.col("status") == "deceased").fill_null(False).alias("deceased"),
        pl.col("labour").replace_strict(_LABOUR, default=None, return_dtype=pl.Float64).alias("labour"),
        pl.col("education").is_in(("senior", "tertiary")).alias("schooled"),
        (pl.col("health") == "disabled").fill_null(False).alias("disabled"),
        (pl.col("relation") == "head").fill_null(False).alias("is_head"),
        "sex",
        (whole_months_since(pl.col("birth_date"), as_of) // 12).alias("age"),
    )


def borrowers_seen(loans: pl.LazyFrame, members: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each loan: its borrower's record; the head's where the loan names nobody."""
    named = members.select(pl.col("member_id").alias("borrower_member_id"), "sex", "age", "deceased")
    head = members.filter("is_head").unique("household_id", keep="first", maintain_order=True)
    heads = head.select("household_id", pl.col("sex").alias("head_sex"), pl.col("age").alias("head_age"))
    joined = loans.join(named, on="borrower_member_id", how="left").join(heads, on="household_id", how="left")
    return joined.select(
        "loan_id",
        pl.coalesce("sex", "head_sex").alias("sex"),
        pl.coalesce("age", "head_age").alias("age"),
        pl.col("deceased").fill_null(False),
    )
