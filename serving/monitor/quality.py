"""The quality of what is delivered, by table and county: late, missing, jumping; and who delivered what when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import polars as pl

from features.contract.declarations import Kind
from features.contract.tables import TABLES
from features.ledger.ledger import Ledger
from features.ledger.part_files import COUNTY
from features.messages import Words
from features.months import months_after, next_day
from serving.monitor.bounds import Quality
from serving.monitor.finding import VERDICTS, Finding
from serving.portfolio.report_tables import Column, Table, count, in_words, number, on_day, share, text, words

_MONTHS_BEFORE = 12
_RHYTHM_MONTHS = 24
_MEASURED = (Kind.MONEY, Kind.NUMBER, Kind.SHARE, Kind.POINTS)
_MOST_DELIVERIES = 500


def quality(ledger: Ledger, as_of: date, limits: Quality) -> tuple[list[Table], list[Finding]]:
    """Two tables, of sources and of their columns, and what is beyond the bounds; rows known by as_of alone."""
    sources: list[dict[str, Any]] = []
    columns: list[dict[str, Any]] = []
    for name in TABLES:
        rows = ledger.scan(name).filter(pl.col("known_on") <= as_of)
        for county, months in _by_county(_monthly(rows, name)):
            sources.append(
                {"table": name, "county": county, **_source(months, _known_days(rows, county), as_of, limits)}
            )
            columns += [{"table": name, "county": county, **row} for row in _columns(months, name, as_of, limits)]
    return [_source_table(sources), _column_table(columns)], [*_late(sources), *_jumps(sources), *_odd(columns)]


def _monthly(rows: pl.LazyFrame, table: str) -> pl.DataFrame:
    """A row a county and month of known_on: `rows`, and of each column how much is missing and its mean."""
    cells = [
        expression
        for column in TABLES[table].columns
        for expression in (
            pl.col(column.name).null_count().alias(f"{column.name} missing"),
            *([pl.col(column.name).mean().alias(f"{column.name} mean")] if column.kind in _MEASURED else []),
        )
    ]
    month = pl.col("known_on").dt.month_start().alias("month")
    return (
        rows.group_by(COUNTY, month).agg(pl.len().cast(pl.Int64).alias("rows"), *cells).sort(COUNTY, "month").collect()
    )


def _by_county(months: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(county), part) for (county,), part in months.group_by(COUNTY, maintain_order=True)]


def _known_days(rows: pl.LazyFrame, county: str) -> list[date]:
    days = rows.filter(pl.col(COUNTY) == county).select(pl.col("known_on").unique().sort()).collect()
    return days.to_series().to_list()


def _source(months: pl.DataFrame, days: Sequence[date], as_of: date, limits: Quality) -> dict[str, Any]:
    """Late: longer without news than the longest gap between deliveries of the two years before, and the grace."""
    since = months_after(as_of, -_RHYTHM_MONTHS)
    recent = [day for day in days if day > since] or list(days[-1:])
    gaps = [(later - earlier).days for earlier, later in pairwise(recent)]
    silent, usual = (as_of - days[-1]).days, max(gaps, default=None)
    here, before = _this_and_before(months, as_of)
    now = int(here["rows"].sum())
    least, most = _range(before)
    return {
        "rows": int(months["rows"].sum()),
        "newest": days[-1],
        "silent": silent,
        "usual": usual,
        "late": "few" if usual is None else "beyond" if silent > usual + limits.days_late else "fine",
        "month_rows": now,
        "least": least,
        "most": most,
        "jump": _outside(now or None, least, most, limits.rows_jump, max(now, most or 0) >= limits.least_rows),
    }


def _range(before: pl.DataFrame) -> tuple[int | None, int | None]:
    """The least and most rows of the months before; one without a row had none. None where there was no month."""
    counts = [int(rows) for rows in before["rows"]]
    if not counts:
        return None, None
    return min(counts) if len(counts) == _MONTHS_BEFORE else 0, max(counts)


def _this_and_before(months: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The month of as_of, and the twelve before it; a month without a row is not among them."""
    this = as_of.replace(day=1)
    first = next_day(months_after(as_of, -_MONTHS_BEFORE - 1))
    month = pl.col("month")
    return months.filter(month == this), months.filter((month >= first) & (month < this))


