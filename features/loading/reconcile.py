"""Arriving rows against the rows already kept: new, known before, in conflict, or waiting for their parent."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from features.contract.declarations import Table
from features.contract.reading import LINE
from features.contract.validation import DATED
from features.ledger.ledger import Ledger
from features.ledger.part_files import COUNTY, EVERYWHERE
from features.messages import Words

_KEPT = "kept "
CONFLICT = Words(
    "同一主键、同一知悉日已有不同内容; 更正须用较晚的知悉日",
    "the same key and known_on exist with other content; a correction needs a later known_on",
)


@dataclass(frozen=True)
class Arrivals:
    """The rows of one file, each in exactly one place."""

    new: pl.DataFrame
    known: int
    conflicts: pl.DataFrame
    waiting: pl.DataFrame


def arrivals(rows: pl.DataFrame, table: Table, ledger: Ledger) -> Arrivals:
    """Sort checked rows; the new ones come with the household and county they belong to."""
    homed = _homed(rows, table, ledger)
    waiting = homed.filter(pl.col(COUNTY).is_null()).select(rows.columns)
    single = homed.filter(pl.col(COUNTY).is_not_null()).unique(table.names, keep="first", maintain_order=True)
    first = single.select(pl.struct(*table.key, "known_on").is_first_distinct()).to_series()
    compared = _beside_kept(single.filter(first), table, ledger)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(_KEPT + name)) for name in table.names)
    exists = pl.col(_KEPT + table.key[0]).is_not_null()
    clash = compared.filter(exists & ~same)
    new = _without_repeats(compared.filter(~exists).select(single.columns), table, ledger)
    conflicts = pl.concat([single.filter(~first), clash.select(single.columns)])
    known = rows.height - waiting.height - conflicts.height - new.height
    return Arrivals(new, known, conflicts.select(rows.columns), waiting)


def _homed(rows: pl.DataFrame, table: Table, ledger: Ledger) -> pl.DataFrame:
    """Rows with `household_id` and `county`; no county where the parent is not known yet."""
    if table.name == "prices":
        return rows.with_columns(pl.lit(EVERYWHERE).alias(COUNTY))
    if table.parent is None:
        return _households_homed(rows, ledger)
    parent, by = table.parent
    newest = ledger.scan(parent).sort("known_on", maintain_order=True).unique(by, keep="last", maintain_order=True)
    homes = newest.select(sorted({by, "household_id", COUNTY})).collect()
    return rows.join(homes, on=by, how="left", maintain_order="left")


def _households_homed(rows: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """A household stays in the county that knew it first, so that its history stays in one place."""
    kept = ledger.scan("households").select("household_id", COUNTY).collect()
    arriving = rows.sort("known_on", maintain_order=True).select(
        "household_id", pl.col("village_code").str.head(6).alias(COUNTY)
    )
    homes = pl.concat([kept, arriving]).unique("household_id", keep="first", maintain_order=True)
    return rows.join(homes, on="household_id", how="left", maintain_order="left")


def _beside_kept(rows: pl.DataFrame, table: Table, ledger: Ledger) -> pl.DataFrame:
    """Each row beside the kept version with the same key and known_on, where there is one."""
    version = [*table.key, "known_on"]
    kept = (
        ledger.scan(table.name)
        .select(table.names)
        .join(rows.lazy().select(version), on=version, how="semi")
        .select(pl.all(), *(pl.col(name).alias(_KEPT + name) for name in table.names))
        .select(*version, *(_KEPT + name for name in table.names))
    )
    return rows.join(kept.collect(), on=version, how="left", maintain_order="left")


def _without_repeats(rows: pl.DataFrame, table: Table, ledger: Ledger) -> pl.DataFrame:
    """Less those that only repeat the newest kept version, in files that do not say known_on themselves."""
    undated = rows.filter(~pl.col(DATED))
    if undated.is_empty():
        return rows
    kept = ledger.scan(table.name).select(table.names).join(undated.lazy(), on=table.key, how="semi").collect()
    newest = (
        kept.join(undated.select(*table.key, pl.col("known_on").alias("arrives")), on=list(table.key))
        .filter(pl.col("known_on") <= pl.col("arrives"))
        .sort("known_on")
        .unique(table.key, keep="last")
    )
    content = [name for name in table.names if name != "known_on"]
    repeats = undated.join(newest, on=content, how="semi", nulls_equal=True).select(LINE)
    return rows.join(repeats, on=LINE, how="anti", maintain_order="left")
