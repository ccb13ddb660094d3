"""The delivered tables that features are computed from: all versions of all rows, in files or in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest

import polars as pl

from features.contract.declarations import ContractTable
from features.contract.tables import TABLES
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.numbered_tables import NumberedTables

KNOWN_SINCE = "day placed"
"""Column of the first day on which a row, its loan or policy, and its household are all known."""
KNOWN_SINCE_SCHEMA = FrameSchema(
    {
        KNOWN_SINCE: FrameColumn(
            pl.Date(), "First day on which the row, its loan or policy, and its household are all known."
        )
    },
    extra="The columns of the rows.",
)
ReassignedHouseholds = Mapping[str, frozenset[str]]
"""For a household id, the other households that have had one of its facts in some version."""
FirstKnown = Mapping[str, Mapping[str, date]]
"""For a table and a county, the first day on which any row is known."""
_FEW_ROWS = 100
"""Up to so many rows a comparison in Python takes less time than a polars query."""
_UNOPTIMISED = pl.QueryOptFlags.none()


def stored_dtypes(table: ContractTable) -> dict[str, pl.DataType]:
    """The columns of a stored table with their types: the contract's, and `household_id` (not for prices)."""
    return table.schema if table.name == "prices" else table.schema | {"household_id": pl.String()}


@dataclass(frozen=True)
class DeliveredTables:
    """The delivered tables of a county or of some households, each as a LazyFrame in the columns of `stored_dtypes`.

    `tables["loans"]` is one table; a table that was not delivered is an empty frame.

    frames: the tables by name.
    first_known: for each table and county, the first day on which any row is known.
    revised_tables: the tables in which some fact has more than one version.
    in_memory: whether the rows are in memory; otherwise queries read them from files.
    reassigned_households: for a household, the others that have had one of its facts in some version.
    restrict_to: a condition on household_id for the households to compute; None for all. The frames also hold the
    rows of the households that are reassigned with these.
    empty_tables: tables that are known to have no row.
    numbered: the rows of the tables that are also stored by number, or those of more households; None without any.
    """

    frames: Mapping[str, pl.LazyFrame]
    first_known: FirstKnown
    revised_tables: frozenset[str]
    in_memory: bool = False
    reassigned_households: ReassignedHouseholds = field(default_factory=dict)
    restrict_to: pl.Expr | None = None
    empty_tables: frozenset[str] = frozenset()
    numbered: NumberedTables | None = None

    def __getitem__(self, table: str) -> pl.LazyFrame:
        """One table by name; an empty frame where it was not delivered."""
        frame = self.frames.get(table)
        return pl.LazyFrame(schema=stored_dtypes(TABLES[table])) if frame is None else frame

    def collect(self, query: pl.LazyFrame) -> pl.DataFrame:
        """The result of a query over these tables, in the columns of `query`."""
        if not self.in_memory:
            return query.collect(engine="in-memory")
        # Over few rows in memory, optimising costs more than it saves. collect_all passes the whole query to polars'
        # threads at once, where collect passes each join on its own.
        [result] = pl.collect_all([query], engine="in-memory", optimizations=_UNOPTIMISED)
        return result

    def read_into_memory(self, most_rows: int) -> DeliveredTables:
        """The same rows in memory, for many queries of all of them; these tables where they are more than `most_rows`.

        Read once, they need not be decoded anew for each query.
        """
        counts = pl.collect_all([frame.select(pl.len()) for frame in self.frames.values()])
        if self.in_memory or sum(int(count.item()) for count in counts) > most_rows:
            return self
        rows = pl.collect_all(self.frames.values())
        frames = {name: frame.lazy() for name, frame in zip(self.frames, rows, strict=True)}
        return replace(self, frames=frames, in_memory=True, numbered=self.numbered and self.numbered.in_memory())

    def counties_with(self, table: str, known_by: date) -> tuple[str, ...]:
        """The counties that have any row of a table known by the day `known_by`, sorted."""
        return tuple(sorted(county for county, day in self.first_known.get(table, {}).items() if day <= known_by))

    def for_household(self, household: str) -> DeliveredTables:
        """The rows of one household, in memory, with all prices; `first_known` stays that of the county.

        The frames also hold the rows of the households that are reassigned with it.
        """
        reassigned = self.reassigned_households.get(household, frozenset())
        own_tables = self._restricted_to(pl.col("household_id") == household, reassigned)
        own_rows = pl.collect_all(own_tables.frames.values(), engine="in-memory" if self.in_memory else "streaming")
        frames = dict(zip(own_tables.frames, own_rows, strict=True))
        revised_tables = frozenset(name for name in self.revised_tables if has_several_versions(name, frames[name]))
        empty_tables = frozenset(name for name, frame in frames.items() if frame.is_empty())
        return replace(
            own_tables,
            frames={name: frame.lazy() for name, frame in frames.items()},
            in_memory=True,
            revised_tables=revised_tables,
            empty_tables=empty_tables,
            numbered=None,
        )

    def for_households(self, households: Collection[str]) -> DeliveredTables:
        """The rows of some households with all prices; queries still read them from the files.

        The frames also hold the rows of the households that are reassigned with them.
        """
        reassigned = {other for name in households for other in self.reassigned_households.get(name, ())}
        return self._restricted_to(pl.col("household_id").is_in(sorted(households)), reassigned)

    def household_blocks(self, households_per_block: int, table: str = "loans") -> list[DeliveredTables]:
        """These tables split by ranges of household_id, so that a computation has few households in memory at once.

        table: the one whose households are split; a block is of those of `loans`, or of every one of `households`.
        """
        if self.in_memory and self.restrict_to is not None:  # the rows of one household are few
            return [self]
        households = self.collect(self[table].select(pl.col("household_id").unique().sort())).to_series()
        if len(households) <= households_per_block:
            return [self]
        starts = [households[start] for start in range(0, len(households), households_per_block)]
        blocks = []
        for start, end in zip_longest(starts, starts[1:]):
            condition = pl.col("household_id") >= start
            if end is not None:
                condition &= pl.col("household_id") < end
            inside = [name for name in self.reassigned_households if name >= start and (end is None or name < end)]
            reassigned = {other for name in inside for other in self.reassigned_households[name]}
            blocks.append(self._restricted_to(condition, reassigned))
        return blocks

    def _restricted_to(self, condition: pl.Expr, reassigned: Collection[str]) -> DeliveredTables:
        """The tables restricted to the households that meet a condition; the rows of `reassigned` stay readable."""
        readable = condition | pl.col("household_id").is_in(sorted(reassigned)) if reassigned else condition
        frames = {name: frame if name == "prices" else frame.filter(readable) for name, frame in self.frames.items()}
        restrict_to = condition if self.restrict_to is None else condition & self.restrict_to
        return replace(self, frames=frames, restrict_to=restrict_to)

    def with_added_rows(self, added: Mapping[str, pl.DataFrame], county: str | None) -> DeliveredTables:
        """The tables with further rows, as if these had been delivered, too; the tables with added rows are in memory.

        added: rows by table, in the columns of `stored_dtypes`. A row replaces a stored one with the same key and
        known_on. county: the county of the added rows.
        """
        frames, revised_tables = dict(self.frames), set(self.revised_tables)
        first_known = {name: dict(days) for name, days in self.first_known.items()}
        for name, rows in added.items():
            version, key = [*TABLES[name].key, "known_on"], TABLES[name].version_key
            stored_rows = self.collect(self[name].select(rows.columns).cast(pl.Schema(rows.schema)))
            unreplaced_rows = stored_rows.filter(~_rows_in(stored_rows, rows, version))
            frames[name] = pl.concat([unreplaced_rows, rows]).lazy()
            if _rows_in(unreplaced_rows, rows, key).any():
                revised_tables.add(name)
            days = first_known.setdefault(name, {})
            if county is not None and rows.height:
                days[county] = min(days.get(county, date.max), *rows["known_on"])
        empty_tables = self.empty_tables.difference(name for name, rows in added.items() if rows.height)
        return replace(
            self,
            frames=frames,
            revised_tables=frozenset(revised_tables),
            first_known=first_known,
            empty_tables=empty_tables,
            numbered=None,
        )

    @staticmethod
    def from_frames(tables: Mapping[str, pl.DataFrame]) -> DeliveredTables:
        """Delivered tables made of frames in memory, without a ledger.

        tables: frames by table name, with all columns of the contract; types are cast to the contract's, further
        columns are dropped. Tables that are left out count as not delivered. Rows that lack `household_id` get it
        from the newest version of their loan or policy.

        Raises polars' ColumnNotFoundError where a column is missing.

        >>> from datetime import date
        >>> import polars as pl
        >>> from features.contract.tables import TABLES
        >>> from features.delivered_tables import DeliveredTables
        >>> cells = {"household_id": "H1", "village_code": "640323100201", "known_on": date(2024, 1, 31)}
        >>> households = pl.DataFrame({name: [cells.get(name)] for name in TABLES["households"].column_names})
        >>> tables = DeliveredTables.from_frames({"households": households})
        >>> tables["households"].collect()["household_id"].to_list()
        ['H1']
        >>> tables["loans"].collect().height
        0
        """
        frames: dict[str, pl.LazyFrame] = {}
        for name, table in TABLES.items():
            if name in tables:
                frame = tables[name].lazy().select(table.column_names).cast(pl.Schema(table.schema))
                if table.parent and "household_id" not in table.column_names:
                    parent, by = table.parent
                    no_parents = pl.LazyFrame(schema={by: pl.String(), "household_id": pl.String()})
                    parents = frames[parent].sort("known_on") if parent in frames else no_parents
                    newest = parents.select(by, "household_id").unique(by, keep="last")
                    frame = frame.join(newest, on=by, how="left")
                frames[name] = frame
        revised_tables = {name for name, frame in tables.items() if has_several_versions(name, frame)}
        owners = {name: frames[name].collect() for name in revised_tables}
        if "loans" in frames:
            loans = owners.get("loans", frames["loans"].collect())
            owners["loans"] = pl.concat([loans, with_renewed_as_loan(loans)], how="diagonal")
        pairs = [pair for name, versions in owners.items() for pair in reassigned_pairs(name, versions)]
        return DeliveredTables(
            frames,
            _first_known(frames),
            frozenset(revised_tables),
            in_memory=True,
            reassigned_households=partners_by_name(pairs),
        )