def _outside(value: Any, least: Any, most: Any, jump: float, enough: bool) -> str:
    if value is None or least is None or most is None or not enough:
        return "few"
    grace_below, grace_above = abs(least) * jump, abs(most) * jump
    return "fine" if least - grace_below <= value <= most + grace_above else "beyond"


def _columns(months: pl.DataFrame, table: str, as_of: date, limits: Quality) -> list[dict[str, Any]]:
    here, before = _this_and_before(months, as_of)
    enough = here.height > 0 and int(here["rows"][0]) >= limits.least_rows
    usual = before.filter(pl.col("rows") >= limits.least_rows)
    return [_column(here, usual, column.name, enough, limits) for column in TABLES[table].columns]


def _column(here: pl.DataFrame, before: pl.DataFrame, name: str, enough: bool, limits: Quality) -> dict[str, Any]:
    share_missing = pl.col(f"{name} missing") / pl.col("rows")
    missing = here.select(share_missing).to_series()[0] if here.height else None
    most_missing = before.select(share_missing.max()).item() if before.height else None
    gone = missing is not None and most_missing is not None and missing > most_missing + limits.missing_jump
    known = f"{name} mean" in here.columns
    mean = here[f"{name} mean"][0] if known and here.height else None
    least, most = (
        (before[f"{name} mean"].min(), before[f"{name} mean"].max()) if known and before.height else (None, None)
    )
    comparable = enough and most_missing is not None
    return {
        "column": name,
        "missing": missing,
        "most_missing": most_missing,
        "gone": ("beyond" if gone else "fine") if comparable else "few",
        "mean": mean,
        "least": least,
        "most": most,
        "jump": _outside(mean, least, most, limits.mean_jump, enough) if known else "fine",
    }


_SILENT = Words(
    "{table} ({county}): {silent} 天没有新数据, 通常最长 {usual} 天",
    "{table} ({county}): nothing new for {silent} days, usually {usual} at most",
)
_ROWS = Words(
    "{table} ({county}): 本月 {month_rows} 行, 此前各月 {least} 至 {most} 行",
    "{table} ({county}): {month_rows} rows this month, {least} to {most} in the months before",
)
_GONE = Words(
    "{table}.{column} ({county}): 缺失 {missing:.1%}, 此前最多 {most_missing:.1%}",
    "{table}.{column} ({county}): {missing:.1%} missing, at most {most_missing:.1%} in the months before",
)
_MEAN = Words(
    "{table}.{column} ({county}): 均值 {mean:.2f}, 此前各月 {least:.2f} 至 {most:.2f}",
    "{table}.{column} ({county}): mean {mean:.2f}, {least:.2f} to {most:.2f} in the months before",
)


def _late(sources: Sequence[Mapping[str, Any]]) -> list[Finding]:
    late = (row for row in sources if row["late"] == "beyond")
    return [Finding("late", _SILENT.filled(**row), row["silent"], row["usual"]) for row in late]


def _jumps(sources: Sequence[Mapping[str, Any]]) -> list[Finding]:
    jumped = (row for row in sources if row["jump"] == "beyond")
    return [Finding("rows", _ROWS.filled(**row), row["month_rows"]) for row in jumped]


def _odd(columns: Sequence[Mapping[str, Any]]) -> list[Finding]:
    gone = [Finding("missing", _GONE.filled(**row), row["missing"]) for row in columns if row["gone"] == "beyond"]
    moved = [Finding("mean", _MEAN.filled(**row), row["mean"]) for row in columns if row["jump"] == "beyond"]
    return gone + moved


