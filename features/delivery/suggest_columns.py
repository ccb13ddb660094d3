"""What each heading of an unknown sheet may mean, and what its cells are written in, as lines of a column map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from itertools import pairwise

from features.contract.declarations import CellKind, ContractColumn, ContractTable
from features.delivery.cell_values import CellReader, word_key
from features.delivery.code_words import code_words
from features.delivery.column_map import ColumnRule
from features.delivery.headings import Heading, HeadingLine, preferred_positions, shipped_heading, shipped_headings
from features.delivery.map_questions import Answers, Choice, MapLine, MapLines, MapQuestion, toml_text
from features.messages import Bilingual

_LIKENESS, _READABLE, _MOST_NAMED, _DAY_DIGITS = 0.6, 0.8, 12, 4
_PEOPLE = re.compile("姓名|名字")
"""In headings over names of people, which no column of the contract holds."""
_CONTRACT = re.compile(r"(协议|合同).*号")
"""Headings of a contract's number, under which several loans may be drawn that are numbered within it."""
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_COUNTERS = ("序号", "行号")
_ONCE, _YES = ("",), "yes"
_YES_NO = (Choice(_YES, Bilingual("是", "yes")), Choice("no", Bilingual("否", "no")))
_DAY_ORDERS = (
    Choice('dates = "dmy"', Bilingual("日/月/年", "day first")),
    Choice('dates = "mdy"', Bilingual("月/日/年", "month first")),
)
_UNITS = (
    Choice('unit = "万元"', Bilingual("万元", "10,000 yuan")),
    Choice('unit = "千元"', Bilingual("千元", "1,000 yuan")),
    Choice('unit = "元"', Bilingual("元", "yuan")),
)
_SHARES = (
    Choice("percent = true", Bilingual("百分数，按年", "per cent a year")),
    Choice("permille = true", Bilingual("千分数，按年", "per mille a year")),
    Choice("percent = true, monthly = true", Bilingual("百分数，按月", "per cent a month")),
    Choice("permille = true, monthly = true", Bilingual("千分数，按月", "per mille a month")),
    Choice("percent = false", Bilingual("小数，不换算", "a fraction, as it is")),
)
Row = Sequence[str | None]


