"""Which figures may be told of others: those that nobody's own loans can be read off."""

from __future__ import annotations

import polars as pl

LEAST_OTHERS = 5
"""Other households that a figure needs behind it (contract, section 3)."""
READER_COLUMNS = ("bank", "township_code", "village_code")
"""The columns of loans by which readers are given theirs: an officer a bank, a cadre a township or a village."""
DISCLOSURE_COLUMNS = ("household_id", *READER_COLUMNS)
"""The columns of loans that decide whether a figure of them may be told."""


def tellable_groups(loans: pl.DataFrame, group: pl.Expr) -> pl.Series:
    """The groups of loans whose figures may be told.

    A household that knows its own loans sees at least LEAST_OTHERS others behind the figure. A bank, a township or a
    village, which knows all of its own, sees none or at least as many: of two known figures the difference would tell
    the third household's.

    Args:
        loans: with DISCLOSURE_COLUMNS and the columns of the group.
        group: what a loan's group is; a loan with a missing one is in none.

    Returns:
        The groups, sorted.

    Example:
        >>> import polars as pl
        >>> from models.disclosure import tellable_groups
        >>> loans = pl.DataFrame({"household_id": list("abcdef"), "bank": ["one"] * 5 + ["two"]})
        >>> loans = loans.with_columns(pl.lit("640323100").alias("township_code"), pl.lit(None).alias("village_code"))
        >>> tellable_groups(loans, pl.col("township_code")).to_list()  # bank one could compute the loan of bank two
        []
        >>> tellable_groups(loans.with_columns(bank=pl.lit("one")), pl.col("township_code")).to_list()
        ['640323100']
    """
    rows = loans.lazy().select(group.alias("group"), *DISCLOSURE_COLUMNS).drop_nulls("group").unique()
    households = pl.col("household_id").n_unique()
    totals = rows.group_by("group").agg(households.alias("households"))
    enough = totals.filter(pl.col("households") > LEAST_OTHERS)
    for column in READER_COLUMNS:
        own = rows.drop_nulls(column).group_by("group", column).agg(households.alias("own")).join(totals, on="group")
        others = pl.col("households") - pl.col("own")
        enough = enough.join(own.filter(others.is_between(1, LEAST_OTHERS - 1)), on="group", how="anti")
    return enough.select(pl.col("group").sort()).collect()["group"]


def without_few_others(loans: pl.DataFrame) -> pl.DataFrame:
    """Loans chosen for a comparison, less those of a few households beside all others of one bank, township or village.

    What is left may be told as one group: see `tellable_groups`.

    Args:
        loans: with DISCLOSURE_COLUMNS.

    Returns:
        The loans in their order; none where fewer than LEAST_OTHERS + 1 households are left.

    Example:
        >>> import polars as pl
        >>> from models.disclosure import without_few_others
        >>> loans = pl.DataFrame({"household_id": list("abcdefg"), "bank": ["one"] * 6 + ["two"]})
        >>> loans = loans.with_columns(pl.lit("640323100").alias("township_code"), pl.lit(None).alias("village_code"))
        >>> without_few_others(loans)["household_id"].to_list()
        ['a', 'b', 'c', 'd', 'e', 'f']
    """
    households = pl.col("household_id").n_unique()
    for column in READER_COLUMNS:
        total = loans["household_id"].n_unique()
        own = loans.drop_nulls(column).group_by(column).agg(households.alias("own"))
        exposed = own.filter((total - pl.col("own")).is_between(1, LEAST_OTHERS - 1))[column]
        if not exposed.is_empty():
            loans = loans.filter(pl.col(column) == exposed.sort()[0])
    return loans if loans["household_id"].n_unique() > LEAST_OTHERS else loans.clear()
