"""Comparison of delivered rows with stored ones: new, already stored, in conflict, or waiting for their parent."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from features.contract.declarations import ContractTable
from features.contract.reading import LINE
from features.contract.validation import HAS_KNOWN_ON
from features.ledger.ledger import Ledger
from features.ledger.part_files import ALL_COUNTIES, COUNTY
from features.messages import Bilingual

_STORED = "stored "
"""Prefix of the columns that hold the stored version of a row."""
CONFLICT = Bilingual(
    "同一主键、同一知悉日已有不同内容; 更正须用较晚的知悉日",
    "the same key and known_on exist with other content; a correction needs a later known_on",
)


@dataclass(frozen=True)
class Reconciliation:
    """The rows of one file by what becomes of them.

    new: rows to store, with the table's columns, `household_id` and `county`. already_stored: number of rows that
    repeat stored ones or each other. conflicts: rows whose key and known_on are stored with other content. waiting:
    rows whose household, loan or policy is not stored yet. The last two have the columns of the checked rows.
    """

    new: pl.DataFrame
    already_stored: int
    conflicts: pl.DataFrame
    waiting: pl.DataFrame


def reconcile_rows(rows: pl.DataFrame, table: ContractTable, ledger: Ledger) -> Reconciliation:
    """Compare checked rows of a table (`CheckedRows.rows`) with the ledger."""
    located = _with_county(rows, table, ledger)
    waiting = located.filter(pl.col(COUNTY).is_null()).select(rows.columns)
    distinct = located.filter(pl.col(COUNTY).is_not_null()).unique(
        table.column_names, keep="first", maintain_order=True
    )
    is_first_of_key = distinct.select(pl.struct(*table.key, "known_on").is_first_distinct()).to_series()
    version = [*table.key, "known_on"]
    candidates = distinct.filter(is_first_of_key)
    stored_versions = (
        ledger.scan(table.name)
        .select(table.column_names)
        .join(candidates.lazy().select(version), on=version, how="semi")
        .select(*version, *(pl.col(name).alias(_STORED + name) for name in table.column_names))
        .collect()
    )
    compared = candidates.join(stored_versions, on=version, how="left", maintain_order="left")
    is_equal = pl.all_horizontal(pl.col(name).eq_missing(pl.col(_STORED + name)) for name in table.column_names)
    is_stored = pl.col(_STORED + table.key[0]).is_not_null()
    differing = compared.filter(is_stored & ~is_equal).select(distinct.columns)
    new = _without_unchanged_rows(compared.filter(~is_stored).select(distinct.columns), table, ledger)
    conflicts = pl.concat([distinct.filter(~is_first_of_key), differing])
    already_stored = rows.height - waiting.height - conflicts.height - new.height
    return Reconciliation(new, already_stored, conflicts.select(rows.columns), waiting)


def _with_county(rows: pl.DataFrame, table: ContractTable, ledger: Ledger) -> pl.DataFrame:
    """The rows with `household_id` and `county`, which are null where the parent is not stored yet."""
    if table.name == "prices":
        return rows.with_columns(pl.lit(ALL_COUNTIES).alias(COUNTY))
    if table.parent is None:
        # A household stays in the county of its first version, so that its history stays in one folder.
        stored = ledger.scan("households").select("household_id", COUNTY).collect()
        first_delivered = rows.sort("known_on", maintain_order=True)
        delivered = first_delivered.select("household_id", pl.col("village_code").str.head(6).alias(COUNTY))
        counties = pl.concat([stored, delivered]).unique("household_id", keep="first", maintain_order=True)
        return rows.join(counties, on="household_id", how="left", maintain_order="left")
    parent, by = table.parent
    newest = ledger.scan(parent).sort("known_on", maintain_order=True).unique(by, keep="last", maintain_order=True)
    parents = newest.select(sorted({by, "household_id", COUNTY})).collect()
    return rows.join(parents, on=by, how="left", maintain_order="left")


def _without_unchanged_rows(rows: pl.DataFrame, table: ContractTable, ledger: Ledger) -> pl.DataFrame:
    """The rows without those that lack a known_on of their own and repeat the newest stored version."""
    undated = rows.filter(~pl.col(HAS_KNOWN_ON))
    if undated.is_empty():
        return rows
    stored_rows = (
        ledger.scan(table.name).select(table.column_names).join(undated.lazy(), on=table.key, how="semi").collect()
    )
    newest = (
        stored_rows.join(undated.select(*table.key, pl.col("known_on").alias("arrives")), on=list(table.key))
        .filter(pl.col("known_on") <= pl.col("arrives"))
        .sort("known_on")
        .unique(table.key, keep="last")
    )
    content = [name for name in table.column_names if name != "known_on"]
    repeats = undated.join(newest, on=content, how="semi", nulls_equal=True).select(LINE)
    return rows.join(repeats, on=LINE, how="anti", maintain_order="left")
