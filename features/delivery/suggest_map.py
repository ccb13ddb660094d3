"""`lights columns`: look at delivered files and write the column map they need, with a question where one is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from features.contract.declarations import ContractTable
from features.contract.tables import TABLES
from features.delivery.file_tables import table_names, tables_told_by
from features.delivery.headings import LINES_SEARCHED, HeadingLine, find_headings, heading, shipped_headings
from features.delivery.map_questions import Answers, Choice, MapLine, MapLines, MapQuestion, toml_text
from features.delivery.sheets import Line, Sheet, sheets
from features.delivery.suggest_columns import SheetColumns
from features.delivery.table_rows import table_rows
from features.messages import Bilingual, UserError

_ROWS_SEARCHED, _ROWS_KEPT = 5000, 5
READABLE = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls")
"""Endings of files that can be looked at."""


TableAnswers = Mapping[tuple[str, str], str]
"""By file name and sheet, the table that somebody said it is; an empty sheet is the only one of its file."""


@dataclass(frozen=True)
class SuggestedSheet:
    """The entry of a column map that a sheet may need.

    file, sheet: where it lies. table: which table it is, or most likely is. headings: as they are written. rows: its
    first rows as they are written. which_table: the question, where several tables are likely. parts: the lines under
    each title (`columns`, `constant`, `join`). is_needed: whether the shipped words do not do without the entry.
    """

    file: str
    sheet: str
    table: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    which_table: MapQuestion | None
    head: tuple[str, ...]
    parts: Mapping[str, MapLines]
    is_needed: bool

    @property
    def questions(self) -> int:
        """How many questions are open."""
        return sum(part.questions for part in self.parts.values()) + (self.which_table is not None)

    @property
    def lines(self) -> list[MapLine]:
        """The lines of all titles, in their order."""
        return [line for part in self.parts.values() for line in part.lines]

    def text(self, answers: Sequence[Answers] | None = None) -> str:
        """The entry. answers: to the questions of each of `lines`; without them the questions stand in it."""
        ahead = ["", "[[file]]", f"match = {toml_text(escape(self.file))}"]
        if self.which_table and answers is None:
            ahead.append(f"# ? {self.which_table.words.zh} / {self.which_table.words.en}")
        written, at = [*ahead, *self.head], 0
        for title, part in self.parts.items():
            own = None if answers is None else answers[at : at + len(part.lines)]
            at += len(part.lines)
            if lines := part.text(own):
                if answers is not None:
                    _check_each_once(self.file, lines)
                written += [f"[file.{title}]", *lines]
        return "\n".join(written)


@dataclass(frozen=True)
class SuggestedMap:
    """The column map of a delivery: the sheets that hold a table, and the files in which none is told."""

    files: tuple[str, ...]
    sheets: tuple[SuggestedSheet, ...]

    @property
    def questions(self) -> int:
        """How many questions are open, in the entries that are needed."""
        return sum(one.questions for file in self.files for one in self.entries(file))

    @property
    def text(self) -> str:
        """The map as TOML, with its questions."""
        lines = [_HEAD]
        for file in self.files:
            if not any(one.file == file for one in self.sheets):
                lines.append(f"# {file}：看不出是哪张表，未看 / no table told, not looked at")
            elif not (entries := self.entries(file)):
                lines.append(f"# {file}: 无需列映射 / is read as it is")
            else:
                lines += [one.text() for one in entries]
        return "\n".join(lines) + "\n"

    def answered(self, answers: Mapping[tuple[str, str], Sequence[Answers]]) -> str:
        """The map as TOML with answers, by file and sheet; a sheet without them is written as suggested."""
        entries = [one for file in self.files for one in self.entries(file)]
        texts = [
            one.text(answers.get((one.file, one.sheet)) or [line.suggested for line in one.lines]) for one in entries
        ]
        return "\n".join([_HEAD, *texts]) + "\n"

    def entries(self, file: str) -> list[SuggestedSheet]:
        """The entries that a file needs: of all its sheets, where one of them needs one."""
        entries = [one for one in self.sheets if one.file == file]
        return entries if any(one.is_needed for one in entries) else []


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


def suggest_map(paths: Sequence[Path], tables: TableAnswers = MappingProxyType({})) -> SuggestedMap:
    """The column map that delivered files need; files that lie beside them say which numbers are households or loans.

    tables: which table a sheet is, where somebody said it.

    Raises UserError where a file cannot be read at all.
    """
    found = {path: _sheets_found(path, tables) for path in paths}
    parents = _parent_numbers([*found, *_other_files(paths)], found)
    entries = [_entry(one, parents, len(found[path])) for path in paths for one in found[path]]
    return SuggestedMap(tuple(path.name for path in paths), tuple(entries))


def _check_each_once(file: str, lines: Sequence[str]) -> None:
    """Raises UserError where one heading is answered to be two columns."""
    keys = Counter(line.partition(" = ")[0] for line in lines if not line.startswith("#"))
    if twice := [key for key, count in keys.items() if count > 1]:
        raise UserError(
            f"{file}：列 {'、'.join(twice)} 被选作两列；请改选。",
            f"{file}: the heading {', '.join(twice)} was chosen for two columns; choose another for one of them.",
        )


_HEAD = """\
# 列映射: 用于 lights load --columns。以 # ? 开头的行是待答的问题: 改好其下的键, 删去该行。
# Column map for lights load --columns. A line with # ? is an open question: set the key below it, delete the line.
"""


def _other_files(paths: Sequence[Path]) -> list[Path]:
    """The other files in the folders of the delivery."""
    folders = {path.resolve().parent for path in paths}
    own = {path.resolve() for path in paths}
    files = sorted(file for folder in folders for file in folder.iterdir() if file.suffix.lower() in READABLE)
    return [file for file in files if file not in own and tables_told_by(file.stem)]


def _sheets_found(path: Path, tables: TableAnswers = MappingProxyType({})) -> list[_FoundSheet]:
    if path.suffix.lower() not in READABLE:
        return []
    opened = [one for one in sheets(path) if not one.hidden]
    of_file = tables.get((path.name, "")) if len(opened) == 1 else None
    said = [tables.get((path.name, sheet.name), of_file) for sheet in opened]
    return [one for sheet, table in zip(opened, said, strict=True) if (one := _sheet_found(path, sheet, said, table))]


def _sheet_found(path: Path, sheet: Sheet, said: Sequence[str | None], table: str | None) -> _FoundSheet | None:
    """The tables that a sheet may be, the likeliest first; None where nothing tells one.

    said: of each sheet of the file, the table that somebody said it is. table: of this one.
    """
    lines = list(islice(sheet.lines, _ROWS_SEARCHED))
    if not lines:
        return None
    of_sheet = tables_told_by(sheet.name) if len(said) > 1 else ()
    told = (table,) if table else of_sheet or tables_told_by(path.stem)
    scores = {name: _headings_known(lines, name) for name in told or TABLES}
    most = max(scores.values())
    likely = tuple(name for name, score in scores.items() if score == most)
    if most < 2 and len(told) != 1:
        return None
    line = find_headings(lines, shipped_headings()[likely[0]]) or _widest_line(lines)
    known, needed = shipped_headings()[likely[0]], TABLES[likely[0]].required_columns
    required = [at for at, one in enumerate(line.headings) if known.get(one.key) in needed]
    rows = tuple(cells for _, cells in table_rows(lines[line.ends :], line, required, Counter()))
    return _FoundSheet(path, sheet.name, likely, line, rows, len(told) == 1 and not table)


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


def _entry(one: _FoundSheet, parents: Mapping[str, set[str]], count: int) -> SuggestedSheet:
    """The entry of a sheet: its open questions, and whether the shipped words do not do without it."""
    parent = parents.get(one.table.parent[0], set()) if one.table.parent else set()
    columns = SheetColumns(one.table, one.line, one.rows, parent)
    columns.suggest()
    which_table = None
    if len(one.tables) > 1:
        words = Bilingual(
            f"这是哪张表：{'、'.join(one.tables)}",
            f"which table is it: {', '.join(one.tables)}",
        )
        choices = tuple(Choice(name, table_names()[name]) for name in one.tables)
        which_table = MapQuestion("table", words, (one.table.name,), choices)
    head = [f"table = {toml_text(one.table.name)}"]
    if one.sheet and count > 1:
        head.append(f"sheet = {toml_text(one.sheet)}")
    if one.line.line > 1 and not one.line.merged:
        head.append(f"header_row = {one.line.line}")
    if columns.unread:
        head.append(f"# 不读取 / not read: {', '.join(' '.join(each.split()) for each in columns.unread)}")
    parts = {"columns": columns.columns, "constant": columns.constants, "join": columns.joins}
    has_questions = which_table is not None or any(part.questions for part in parts.values())
    return SuggestedSheet(
        one.path.name,
        one.sheet,
        one.table.name,
        tuple(heading.written for heading in one.line.headings),
        one.rows[:_ROWS_KEPT],
        which_table,
        tuple(head),
        parts,
        has_questions or not one.named,
    )
