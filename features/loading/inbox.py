"""The inbox: which of its files belong to which table of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.contract.reading import SUFFIXES
from features.contract.tables import TABLES
from features.messages import UserError


@dataclass(frozen=True)
class Inbox:
    """The content of an inbox folder.

    files: table and path of each file, parent tables first. unrecognised: names of the entries that are no table.
    """

    files: tuple[tuple[str, Path], ...]
    unrecognised: tuple[str, ...]

    def files_of(self, table: str) -> tuple[Path, ...]:
        """The files of one table."""
        return tuple(path for name, path in self.files if name == table)


def list_inbox(folder: Path) -> Inbox:
    """List the files of an inbox: `<table>.csv` or `<table>/*.csv`, also .parquet and .xlsx.

    Raises UserError where the folder is missing or holds no table.
    """
    if not folder.is_dir():
        raise UserError(f"收件夹不存在: {folder}", f"There is no inbox folder {folder}.")
    entries = _entries(folder)
    files = [(table, path) for table in TABLES for path in _files_of(table, entries)]
    if not files:
        raise UserError(
            f"收件夹 {folder} 中没有任何表; 文件应名为 households.csv、loans.csv 等。",
            f"The inbox {folder} holds no table; its files are named households.csv, loans.csv and so on.",
        )
    unrecognised = tuple(path.name for path in entries if path.stem not in TABLES or not _files_of(path.stem, [path]))
    return Inbox(tuple(files), unrecognised)


def _entries(folder: Path) -> list[Path]:
    """The entries of a folder, sorted, without hidden files and the lock files that Excel writes (`~$...`)."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "~$")))


def _files_of(table: str, entries: list[Path]) -> list[Path]:
    """The files of a table among some entries: by their own name, or in a folder of the table's name."""
    named = [path for path in entries if path.stem == table]
    inside = [file for path in named if path.is_dir() for file in _entries(path)]
    return [path for path in (*named, *inside) if path.is_file() and path.suffix.lower() in SUFFIXES]
