"""A month of a million loans: a published month copied under other identifiers, each copy a little less risky."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl

from serving.batch.parquet import ROWS_IN_GROUP, write_edition_file
from serving.batch.publish import with_score_ranks
from serving.months.data_folder import DataFolder
from serving.months.edition import FRAME_KINDS, PublishedMonth
from serving.months.manifest import Manifest
from serving.months.published_editions import month_folder_name
from serving.months.repository import MonthRepository

_SPREAD = 0.1
"""By so much of its probability the last copy of a loan is less risky than the first."""
_IDENTIFIERS = ("loan_id", "household_id")


def published(month: PublishedMonth, loans: int, folder: Path) -> DataFolder:
    """A store with one month of about so many loans, none of them in a ledger."""
    store = DataFolder(folder)
    edition = store.editions / month_folder_name(month.as_of) / "edition-1"
    rows = {kind: month.scan(kind).collect() for kind in FRAME_KINDS}
    copies = max(1, round(loans / rows["warnings"].height))
    among = _all_probabilities(rows["warnings"], copies)
    for kind in FRAME_KINDS:
        frames = iter([rows[kind]]) if kind == "typical" else _copies(rows[kind].sort("loan_id"), copies)
        pieces = (with_score_ranks(piece, among) for piece in frames) if kind == "warnings" else frames
        write_edition_file(_in_groups(pieces), edition / kind / "640323.parquet")
    _told(month.manifest, copies, edition / "manifest.json")
    store.warnings.mkdir()
    link = store.warnings / month_folder_name(month.as_of)
    link.symlink_to(os.path.relpath(edition / "warnings", store.warnings))
    return DataFolder(folder)


def households(store: DataFolder) -> list[str]:
    """Of a store's newest month, in a fixed order that is not the order of loans."""
    found = (
        MonthRepository(store).month().scan("warnings").select(pl.col("household_id").unique()).collect().to_series()
    )
    return found.sort().sample(fraction=1.0, shuffle=True, seed=1).to_list()


def _copies(rows: pl.DataFrame, copies: int) -> Iterator[pl.DataFrame]:
    for number in range(copies):
        named = rows.with_columns(pl.concat_str(pl.lit(f"{number:05d}-"), name).alias(name) for name in _IDENTIFIERS)
        yield named.with_columns(_less_risky(number, copies)) if "probability" in rows.columns else named


def _less_risky(number: int, copies: int) -> pl.Expr:
    return pl.col("probability") * (1 - _SPREAD * number / copies)


def _all_probabilities(rows: pl.DataFrame, copies: int) -> pl.Series:
    known = rows.select(pl.col("probability").drop_nulls())
    return pl.concat(known.select(_less_risky(number, copies)) for number in range(copies)).to_series().sort()


def _in_groups(pieces: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in pieces of whole row groups."""
    held: list[pl.DataFrame] = []
    for piece in pieces:
        held.append(piece)
        if sum(each.height for each in held) >= ROWS_IN_GROUP:
            together = pl.concat(held)
            yield together.head(ROWS_IN_GROUP)
            held = [together.slice(ROWS_IN_GROUP)]
    yield pl.concat(held)


def _told(manifest: Manifest, copies: int, path: Path) -> None:
    larger = replace(manifest, edition=1, rows=manifest.rows * copies, before=None, checksums={})
    path.write_text(json.dumps(asdict(larger), ensure_ascii=False), "utf-8")
