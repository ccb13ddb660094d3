"""The people of a household as last recorded: who is there, who can work, and what only audits may look at."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.months import whole_months_since
from features.snapshot.latest_versions import Known

_LABOUR = {"full": 1.0, "part": 0.5, "none": 0.0}


def members_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row for each member not gone by as_of. `labour`: 1 full, 0.5 part, 0 none."""
    return known.newest("members").filter(_born(as_of)).select(_member(as_of))


def people_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """The same, and of each household those who have been its members and are recorded in another now."""
    ever = known.versions("members").select("household", "member_id").unique()
    return known.newest_of_all("members").join(ever, on="member_id").filter(_born(as_of)).select(_member(as_of))


@cache
def _born(as_of: date) -> pl.Expr:
    return pl.col("birth_date").is_null() | (pl.col("birth_date") <= as_of)


@cache
def _member(as_of: date) -> tuple[pl.Expr, ...]:
    return (
        pl.col("household"),
        pl.col("member_id"),
        pl.col("status").is_in(("present", "working_away")).fill_null(False).alias("counts"),
        (pl.col("status") == "working_away").fill_null(False).alias("works_away"),
        (pl.col("status") == "deceased").fill_null(False).alias("deceased"),
        pl.col("labour").replace_strict(_LABOUR, default=None, return_dtype=pl.Float64).alias("labour"),
        pl.col("education").is_in(("senior", "tertiary")).alias("schooled"),
        (pl.col("health") == "disabled").fill_null(False).alias("disabled"),
        (pl.col("health") == "healthy").alias("healthy"),
        (pl.col("relation") == "head").fill_null(False).alias("is_head"),
        pl.col("sex"),
        (whole_months_since("birth_date", as_of) // 12).alias("age"),
    )


def borrowers_seen(loans: pl.LazyFrame, members: pl.LazyFrame, people: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each loan: its borrower's record; the head's where it names nobody known to be of the household.

    people: who is or has been a member (`people_seen`): whoever borrowed and moved away is the borrower still.
    Of several heads, one who is there before one who is gone, and then the first by identifier.
    """
    named = ["household", "borrower_member_id"]
    by_name = loans.join(people, left_on=named, right_on=["household", "member_id"])
    unnamed = loans.join(by_name, on="loan", how="anti")
    heads = (
        members.filter("is_head")
        .sort(~pl.col("counts"), "member_id")
        .unique("household", keep="first", maintain_order=True)
    )
    of_head = unnamed.join(heads, on="household")
    return pl.concat([found.select("loan", "sex", "age", "deceased") for found in (by_name, of_head)])