@dataclass
class SheetColumns:
    """The headings of one sheet against the columns of its table.

    parents: the numbers of the parent table that were delivered beside it.
    """

    table: ContractTable
    line: HeadingLine
    rows: Sequence[Row]
    parents: Set[str]
    columns: MapLines = field(default_factory=MapLines)
    constants: MapLines = field(default_factory=MapLines)
    joins: MapLines = field(default_factory=MapLines)
    unread: list[str] = field(default_factory=list)

    def suggest(self) -> None:
        """Fill the lines of all three titles, and the headings that nothing is read from."""
        known = shipped_headings()[self.table.name]
        places: dict[str, list[int]] = {}
        for at, one in enumerate(self.line.headings):
            name = known.get(word_key(one.written)) or known.get(one.key) if one.written else None
            if name:
                places.setdefault(name, []).append(at)
        places = {
            name: preferred_positions(self.table.name, positions, self.line.headings)
            for name, positions in places.items()
        }
        free = [
            at
            for at, one in enumerate(self.line.headings)
            if one.written and not any(at in positions for positions in places.values())
        ]
        self._join_numbers(places, free)
        for name, positions in places.items():
            self._known_column(name, positions)
        for column in self.table.columns:
            if column.required and column.name not in places:
                self._required_column(column, free)
        self._alike_columns(places, free)
        self.unread = [self.line.headings[at].written for at in free]

    def _known_column(self, name: str, positions: Sequence[int]) -> None:
        column = next(one for one in self.table.delivered_columns if one.name == name)
        if len(positions) > 1 and not self._joined(name):
            written = [self.line.headings[at].written for at in positions]
            words = Bilingual(
                f"列 {'、'.join(written)} 都可能是 {self._called(name)}；用哪一列？",
                f"the headings {', '.join(written)} may all be {name}; which one is it?",
            )
            self.columns.ask(
                MapQuestion(f"which:{name}", words, (written[0],), _headings_to_choose(written)),
                lambda answer: f"{toml_text(answer)} = {toml_text(name)}",
            )
        elif not self._joined(name):
            self._write(column, positions[0], unsure=False)

    def _joined(self, name: str) -> bool:
        return any(line.startswith(f"{name} = ") for line in self.joins.text())

    def _join_numbers(self, places: dict[str, list[int]], free: list[int]) -> None:
        """A number that comes twice alone, and once together with another column.

        Rows of one number that became known on different days are versions of one fact, and a count of the rows is no
        part of a number.
        """
        name = self.table.key[0]
        if len(self.table.key) > 1 or self.table.column(name).kind is not CellKind.IDENTIFIER or name not in places:
            return
        at = places[name][0]
        others = places[name][1:] or [one for one in free if not self._counts_rows(one)]
        version = (at, *places.get("known_on", ())[:1])
        if len(places[name]) == 1 and (self._is_unique((at,)) or self._is_unique(version)):
            others = [
                one
                for one in others
                if _CONTRACT.search(self.line.headings[one].words)
                and len(set(self._cells(one))) < len(list(self._cells(one)))
            ]
        pair = next(((at, other) for other in others if self._is_unique((at, other))), None)
        if pair is None:
            return
        alone = self.line.headings[at].written
        written = [self.line.headings[one].written for one in sorted(pair)]
        words = Bilingual(
            f"{' 与 '.join(written)} 合起来才是 {self._called(name)} 吗？若 {alone} 单独即可，删去下一行 "
            "（网页中答“否”）；其他表也须如此书写",
            f"are {' and '.join(written)} together the {name}? Delete the next line (on the page: no) if {alone} "
            "alone is; other "
            "tables must write it in the same way",
        )
        joined = f'{name} = {{of = [{", ".join(map(toml_text, written))}], with = "-"}}'
        self.joins.ask(
            MapQuestion(f"joined:{name}", words, (_YES,), _YES_NO), lambda answer: joined if answer == _YES else None
        )
        free[:] = [one for one in free if one not in pair]

    def _called(self, name: str) -> str:
        """A column in Chinese, with its name in the contract."""
        words = shipped_heading(self.table.name, name)
        return name if words == name else f"{words} ({name})"

    def _is_unique(self, positions: Sequence[int]) -> bool:
        values = [tuple(row[at] if at < len(row) else None for at in positions) for row in self.rows]
        return all(all(value) for value in values) and len(set(values)) == len(values)

    def _counts_rows(self, at: int) -> bool:
        """Whether a column numbers the rows: 序号, or numbers that go up by one from row to row."""
        if self.line.headings[at].key in _COUNTERS:
            return True
        cells = [row[at] or "" if at < len(row) else "" for row in self.rows]
        return all(cell.isdecimal() for cell in cells) and all(
            int(after) - int(before) == 1 for before, after in pairwise(cells)
        )

    def _required_column(self, column: ContractColumn, free: list[int]) -> None:
        if (at := self._likely_place(column, free)) is not None:
            others = [self.line.headings[one].written for one in free if one != at]
            free.remove(at)
            self._write(column, at, unsure=True, others=others)
        elif column.kind is CellKind.NAME:
            words = Bilingual(
                f"没有 {self._called(column.name)} 列；整个文件都相同的话，是什么？",
                f"no heading is {column.name}; what is it, if it is one for the whole file?",
            )
            self.constants.ask(
                MapQuestion(f"constant:{column.name}", words, ("",)),
                lambda answer: f"{column.name} = {toml_text(answer)}",
            )
        else:
            named = [self.line.headings[one].written for one in free]
            words = Bilingual(
                f"哪一列是 {self._called(column.name)}？未用的列：{'、'.join(named) or '无'}",
                f"which heading is {column.name}? Not used so far: {', '.join(named) or 'none'}",
            )
            self.columns.ask(
                MapQuestion(f"which:{column.name}", words, ("",), _headings_to_choose(named)),
                lambda answer: f"{toml_text(answer)} = {toml_text(column.name)}",
            )

    def _likely_place(self, column: ContractColumn, free: Sequence[int]) -> int | None:
        """The free heading that names a parent that is there, or whose words are like the column's."""
        if self.table.parent and column.name == self.table.parent[1] and self.parents:
            counts = {at: self._share(at, self.parents.__contains__) for at in free}
            best = max(free, key=lambda at: counts[at], default=None)
            if best is not None and counts[best] >= _READABLE:
                return best
        return self._alike_place(column, free)

    def _alike_place(self, column: ContractColumn, free: Sequence[int]) -> int | None:
        words = [key for key, name in shipped_headings()[self.table.name].items() if name == column.name]
        headings = {self.line.headings[at].key: at for at in free if self._may_hold(column, at)}
        alike = [near for word in words for near in get_close_matches(word, headings, n=1, cutoff=_LIKENESS)]
        return headings[alike[0]] if alike else None

    def _alike_columns(self, places: Mapping[str, Sequence[int]], free: list[int]) -> None:
        for column in self.table.columns:
            if column.required or column.name in places or column.name == "known_on":
                continue
            at = self._alike_place(column, [one for one in free if not _PEOPLE.search(self.line.headings[one].words)])
            if at is not None:
                free.remove(at)
                self._write(column, at, unsure=True)

    def _share(self, at: int, holds: Callable[[str], bool]) -> float:
        cells = self._cells(at)
        return sum(1 for cell in cells if holds(cell)) / len(cells) if cells else 0.0

    def _may_hold(self, column: ContractColumn, at: int) -> bool:
        if column.kind is CellKind.DATE:
            return self._share(at, lambda cell: sum(map(str.isdigit, cell)) >= _DAY_DIGITS) >= _READABLE
        if column.kind in (CellKind.CODE, CellKind.NAME):
            return True
        reader = CellReader(column, ColumnRule(column.name).options(Heading("", "", None), column.kind, {}), {})
        return self._share(at, lambda cell: reader.read(cell).fault is None) >= _READABLE

    def _cells(self, at: int) -> list[str]:
        return [cell for row in self.rows if at < len(row) and (cell := row[at])]

    def _write(self, column: ContractColumn, at: int, *, unsure: bool, others: Sequence[str] = ()) -> None:
        """The line of a column: none where the shipped words read it as it is.

        others: headings that a column which cannot be left out may be instead.
        """
        heading, cells = self.line.headings[at], self._cells(at)
        options = ColumnRule(column.name).options(heading, column.kind, self.line.units)
        words = code_words(self.table.name, column.name)
        questions = list(
            _open_questions(column, self._called(column.name), CellReader(column, options, words), words, cells)
        )
        if unsure:
            example = "、".join(dict.fromkeys(cells[:3]))
            sure = Bilingual(
                f"列 {heading.written}（{example}）是 {self._called(column.name)} 吗？", "is it " + column.name + "?"
            )
            choices = _headings_to_choose([heading.written, *others]) if column.required else _YES_NO
            likely = heading.written if column.required else _YES
            questions.insert(0, MapQuestion(f"is:{column.name}:{heading.written}", sure, (likely,), choices))
        if questions:
            write = partial(_column_line, heading.written, column.name, tuple(questions), unsure)
            self.columns.lines.append(MapLine(tuple(questions), write))