def _rows_in(rows: pl.DataFrame, lookup_rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """For each of `rows`, whether `lookup_rows` has one with the same values in `columns`."""
    lookup = set(lookup_rows.select(columns).rows())
    return pl.Series([row in lookup for row in rows.select(columns).rows()], dtype=pl.Boolean)


def has_several_versions(table: str, rows: pl.DataFrame) -> bool:
    """Whether some fact, named by the table's key, has more than one row; a schedule, more than one known_on."""
    if TABLES[table].whole:
        rows = rows.select(*TABLES[table].whole, "known_on").unique()
    key = TABLES[table].version_key
    if rows.height < _FEW_ROWS:
        return len(set(zip(*(rows[name] for name in key), strict=True))) < rows.height
    return bool(rows.select(key).is_duplicated().any())


def reassigned_pairs(table: str, versions: pl.DataFrame, by: str = "household_id") -> list[tuple[str, str]]:
    """Pairs of households (or of other values of the column `by`) that have a fact in common.

    A correction moved it between them, or one renewed the loan of the other. versions: all versions of the facts, with
    the key of `table` and `by`. Each pair is sorted, and listed once.
    """
    key = list(TABLES[table].key)
    if "household_id" in key or by not in versions.columns:
        return []
    owners = versions.select(*key, by).unique()
    reassigned_facts = owners.filter(owners.select(key).is_duplicated())
    pairs = reassigned_facts.join(reassigned_facts, on=key).select(one=by, other=f"{by}_right")
    return pairs.filter(pl.col("one") < pl.col("other")).unique().sort("one", "other").rows()


def with_renewed_as_loan(loans: pl.DataFrame) -> pl.DataFrame:
    """For each loan that renews another, its owner under the identifier of that other, which it closes.

    loans: with renews_loan_id. Returns loan_id and the columns of `loans` that say the owner: household_id and county.
    """
    owner = [name for name in ("household_id", "county") if name in loans.columns]
    return loans.filter(pl.col("renews_loan_id").is_not_null()).select(
        pl.col("renews_loan_id").alias("loan_id"), *owner
    )


def partners_by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """For each name in the pairs, all others that it is paired with, be it through further ones.

    A pair is of those under whom a fact was stored. A loan that has moved since may belong to a third household, and
    what was stored under the second is read with it.
    """
    groups: dict[str, set[str]] = {}
    for one, other in pairs:
        group, joined = groups.setdefault(one, {one}), groups.setdefault(other, {other})
        if group is not joined:
            larger, smaller = sorted((group, joined), key=len, reverse=True)
            larger |= smaller
            groups.update(dict.fromkeys(smaller, larger))
    return {name: frozenset(group - {name}) for name, group in groups.items()}


def _first_known(frames: Mapping[str, pl.LazyFrame]) -> dict[str, dict[str, date]]:
    """The first day with a known row by table and county; a household's county is that of its first version."""
    households = frames.get("households", pl.LazyFrame(schema=stored_dtypes(TABLES["households"])))
    first_versions = households.sort("known_on").unique("household_id", keep="first")
    county = first_versions.select("household_id", pl.col("village_code").str.head(6).alias("county"))
    first_known = {}
    for name, frame in frames.items():
        if name != "prices":
            dated_rows = with_known_since(frame, TABLES[name], frames).join(county, on="household_id")
            first_known[name] = dict(dated_rows.group_by("county").agg(pl.col(KNOWN_SINCE).min()).collect().rows())
    return first_known


@returns(KNOWN_SINCE_SCHEMA)
def with_known_since(rows: pl.LazyFrame, table: ContractTable, parent_rows: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The rows with the column KNOWN_SINCE: the first day on which row, parent and household are all known.

    Until that day the row is ignored. parent_rows: the tables of the parents, at least `known_on` and their key; a
    parent whose table is missing is taken as known.
    """
    days = ["known_on"]
    for parent, by in (table.parent, ("households", "household_id")) if table.parent else ():
        if parent in parent_rows and parent not in days:
            first_days = parent_rows[parent].group_by(by).agg(pl.col("known_on").min().alias(parent))
            rows = rows.join(first_days, on=by, how="left")
            days.append(parent)
    return rows.with_columns(pl.max_horizontal(days).alias(KNOWN_SINCE))
