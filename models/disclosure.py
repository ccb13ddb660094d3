"""Which figures may be told of others: those that nobody's own loans can be read off."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int64]

LEAST_OTHERS = 5
"""Other households that a figure needs behind it (contract, section 3)."""
DISCLOSURE_COLUMNS = ("household_id", "bank", "township_code", "village_code")
"""The columns of loans that decide whether a figure of them may be told."""
_READERS = ("bank", "village_code", "township_code", "county")
"""By what readers are given their loans: an officer's bank, and the areas that an account may have (`access`)."""
_COUNTY = pl.col("township_code").str.head(6)


@dataclass(frozen=True)
class _ReaderLoans:
    """One way of giving readers their loans. of_row: number of group and reader of each loan, -1 where it has none.

    group: of each such number.
    """

    of_row: Numbers
    group: Numbers


class DisclosureRows:
    """The loans behind figures, by groups of which each has a figure of its own.

    A household that knows its own loans has to see at least LEAST_OTHERS others behind a figure. A bank, a village, a
    township or a county, which knows all of its own loans, has to see none besides them, or those of at least
    LEAST_OTHERS households: of two known figures the difference would tell the third household's.

    Args:
        loans: with DISCLOSURE_COLUMNS and the columns of `group`.
        group: what a loan's group is; a loan with a missing one is in none.
    """

    def __init__(self, loans: pl.DataFrame, group: pl.Expr) -> None:
        by_group = loans.select(group.alias("group"), *DISCLOSURE_COLUMNS, _COUNTY.alias("county"))
        self._names = by_group["group"].drop_nulls().unique().sort()
        groups = _numbers(by_group["group"])
        households = _pairs(groups, _numbers(by_group["household_id"]))[0]
        self._order = np.argsort(households, kind="stable")[np.count_nonzero(households < 0) :]
        self._group, self._household = groups[self._order], households[self._order]
        self._readers = [
            _ReaderLoans(of_row[self._order], group_of)
            for of_row, group_of in (_pairs(groups, _numbers(by_group[name])) for name in _READERS)
        ]
        self._decided: dict[bytes, pl.Series] = {}

    def tellable(self, values: pl.Series) -> pl.Series:
        """The groups of which a figure of these values may be told, sorted.

        values: of the loans in their order; one that has none stands behind no figure.
        """
        known = values.is_not_null().to_numpy()[self._order]
        pattern = hashlib.blake2b(np.packbits(known).tobytes(), digest_size=16).digest()
        if pattern not in self._decided:
            self._decided[pattern] = self._names.filter(pl.Series(self._is_tellable(known)))
        return self._decided[pattern]

    def _is_tellable(self, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """For each group whether the figure of the known loans may be told."""
        household, group, groups = self._household[known], self._group[known], len(self._names)
        if not len(household):
            return np.zeros(groups, np.bool_)
        begins = np.flatnonzero(np.diff(household, prepend=-1))
        households = np.bincount(group[begins], minlength=groups)
        is_tellable = households > LEAST_OTHERS
        for reader in self._readers:
            of_row = reader.of_row[known]
            first, last = np.minimum.reduceat(of_row, begins), np.maximum.reduceat(of_row, begins)
            wholly_own = np.bincount(first[(first == last) & (first >= 0)], minlength=len(reader.group))
            is_there = np.bincount(of_row[of_row >= 0], minlength=len(reader.group)) > 0
            others = households[reader.group] - wholly_own
            is_tellable[reader.group[is_there & (others > 0) & (others < LEAST_OTHERS)]] = False
        return is_tellable


def _numbers(values: pl.Series) -> Numbers:
    """Numbers from 0 for the values in their order; -1 where one is missing."""
    return values.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1


def _pairs(groups: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """Numbers from 0 for pairs of a group and a value, -1 where either is missing; and the group of each number."""
    is_there = (groups >= 0) & (values >= 0)
    width = int(values.max(initial=0)) + 1
    pairs, of_row = np.unique(groups[is_there] * width + values[is_there], return_inverse=True)
    numbers = np.full(len(groups), -1, np.int64)
    numbers[is_there] = of_row
    return numbers, pairs // width


def tellable_groups(loans: pl.DataFrame, group: pl.Expr) -> pl.Series:
    """The groups of loans whose figures may be told (`DisclosureRows`).

    Args:
        loans: those that have a value of the figure, with DISCLOSURE_COLUMNS and the columns of the group.
        group: what a loan's group is; a loan with a missing one is in none.

    Returns:
        The groups, sorted.

    Example:
        >>> import polars as pl
        >>> from models.disclosure import tellable_groups
        >>> loans = pl.DataFrame({"household_id": list("abcdef"), "bank": ["one"] * 5 + ["two"]}).with_columns(
        ...     township_code=pl.lit("640323100"), village_code=pl.lit("640323100001")
        ... )
        >>> tellable_groups(loans, pl.col("township_code")).to_list()  # bank one could compute the loan of bank two
        []
        >>> tellable_groups(loans.with_columns(bank=pl.lit("one")), pl.col("township_code")).to_list()
        ['640323100']
    """
    return DisclosureRows(loans, group).tellable(loans["household_id"])


def without_few_others(loans: pl.DataFrame) -> pl.DataFrame:
    """Loans chosen for a comparison, less those of a few households beside all others of one bank or area.

    Args:
        loans: with DISCLOSURE_COLUMNS.

    Returns:
        The loans that are left, in their order: they may be told as one group (`DisclosureRows`), or are none.

    Example:
        >>> import polars as pl
        >>> from models.disclosure import without_few_others
        >>> loans = pl.DataFrame({"household_id": list("abcdefg"), "bank": ["one"] * 6 + ["two"]}).with_columns(
        ...     township_code=pl.lit("640323100"), village_code=pl.lit("640323100001")
        ... )
        >>> without_few_others(loans)["household_id"].to_list()
        ['a', 'b', 'c', 'd', 'e', 'f']
    """
    readers = [pl.col("bank"), pl.col("village_code"), pl.col("township_code"), _COUNTY]
    while not loans.is_empty() and tellable_groups(loans, pl.lit(0)).is_empty():
        kept = [left for reader in readers if (left := _without_few_beside(loans, reader)).height < loans.height]
        loans = max(kept, key=lambda left: left.height, default=loans.clear())
    return loans


def _without_few_beside(loans: pl.DataFrame, reader: pl.Expr) -> pl.DataFrame:
    """The loans of the reader beside whose own there are only a few households; all where there is no such reader."""
    own = loans.select(reader.alias("reader")).to_series()
    for value in own.drop_nulls().unique(maintain_order=True):
        is_own = (own == value).fill_null(False)
        if 0 < loans.filter(~is_own)["household_id"].n_unique() < LEAST_OTHERS:
            return loans.filter(is_own)
    return loans
