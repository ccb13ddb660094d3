"""An inbox: which of its files are which tables, and which are none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.contract.reading import SUFFIXES
from features.contract.tables import TABLES
from features.messages import Refused


@dataclass(frozen=True)
class Inbox:
    """Files by table, parents before the tables that hang on them; and the entries that are no table."""

    files: tuple[tuple[str, Path], ...]
    strangers: tuple[str, ...]

    def of(self, table: str) -> tuple[Path, ...]:
        return tuple(path for name, path in self.files if name == table)


def inbox(folder: Path) -> Inbox:
    """`<table>.csv` or `<table>/*.csv`; also .parquet and .xlsx.

    Raises Refused where the folder is missing or holds no table.
    """
    if not folder.is_dir():
        raise Refused(f"收件夹不存在: {folder}", f"There is no inbox folder {folder}.")
    entries = _entries(folder)
    files = [(table, path) for table in TABLES for path in _files_of(table, entries)]
    if not files:
        raise Refused(
            f"收件夹 {folder} 中没有任何表; 文件应名为 households.csv、loans.csv 等。",
            f"The inbox {folder} holds no table; its files are named households.csv, loans.csv and so on.",
        )
    strangers = tuple(path.name for path in entries if path.stem not in TABLES or not _files_of(path.stem, [path]))
    return Inbox(tuple(files), strangers)


def _entries(folder: Path) -> list[Path]:
    """Less what systems hide there, and the locks that Excel leaves beside an open file."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "~$")))


def _files_of(table: str, entries: list[Path]) -> list[Path]:
    mine = [path for path in entries if path.stem == table]
    inside = [file for path in mine if path.is_dir() for file in _entries(path)]
    return [path for path in (*mine, *inside) if path.is_file() and path.suffix.lower() in SUFFIXES]
