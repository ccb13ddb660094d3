"""The rows of a sheet below its headings: without totals, notes, and headings that come again on each page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from features.delivery.cell_values import word_key
from features.delivery.headings import HeadingLine, Line
from features.messages import Bilingual

_TOTALS = ("合计", "小计", "总计", "共计", "累计", "本页合计", "本页小计", "total", "subtotal", "sum")
_NAMED_TOTAL = re.compile(r".{0,12}(合计|小计|总计|共计)[:：]?")
"""A word for a total behind a short name (农商行小计)."""
_FOOTERS = (
    "制表",
    "填表",
    "审核",
    "复核",
    "负责人",
    "单位负责人",
    "经办",
    "联系电话",
    "备注",
    "注",
    "说明",
    "打印",
    "报送单位",
)


def table_rows(
    lines: Iterable[Line],
    found: HeadingLine,
    required: Collection[int],
    done: Counter[Bilingual],
    drop: Sequence[str] = (),
) -> Iterator[Line]:
    """The lines of the table below its headings; what is left out is counted in `done`.

    required: positions of the columns that every row fills. A line with a word for a total is one of totals where the
    word stands first, or where a required cell is empty or holds it. drop: words with which lines begin that the column
    map leaves out.
    """
    again = {_line_key(cells) for cells in found.lines}
    words = [word_key(word) for word in drop]
    for number, cells in lines:
        first = word_key(next(filter(None, cells), ""))
        if any(first.startswith(word) for word in words):
            done[Bilingual("按列映射略去的行", "rows left out by the map")] += 1
        elif _is_total_word(first) or _is_total(cells, required):
            done[Bilingual("合计行略去", "rows of totals left out")] += 1
        elif first.startswith(_FOOTERS) and sum(1 for cell in cells if cell) <= max(2, len(found.headings) // 2):
            done[Bilingual("表尾说明略去", "notes below the table left out")] += 1
        elif _line_key(cells) in again:
            done[Bilingual("重复的表头略去", "repeated headings left out")] += 1
        else:
            yield number, cells


def _is_total(cells: Sequence[str | None], required: Collection[int]) -> bool:
    totals = [at for at, cell in enumerate(cells) if cell and _is_total_word(word_key(cell))]
    return bool(totals) and any(at in totals or at >= len(cells) or not cells[at] for at in required)


def _is_total_word(word: str) -> bool:
    return word.strip(":：()[]") in _TOTALS or _NAMED_TOTAL.fullmatch(word) is not None


def _line_key(cells: Sequence[str | None]) -> str:
    return "\n".join(word_key(cell or "") for cell in cells).rstrip("\n")