def _column_line(
    written: str, name: str, questions: Sequence[MapQuestion], unsure: bool, answers: Answers
) -> str | None:
    """The line of a heading: its column, and how its cells are written.

    unsure: the first question is whether it is, or which heading is.
    """
    if unsure and questions[0].choices == _YES_NO:
        if answers[0][0] != _YES:
            return None
    elif unsure:
        written = answers[0][0]
    keys = "".join(
        f", {_codes_key(question.asked_of, answer) if question.asked_of != _ONCE else answer[0]}"
        for question, answer in list(zip(questions, answers, strict=True))[1 if unsure else 0 :]
    )
    return f"{toml_text(written)} = {f'{{name = {toml_text(name)}{keys}}}' if keys else toml_text(name)}"


def _codes_key(texts: Sequence[str], codes: Sequence[str]) -> str:
    answers = ", ".join(f"{toml_text(text)} = {toml_text(code)}" for text, code in zip(texts, codes, strict=True))
    return f"codes = {{{answers}}}"


def _headings_to_choose(written: Sequence[str]) -> tuple[Choice, ...]:
    return tuple(Choice(one, Bilingual(one, one)) for one in written)


def _open_questions(
    column: ContractColumn, called: str, reader: CellReader, words: Mapping[str, str], cells: Sequence[str]
) -> Iterator[MapQuestion]:
    if column.kind is CellKind.CODE:
        yield from _code_question(column, called, reader, words, cells)
    elif column.kind is CellKind.DATE:
        yield from _day_question(column, reader, cells)
    elif column.kind in (CellKind.RATE, CellKind.SHARE, CellKind.MONEY):
        yield from _unit_question(column, called, reader, cells)


