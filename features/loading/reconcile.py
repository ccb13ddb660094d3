"""Comparison of delivered rows with stored ones: new, a correction, stored, in conflict, reused, or waiting."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from features.contract.declarations import LINE, ContractTable
from features.contract.validation import HAS_KNOWN_ON
from features.ledger.ledger import Ledger
from features.ledger.part_files import ALL_COUNTIES, COUNTY
from features.loading.reused_numbers import REASON, members_numbered_anew, reused_numbers
from features.messages import Bilingual

_STORED = "stored "
"""Prefix of the columns that hold the stored version of a row."""
_FOLLOWS, _REPEATS = "follows a version", "repeats it"
"""Columns of whether a row has an earlier version, and whether it has the content of that."""
CONFLICT = Bilingual(
    "同一主键、同一知悉日已有不同内容；两笔须用不同编号，更正须用较晚的知悉日",
    "the same key and known_on exist with other content; two facts need two numbers, a correction a later known_on",
)


@dataclass(frozen=True)
class Reconciliation:
    """The rows of one file by what becomes of them.

    new: rows to store, with the table's columns, `household_id` and `county`. added: number of them that are new facts.
    revised: number of them that are later versions with other content. already_stored: number of rows that repeat
    stored ones or each other. conflicts: rows whose key and known_on are stored with other content. set_aside: rows
    with a number used twice, with the columns of `reused_numbers.REASON`. waiting: rows whose household, loan or policy
    is not stored yet. The last three have the columns of the checked rows.
    """

    new: pl.DataFrame
    added: int
    revised: int
    already_stored: int
    conflicts: pl.DataFrame
    set_aside: pl.DataFrame
    waiting: pl.DataFrame


def reconcile_rows(rows: pl.DataFrame, table: ContractTable, ledger: Ledger, corrections: bool) -> Reconciliation:
    """Compare checked rows of a table (`CheckedRows.rows`) with the ledger.

    corrections: whether a row may move a fact to another loan, household, bank or policy.
    """
    located = _with_county(rows, table, ledger)
    waiting = located.filter(pl.col(COUNTY).is_null()).select(rows.columns)
    reused_waiting = _reused_waiting_rows(waiting, table, ledger) if not corrections else None
    if reused_waiting is not None:
        waiting = waiting.join(reused_waiting.select(LINE), on=LINE, how="anti", maintain_order="left")
    distinct = located.filter(pl.col(COUNTY).is_not_null()).unique(
        table.column_names, keep="first", maintain_order=True
    )
    is_first_of_key = distinct.select(pl.struct(*table.key, "known_on").is_first_distinct()).to_series()
    version = [*table.key, "known_on"]
    candidates = distinct.filter(is_first_of_key)
    stored_rows = ledger.stored_versions(table.name, candidates).select(table.column_names)
    stored_versions = stored_rows.select(*version, *(pl.col(name).alias(_STORED + name) for name in table.column_names))
    compared = candidates.join(stored_versions, on=version, how="left", maintain_order="left")
    is_equal = pl.all_horizontal(pl.col(name).eq_missing(pl.col(_STORED + name)) for name in table.column_names)
    is_stored = pl.col(_STORED + table.key[0]).is_not_null()
    differing = compared.filter(is_stored & ~is_equal).select(distinct.columns)
    new = _without_unchanged_rows(compared.filter(~is_stored).select(distinct.columns), table, stored_rows)
    versions = _versions_of(new, table, stored_rows)
    set_aside = _set_aside(new if not corrections else new.clear(), rows, versions, table, ledger)
    conflicts = pl.concat([distinct.filter(~is_first_of_key), differing])
    if conflicts.height and not corrections:
        # Of one day and of two owners: no correction that is dated badly, but a number used twice.
        others = pl.concat([stored_rows, candidates.select(stored_rows.columns)])
        moved = reused_numbers(conflicts, others.join(conflicts, on=table.key, how="semi"), table)
        set_aside = pl.concat([set_aside, moved])
        conflicts = conflicts.join(moved.select(LINE), on=LINE, how="anti", maintain_order="left")
    new = new.join(set_aside.select(LINE), on=LINE, how="anti", maintain_order="left")
    added, revised = _count_versions(new, versions, table)
    already_stored = rows.height - waiting.height - conflicts.height - set_aside.height - added - revised
    aside = set_aside.select(*rows.columns, *REASON)
    if reused_waiting is not None:
        already_stored -= reused_waiting.height
        aside = pl.concat([aside, reused_waiting])
    return Reconciliation(new, added, revised, already_stored, conflicts.select(rows.columns), aside, waiting)


def _reused_waiting_rows(waiting: pl.DataFrame, table: ContractTable, ledger: Ledger) -> pl.DataFrame | None:
    """Those of the rows that wait whose number another owner has, with the columns of REASON; None where none waits.

    They would wait while what hangs on them is counted on the other owner.
    """
    if waiting.is_empty() or not table.hangs_on:
        return None
    stored = ledger.stored_versions(table.name, waiting).select(table.column_names)
    return reused_numbers(waiting, stored.join(waiting, on=table.key, how="semi"), table)


def _versions_of(rows: pl.DataFrame, table: ContractTable, stored_rows: pl.DataFrame) -> pl.DataFrame:
    """Those of the stored rows that later versions of the rows replace."""
    return stored_rows.join(rows.select(table.version_key), on=table.version_key, how="semi")


def _set_aside(
    new: pl.DataFrame, delivered: pl.DataFrame, versions: pl.DataFrame, table: ContractTable, ledger: Ledger
) -> pl.DataFrame:
    """Those of the rows to store whose number is used twice, with the columns of REASON."""
    reused = reused_numbers(new, versions, table)
    if table.name != "members" or new.is_empty():
        return reused
    anew = members_numbered_anew(new, delivered, ledger.scan("members").select(table.column_names).collect())
    return pl.concat([reused, anew]).unique(LINE, keep="first", maintain_order=True)


def _count_versions(new: pl.DataFrame, versions: pl.DataFrame, table: ContractTable) -> tuple[int, int]:
    """How many of the rows are new facts, and how many are versions with other content than the one before.

    The others repeat the version before, known later. A further instalment of a known schedule revises that schedule.
    """
    if versions.is_empty() and new.select(table.key).n_unique() == new.height:
        return new.height, 0
    key, content = list(table.key), [name for name in table.column_names if name != "known_on"]
    stored = versions.select(pl.lit(None, pl.Int64).alias(LINE), *table.column_names)
    in_order = pl.concat([stored, new.select(LINE, *table.column_names)]).sort(*key, "known_on")
    follows, repeats = (
        pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in names) for names in (key, content)
    )
    marked = in_order.with_columns(follows.alias(_FOLLOWS), repeats.alias(_REPEATS)).filter(pl.col(LINE).is_not_null())
    first = marked.filter(~pl.col(_FOLLOWS))
    days = versions.select(*table.version_key, pl.col("known_on").alias(_STORED)).unique()
    further = first.join(days, on=table.version_key).filter(pl.col("known_on") != pl.col(_STORED))[LINE].n_unique()
    revised = marked.filter(pl.col(_FOLLOWS) & ~pl.col(_REPEATS)).height + further
    return first.height - further, revised


def _with_county(rows: pl.DataFrame, table: ContractTable, ledger: Ledger) -> pl.DataFrame:
    """The rows with `household_id` and `county`, which are null where the parent is not stored yet."""
    if table.name == "prices":
        return rows.with_columns(pl.lit(ALL_COUNTIES).alias(COUNTY))
    if table.parent is None:
        # A household stays in the county of its first version, so that its history stays in one folder.
        stored = ledger.parent_versions("households", rows["household_id"]).select("household_id", COUNTY)
        first_delivered = rows.sort("known_on", maintain_order=True)
        delivered = first_delivered.select("household_id", pl.col("village_code").str.head(6).alias(COUNTY))
        counties = pl.concat([stored, delivered]).unique("household_id", keep="first", maintain_order=True)
        return rows.join(counties, on="household_id", how="left", maintain_order="left")
    parent, by = table.parent
    versions = ledger.parent_versions(parent, rows[by])
    newest = versions.sort("known_on", maintain_order=True).unique(by, keep="last", maintain_order=True)
    return rows.join(newest.select(sorted({by, "household_id", COUNTY})), on=by, how="left", maintain_order="left")


def _without_unchanged_rows(rows: pl.DataFrame, table: ContractTable, stored_rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without those that lack a known_on of their own and repeat the newest stored version.

    stored_rows: all that later versions of them replace.
    """
    undated = rows.filter(~pl.col(HAS_KNOWN_ON))
    if undated.is_empty() or stored_rows.is_empty():
        return rows
    by = list(table.version_key)
    arrivals = undated.select(*by, pl.col("known_on").alias("arrives")).unique()
    earlier = (
        _versions_of(undated, table, stored_rows).join(arrivals, on=by).filter(pl.col("known_on") <= pl.col("arrives"))
    )
    newest = earlier.filter(pl.col("known_on") == pl.col("known_on").max().over(by))
    content = [name for name in table.column_names if name != "known_on"]
    repeats = undated.join(newest, on=content, how="semi", nulls_equal=True)
    if table.whole:
        # A schedule that comes without some of its instalments, or with others, replaces the stored one whole.
        counts = [frame.group_by(by).len() for frame in (repeats, undated, newest)]
        unchanged = counts[0].join(counts[1], on=[*by, "len"], how="semi").join(counts[2], on=[*by, "len"], how="semi")
        repeats = repeats.join(unchanged, on=by, how="semi")
    repeats = repeats.select(LINE)
    return rows.join(repeats, on=LINE, how="anti", maintain_order="left")
