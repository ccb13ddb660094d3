"""The heading line of a sheet: found among its first lines, and each heading taken apart into words and unit."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from features.contract.declarations import CellKind
from features.contract.identity_numbers import half_width
from features.contract.tables import TABLES
from features.delivery.cell_values import ColumnOptions, word_key

LINES_SEARCHED = 10
"""The heading line is among so many first lines that hold anything (contract, section 1)."""
_PACKAGE = "features.delivery"
_UNIT = re.compile(r"[(\[【<:/_,]?\s*(?:单位\s*[::]?\s*)?(万元|千元|元|%|‰|百分比|千分比|只|头|亩|分)\s*[)\]】>]?$")
_TITLE_UNITS = re.compile(r"单位\s*[::]\s*(?:人民币)?\s*((?:[、,/\s]*(?:万元|千元|元|%|‰))+)")
_KIND_OF_UNIT = {
    **dict.fromkeys(("万元", "千元", "元"), CellKind.MONEY),
    **dict.fromkeys(("%", "‰"), CellKind.RATE),
}
_YUAN = {"元": Decimal(1), "千元": Decimal(1000), "万元": Decimal(10000)}
_SHARES = {"%": Decimal("0.01"), "百分比": Decimal("0.01"), "‰": Decimal("0.001"), "千分比": Decimal("0.001")}

Line = tuple[int, tuple[str | None, ...]]


@dataclass(frozen=True)
class Heading:
    """A heading as it was written, the words in it without the unit, and the unit that it names."""

    written: str
    words: str
    unit: str | None

    @property
    def key(self) -> str:
        """What two writings of the heading share."""
        return word_key(self.words)

    @property
    def monthly(self) -> bool:
        """Whether it names a rate by the month."""
        return "月利率" in self.words or "月息" in self.words


@dataclass(frozen=True)
class HeadingLine:
    """The heading line of a sheet: its number, how many of the lines looked at it ends, its headings, lines above it.

    units: by kind of column, the unit of all amounts or rates below it, where a line above names one (单位: 万元、%).
    merged: whether the headings run over two lines. lines: the cells of its own lines and of those above, which may
    come again on each page.
    """

    line: int
    ends: int
    headings: tuple[Heading, ...]
    titles: tuple[str, ...] = ()
    units: Mapping[CellKind, str] = field(default_factory=dict)
    merged: bool = False
    lines: tuple[tuple[str | None, ...], ...] = ()


@lru_cache(maxsize=1)
def shipped_headings() -> Mapping[str, Mapping[str, str]]:
    """For each table the key of each shipped heading, and of the contract's own names, with the column it means."""
    return {
        name: {word_key(column): column for column in table.delivered_names}
        | {
            word_key(heading): column
            for words in (_shipped_words()["fallback"].get(name, {}), _words_of(name))
            for column, headings in words.items()
            for heading in headings
            if column in table.delivered_names
        }
        for name, table in TABLES.items()
    }


@lru_cache(maxsize=1)
def _shipped_words() -> dict[str, Any]:
    return tomllib.loads(files(_PACKAGE).joinpath("words/headings.toml").read_text("utf-8"))


def _words_of(table: str) -> dict[str, list[str]]:
    """For the columns of a table the headings that mean them, without those of the fallback."""
    return {**_shipped_words()["every_table"], **_shipped_words().get(table, {})}


def preferred_positions(table: str, positions: Sequence[int], headings: Sequence[Heading]) -> list[int]:
    """Of several headings that mean one column those to read it from; what could be two things stays two.

    A heading of the fallback gives way to another (交易日期 to 还款日期), an identity number to a number of one's own.

    >>> preferred_positions("payments", [0, 1], [heading("交易日期"), heading("还款日期")])
    [1]
    """
    fallback = {word_key(each) for some in _shipped_words()["fallback"].get(table, {}).values() for each in some}
    first = [at for at in positions if headings[at].key not in fallback] or list(positions)
    return [at for at in first if "证" not in headings[at].words] or first


def shipped_headings_of(table: str, column: str) -> tuple[str, ...]:
    """The Chinese headings that mean a column, the one that is shown first.

    >>> shipped_headings_of("loans", "annual_rate")[:2]
    ('年利率', '贷款利率')
    """
    return tuple(_words_of(table).get(column, ()))


def shipped_heading(table: str, column: str) -> str:
    """The first Chinese heading that means a column; the column's name where there is none.

    >>> shipped_heading("loans", "annual_rate"), shipped_heading("loans", "nothing")
    ('年利率', 'nothing')
    """
    return next(iter(shipped_headings_of(table, column)), column)


def heading(written: str) -> Heading:
    """A heading taken apart: `贷款金额（万元）` is the words 贷款金额 and the unit 万元.

    >>> heading("贷款利率（%）").unit, heading("贷款利率（%）").words, heading("household_id").unit
    ('%', '贷款利率', None)
    """
    plain = re.sub(r"\s+", "", half_width(written))
    found = _UNIT.search(plain)
    if (
        found is None
        or found.start() == 0
        or (found[1] in ("分", "元", "只", "头", "亩") and found.group()[0] not in "([【<:/_,")
    ):
        return Heading(written.strip(), plain, None)
    return Heading(written.strip(), plain[: found.start()], found[1])


