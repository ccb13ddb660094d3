"""The column map of a county (TOML): what its files, headings and words mean, where the shipped words do not say it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from features.contract.declarations import CellKind, ContractTable
from features.contract.tables import TABLES
from features.delivery.cell_values import ColumnOptions, DateOrder, word_key
from features.delivery.headings import Heading, options_of, shipped_headings
from features.messages import Bilingual, UserError, did_you_mean

_UNITS = {"元": Decimal(1), "千元": Decimal(1000), "万元": Decimal(10000)}
_ORDERS = ("ymd", "dmy", "mdy")
_FILE_KEYS = {
    "match": str, "table": str, "sheet": str, "header_row": int, "separator": str, "encoding": str, "drop_rows": list,
    "number_within": str, "columns": dict, "constant": dict, "join": dict,
}  # fmt: skip
_COLUMN_KEYS = {
    "name": str, "unit": str, "percent": bool, "permille": bool, "monthly": bool, "dates": str, "codes": dict,
}  # fmt: skip
_QUESTION = "# ?"


@dataclass(frozen=True)
class ColumnRule:
    """What a heading means: a column of the table, and what its cells are written in where the map says it."""

    name: str
    unit: Decimal | None = None
    share: Decimal | None = None
    monthly: bool | None = None
    dates: DateOrder = "ymd"
    codes: Mapping[str, str] = field(default_factory=dict)

    def options(self, found: Heading, kind: CellKind, title_units: Mapping[CellKind, str]) -> ColumnOptions:
        """The map's own words before those of the heading."""
        told = options_of(found, kind, title_units)
        return ColumnOptions(
            unit=told.unit if self.unit is None else self.unit,
            share=told.share if self.share is None else self.share,
            monthly=told.monthly if self.monthly is None else self.monthly,
            dates=self.dates,
            codes=self.codes,
        )


@dataclass(frozen=True)
class Join:
    """A column made of several headings' cells, with a sign between them."""

    headings: tuple[str, ...]
    sign: str


@dataclass(frozen=True)
class FileRule:
    """What the map says of the files whose name it matches (contract, section 1)."""

    match: str
    table: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    separator: str | None = None
    encoding: str | None = None
    drop_rows: tuple[str, ...] = ()
    number_within: str | None = None
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    constant: Mapping[str, str] = field(default_factory=dict)
    join: Mapping[str, Join] = field(default_factory=dict)

    def matches(self, file: str) -> bool:
        """Whether a file has the name: with `*` and `?`, with or without its ending, letter case aside."""
        name, pattern = file.casefold(), self.match.casefold()
        return fnmatchcase(name, pattern) or fnmatchcase(Path(name).stem, pattern)


@dataclass(frozen=True)
class ColumnMap:
    """A county's own rules: of files, and of headings table by table; the shipped words stand behind them."""

    files: tuple[FileRule, ...] = ()
    tables: Mapping[str, Mapping[str, ColumnRule]] = field(default_factory=dict)

    def rules_for(self, file: str) -> tuple[FileRule, ...]:
        """The rules of a file: several where its sheets are several tables."""
        return tuple(rule for rule in self.files if rule.matches(file))

    def column(self, table: ContractTable, found: Heading, rule: FileRule | None) -> ColumnRule | None:
        """What a heading means in a table; None where nobody says it."""
        keys = (word_key(found.written), found.key)
        for rules in (rule.columns if rule else {}, self.tables.get(table.name, {})):
            for key in keys:
                if key in rules:
                    return rules[key]
        shipped = shipped_headings()[table.name]
        name = next((shipped[key] for key in keys if key in shipped), None)
        return None if name is None else ColumnRule(name)

    def headings_known(self, table: str, rule: FileRule | None) -> Mapping[str, str]:
        """The keys of all headings that mean a column of a table, each with the column."""
        own = {key: one.name for key, one in self.tables.get(table, {}).items()}
        theirs = {key: one.name for key, one in rule.columns.items()} if rule else {}
        joined = {word_key(part): name for name, join in rule.join.items() for part in join.headings} if rule else {}
        return {**shipped_headings()[table], **own, **theirs, **joined}


def read_column_map(path: Path | None = None) -> ColumnMap:
    """The shipped words alone, or with a county's own map before them.

    Raises UserError with every fault of the map at once, and where a question in it is open (`# ?`).
    """
    if path is None:
        return ColumnMap()
    try:
        text = path.read_text("utf-8-sig")
        stored = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(
            f"列映射 {path.name} 无法读取：{error}", f"The column map {path.name} cannot be read: {error}"
        ) from error
    questions = [
        line.strip().removeprefix(_QUESTION).strip() for line in text.splitlines() if line.strip().startswith(_QUESTION)
    ]
    if questions:
        raise UserError(
            f"列映射 {path.name} 还有 {len(questions)} 个问题未回答（以 # ? 开头的行）：{questions[0]} "
            "请改好下面的键，删去该行。",
            f"The column map {path.name} has {len(questions)} open questions (lines with # ?): {questions[0]} "
            "Set the key below it and delete the line.",
        )
    faults = list(_faults(stored))
    if faults:
        raise UserError(
            f"列映射 {path.name} 有误：{'；'.join(fault.zh for fault in faults)}",
            f"The column map {path.name} is wrong: {'; '.join(fault.en for fault in faults)}",
        )
    return ColumnMap(
        tuple(_file_rule(entry) for entry in stored.get("file", ())),
        {
            table: {word_key(heading): _column_rule(value) for heading, value in headings.items()}
            for table, headings in stored.items()
            if table != "file"
        },
    )


