"""`lights columns`: look at delivered files and write the column map they need, with a question where one is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import islice
from pathlib import Path

from features.contract.declarations import ContractTable
from features.contract.tables import TABLES
from features.delivery.file_tables import tables_told_by
from features.delivery.headings import LINES_SEARCHED, HeadingLine, find_headings, heading, shipped_headings
from features.delivery.sheets import Line, Sheet, sheets
from features.delivery.suggest_columns import SheetColumns, toml_text
from features.delivery.table_rows import table_rows

_ROWS_SEARCHED = 5000
_READ = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls")


@dataclass(frozen=True)
class SuggestedMap:
    """A column map as TOML, and how many questions in it are open."""

    text: str
    questions: int


@dataclass(frozen=True)
class _FoundSheet:
    """A sheet that holds a table: its heading line, its rows, and whether its name left the table open."""

    path: Path
    sheet: str
    tables: tuple[str, ...]
    line: HeadingLine
    rows: tuple[tuple[str | None, ...], ...]
    named: bool

    @property
    def table(self) -> ContractTable:
        return TABLES[self.tables[0]]


def suggest_map(paths: Sequence[Path]) -> SuggestedMap:
    """The column map that delivered files need; files that lie beside them say which numbers are households or loans.

    Raises UserError where a file cannot be read at all.
    """
    lines, questions = [_HEAD], 0
    found = {path: _sheets_found(path) for path in paths}
    parents = _parent_numbers([*found, *_other_files(paths)], found)
    for path in paths:
        entries = [_entry(one, parents, len(found[path])) for one in found[path]]
        needed = any(needs for _, _, needs in entries)
        if not entries:
            lines.append(f"# {path.name}: 看不出是哪张表, 未看 / no table told, not looked at")
        elif not needed:
            lines.append(f"# {path.name}: 无需列映射 / is read as it is")
        for text, count, _ in entries if needed else ():
            lines.append(text)
            questions += count
    return SuggestedMap("\n".join(lines) + "\n", questions)


_HEAD = """\
# 列映射: 用于 lights load --columns。以 # ? 开头的行是待答的问题: 改好其下的键, 删去该行。
# Column map for lights load --columns. A line with # ? is an open question: set the key below it, delete the line.
"""


def _other_files(paths: Sequence[Path]) -> list[Path]:
    """The other files in the folders of the delivery."""
    folders = {path.resolve().parent for path in paths}
    own = {path.resolve() for path in paths}
    files = sorted(file for folder in folders for file in folder.iterdir() if file.suffix.lower() in _READ)
    return [file for file in files if file not in own and tables_told_by(file.stem)]


def _sheets_found(path: Path) -> list[_FoundSheet]:
    if path.suffix.lower() not in _READ:
        return []
    opened = [one for one in sheets(path) if not one.hidden]
    return [one for sheet in opened if (one := _sheet_found(path, sheet, len(opened)))]


def _sheet_found(path: Path, sheet: Sheet, count: int) -> _FoundSheet | None:
    """The tables that a sheet may be, the likeliest first; None where nothing tells one."""
    lines = list(islice(sheet.lines, _ROWS_SEARCHED))
    if not lines:
        return None
    of_sheet = tables_told_by(sheet.name) if count > 1 else ()
    told = of_sheet or tables_told_by(path.stem)
    scores = {name: _headings_known(lines, name) for name in told or TABLES}
    most = max(scores.values())
    likely = tuple(name for name, score in scores.items() if score == most)
    if most < 2 and len(told) != 1:
        return None
    line = find_headings(lines, shipped_headings()[likely[0]]) or _widest_line(lines)
    known, needed = shipped_headings()[likely[0]], TABLES[likely[0]].required_columns
    required = [at for at, one in enumerate(line.headings) if known.get(one.key) in needed]
    rows = tuple(cells for _, cells in table_rows(lines[line.ends :], line, required, Counter()))
    return _FoundSheet(path, sheet.name, likely, line, rows, len(told) == 1)


def _headings_known(lines: Sequence[Line], table: str) -> int:
    known = shipped_headings()[table]
    line = find_headings(lines, known)
    return len({known[one.key] for one in line.headings if one.key in known}) if line else 0


def _widest_line(lines: Sequence[Line]) -> HeadingLine:
    """The first line with the most cells, where no heading is known."""
    counts = [sum(1 for cell in cells if cell) for _, cells in lines[:LINES_SEARCHED]]
    at = counts.index(max(counts))
    return HeadingLine(lines[at][0], at + 1, tuple(heading(cell or "") for cell in lines[at][1]))


def _parent_numbers(paths: Sequence[Path], found: Mapping[Path, Sequence[_FoundSheet]]) -> Mapping[str, set[str]]:
    """For each table that others hang on the numbers in its files."""
    numbers: dict[str, set[str]] = {}
    for one in (one for path in paths for one in found.get(path) or _sheets_found(path)):
        known, key = shipped_headings()[one.table.name], one.table.key[0]
        for at in (at for at, each in enumerate(one.line.headings) if known.get(each.key) == key):
            numbers.setdefault(one.table.name, set()).update(
                cell for row in one.rows if at < len(row) and (cell := row[at])
            )
    return numbers


def _entry(one: _FoundSheet, parents: Mapping[str, set[str]], count: int) -> tuple[str, int, bool]:
    """The lines of a sheet's entry, its open questions, and whether the shipped words do not do without it."""
    parent = parents.get(one.table.parent[0], set()) if one.table.parent else set()
    columns = SheetColumns(one.table, one.line, one.rows, parent)
    columns.suggest()
    lines, questions = ["", "[[file]]", f"match = {toml_text(escape(one.path.name))}"], 0
    if len(one.tables) > 1:
        zh, en = "、".join(one.tables), ", ".join(one.tables)
        lines.append(f"# ? 这是哪张表: {zh} / which table is it: {en}")
        questions += 1
    lines.append(f"table = {toml_text(one.table.name)}")
    if one.sheet and count > 1:
        lines.append(f"sheet = {toml_text(one.sheet)}")
    if one.line.line > 1 and not one.line.merged:
        lines.append(f"header_row = {one.line.line}")
    if columns.unread:
        lines.append(f"# 不读取 / not read: {', '.join(' '.join(each.split()) for each in columns.unread)}")
    made = (("columns", columns.columns), ("constant", columns.constants), ("join", columns.joins))
    for title, part in made:
        if part.lines:
            lines += [f"[file.{title}]", *part.lines]
            questions += part.questions
    return "\n".join(lines), questions, questions > 0 or not one.named
