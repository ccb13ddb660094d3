"""A table's files read by Arrow on all cores: the columns asked for, owners as numbers, days counted from as_of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from features.sources.table import Kind, Table
from tests.benchmarks.pandas_features.days import number

_TYPES = {Kind.DATE: pa.date32(), Kind.WHOLE: pa.int64()} | dict.fromkeys(
    (Kind.MONEY, Kind.NUMBER, Kind.SHARE, Kind.POINTS), pa.float64()
)
_REPEATING = ("bank", "village_code")


@dataclass(frozen=True)
class Owners:
    """Loans or households whose rows are wanted: named in column `by`, numbered by their place among `ids`.

    linked: others, who have had a version of one of their facts.
    """

    by: str
    number: str
    ids: pa.Array
    linked: pa.Array | None = None


def scanned(table: Table, paths: list[Path], names: list[str], as_of: date, owners: Owners | None) -> pa.Table:
    """The rows known by as_of; of `owners` only, if given, with their numbers instead of their names."""
    held = {name: _counted(table, name, as_of) for name in names if owners is None or name != owners.by}
    if owners is None:
        return _read(table, paths, [], held, as_of)
    held[owners.number] = pc.index_in(ds.field(owners.by), value_set=owners.ids)
    read = _read(table, paths, [owners.by], held, as_of)
    return read.filter(read[owners.number].is_valid())


def frame_of(read: pa.Table) -> pd.DataFrame:
    """Codes become categories; a column of days with a missing one becomes floats."""
    frame: pd.DataFrame = read.to_pandas(split_blocks=True)
    return frame


def _read(
    table: Table, paths: list[Path], repeating: list[str], held: dict[str, pc.Expression], as_of: date
) -> pa.Table:
    coded = [column.name for column in table.columns if column.codes or column.name in _REPEATING]
    options = ds.ParquetReadOptions(dictionary_columns=[*repeating, *coded])
    files = ds.dataset(paths, format=ds.ParquetFileFormat(options)) if paths else ds.dataset(_nothing(table, repeating))
    return files.to_table(held, filter=ds.field("known_on") <= pa.scalar(as_of))


def _counted(table: Table, name: str, as_of: date) -> pc.Expression:
    """A column; a day as days from as_of."""
    is_day = any(column.name == name and column.kind is Kind.DATE for column in table.columns)
    return ds.field(name).cast(pa.int32()) - pa.scalar(number(as_of), pa.int32()) if is_day else ds.field(name)


def _nothing(table: Table, owners: list[str]) -> pa.Table:
    """No rows of a table that was not delivered."""
    types = dict.fromkeys(owners, pa.string()) | {c.name: _TYPES.get(c.kind, pa.string()) for c in table.columns}
    return pa.schema(types).empty_table()