def _source_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    counts = dict.fromkeys(("rows", "silent", "usual", "month_rows", "least", "most"), pl.Int64)
    codes = dict.fromkeys(("table", "county", "late", "jump"), pl.String)
    frame = pl.DataFrame(rows, {**codes, **counts, "newest": pl.Date})
    return Table(
        "sources",
        "来源 Sources",
        Words("数据质量: 按来源", "Data quality by source"),
        (
            text("table", "表", "Table"),
            text("county", "县", "County"),
            count("rows", "行数", "Rows"),
            on_day("newest", "最新知悉日", "Newest known on"),
            count("silent", "距今天数", "Days without news"),
            count("usual", "通常最长间隔 (天)", "Longest usual gap (days)"),
            words("punctual", "及时", "Punctual"),
            count("month_rows", "本月行数", "Rows this month"),
            count("least", "此前12个月最少", "Least of 12 months"),
            count("most", "此前12个月最多", "Most of 12 months"),
            words("steady", "行数", "Row count"),
        ),
        frame.with_columns(*in_words("late", "punctual", VERDICTS), *in_words("jump", "steady", VERDICTS)),
        missing=Words("–", "–"),
    )


def _column_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    numbers = dict.fromkeys(("missing", "most_missing", "mean", "least", "most"), pl.Float64)
    codes = dict.fromkeys(("table", "county", "column", "gone", "jump"), pl.String)
    return Table(
        "columns",
        "各列 Columns",
        Words("数据质量: 按列", "Data quality by column"),
        _COLUMN_COLUMNS,
        pl.DataFrame(rows, {**codes, **numbers}).with_columns(
            *in_words("gone", "complete", VERDICTS), *in_words("jump", "steady", VERDICTS)
        ),
        missing=Words("–", "–"),
    )


_COLUMN_COLUMNS: tuple[Column, ...] = (
    text("table", "表", "Table"),
    text("county", "县", "County"),
    text("column", "列", "Column"),
    share("missing", "本月缺失", "Missing this month"),
    share("most_missing", "此前12个月最多", "Most of 12 months"),
    words("complete", "完整", "Complete"),
    number("mean", "本月均值", "Mean this month"),
    number("least", "此前12个月最小", "Least of 12 months"),
    number("most", "此前12个月最大", "Most of 12 months"),
    words("steady", "均值", "Mean"),
)


def deliveries(ledger: Ledger) -> Table:
    """A row a delivered file, the newest first."""
    rows = [
        {
            "number": commit.sequence,
            "delivered_on": date.fromisoformat(commit.delivered_on),
            "table": commit.table,
            "file": commit.file,
            "counties": ", ".join(sorted({part.county for part in commit.parts})),
            "rows": sum(part.rows for part in commit.parts),
            "aside": _ASIDE if commit.quarantine else _NONE_ASIDE,
        }
        for commit in reversed(ledger.commits[-_MOST_DELIVERIES:])
    ]
    schema = {"number": pl.Int64, "delivered_on": pl.Date, "rows": pl.Int64}
    texts = dict.fromkeys(("table", "file", "counties", "aside"), pl.String)
    found = {_ASIDE: Words("有", "yes"), _NONE_ASIDE: Words("无", "no")}
    return Table(
        "deliveries",
        "交付 Deliveries",
        Words("谁在何时交付了什么", "What was delivered when"),
        (
            count("number", "序号", "Number"),
            on_day("delivered_on", "交付日", "Delivered on"),
            text("table", "表", "Table"),
            text("file", "文件", "File"),
            text("counties", "县", "Counties"),
            count("rows", "装入行数", "Rows taken in"),
            words("quarantined", "有隔离行", "Rows set aside"),
        ),
        pl.DataFrame(rows, {**schema, **texts}).with_columns(in_words("aside", "quarantined", found)),
    )


_ASIDE, _NONE_ASIDE = "yes", "no"