def find_headings(
    lines: Sequence[Line], known: Mapping[str, str], line_number: int | None = None
) -> HeadingLine | None:
    """The heading line among the first lines of a sheet; None where no line names two columns of the table.

    lines: the first lines that hold anything, with their numbers. known: keys of headings and the columns they mean.
    line_number: where a column map says which line it is. A heading may run over two lines (merged cells). Of lines
    that name as many columns, two go first where a unit would be lost otherwise, or else one line goes before two.
    """
    candidates = list[tuple[int, int, int, tuple[Heading, ...]]]()
    for at, (number, cells) in enumerate(lines[:LINES_SEARCHED]):
        if line_number is not None and number != line_number:
            continue
        single = tuple(heading(cell or "") for cell in cells)
        candidates.append((_known_count(single, known), 1, -at, single))
        if at + 1 < len(lines):
            below = lines[at + 1][1]
            both = merged_headings(cells, below, known)
            count, above = _known_count(both, known), _known_count(single, known)
            needed = _are_units(below) if above == count else above < count and any(map(_group_unit, cells))
            candidates.append((count, 2 if needed else 0, -at, both))
    if not candidates:
        return None
    count, form, before, headings = max(candidates, key=lambda one: one[:3])
    at = -before
    if line_number is None and (count == 0 or count < min(2, len([one for one in headings if one.written]))):
        return None
    titles = tuple(" ".join(filter(None, cells_above)) for _, cells_above in lines[:at])
    named = [
        sign
        for title in titles
        for found in _TITLE_UNITS.finditer(half_width(title))
        for sign in re.findall("|".join(_KIND_OF_UNIT), found[1])
    ]
    units = {_KIND_OF_UNIT[sign]: sign for sign in reversed(named)}
    ends = at + (1 if form == 1 else 2)
    own_lines = tuple(cells for _, cells in lines[:ends])
    return HeadingLine(lines[at][0], ends, headings, titles, units, form != 1, own_lines)


def _known_count(headings: Sequence[Heading], known: Mapping[str, str]) -> int:
    return len({known[one.key] for one in headings if one.written and one.key in known})


def _are_units(cells: Sequence[str | None]) -> bool:
    """Whether a line names units of the columns above and holds no number: it is no row of the table."""
    named = [cell for cell in cells if cell]
    return any(_unit_alone(cell) or heading(cell).unit for cell in named) and not re.search(r"\d", "".join(named))


def _group_unit(cell: str | None) -> str | None:
    """The unit that a heading over others names; that of a title (单位: 万元) holds for the whole sheet."""
    return heading(cell).unit if cell and not _TITLE_UNITS.search(half_width(cell)) else None


def _unit_alone(cell: str) -> str | None:
    """The unit that a cell below a heading consists of."""
    found = _UNIT.fullmatch(re.sub(r"\s+", "", half_width(cell)))
    return found[1] if found else None


def _cell(cells: Sequence[str | None], at: int) -> str | None:
    return cells[at] if at < len(cells) else None


def merged_headings(
    upper: Sequence[str | None], lower: Sequence[str | None], known: Mapping[str, str]
) -> tuple[Heading, ...]:
    """Two lines of headings as one; an upper heading goes on to the right over the lower ones that have none above.

    A lower heading is known with the upper one before or behind it (借款 over 金额; 收入 over 工资性), or else alone,
    or else by an upper one that is its own. It has the upper one's unit where it names none (还款金额(万元) over 本金),
    and a unit alone is that of the heading above.

    >>> merged = merged_headings(["借款(万元)", None], ["金额", "到期日"], {"借款金额": "principal"})
    >>> [(one.words, one.unit) for one in merged]
    [('借款金额', '万元'), ('到期日', '万元')]
    """
    width, group, headings = max(len(upper), len(lower)), "", list[Heading]()
    twice = {cell for cell in lower if cell and lower.count(cell) > 1}
    for at in range(width):
        above, below = _cell(upper, at), _cell(lower, at)
        group = above or (group if below else "")
        if below is None or not group:
            headings.append(heading(above or below or ""))
        elif unit := _unit_alone(below):
            headings.append(Heading(group, heading(group).words, unit))
        else:
            over, own = heading(group), heading(below)
            alone = above and (_cell(upper, at + 1) or not _cell(lower, at + 1))
            tried = (over.words + own.words, own.words + over.words, own.words, *([over.words] if alone else ()))
            words = next((each for each in tried if word_key(each) in known), own.words)
            written = f"{group} {below}" if below in twice else own.written
            headings.append(Heading(written, words, own.unit or _group_unit(group)))
        group = group if below else ""
    return tuple(headings)


def options_of(found: Heading, kind: CellKind, title_units: Mapping[CellKind, str]) -> ColumnOptions:
    """What a heading says of the cells below it: unit of money, per cent, permille, by the month."""
    unit = found.unit or title_units.get(kind)
    return ColumnOptions(
        unit=_YUAN.get(unit or "") if kind is CellKind.MONEY else None,
        share=_SHARES.get(unit or "") if kind in (CellKind.RATE, CellKind.SHARE) else None,
        monthly=found.monthly and kind is CellKind.RATE,
    )


def repeated_headings(headings: Sequence[Heading]) -> list[str]:
    """Headings that stand more than once."""
    written = sorted(one.written for one in headings if one.written)
    return sorted({one for one, other in pairwise(written) if one == other})