def _code_question(
    column: ContractColumn, called: str, reader: CellReader, words: Mapping[str, str], cells: Sequence[str]
) -> Iterator[MapQuestion]:
    texts = Counter(cell for cell in cells if (code := reader.read(cell).text) and code not in column.codes)
    if not texts:
        return
    first = {code: word for word, code in reversed(list(words.items()))}
    codes = ", ".join(f"{code} {first.get(code, '')}".strip() for code in column.codes)
    counted = ", ".join(f"{text} ({count})" for text, count in texts.most_common(_MOST_NAMED))
    asked = Bilingual(
        f"{called} 的这些写法是什么：{counted}？可用的代码：{codes}",
        f"what do these mean in {column.name}: {counted}? The codes are {codes}",
    )
    choices = tuple(Choice(code, Bilingual(first.get(code, code), code)) for code in column.codes)
    yield MapQuestion(f"codes:{column.name}", asked, ("",) * len(texts), choices, tuple(texts))


def _day_question(column: ContractColumn, reader: CellReader, cells: Sequence[str]) -> Iterator[MapQuestion]:
    """Days that end with the year: by which order all of them are days."""
    unclear = [cell for cell in cells if (fault := reader.read(cell).fault) and "mdy" in fault.en]
    if not unclear:
        return
    orders = [order for order in ("dmy", "mdy") if all(_is_day(cell, order) for cell in unclear)]
    asked = Bilingual(
        f"日期 {unclear[0]} 是日/月/年（dmy）还是月/日/年（mdy）？全列可行的：{'、'.join(orders) or '无'}",
        f"is {unclear[0]} day first (dmy) or month first (mdy)? The whole column allows "
        f"{', '.join(orders) or 'neither'}",
    )
    yield MapQuestion(
        f"dates:{column.name}", asked, (f'dates = "{orders[0] if len(orders) == 1 else ""}"',), _DAY_ORDERS
    )


def _is_day(cell: str, order: str) -> bool:
    parts = [int(part) for part in cell.replace(".", "/").replace("-", "/").split("/")[:2] if part.strip().isdigit()]
    return len(parts) == 2 and 1 <= parts[1 if order == "dmy" else 0] <= 12 and 1 <= max(parts) <= 31


def _unit_question(
    column: ContractColumn, called: str, reader: CellReader, cells: Sequence[str]
) -> Iterator[MapQuestion]:
    """Amounts and rates beyond what is plausible for the column, though no heading names a unit."""
    texts = [reading.text for cell in cells if (reading := reader.read(cell)).fault is None and reading.text]
    numbers = sorted(float(text) for text in texts if _PLAIN_NUMBER.fullmatch(text))
    if not numbers:
        return
    middle, example = numbers[len(numbers) // 2], cells[0]
    if column.kind is CellKind.MONEY and column.least and middle < column.least:
        asked = Bilingual(
            f"{called} 写作 {example}，单位是万元、千元还是元？",
            f"{column.name} is written {example}: in yuan, thousands of yuan (千元) or ten thousands of yuan (万元)?",
        )
        yield MapQuestion(f"unit:{column.name}", asked, (_UNITS[0].value,), _UNITS)
    most = column.most or 1.0
    if column.kind is not CellKind.MONEY and middle > most:
        permille = reader.options.monthly
        asked = Bilingual(
            f"{called} 写作 {example}，是百分数（percent）还是千分数（permille），年利率还是月利率（monthly）？",
            f"{column.name} is written {example}: percent or permille, by the year or the month (monthly)?",
        )
        suggested = "permille = true, monthly = true" if permille else "percent = true"
        yield MapQuestion(f"share:{column.name}", asked, (suggested,), _SHARES)
