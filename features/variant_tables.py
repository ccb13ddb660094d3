"""One household under several suppositions, laid side by side as households of counties of their own.

So one pass computes all of them: starting a query takes longer than running it over one household's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from features.delivered_tables import DeliveredTables

COUNTY_DIGITS = 6
_MARK = "\x1f"
"""Between an identifier and its variant's number: it sorts before all that identifiers are written with."""
_ID_SUFFIX = "_id"


def variant_county(number: int) -> str:
    """The code that stands in the place of the county's six digits in a variant."""
    return f"#{number:0{COUNTY_DIGITS - 1}d}"


def side_by_side(variants: Sequence[DeliveredTables], household: str, county: str) -> DeliveredTables:
    """The rows of all variants, each with identifiers and a county (`variant_county`) of its own.

    Args:
        variants: one household's rows in memory, without those of other households.
        household: its identifier.
        county: its county, six digits.
    """
    counties = pl.LazyFrame({"variant": [str(number) for number in range(len(variants))]}).with_columns(
        code=pl.Series([variant_county(number) for number in range(len(variants))])
    )
    first_known = {
        table: {
            variant_county(number): each.first_known[table][county]
            for number, each in enumerate(variants)
            if county in each.first_known.get(table, {})
        }
        for table in {table for each in variants for table in each.first_known}
    }
    names = dict.fromkeys(name for each in variants for name in each.frames)
    frames = {name: _rows_of_all(name, variants, counties) for name in names}
    own = pl.col("household_id").is_in([f"{household}{_MARK}{number}" for number in range(len(variants))])
    collected = pl.collect_all(frames.values(), engine="in-memory")
    return replace(
        variants[0],
        frames={name: rows.lazy() for name, rows in zip(frames, collected, strict=True)},
        first_known=first_known,
        revised_tables=frozenset().union(*(each.revised_tables for each in variants)),
        restrict_to=own,
        empty_tables=frozenset.intersection(*(each.empty_tables for each in variants)),
    )


def _rows_of_all(name: str, variants: Sequence[DeliveredTables], counties: pl.LazyFrame) -> pl.LazyFrame:
    """A table's rows in each variant; the rows of those that share them are written out together."""
    if name == "prices":
        return variants[0][name]
    sharing: dict[int, list[int]] = {}
    for number, each in enumerate(variants):
        sharing.setdefault(id(each.frames.get(name)), []).append(number)
    parts = []
    for numbers in sharing.values():
        rows = variants[numbers[0]][name]
        columns = rows.collect_schema().names()
        of_variants = counties.filter(pl.col("variant").is_in([str(number) for number in numbers]))
        written = [pl.col(column) + _MARK + pl.col("variant") for column in columns if column.endswith(_ID_SUFFIX)]
        if "village_code" in columns:
            written.append((pl.col("code") + pl.col("village_code").str.slice(COUNTY_DIGITS)).alias("village_code"))
        parts.append(rows.join(of_variants, how="cross").with_columns(written).select(columns))
    return pl.concat(parts)


def split_by_variant(rows: pl.DataFrame, count: int, county: str) -> list[pl.DataFrame]:
    """The rows of each variant, in their order, with the identifiers and codes that they had.

    rows: with `household_id` as computed from `side_by_side`, which tells the variants apart: the county of a household
    that is not known yet is missing. count: of variants. county: the household's, six digits.
    """
    codes = [name for name in ("county_code", "township_code", "village_code") if name in rows.columns]
    identifiers = [name for name in rows.columns if name.endswith(_ID_SUFFIX)]
    restored = rows.with_columns(
        pl.col("household_id").str.split(_MARK).list.last().alias(_MARK),
        *((county + pl.col(name).str.slice(COUNTY_DIGITS)).alias(name) for name in codes),
        *(pl.col(name).str.split(_MARK).list.first() for name in identifiers),
    )
    parts = restored.partition_by(_MARK, as_dict=True, include_key=False)
    none = rows.clear()
    return [parts.get((str(number),), none) for number in range(count)]
