"""The inbox: which of its files, and which sheets of them, belong to which table of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from features.contract.tables import TABLES
from features.delivery.column_map import ColumnMap
from features.delivery.file_tables import tables_told_by
from features.delivery.read_file import SUFFIXES, tables_in_file
from features.messages import Bilingual, UserError

TRUTH = "truth"
"""Folder of a simulated inbox that no load reads."""
_TABLE_LIKE = (*SUFFIXES, ".xlsb", ".ods", ".et", ".dbf", ".wps", ".ett")
"""Endings of files that people keep tables in."""


@dataclass(frozen=True)
class InboxTable:
    """A table of a file: where it lies, the sheet of a workbook, and what the report calls it."""

    table: str
    path: Path
    sheet: str
    label: str


@dataclass
class Inbox:
    """The content of an inbox folder.

    tables: the tables of all files, parent tables first. unrecognised: names of the entries that are no table. may_be:
    those of them that could be one, with what to do. refused: files that could not be told or read, with the reason.
    left_out: sheets of files that are no table, by file.
    """

    tables: list[InboxTable] = field(default_factory=list)
    unrecognised: list[str] = field(default_factory=list)
    may_be: dict[str, Bilingual] = field(default_factory=dict)
    refused: dict[str, Bilingual] = field(default_factory=dict)
    left_out: dict[str, tuple[Bilingual, ...]] = field(default_factory=dict)

    def of(self, table: str) -> Iterator[InboxTable]:
        """The tables of one name, in the order of their files."""
        return (one for one in self.tables if one.table == table)


def list_inbox(folder: Path, column_map: ColumnMap) -> Inbox:
    """List the tables of an inbox: of files told by their names, by a folder's name, by sheets or by the column map.

    Raises UserError where the folder is missing or holds nothing that could be a table.
    """
    if not folder.is_dir():
        raise UserError(f"收件夹不存在：{folder}", f"There is no inbox folder {folder}.")
    inbox = Inbox()
    for entry in _entries(folder):
        if entry.is_dir():
            _list_folder(entry, column_map, inbox)
        else:
            _list_file(entry, entry.name, None, column_map, inbox)
    if not inbox.tables and not inbox.refused and not inbox.may_be:
        raise UserError(
            f"收件夹 {folder} 中没有任何表；文件名应含表名，如 households.csv、贷款台账.xlsx。",
            f"The inbox {folder} holds no table; name its files by their tables: households.csv, loans_202412.xlsx.",
        )
    return inbox


def _list_folder(folder: Path, column_map: ColumnMap, inbox: Inbox) -> None:
    """A folder of a table's name holds files of that table; any other is not looked into, and told."""
    told = (folder.name,) if folder.name in TABLES else tables_told_by(folder.name)
    inside = [path for path in _entries(folder) if path.is_file()]
    if len(told) == 1 and folder.name != TRUTH:
        for path in inside:
            _list_file(path, f"{folder.name}/{path.name}", told[0], column_map, inbox)
        return
    inbox.unrecognised.append(folder.name)
    if folder.name != TRUTH and any(path.suffix.lower() in _TABLE_LIKE for path in inside):
        inbox.may_be[folder.name] = Bilingual(
            f"{folder.name}/：子文件夹名不是表名，其中的文件未读；"
            "请移到收件夹下，或以表名命名该文件夹（如 payments）。",
            f"{folder.name}/ is not named by a table, and its files were not read; move them up, or name it payments/.",
        )


def _list_file(path: Path, label: str, told: str | None, column_map: ColumnMap, inbox: Inbox) -> None:
    if path.suffix.lower() not in SUFFIXES:
        inbox.unrecognised.append(label)
        if path.suffix.lower() in _TABLE_LIKE:
            inbox.may_be[label] = Bilingual(
                f"{label}：不能读取 {path.suffix} 文件；请另存为 .xlsx 或 .csv 后重新送达。",
                f"{label}: {path.suffix} files are not read; save it as .xlsx or .csv and deliver it again.",
            )
        return
    try:
        found = tables_in_file(path, column_map, told)
    except UserError as refusal:
        inbox.refused[label] = refusal.message
        return
    if found.sheets_left_out:
        inbox.left_out[label] = found.sheets_left_out
    for table, sheet in found.tables:
        several = len(found.tables) > 1
        inbox.tables.append(InboxTable(table, path, sheet, f"{label} [{sheet}]" if several else label))
    if not found.tables:
        inbox.unrecognised.append(label)
        if path.suffix.lower() == ".txt":  # most are notes
            return
        inbox.may_be[label] = Bilingual(
            f"{label}：文件名看不出是哪张表，未读；请改名（如 payments_202412.csv、贷款台账-12月.xlsx），"
            "放入以表名命名的文件夹，或在列映射中写 match 与 table。",
            f"{label}: its name tells no table, and it was not read; name it by its table (payments_202412.csv), put "
            "it into a folder of that name, or say match and table in the column map.",
        )


def _entries(folder: Path) -> list[Path]:
    """The entries of a folder, files first, without hidden ones and the lock files that Excel writes (`~$...`)."""
    entries = (path for path in folder.iterdir() if not path.name.startswith((".", "~$")))
    return sorted(entries, key=lambda path: (path.is_dir(), path.name))
