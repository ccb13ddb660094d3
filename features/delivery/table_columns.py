"""The columns of a delivered table: which heading each is read from, and its cells as the contract writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

from features.contract.declarations import CELL_COUNT, LINE, CellKind, ContractColumn, ContractTable
from features.contract.identity_numbers import half_width
from features.delivery.cell_values import CellReader, ColumnOptions, word_key
from features.delivery.code_words import code_words
from features.delivery.column_map import ColumnMap, FileRule
from features.delivery.headings import Heading, preferred_positions
from features.messages import Bilingual, UserError

_PLAIN = {
    CellKind.DATE: r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    CellKind.IDENTIFIER: r"^[A-Za-z0-9][A-Za-z0-9._\-]*$",
    CellKind.PERSON: r"^[A-Za-z0-9][A-Za-z0-9._\-]*$",
    CellKind.VILLAGE: r"^[0-9]{12}$",
}
_PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
"""Texts that are as the contract writes them already; full-width digits are none of them."""
_NUMBERS = (CellKind.MONEY, CellKind.NUMBER, CellKind.RATE, CellKind.SHARE, CellKind.POINTS, CellKind.WHOLE)


@dataclass
class Delivery:
    """One table of a file, or of a sheet of it.

    headings: as they were written. ignored: those that no column of the table is read from. sources: where each column
    comes from. rule: the column map's for the table. file: its name. cells: batches of `line` (the file's own
    numbering), `cells_found` (how many cells the line has; `width` is how many it should have) and `cell_0`, `cell_1`,
    ... as written. done: what was done to read it, with the number of cells, lines or columns. faults: by column, what
    is wrong with a text that could not be read or could mean two things. Both are complete when the frames have been
    gone through.
    """

    table: ContractTable
    sheet: str
    headings: tuple[str, ...]
    ignored: tuple[str, ...]
    sources: Sequence[ColumnSource]
    rule: FileRule | None
    file: str
    cells: Iterator[pl.DataFrame]
    done: Counter[Bilingual]
    faults: dict[str, dict[str, Bilingual]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """How many cells a line should have."""
        return len(self.headings)

    @property
    def positions(self) -> Mapping[str, tuple[int, ...]]:
        """By column the positions of the headings that it is read from."""
        return {one.column.name: one.positions for one in self.sources if one.positions}

    @property
    def shares(self) -> frozenset[str]:
        """The columns of rates that the map says are no per cent."""
        return frozenset(one.column.name for one in self.sources if one.options.share == 1)

    @property
    def frames(self) -> Iterator[pl.DataFrame]:
        """The batches, to be gone through once: `line`, `cells_found` and a String column for each of the table's.

        Cells are as the contract writes them, and null where empty.
        """
        for cells in self.cells:
            read = cells.select(LINE, CELL_COUNT).hstack([_column(cells, source, self) for source in self.sources])
            if self.rule and self.rule.number_within is not None:
                read = _within_bank(read, self.table, self.rule, self.file)
            yield read

    def heading(self, column: str) -> str | None:
        """What the file writes above a column's cells; None where it is read from no heading."""
        return " + ".join(self.headings[position] for position in self.positions.get(column, ())) or None


@dataclass(frozen=True)
class ColumnSource:
    """Where a column's cells come from: positions of headings, or a constant; and what its cells are written in."""

    column: ContractColumn
    positions: tuple[int, ...] = ()
    sign: str = ""
    constant: str | None = None
    options: ColumnOptions = field(default_factory=ColumnOptions)


def column_sources(
    path: Path,
    table: ContractTable,
    headings: Sequence[Heading],
    title_units: Mapping[CellKind, str],
    column_map: ColumnMap,
    rule: FileRule | None,
) -> tuple[list[ColumnSource], tuple[str, ...], list[Bilingual]]:
    """For each column of the table its source; headings that nothing is read from; what was done."""
    found: dict[str, list[int]] = {}
    for position, one in enumerate(headings):
        if one.written and (meaning := column_map.column(table, one, rule)):
            found.setdefault(meaning.name, []).append(position)
    sources, used, notes = list[ColumnSource](), set[int](), list[Bilingual]()
    places = {word_key(one.written): position for position, one in reversed(list(enumerate(headings))) if one.written}
    for column in table.delivered_columns:
        if rule and column.name in rule.constant:
            sources.append(ColumnSource(column, constant=rule.constant[column.name]))
            notes.append(Bilingual(f"{column.name} = {rule.constant[column.name]}", f"{column.name} set by the map"))
        elif rule and (join := rule.join.get(column.name)):
            positions = tuple(_position(path, part, places) for part in join.headings)
            sources.append(ColumnSource(column, positions, join.sign))
            used.update(positions)
        elif positions := tuple(found.get(column.name, ())):
            chosen = _chosen(path, table, column, positions, headings, rule)
            used.add(chosen)
            meaning = column_map.column(table, headings[chosen], rule)
            assert meaning is not None  # noqa: S101 - found by it
            options = meaning.options(headings[chosen], column.kind, title_units)
            sources.append(ColumnSource(column, (chosen,), options=options))
        else:
            sources.append(ColumnSource(column))
    ignored = tuple(one.written for position, one in enumerate(headings) if one.written and position not in used)
    return sources, ignored, notes


def _position(path: Path, written: str, places: Mapping[str, int]) -> int:
    if (key := word_key(written)) in places:
        return places[key]
    raise UserError(
        f"{path.name}：列映射 join 提到的列 {written} 不在表头中。",
        f"{path.name} has no heading {written}, which join in the column map names.",
    )


