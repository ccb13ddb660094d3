"""The column map: delivered headers to the contract's columns, shipped for Chinese headers and extended by a county."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from features.contract.tables import TABLES
from features.messages import UserError, did_you_mean

HeadersByTable = dict[str, dict[str, str]]


@dataclass(frozen=True)
class ColumnMap:
    """The columns that delivered headers mean. columns_by_header: column by header for each table."""

    columns_by_header: HeadersByTable

    def column_name(self, table: str, heading: str) -> str:
        """The contract's column for a delivered header; a header without an entry is taken as the column's own name."""
        heading = heading.strip()
        return self.columns_by_header.get(table, {}).get(heading, heading.lower())


def read_column_map(county_file: Path | None = None) -> ColumnMap:
    r"""Read the shipped column map, overridden by a county's own.

    county_file: TOML with a section for each table and lines `"header" = "column"`; None for the shipped map alone.

    Raises UserError that names all faults of the county's file.

    >>> from features.contract.column_map import read_column_map
    >>> read_column_map().column_name("loans", "贷款编号")
    'loan_id'
    >>> county_file = tmp / "columns.toml"
    >>> _ = county_file.write_text('[loans]\n"合同号" = "loan_id"\n', encoding="utf-8")
    >>> read_column_map(county_file).column_name("loans", "合同号")
    'loan_id'
    """
    shipped = tomllib.loads(files(__package__).joinpath("chinese_headers.toml").read_text("utf-8"))
    county_headers = _read_county_map(county_file) if county_file else {}
    return ColumnMap({table: shipped.get(table, {}) | county_headers.get(table, {}) for table in TABLES})


def _read_county_map(path: Path) -> HeadersByTable:
    """Read a county's map and check that its tables and columns are the contract's."""
    try:
        maps = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(
            f"列映射 {path.name} 无法读取: {error}", f"The column map {path.name} cannot be read: {error}"
        ) from error
    faults = []
    for table, columns in maps.items():
        if table not in TABLES or not isinstance(columns, dict):
            faults.append(f"[{table}] is not a table of the contract. {did_you_mean(table, TABLES)}")
            continue
        for heading, name in columns.items():
            if name not in TABLES[table].column_names:
                hint = did_you_mean(str(name), TABLES[table].column_names)
                faults.append(f'[{table}] "{heading}" = "{name}" is not a column. {hint}')
    if faults:
        listed = "; ".join(faults)
        raise UserError(f"列映射 {path.name} 有误: {listed}", f"The column map {path.name} is wrong: {listed}")
    return maps
