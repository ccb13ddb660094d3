"""Which delivered header means which of the contract's columns: the shipped Chinese map, and a county's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from features.contract.tables import TABLES
from features.messages import Refused, did_you_mean

Names = dict[str, dict[str, str]]


@dataclass(frozen=True)
class ColumnMap:
    """Headers as delivered to column names, table by table."""

    names: Names

    def name(self, table: str, heading: str) -> str:
        """The contract's name for a header; a header that is in no map stands for itself."""
        heading = heading.strip()
        return self.names.get(table, {}).get(heading, heading.lower())


def column_map(own: Path | None = None) -> ColumnMap:
    """The shipped map, with a county's own (TOML) laid over it.

    Raises Refused with every fault of the county's file at once.
    """
    shipped = tomllib.loads(files(__package__).joinpath("chinese_headers.toml").read_text("utf-8"))
    theirs = _checked(own) if own else {}
    return ColumnMap({table: shipped.get(table, {}) | theirs.get(table, {}) for table in TABLES})


def _checked(path: Path) -> Names:
    try:
        maps = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(
            f"列映射 {path.name} 无法读取: {error}", f"The column map {path.name} cannot be read: {error}"
        ) from error
    faults = _faults(maps)
    if faults:
        listed = "; ".join(faults)
        raise Refused(f"列映射 {path.name} 有误: {listed}", f"The column map {path.name} is wrong: {listed}")
    return maps


def _faults(maps: dict[str, object]) -> list[str]:
    faults = []
    for table, names in maps.items():
        if table not in TABLES or not isinstance(names, dict):
            faults.append(f"[{table}] is not a table of the contract. {did_you_mean(table, TABLES)}")
            continue
        for heading, name in names.items():
            if name not in TABLES[table].names:
                hint = did_you_mean(str(name), TABLES[table].names)
                faults.append(f'[{table}] "{heading}" = "{name}" is not a column. {hint}')
    return faults
