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
    """

    line: int
    ends: int
    headings: tuple[Heading, ...]
    titles: tuple[str, ...] = ()
    units: Mapping[CellKind, str] = field(default_factory=dict)
    merged: bool = False


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


def shipped_heading(table: str, column: str) -> str:
    """The first Chinese heading that means a column; the column's name where there is none.

    >>> shipped_heading("loans", "annual_rate"), shipped_heading("loans", "nothing")
    ('年利率', 'nothing')
    """
    return str(next(iter(_words_of(table).get(column, ())), column))


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
    line_number: where a column map says which line it is. A heading may run over two lines (merged cells).
    """
    candidates = list[tuple[int, bool, int, Sequence[str | None]]]()
    for at, (number, cells) in enumerate(lines[:LINES_SEARCHED]):
        if line_number is not None and number != line_number:
            continue
        candidates.append((_known_count(cells, known), True, -at, cells))
        if at + 1 < len(lines):
            both = _joined(cells, lines[at + 1][1])
            candidates.append((_known_count(both, known), False, -at, both))
    if not candidates:
        return None
    count, single, before, found = max(candidates, key=lambda one: one[:3])
    at = -before
    if line_number is None and (count == 0 or count < min(2, len([cell for cell in found if cell]))):
        return None
    titles = tuple(" ".join(filter(None, cells_above)) for _, cells_above in lines[:at])
    named = [
        sign for title in titles for found in _TITLE_UNITS.finditer(half_width(title)) for sign in _signs(found[1])
    ]
    units = {_KIND_OF_UNIT[sign]: sign for sign in reversed(named)}
    last = at if single else at + 1
    return HeadingLine(lines[at][0], last + 1, tuple(heading(cell or "") for cell in found), titles, units, not single)


def _known_count(cells: Sequence[str | None], known: Mapping[str, str]) -> int:
    return len({known[key] for cell in cells if cell and (key := heading(cell).key) in known})


def _joined(upper: Sequence[str | None], lower: Sequence[str | None]) -> tuple[str | None, ...]:
    """Two lines of headings as one: a heading below stands alone, an upper one alone goes on to the right."""
    width = max(len(upper), len(lower))
    upper, lower = [*upper, *[None] * (width - len(upper))], [*lower, *[None] * (width - len(lower))]
    return tuple(below or above for above, below in zip(upper, lower, strict=True))


def _signs(units: str) -> list[str]:
    return re.findall("|".join(_KIND_OF_UNIT), units)


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