def _chosen(
    path: Path,
    table: ContractTable,
    column: ContractColumn,
    positions: Sequence[int],
    headings: Sequence[Heading],
    rule: FileRule | None,
) -> int:
    """The heading a column is read from; of several the one that the map names, or that goes before the others."""
    named = [at for at in positions if rule and word_key(headings[at].written) in rule.columns]
    candidates = named or preferred_positions(table.name, positions, headings)
    if len(candidates) == 1:
        return candidates[0]
    written = [headings[at].written for at in candidates]
    raise UserError(
        f"{path.name}：列 {'、'.join(written)} 都对应 {column.name}；请只保留一列，或在列映射中指明。",
        f"{path.name}: the columns {', '.join(written)} are all {column.name}; keep one, or name it in the map.",
    )


def _column(frame: pl.DataFrame, source: ColumnSource, delivery: Delivery) -> pl.Series:
    """A column of the table from a frame of cells, as text."""
    name = source.column.name
    if source.constant is not None:
        return pl.repeat(source.constant, frame.height, dtype=pl.String, eager=True).alias(name)
    if not source.positions:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias(name)
    cells = [frame[f"cell_{at}"].str.strip_chars().replace("", None) for at in source.positions]
    if len(cells) > 1:
        joined = frame.select(pl.concat_str(cells, separator=source.sign)).to_series()
        return joined.alias(name)
    return _read_cells(cells[0], source, delivery).alias(name)


def _read_cells(cells: pl.Series, source: ColumnSource, delivery: Delivery) -> pl.Series:
    """The cells as the contract writes them; each distinct text that is not so already is read once."""
    column, options = source.column, source.options
    scaled = options.unit not in (None, Decimal(1)) or options.share is not None or options.monthly
    pattern = _PLAIN.get(column.kind, _PLAIN_NUMBER if column.kind in _NUMBERS and not scaled else None)
    if pattern is not None and cells.str.contains(pattern).fill_null(True).all():
        return cells
    if column.kind is CellKind.NAME:
        pattern = None
    counts = cells.drop_nulls().value_counts(name="rows")
    reader = CellReader(column, options, code_words(delivery.table.name, column.name))
    texts, readings = counts.to_series(0).to_list(), dict[str, str | None]()
    for text, rows in counts.iter_rows():
        found = reader.read(text)
        readings[text] = found.text
        if found.fault is not None:
            delivery.faults.setdefault(column.name, {})[text] = found.fault
        elif found.done is not None:
            delivery.done[found.done] += rows
    _check_share(texts, source, delivery)
    if all(text == read for text, read in readings.items()):
        return cells
    return cells.replace_strict(readings, default=None, return_dtype=pl.String)


def _check_share(texts: Sequence[str], source: ColumnSource, delivery: Delivery) -> None:
    """Refuse a column of rates or shares whose unit could be two things.

    Under a heading with % all values below 1 may be shares already (0.0345 of 3.45%); a monthly rate without a unit
    may be in per cent or permille.
    """
    kind, options = source.column.kind, source.options
    if kind not in (CellKind.RATE, CellKind.SHARE) or (options.share is None and not options.monthly):
        return
    bare = [value for text in texts if (value := _bare_number(text)) is not None and value != 0]
    if not bare:
        return
    largest = max(map(abs, bare))
    file, heading_written = delivery.file, delivery.headings[source.positions[0]]
    if options.share == Decimal("0.01") and largest < (1 if kind is CellKind.SHARE else Decimal("0.36")):
        raise UserError(
            f"{file}：列 {heading_written} 的表头写有 %，而数值都小于 1（最大 {largest}）：{largest}% 还是 "
            f"{largest * 100}%？请改正，或在列映射中写 percent = true（是 {largest}%）或 percent = false。",
            f"{file}: the heading {heading_written} says %, and all values are below 1 (at most {largest}): {largest}% "
            f"or {largest * 100}%? Correct it, or say percent = true ({largest}%) or percent = false in the map.",
        )
    if options.monthly and options.share is None and largest >= Decimal("0.03"):
        raise UserError(
            f"{file}：列 {heading_written} 是月利率，单位不明（{largest}）：{largest}‰ 还是 {largest}%? "
            "请在列映射中写 permille = true 或 percent = true。",
            f"{file}: the heading {heading_written} is a monthly rate without a unit: {largest} permille or "
            f"{largest} per cent? Say permille = true or percent = true in the column map.",
        )


def _bare_number(text: str) -> Decimal | None:
    try:
        return Decimal(half_width(text).replace(",", "").strip())
    except InvalidOperation:
        return None


def _within_bank(frame: pl.DataFrame, table: ContractTable, rule: FileRule, file: str) -> pl.DataFrame:
    """Loan and payment numbers with the bank's name before them: each bank numbers its own from 1."""
    bank = rule.constant.get("bank")
    if bank is None and "bank" not in frame.columns:
        raise UserError(
            f'{file}：number_within = "bank" 需要知道银行；请在列映射中写 [file.constant] bank = "…"。',
            f'{file}: number_within = "bank" has to know the bank; say [file.constant] bank = "..." in the column map.',
        )
    before = pl.lit(bank) if bank is not None else pl.col("bank")
    own = [column.name for column in table.columns if column.name in ("loan_id", "payment_id", "renews_loan_id")]
    return frame.with_columns(
        pl.concat_str(before.str.replace_all(r"[\s/]", ""), pl.lit(":"), pl.col(name)).alias(name) for name in own
    )
