"""The newest version of every fact that was known by a day, for the loan book or for every household."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

import polars as pl

from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.frame_schema import returns
from features.numbered_tables import NUMBER_COLUMNS, SUPERSEDED_ON, number_column
from features.snapshot.frame_cache import FrameCache
from features.snapshot.frame_schemas import NUMBERED_HOUSEHOLDS_SCHEMA, NUMBERED_LOANS_SCHEMA

LOST_KINDS = ("compensated", "written_off")
"""Kinds of loan events by which a loan stays bad."""
_NUMBER_OF = {name: number for number, name in NUMBER_COLUMNS.items()}
_CLOSES = pl.col("kind").is_in(("settled", *LOST_KINDS)) & (pl.col("withdrawn") != "true").fill_null(True)
_IS_FIRST_OF_HOUSEHOLD = pl.col("household").ne_missing(pl.col("household").shift())
_RENEWS_ANOTHER = pl.when(pl.col("renews_loan_id") != pl.col("loan_id")).then("renews_loan_id").alias("renews_loan_id")
_NUMBERS = (
    pl.int_range(pl.len(), dtype=pl.Int32).alias("loan"),
    pl.col("household_id").rank("dense").cast(pl.Int32).alias("household"),
)


@dataclass(frozen=True)
class LatestVersions:
    """The facts of the households in the loan book, each in the newest version known by `known_by`.

    Loans and households are identified by whole numbers, `loan` and `household`: joins and groups by them are fast.
    A row of a loan belongs to that loan, even where a correction has since moved the loan to another household.
    Facts are lazy queries, which run together with what is computed from them; `cached_frame` is for those that
    several computations need.

    tables: the delivered rows, in all versions. known_by: the last day from which versions count, None for all.
    only_borrowing: whether households whose loans are all closed are left out. every_household: whether households
    that never had a loan are in it, too; then `only_borrowing` is False. whole: the same facts with the households
    whose loans are all closed, from which lives and rows are taken that are needed of both. cache: the frames computed
    so far.
    """

    tables: DeliveredTables
    known_by: date | None
    only_borrowing: bool = False
    every_household: bool = False
    whole: LatestVersions | None = None
    cache: FrameCache = field(default_factory=FrameCache)

    def cached_frame(self, name: str, query: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
        """The cached frame called `name`, in the columns of `query`, which is collected at first use."""
        return self.cache.get_or_compute(name, lambda: self.tables.collect(query()))

    def with_added_rows(self, added: Mapping[str, pl.DataFrame], county: str | None) -> LatestVersions:
        """These facts as if more rows had been delivered (`DeliveredTables.with_added_rows`).

        Cached frames that do not depend on the tables in `added` are not computed again.
        """
        tables, cache = self.tables.with_added_rows(added, county), FrameCache(self.cache, added)
        return replace(self, tables=tables, whole=None, cache=cache)

    def without_closed_households(self) -> LatestVersions:
        """These facts without the households whose loans are all closed; rows read here are read no second time."""
        return LatestVersions(self.tables, self.known_by, only_borrowing=True, whole=self)

    def with_closed_households(self) -> LatestVersions:
        """These facts with the households whose loans are all closed."""
        return self.whole or replace(self, only_borrowing=False, cache=FrameCache())

    def numbers_of(self, whole: LatestVersions) -> pl.Series:
        """For each loan of `whole`, in its order, the number that it has here; null for those that are not."""

        def numbers() -> pl.DataFrame:
            """The numbers, as a frame."""
            own = self.loans.select("loan_id", own="loan")
            joined = whole.loans.select("loan_id").join(own, on="loan_id", how="left", maintain_order="left")
            return joined.select("own").collect()

        return self.cache.get_or_compute("numbers in the whole book", numbers).to_series()

    @property
    @returns(NUMBERED_LOANS_SCHEMA)
    def loans(self) -> pl.LazyFrame:
        """The newest version of each loan with its number and its household's, sorted by household_id and loan_id."""
        return self.cached_frame("numbered loans", self._numbered_loans).lazy()

    def _numbered_loans(self) -> pl.LazyFrame:
        loans = self.newest_of_all_households("loans")
        if self.only_borrowing:
            closed = self.newest_of_all_households("loan_events").filter(_CLOSES)
            borrowing = loans.join(closed, on="loan_id", how="anti").select("household_id").unique()
            loans = loans.join(borrowing, on="household_id", how="semi")
        if self.tables.restrict_to is not None:
            loans = loans.filter(self.tables.restrict_to)
        loans = loans.sort("household_id", "loan_id")
        if not self.every_household:
            return loans.with_columns(_NUMBERS)
        numbered = loans.with_columns(_NUMBERS[0])
        return numbered.join(self.households, on="household_id", how="left", maintain_order="left")

    @property
    @returns(NUMBERED_HOUSEHOLDS_SCHEMA)
    def households(self) -> pl.LazyFrame:
        """The households of the snapshot with their numbers; of the loan book, or every one (`every_household`)."""
        return self.cached_frame("households", self._numbered_households).lazy()

    def _numbered_households(self) -> pl.LazyFrame:
        if not self.every_household:
            # `loans` is read inside the query, so that its tables are recorded as dependencies of "households".
            return self.loans.select("household_id", "household").filter(_IS_FIRST_OF_HOUSEHOLD)
        tables = (self.newest_of_all_households(name).select("household_id") for name in ("households", "loans"))
        households = pl.concat(tables).unique()
        if self.tables.restrict_to is not None:
            households = households.filter(self.tables.restrict_to)
        return households.sort("household_id").with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("household"))

    def newest(self, table: str) -> pl.LazyFrame:
        """The version with the latest known_on of each row of `table` that belongs to the loan book; whole schedules.

        Columns as in the contract, with the number `loan` or `household` in place of the identifiers. A fact that a
        correction has moved to another loan or household belongs to that one alone, and is absent where that one is
        not in the loan book.
        """
        has_moved_holders = table == "claims" and self._has_revised_policies
        if not has_moved_holders and (stored := self._stored_by_number(table)) is not None:
            return stored.filter(_is_newest_by(self.known_by)).drop(SUPERSEDED_ON)
        key = TABLES[table].version_key
        if _NUMBER_OF.keys().isdisjoint(key):
            newest = self.newest_of_all_households(table)
            return self._with_numbers(self._with_policy_holders(newest) if has_moved_holders else newest, table)
        return self.newest_by_key(self.all_versions(table), table, [_NUMBER_OF.get(name, name) for name in key])

    @property
    def _has_revised_policies(self) -> bool:
        """Whether a correction may have moved a policy, and its claims, to another household."""
        self.cache.record_dependency("policies")
        return "policies" in self.tables.revised_tables

    def _with_policy_holders(self, claims: pl.LazyFrame) -> pl.LazyFrame:
        """Claims with the `household_id` that their policy has now."""
        claimed = self._delivered("policies").join(claims.select("policy_id"), on="policy_id", how="semi")
        newest = self.newest_by_key(claimed, "policies", TABLES["policies"].key)
        holders = newest.select("policy_id", holder="household_id")
        joined = claims.join(holders, on="policy_id", how="left")
        return joined.with_columns(pl.coalesce("holder", "household_id").alias("household_id")).drop("holder")

    def all_versions(self, table: str) -> pl.LazyFrame:
        """Every version known by `known_by` of every row of `table` that belongs to the loan book.

        Columns as in the contract, with the number `loan` or `household` in place of the identifiers.
        """
        if (stored := self._stored_by_number(table)) is not None:
            return stored.drop(SUPERSEDED_ON)
        return self._with_numbers(self._delivered(table), table)

    def is_in_order(self, table: str) -> bool:
        """Whether rows come in the order of `NumberedTables`: they are stored so, and no loan has moved since."""
        if self.tables.numbered is None or table not in self.tables.numbered.rows:
            return False
        return bool(self._own_numbers(number_column(TABLES[table])).drop_nulls().is_sorted())

    def _stored_by_number(self, table: str) -> pl.LazyFrame | None:
        """The versions of a table's rows as `all_versions` has them, with SUPERSEDED_ON; None where not stored so."""
        if self.tables.numbered is None or table not in self.tables.numbered.rows:
            return None
        self.cache.record_dependency(table)
        rows, number = self.tables.numbered.rows[table], number_column(TABLES[table])
        own = self._own_numbers(number)
        here = own.is_not_null().arg_true()
        # Of a block of households the rows between its first and its last are read.
        between = rows.filter(pl.col(number).is_between(here.first(), here.last())) if len(here) else rows.clear()
        known = between if self.known_by is None else between.filter(_is_known_by(self.known_by))
        renumbered = known.with_columns(pl.lit(own).gather(pl.col(number)).alias(number))
        return renumbered.filter(pl.col(number).is_not_null())

    def _own_numbers(self, number: str) -> pl.Series:
        """For each stored number of a loan or household the one that it has here; null for those that are not."""

        def numbers() -> pl.Series:
            """The numbers, in the order of the stored ones."""
            stored = self.tables.numbered
            assert stored is not None  # noqa: S101 - asked for stored rows alone
            name, own = NUMBER_COLUMNS[number], self.loans if number == "loan" else self.households
            joined = stored.identifiers[number].join(
                own.select(name, number), on=name, how="left", maintain_order="left"
            )
            return joined.select(number).collect().to_series()

        return self.cache.get_or_compute(f"own numbers of stored {number}s", numbers)

    def _with_numbers(self, rows: pl.LazyFrame, table: str) -> pl.LazyFrame:
        if table == "prices":
            return rows
        if TABLES[table].parent == ("loans", "loan_id"):
            name, numbers = "loan_id", self.loans.select("loan_id", "loan")
        else:
            name, numbers = "household_id", self.households
        return rows.join(numbers, on=name).drop({"household_id", name})

    def newest_of_all_households(self, table: str) -> pl.LazyFrame:
        """The version with the latest known_on of each row of `table`, of every household, in the columns delivered.

        A loan that names itself in `renews_loan_id` renews none: the column is missing then (check L108 tells it).
        """
        versions = self._delivered(table)
        is_revised = table in self.tables.revised_tables
        newest = versions.filter(_is_newest_of(*TABLES[table].version_key)) if is_revised else versions
        return newest.with_columns(_RENEWS_ANOTHER) if table == "loans" else newest

    def newest_of_household(self, table: str, household: str) -> pl.LazyFrame:
        """The newest version of each row that is a household's, in the columns delivered, with its `household_id`.

        Rows of a loan or a policy are its owner's, also those that were delivered before a correction moved it.
        """
        rows, of_household = self.newest_of_all_households(table), pl.col("household_id") == household
        parent, by = TABLES[table].parent or ("households", "household_id")
        if parent == "households":
            return rows.filter(of_household)
        owned = self.newest_of_all_households(parent).filter(of_household).select(by)
        return rows.join(owned, on=by, how="semi").with_columns(pl.lit(household).alias("household_id"))

    def newest_by_key(self, versions: pl.LazyFrame, table: str, key: Iterable[str]) -> pl.LazyFrame:
        """The rows with the latest known_on of each `key` among `versions` of a table, in their columns.

        A table in which nothing was ever revised is returned as it is.
        """
        if table not in self.tables.revised_tables:
            return versions
        return versions.filter(_is_newest_of(*key))

    def _delivered(self, table: str) -> pl.LazyFrame:
        self.cache.record_dependency(table)
        rows = self.tables[table]
        return rows if self.known_by is None else rows.filter(_is_known_by(self.known_by))