def _file_rule(entry: Mapping[str, Any]) -> FileRule:
    return FileRule(
        match=entry["match"],
        table=entry.get("table"),
        sheet=entry.get("sheet"),
        header_row=entry.get("header_row"),
        separator=entry.get("separator"),
        encoding=entry.get("encoding"),
        drop_rows=tuple(entry.get("drop_rows", ())),
        number_within=entry.get("number_within"),
        columns={word_key(heading): _column_rule(value) for heading, value in entry.get("columns", {}).items()},
        constant={name: str(value) for name, value in entry.get("constant", {}).items()},
        join={name: Join(tuple(value["of"]), value.get("with", "")) for name, value in entry.get("join", {}).items()},
    )


def _column_rule(value: str | Mapping[str, Any]) -> ColumnRule:
    if isinstance(value, str):
        return ColumnRule(value)
    share = None
    if "percent" in value:
        share = Decimal("0.01") if value["percent"] else Decimal(1)
    if value.get("permille"):
        share = Decimal("0.001")
    unit = _UNITS[value["unit"]] if "unit" in value else None
    codes = {word: str(code) for word, code in value.get("codes", {}).items()}
    return ColumnRule(value["name"], unit, share, value.get("monthly"), value.get("dates", "ymd"), codes)


def _faults(stored: Mapping[str, Any]) -> Iterator[Bilingual]:
    for name, entry in stored.items():
        if name == "file":
            entries = entry if isinstance(entry, list) else [entry]
            for number, one in enumerate(entries, start=1):
                yield from _file_faults(f"[[file]] {number}", one)
        elif name not in TABLES or not isinstance(entry, dict):
            yield _fault(f"[{name}]", "不是合同中的表", "is not a table of the contract", name, list(TABLES))
        else:
            for heading, value in entry.items():
                yield from _column_faults(f'[{name}] "{heading}"', value, [TABLES[name]])


def _file_faults(place: str, entry: Any) -> Iterator[Bilingual]:
    if not isinstance(entry, dict) or "match" not in entry:
        yield Bilingual(f"{place}：缺少 match（文件名）", f"{place} has no match (the file's name)")
        return
    yield from _key_faults(place, entry, _FILE_KEYS)
    if entry.get("table", "loans") not in TABLES:
        yield _fault(f"{place} table", "不是合同中的表", "is not a table of the contract", entry["table"], list(TABLES))
        return
    if entry.get("number_within", "bank") != "bank":
        yield Bilingual(f'{place} number_within: 只能是 "bank"', f'{place} number_within can only be "bank"')
    tables = [TABLES[entry["table"]]] if "table" in entry else list(TABLES.values())
    for heading, value in (entry.get("columns") or {}).items():
        yield from _column_faults(f'{place} "{heading}"', value, tables)
    for group in ("constant", "join"):
        for name, value in (entry.get(group) or {}).items():
            if name != "bank" and name not in _names(tables):
                yield _fault(f"{place} {group}.{name}", "不是列", "is not a column", name, _names(tables))
            if group == "constant" and not str(value).strip():
                yield Bilingual(f"{place} constant.{name}：尚未填写", f"{place} constant.{name} is empty; fill it in")
            if group == "join" and not (isinstance(value, dict) and isinstance(value.get("of"), list)):
                yield Bilingual(
                    f'{place} join.{name}：应为 {{of = ["列名", …], with = "-"}}',
                    f'{place} join.{name} is to be {{of = ["heading", ...], with = "-"}}',
                )


def _key_faults(place: str, entry: Mapping[str, Any], keys: Mapping[str, type]) -> Iterator[Bilingual]:
    """Keys that nobody knows, and values of another type."""
    for key, value in entry.items():
        if key not in keys:
            yield _fault(f"{place} {key}", "不是可用的键", "is no key here", key, list(keys))
        elif not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is not bool):
            yield Bilingual(
                f"{place} {key}：类型应为 {keys[key].__name__}", f"{place} {key} is to be a {keys[key].__name__}"
            )


def _column_faults(place: str, value: Any, tables: Sequence[ContractTable]) -> Iterator[Bilingual]:
    entry = {"name": value} if isinstance(value, str) else value
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        yield Bilingual(f"{place}：应为列名或 {{name = …}}", f"{place} is to be a column's name or {{name = ...}}")
        return
    columns = [column for table in tables for column in table.delivered_columns if column.name == entry["name"]]
    if not columns:
        yield _fault(f'{place} = "{entry["name"]}"', "不是列", "is not a column", entry["name"], _names(tables))
        return
    yield from _key_faults(place, entry, _COLUMN_KEYS)
    if entry.get("unit", "元") not in _UNITS:
        yield _fault(f"{place} unit", "不是可用的单位", "is no unit", str(entry["unit"]), list(_UNITS))
    if entry.get("dates", "ymd") not in _ORDERS:
        yield _fault(f"{place} dates", "不是日期次序", "is no order of a day", str(entry["dates"]), list(_ORDERS))
    known = {code for column in columns for code in column.codes}
    for word, code in (entry.get("codes") or {}).items():
        if code not in known:
            yield _fault(f'{place} codes "{word}" = "{code}"', "不是代码", "is not a code", str(code), sorted(known))


def _fault(place: str, zh: str, en: str, word: str, known: Sequence[str]) -> Bilingual:
    hint = did_you_mean(word, known)
    return Bilingual(f"{place} {zh} ({hint})", f"{place} {en}. {hint}")


def _names(tables: Sequence[ContractTable]) -> list[str]:
    return sorted({name for table in tables for name in table.delivered_names})
