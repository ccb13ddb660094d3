"""What was known by a day: the newest version of every fact, of loans and households numbered from the loan book."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

import polars as pl

from features.contract.tables import TABLES
from features.delivered_tables import Rows
from features.snapshot.frame_cache import Pieces

CLOSING = ("settled", "compensated", "written_off")
_NUMBER = {"loan_id": "loan", "household_id": "household"}


@dataclass(frozen=True)
class Known:
    """The facts of the households in the loan book, as known by `known_by` (None: by all data).

    Loans and households go by whole numbers, `loan` and `household`: joins and groups of them are fast. A row of a
    loan goes with the loan, even where a correction has given the loan to another household since. Facts are queries,
    read and computed with whatever is made of them; what many things are made of is `shared`.
    only_borrowing: households whose loans are all closed are left out. pieces: what is shared, by name.
    """

    rows: Rows
    known_by: date | None
    only_borrowing: bool = False
    pieces: Pieces = field(default_factory=Pieces)

    def shared(self, name: str, facts: Callable[[], pl.LazyFrame]) -> pl.LazyFrame:
        """Computed when first asked for and held in memory, for all that is made of them."""
        return self.held(name, facts).lazy()

    def held(self, name: str, facts: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
        """The same, as it is held."""
        return self.pieces.of(name, lambda: self.rows.computed(facts()))

    def with_more(self, added: Mapping[str, pl.DataFrame], county: str | None) -> Known:
        """As if more rows had been delivered (`Rows.with_more`); what they do not touch is not computed again."""
        return replace(self, rows=self.rows.with_more(added, county), pieces=Pieces(self.pieces, added))

    @property
    def loans(self) -> pl.LazyFrame:
        """The newest version of each loan, sorted by loan_id, with its numbers."""
        return self.shared("numbered loans", self._numbered_loans)

    def _numbered_loans(self) -> pl.LazyFrame:
        loans = self.newest_of_all("loans")
        if self.only_borrowing:
            events = self.newest_of_all("loan_events")
            closed = events.filter(_CLOSES)
            borrowing = loans.join(closed, on="loan_id", how="anti").select("household_id").unique()
            loans = loans.join(borrowing, on="household_id", how="semi")
        if self.rows.looked_at is not None:
            loans = loans.filter(self.rows.looked_at)
        return loans.sort("loan_id").with_columns(_NUMBERS)

    def newest(self, table: str) -> pl.LazyFrame:
        """One row a key: the version with the latest known_on, by the number of its loan, or else of its household.

        A fact given to another loan or household since is theirs alone, whether they have a number or not.
        """
        key = TABLES[table].key
        if _NUMBER.keys().isdisjoint(key):
            newest = self.newest_of_all(table)
            return self._numbered(self._of_policies(newest) if table == "claims" else newest, table)
        return self.newest_of(self.versions(table), table, [_NUMBER.get(name, name) for name in key])

    def _of_policies(self, claims: pl.LazyFrame) -> pl.LazyFrame:
        """A claim goes with its policy, even where a correction has given the policy to another household since."""
        self.pieces.looked_at("policies")
        if "policies" not in self.rows.revised:
            return claims
        claimed = self._delivered("policies").join(claims.select("policy_id"), on="policy_id", how="semi")
        newest = self.newest_of(claimed, "policies", TABLES["policies"].key)
        holders = newest.select("policy_id", holder="household_id")
        held = claims.join(holders, on="policy_id", how="left")
        return held.with_columns(pl.coalesce("holder", "household_id").alias("household_id")).drop("holder")

    def versions(self, table: str) -> pl.LazyFrame:
        """Every known version of every row, by the number of its loan, or else of its household."""
        return self._numbered(self._delivered(table), table)

    def _numbered(self, rows: pl.LazyFrame, table: str) -> pl.LazyFrame:
        if table == "prices":
            return rows
        name = "loan_id" if TABLES[table].parent == ("loans", "loan_id") else "household_id"
        return rows.join(self._numbers(name), on=name).drop({"household_id", name})

    def _numbers(self, name: str) -> pl.LazyFrame:
        """Of loans by `loan_id`, of households by `household_id`."""
        if name == "loan_id":
            return self.loans.select("loan_id", "loan")
        return self.shared("households", lambda: self.loans.select("household_id", "household").unique())

    def newest_of_all(self, table: str) -> pl.LazyFrame:
        """One row a key, of every household, with the identifiers as delivered."""
        return self.newest_of(self._delivered(table), table, TABLES[table].key)

    def newest_of(self, versions: pl.LazyFrame, table: str, key: Iterable[str]) -> pl.LazyFrame:
        """The version with the latest known_on of each key; nothing to choose in a table that was never revised."""
        if table not in self.rows.revised:
            return versions
        return versions.filter(_newest_by(*key))

    def _delivered(self, table: str) -> pl.LazyFrame:
        self.pieces.looked_at(table)
        rows = self.rows[table]
        return rows if self.known_by is None else rows.filter(_known_by(self.known_by))


@cache
def _known_by(day: date) -> pl.Expr:
    return pl.col("known_on") <= day


@cache
def _newest_by(*key: str) -> pl.Expr:
    return pl.col("known_on") == pl.col("known_on").max().over(key)


def last_of_each(rows: pl.LazyFrame, by: str, day: str, before: Mapping[str, str] | None = None) -> pl.LazyFrame:
    """The row with the latest day of each loan or household, and columns of the row before it under other names."""
    earlier = [_of_the_one_before(by, column).alias(name) for name, column in (before or {}).items()]
    in_order = rows.sort(by, day)
    return (in_order.with_columns(earlier) if earlier else in_order).filter(_last_of(by))


@cache
def _of_the_one_before(by: str, column: str) -> pl.Expr:
    return pl.when(pl.col(by) == pl.col(by).shift(1)).then(pl.col(column).shift(1))


@cache
def _last_of(by: str) -> pl.Expr:
    return pl.col(by).ne_missing(pl.col(by).shift(-1))


_CLOSES = pl.col("kind").is_in(CLOSING)
_NUMBERS = (
    pl.int_range(pl.len(), dtype=pl.Int32).alias("loan"),
    pl.col("household_id").rank("dense").cast(pl.Int32).alias("household"),
)
