"""The members of a household as last recorded, and the borrower of each loan."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, whole_months_since
from features.snapshot.frame_schemas import BORROWERS_SCHEMA, LOSSES_SCHEMA, MEMBERS_SCHEMA
from features.snapshot.latest_versions import LatestVersions

_BORROWER = pl.coalesce("member_id", "borrower_member_id")
_OF_BORROWER = (
    pl.when(pl.col("who").is_not_null() & _BORROWER.is_not_null())
    .then(pl.col("who") == _BORROWER)
    .when((pl.col("death") == 1) & (pl.col("death_known") >= pl.col("day_offset")))
    .then(pl.lit(False))
    .when(pl.col("counts") & (pl.col("known_offset") >= pl.col("day_offset")))
    .then(pl.lit(False))
    .otherwise(pl.lit(True))
)
_LABOUR = {"full": 1.0, "part": 0.5, "none": 0.0}


@returns(MEMBERS_SCHEMA)
def members_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each recorded member born by as_of, also those who left or died."""
    return versions.newest("members").filter(_is_born(as_of)).select(_member_columns(as_of))


@returns(MEMBERS_SCHEMA)
def members_ever_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each household and each person who is or once was recorded as its member.

    The other columns are those of the person's newest record, be it in another household.
    """
    ever = versions.all_versions("members").select("household", "member_id").unique()
    newest = versions.newest_of_all_households("members").join(ever, on="member_id")
    return newest.filter(_is_born(as_of)).select(_member_columns(as_of))


@cache
def _is_born(as_of: date) -> pl.Expr:
    return pl.col("birth_date").is_null() | (pl.col("birth_date") <= as_of)


@cache
def _member_columns(as_of: date) -> tuple[pl.Expr, ...]:
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
        day_offset(pl.col("known_on"), as_of).alias("known_offset"),
    )


@returns(BORROWERS_SCHEMA)
def borrowers_of_loans(loans: pl.LazyFrame, members: pl.LazyFrame, members_ever: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each loan: the record of its borrower, or of the head where it names no member of the household.

    members_ever: past members included (`members_ever_at`), since a borrower who has moved away still is the borrower.
    Among several heads, one who counts comes before one who does not, and then the first by identifier.
    """
    named = ["household", "borrower_member_id"]
    by_name = loans.join(members_ever, left_on=named, right_on=["household", "member_id"])
    unnamed = loans.join(by_name, on="loan", how="anti")
    heads = (
        members.filter("is_head")
        .sort(~pl.col("counts"), "member_id")
        .unique("household", keep="first", maintain_order=True)
    )
    of_head = unnamed.join(heads, on="household")
    columns = ("loan", "sex", "age", "deceased", "counts", "known_offset")
    named_borrowers = by_name.select("loan", pl.col("borrower_member_id").alias("member_id"), *columns[1:])
    return pl.concat([named_borrowers, of_head.select("loan", "member_id", *columns[1:])])


@returns(LOSSES_SCHEMA)
def losses_of_loans(
    loans: pl.LazyFrame, borrowers: pl.LazyFrame, members: pl.LazyFrame, hardships: pl.LazyFrame
) -> pl.LazyFrame:
    """One row for each open loan and each unresolved death, disappearance or custody in its household.

    It is the borrower's where the office names the borrower, or names nobody; but not where the register says who died
    (a member recorded as deceased since), or has the borrower as present or working away since.

    loans: the open loans. borrowers: as `borrowers_of_loans` returns them.
    """
    lost = hardships.filter((pl.col("lost") == 1) & (pl.col("unresolved") == 1))
    deaths = members.filter("deceased").group_by("household").agg(pl.col("known_offset").max().alias("death_known"))
    of_loans = (
        loans.select("loan", "household", "borrower_member_id")
        .join(lost.select("household", "day_offset", "death", pl.col("member_id").alias("who")), on="household")
        .join(borrowers.select("loan", "member_id", "counts", "known_offset"), on="loan", how="left")
        .join(deaths, on="household", how="left")
    )
    return of_loans.select("loan", _OF_BORROWER.cast(pl.Int8).alias("of_borrower"))
