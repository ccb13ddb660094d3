"""One cell's text as the contract writes it: days, amounts, shares, codes and identifiers in any usual writing.

Each writing is read in one way or not at all. What could mean two things is a fault that names both meanings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from features.contract.declarations import CellKind, ContractColumn
from features.contract.identity_numbers import half_width
from features.messages import Bilingual

EMPTY_MARKS = frozenset(
    {"", "-", "--", "---", "/", "//", "\\", "—", "——", "–", "无", "空", "#N/A", "N/A", "NULL", "NA", "NONE", "\\N"}
)
"""What people write where nothing is to be written, in capitals; a code's own word goes first (文化程度: 无)."""
DateOrder = Literal["ymd", "dmy", "mdy"]
_UNITS = {"元": Decimal(1), "圆": Decimal(1), "千元": Decimal(1000), "万": Decimal(10000), "万元": Decimal(10000)}
_COUNTS = ("只", "头", "亩", "个", "羽")
_NUMBER = re.compile(
    r"(?P<sign>[+\-−]?)(?:[¥￥]|RMB|CNY)?\s*(?P<digits>[1-9]\d{0,2}(?:,\d{3})+|\d*)(?P<rest>\.\d*)?(?P<power>[eE][+-]?\d{1,2})?"
    r"\s*(?P<unit>万元|千元|元|圆|万|%|‰|只|头|亩|个|羽)?",
)
_YEAR_FIRST = re.compile(
    r"(?P<y>\d{4})(?:[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|年(?P<m2>\d{1,2})月(?P<d2>\d{1,2})[日号]?|(?P<m3>\d{2})(?P<d3>\d{2}))"
    r"(?P<time>[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_MONTH = re.compile(r"(?P<y>\d{4})(?:[-/.](?P<m>\d{1,2})|年(?P<m2>\d{1,2})月(?:份)?|(?P<m3>\d{2}))")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_SHORT_YEAR = re.compile(r"'?\d{2}(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\d{1,2}月\d{1,2}日?)")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_EXCEL_EPOCH = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 73_050
"""Excel's numbers of days of five digits end with 2099; shorter ones may be years."""
_FIRST_DAY = date(1990, 1, 1)
"""The first day that a day number may mean, where the column has none of its own."""
_QUOTED = re.compile(r"""^=?\s*["“”](.*)["“”]$|^['’‘`](.*)$""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell says: `text` as the contract writes it (None: nothing), what was done to read it, or the fault."""

    text: str | None
    done: Bilingual | None = None
    fault: Bilingual | None = None


@dataclass(frozen=True)
class ColumnOptions:
    """What is known of a column beside its declaration, by the column map or its heading.

    unit: yuan of one unit in the cells (1 where none is named). share: 1, 0.01 (per cent) or 0.001 (permille) of what
    the cells say; None where nothing says it. monthly: a rate by the month. dates: the order of day, month, year.
    codes: words of the map for code values.
    """

    unit: Decimal | None = None
    share: Decimal | None = None
    monthly: bool = False
    dates: DateOrder = "ymd"
    codes: Mapping[str, str] = field(default_factory=dict)


class CellReader:
    """Reads the cells of one column.

    words: the shipped words for the column's code values, each with its code.
    """

    def __init__(self, column: ContractColumn, options: ColumnOptions, words: Mapping[str, str]) -> None:
        self.column, self.options = column, options
        self._codes = {code.casefold(): code for code in column.codes}
        self._words = {word_key(word): code for word, code in {**words, **options.codes}.items()}
        readers: dict[CellKind, Callable[[str], Reading]] = {
            CellKind.DATE: self._day,
            CellKind.CODE: self._code,
            CellKind.MONEY: self._number,
            CellKind.NUMBER: self._number,
            CellKind.RATE: self._number,
            CellKind.SHARE: self._number,
            CellKind.POINTS: self._number,
            CellKind.WHOLE: self._number,
        }
        self._read = readers.get(column.kind, self._name)

    def read(self, text: str) -> Reading:
        """The reading of one cell's text."""
        plain, unquoted = _unquoted(text)
        if plain.casefold() in self._codes or word_key(plain) in self._words:
            return self._read(plain)
        if half_width(plain).strip().upper() in EMPTY_MARKS:
            return Reading(
                None, Bilingual("空值记号（-, /，无 …）", "marks of an empty cell (-, /, 无 …)") if plain else None
            )
        reading = self._read(plain)
        return Reading(reading.text, reading.done or unquoted, reading.fault)

    def _name(self, text: str) -> Reading:
        if self.column.kind in (CellKind.IDENTIFIER, CellKind.PERSON, CellKind.VILLAGE):
            return _as_read(text, half_width(text).strip(), Bilingual("全角字符改半角", "full-width signs as ASCII"))
        return Reading(text.strip())

    def _code(self, text: str) -> Reading:
        code = self._words.get(word_key(text)) or self._codes.get(half_width(text).strip().casefold())
        return Reading(text) if code is None else _as_read(text, code, Bilingual("代码用词", "words for codes"))

    def _number(self, text: str) -> Reading:
        plain = half_width(text).strip()
        negative = re.fullmatch(r"\((.+)\)", plain)
        found = _NUMBER.fullmatch(f"-{negative[1]}" if negative else plain)
        if found is None or not (found["digits"] or (found["rest"] or ".")[1:]):
            return Reading(text, fault=_number_fault(plain))
        digits = found["digits"].replace(",", "")
        value = Decimal(f"{found['sign'].replace('−', '-')}{digits or '0'}{found['rest'] or ''}{found['power'] or ''}")
        scaled = self._scaled(value, found["unit"])
        if isinstance(scaled, Bilingual):
            return Reading(text, fault=scaled)
        number, done = scaled
        if "," in found["digits"] and done is None:
            done = Bilingual("千分位", "thousands separators")
        plain_number = f"{number.normalize():f}".replace("-0", "0") if number == 0 else f"{number.normalize():f}"
        return Reading(plain_number, done or _written_otherwise(text, plain))

    def _scaled(self, value: Decimal, unit: str | None) -> tuple[Decimal, Bilingual | None] | Bilingual:
        """The value in the contract's unit and what was done, or why the unit cannot be that of the column."""
        kind, options = self.column.kind, self.options
        if unit in ("%", "‰"):
            if kind not in (CellKind.RATE, CellKind.SHARE):
                return Bilingual(f"此列不能是百分数：{unit}", f"this column cannot be in {unit}")
            return self._share(value, Decimal("0.01") if unit == "%" else Decimal("0.001"), unit)
        if unit in _COUNTS:
            if kind is not CellKind.NUMBER:
                return Bilingual(f"此列不能以{unit}计", f"this column cannot be counted in {unit}")
            return value, Bilingual(f"单元格中的单位 {unit}", f"a unit in the cell ({unit})")
        if unit is not None and kind is not CellKind.MONEY:
            return Bilingual(f"此列不是金额，却写有 {unit}", f"this column is no money, and {unit} stands in the cell")
        if kind is CellKind.MONEY:
            return self._money(value, unit)
        if kind in (CellKind.RATE, CellKind.SHARE) and (options.share is not None or options.monthly):
            share = options.share if options.share is not None else Decimal(1)
            return self._share(value, share, {Decimal("0.01"): "%", Decimal("0.001"): "‰"}.get(share, ""))
        return value, None

    def _money(self, value: Decimal, unit: str | None) -> tuple[Decimal, Bilingual | None]:
        factor = _UNITS[unit] if unit is not None else self.options.unit
        if factor is None or factor == 1:
            return value, None
        name = {Decimal(1000): "千元", Decimal(10000): "万元"}[factor]
        return value * factor, Bilingual(f"单位 {name} -> 元", f"unit {name} as yuan")

    def _share(self, value: Decimal, share: Decimal, sign: str) -> tuple[Decimal, Bilingual | None]:
        yearly = 12 if self.options.monthly and self.column.kind is CellKind.RATE else 1
        monthly = (" 月利率 x 12", " monthly rate x 12") if yearly == 12 else ("", "")
        if share == 1 and yearly == 1:
            return value, None
        return value * share * yearly, Bilingual(
            f"{sign}{monthly[0]} -> 小数".strip(), f"{sign}{monthly[1]} as a share".strip()
        )

    def _day(self, text: str) -> Reading:
        plain = re.sub(r"\s+", " ", half_width(text)).strip()
        if self.column.name == "month" and (cut := re.fullmatch(r"(\d{4})\.1", plain)):
            return Reading(text, fault=_january_or_october(cut[1]))
        if self.column.name == "month" and (month := _MONTH.fullmatch(plain)):
            return _day_of(text, (month["y"], month["m"] or month["m2"] or month["m3"], "1"), "2024年3月")
        if found := _YEAR_FIRST.fullmatch(plain):
            if found["time"] and re.search(r"[1-9]", found["time"]):
                reading = self._parts(plain, found)
                return Reading(reading.text, Bilingual("日期后的时刻略去", "times behind days left out"), reading.fault)
            return self._parts(plain, found)
        if (serial := _SERIAL.fullmatch(plain)) and _FIRST_SERIAL <= int(serial[1]) <= _LAST_SERIAL:
            day = _EXCEL_EPOCH + timedelta(days=int(serial[1]))
            if day >= (self.column.since or _FIRST_DAY):
                return Reading(day.isoformat(), Bilingual("Excel 日期序号", "Excel day numbers"))
        if found := _YEAR_LAST.fullmatch(plain):
            return self._year_last(text, found)
        if _SHORT_YEAR.fullmatch(plain):
            return Reading(text, fault=_two_digit_year(plain))
        return Reading(text)

    def _parts(self, plain: str, found: re.Match[str]) -> Reading:
        month, day = (found[name] or found[f"{name}2"] or found[f"{name}3"] for name in ("m", "d"))
        style = "2024年3月5日" if found["m2"] else "20240305" if found["m3"] else f"2024{plain[4]}3{plain[4]}5"
        return _day_of(plain, (found["y"], month, day), style)

    def _year_last(self, text: str, found: re.Match[str]) -> Reading:
        first, second, year = found.groups()
        if len(year) == 2:
            return Reading(text, fault=_two_digit_year(text))
        if self.options.dates == "dmy":
            return _day_of(text, (year, second, first), "5/3/2024（日月年）")
        if self.options.dates == "mdy":
            return _day_of(text, (year, first, second), "3/5/2024（月日年）")
        return Reading(text, fault=_both_orders(int(first), int(second), year))


def word_key(text: str) -> str:
    """What two writings of one word share: no white space, no width, no case, no brackets' kind."""
    return re.sub(r"[\s_\-]+", "", half_width(text)).casefold()


def _unquoted(text: str) -> tuple[str, Bilingual | None]:
    """The text without what spreadsheets put around it to keep digits: ="...", a leading apostrophe."""
    stripped = text.strip().strip("\ufeff\u200b\u200c\u200d").strip()
    if found := _QUOTED.match(stripped):
        return (found[1] if found[1] is not None else found[2]).strip(), Bilingual(
            '去掉文本引号（\' 或 =""）', 'text marks (\' or ="") taken off'
        )
    return stripped, None


def _as_read(delivered: str, text: str, done: Bilingual) -> Reading:
    return Reading(text, None if delivered == text else done)


def _day_of(text: str, parts: tuple[str, str, str], style: str) -> Reading:
    """The day of a year, a month and a day of the month, as the contract writes it; style: how it was written."""
    try:
        read = date(*map(int, parts)).isoformat()
    except ValueError:
        words = Bilingual(f"没有这一天：{text}", f"there is no such day: {text}")
        return Reading(text, fault=words)
    return Reading(read, None if read == text else Bilingual(f"日期写作 {style}", f"days written {style}"))


def _both_orders(first: int, second: int, year: str) -> Bilingual:
    one, other = f"{year}-{second:02d}-{first:02d}", f"{year}-{first:02d}-{second:02d}"
    return Bilingual(
        f'可能是 {one}（日/月/年）或 {other}（月/日/年）；请改为 2024-03-05，或在列映射中写 dates = "dmy" 或 "mdy"',
        f'may be {one} (day first) or {other} (month first); write 2024-03-05, or dates = "dmy" or "mdy" in the map',
    )


def _january_or_october(year: str) -> Bilingual:
    """A month written as a number: a spreadsheet shows 2024.10 as 2024.1."""
    return Bilingual(
        f"可能是 {year} 年 1 月或 10 月（数字 {year}.10 会变成 {year}.1）；请写 {year}-01 或 {year}-10",
        f"may be January or October {year} (the number {year}.10 becomes {year}.1); write {year}-01 or {year}-10",
    )


def _two_digit_year(text: str) -> Bilingual:
    return Bilingual(
        f"年份只有两位，次序与世纪不明：{text}；请写 2024-03-05",
        f"a year of two digits can be read in several orders: {text}; write 2024-03-05",
    )


def _number_fault(text: str) -> Bilingual | None:
    """Why a text that has digits is no number, where both its meanings can be said."""
    if re.fullmatch(r"[+-]?\d+(,\d+)+(\.\d*)?", text) or re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?", text):
        return Bilingual(
            f"逗号与小数点的用法不明：{text}；请写 1234.56 或 1,234.56",
            f"comma and point can be read in two ways: {text}; write 1234.56 or 1,234.56",
        )
    return None


def _written_otherwise(delivered: str, plain: str) -> Bilingual | None:
    if re.fullmatch(r"[+-]?\d*\.?\d*(?:[eE][+-]?\d+)?", delivered.strip()):
        return None
    return (
        Bilingual("数字写法（全角、括号、货币符号）", "writings of numbers (full-width, brackets, currency signs)")
        if plain
        else None
    )