def last_row_of_each(rows: pl.LazyFrame, by: str, day: str, previous: Mapping[str, str] | None = None) -> pl.LazyFrame:
    """The row with the latest `day` of each loan or household (`by`).

    previous: new column names, each with the column of the row before that it is filled from.
    """
    earlier = [_value_of_previous_row(by, column).alias(name) for name, column in (previous or {}).items()]
    in_order = rows.sort(by, day)
    return (in_order.with_columns(earlier) if earlier else in_order).filter(_is_last_of(by))


# Expressions are built once: for a single household, building them takes longer than computing them.


@cache
def _is_known_by(day: date) -> pl.Expr:
    return pl.col("known_on") <= day


@cache
def _is_newest_by(day: date | None) -> pl.Expr:
    """Whether no later version of a stored row was known by a day."""
    is_newest = pl.col(SUPERSEDED_ON).is_null()
    return is_newest if day is None else is_newest | (pl.col(SUPERSEDED_ON) > day)


@cache
def _is_newest_of(*key: str) -> pl.Expr:
    return pl.col("known_on") == pl.col("known_on").max().over(key)


@cache
def _value_of_previous_row(by: str, column: str) -> pl.Expr:
    return pl.when(pl.col(by) == pl.col(by).shift(1)).then(pl.col(column).shift(1))


@cache
def _is_last_of(by: str) -> pl.Expr:
    return pl.col(by).ne_missing(pl.col(by).shift(-1))
