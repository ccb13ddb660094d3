"""Data quality by table and county: late deliveries, odd row counts, missing cells, odd means; and all deliveries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import polars as pl

from features.catalog import FEATURES
from features.contract.declarations import CellKind
from features.contract.tables import TABLES
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.ledger.part_files import COUNTY
from features.messages import Bilingual
from features.months import month_end_after, next_day
from models.drift_reference import RARE
from serving.monitor.bounds import QualityLimits
from serving.monitor.finding import VERDICT_WORDS, Finding
from serving.portfolio.report_tables import (
    ReportTable,
    TableColumn,
    code_word_columns,
    count,
    day,
    number,
    share,
    text,
    words,
)

_COMPARED_MONTHS = 12
_GAP_MONTHS = 24
"""Months of deliveries whose longest gap is the usual one."""
_NUMERIC_KINDS = (CellKind.MONEY, CellKind.NUMBER, CellKind.RATE, CellKind.SHARE, CellKind.POINTS)
_MOST_DELIVERIES = 500
_MILLIONTHS = 1_000_000
_LATE = Bilingual(
    "{table} ({county}): {silent} 天没有新数据，通常最长 {usual} 天",
    "{table} ({county}): nothing new for {silent} days, usually {usual} at most",
)
_ROW_COUNT = Bilingual(
    "{table} ({county})：本月 {month_rows} 行，此前各月 {least} 至 {most} 行",
    "{table} ({county}): {month_rows} rows this month, {least} to {most} in the months before",
)
_MISSING = Bilingual(
    "{table}.{column} ({county})：缺失 {missing:.1%}，此前最多 {most_missing:.1%}",
    "{table}.{column} ({county}): {missing:.1%} missing, at most {most_missing:.1%} in the months before",
)
_MEAN = Bilingual(
    "{table}.{column} ({county})：均值 {mean:.2f}，此前各月 {least:.2f} 至 {most:.2f}",
    "{table}.{column} ({county}): mean {mean:.2f}, {least:.2f} to {most:.2f} in the months before",
)
_QUALITY_COLUMNS: tuple[TableColumn, ...] = (
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
MONTHLY_PROFILE = FrameSchema(
    {
        COUNTY: FrameColumn(pl.String(), "The county's code."),
        "month": FrameColumn(pl.Date(), "First day of the month in which the rows became known."),
        "rows": FrameColumn(pl.Int64(), "Number of rows."),
    },
    extra="`<column> missing`, the number of empty cells of each column; `<column> mean` and `<column> spread` (the"
    " standard deviation) of each numeric one",
)
_YES_NO = {"yes": Bilingual("有", "yes"), "no": Bilingual("无", "no")}


def check_quality(
    ledger: Ledger, as_of: date, limits: QualityLimits, importance: Mapping[str, float] | None = None
) -> tuple[list[ReportTable], list[Finding]]:
    """Check the deliveries of each table and county, by the rows known on a day.

    importance: the share of each feature in the score, by which findings on a table are ranked.

    Returns the tables `sources` and `columns`, and the findings: late deliveries, odd row counts, missing cells and
    odd means.
    """
    sources: list[dict[str, Any]] = []
    columns: list[dict[str, Any]] = []
    for table in TABLES:
        rows = ledger.scan(table).filter(pl.col("known_on") <= as_of)
        for (county,), months in monthly_profile(rows, table).group_by(COUNTY, maintain_order=True):
            known_days = rows.filter(pl.col(COUNTY) == county).select(pl.col("known_on").unique().sort()).collect()
            source = {"table": table, "county": str(county)}
            sources.append({**source, **source_row(months, known_days.to_series().to_list(), as_of, limits)})
            columns += [{**source, **row} for row in column_rows(months, table, as_of, limits)]

    def beyond(rows: list[dict[str, Any]], verdict: str) -> list[dict[str, Any]]:
        return [row for row in rows if row[verdict] == "beyond"]

    by_table = importance_of_tables(importance or {})
    checks = (
        ("late", _LATE, "silent", "usual", beyond(sources, "late")),
        ("rows", _ROW_COUNT, "month_rows", "most", beyond(sources, "jump")),
        ("missing", _MISSING, "missing", "most_missing", beyond(columns, "gone")),
        ("mean", _MEAN, "mean", "most", beyond(columns, "jump")),
    )
    findings = [
        Finding(
            kind,
            sentence.format(**row),
            row[value],
            row[bound],
            ".".join(filter(None, (row["table"], row.get("column")))) + f":{row['county']}",
            by_table.get(row["table"], 0.0),
        )
        for kind, sentence, value, bound, rows in checks
        for row in rows
    ]
    return [_source_table(sources), _column_table(columns)], findings


def importance_of_tables(importance: Mapping[str, float]) -> dict[str, float]:
    """By table, the share of the score of all features that are computed from its rows, through others or not."""
    by_table = dict.fromkeys(TABLES, 0.0)
    for name, size in importance.items():
        for table in tables_of_feature(name) & set(TABLES):
            by_table[table] += size
    return by_table


def tables_of_feature(name: str) -> frozenset[str]:
    """The tables that a feature is computed from, and those of the features that it is derived from."""
    if name not in FEATURES:
        return frozenset()
    feature = FEATURES[name]
    own = (feature.source.name, *feature.source.tables) if feature.source else ()
    return frozenset(own).union(*map(tables_of_feature, feature.inputs))


@returns(MONTHLY_PROFILE)
def monthly_profile(rows: pl.LazyFrame, table: str) -> pl.DataFrame:
    """Row counts of a table by county and month of `known_on`, with missing cells and means of each column."""
    cells = []
    for column in TABLES[table].columns:
        cells.append(pl.col(column.name).null_count().alias(f"{column.name} missing"))
        if column.kind in _NUMERIC_KINDS:
            # of whole millionths: the last bits of a sum of floats depend on threads
            millionths = (pl.col(column.name) * _MILLIONTHS).round().cast(pl.Int128)
            total, squares = (whole.sum().cast(pl.Float64) for whole in (millionths, millionths * millionths))
            count = pl.col(column.name).count()
            variance = (squares - total * total / count).clip(0) / pl.when(count > 1).then(count - 1)
            cells.append((total / _MILLIONTHS / count).fill_nan(None).alias(f"{column.name} mean"))
            cells.append((variance.sqrt() / _MILLIONTHS).alias(f"{column.name} spread"))
    month = pl.col("known_on").dt.month_start().alias("month")
    by_month = rows.group_by(COUNTY, month).agg(pl.len().cast(pl.Int64).alias("rows"), *cells)
    return by_month.sort(COUNTY, "month").collect()


def source_row(months: pl.DataFrame, known_days: Sequence[date], as_of: date, limits: QualityLimits) -> dict[str, Any]:
    """Cells of one table and county in the table `sources`.

    months: its rows of MONTHLY_PROFILE. known_days: days with news, ascending. Late is a source without news for longer
    than the longest gap that ended in the last two years and the grace. A month without a row had 0 rows.
    """
    since = month_end_after(as_of, -_GAP_MONTHS)
    gaps = [(later - earlier).days for earlier, later in pairwise(known_days) if later > since]
    silent, longest_gap = (as_of - known_days[-1]).days, max(gaps, default=None)
    grace = max(limits.days_late, limits.late_share * (longest_gap or 0))
    this_month, earlier_months = _split_months(months, as_of)
    month_rows = int(this_month["rows"].sum())
    counts = [int(rows) for rows in earlier_months["rows"]]
    least, most = None, None
    if counts:
        least, most = min(counts) if len(counts) == _COMPARED_MONTHS else 0, max(counts)
    enough = max(month_rows, most or 0) >= limits.least_rows
    is_low = month_rows < (least or 0)
    bound = (least or 0) * (1 - limits.rows_jump) if is_low else (most or 0) * (1 + limits.rows_jump)
    chance = RARE * math.sqrt(max(bound, 0))
    return {
        "rows": int(months["rows"].sum()),
        "newest": known_days[-1],
        "silent": silent,
        "usual": longest_gap,
        "late": "few" if longest_gap is None else "beyond" if silent > longest_gap + grace else "fine",
        "month_rows": month_rows,
        "least": least,
        "most": most,
        "jump": _range_verdict(month_rows or None, least, most, limits.rows_jump, enough, chance),
    }


def _split_months(months: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of the month of `as_of`, and those of the twelve months before it."""
    this_month = as_of.replace(day=1)
    first = next_day(month_end_after(as_of, -_COMPARED_MONTHS - 1))
    month = pl.col("month")
    return months.filter(month == this_month), months.filter((month >= first) & (month < this_month))


def _range_verdict(value: Any, least: Any, most: Any, jump: float, enough: bool, chance: float = 0.0) -> str:
    """Whether a value lies between least and most, with a grace of a share `jump` of each, and of `chance`.

    chance: by how much the value is off once in 2,000 times where nothing has changed.
    """
    if value is None or least is None or most is None or not enough:
        return "few"
    lowest, highest = least - abs(least) * jump - chance, most + abs(most) * jump + chance
    return "fine" if lowest <= value <= highest else "beyond"


def column_rows(months: pl.DataFrame, table: str, as_of: date, limits: QualityLimits) -> list[dict[str, Any]]:
    """Cells of one table and county in the table `columns`, a row for each column.

    months: its rows of MONTHLY_PROFILE; months with few rows are not compared with.
    """
    this_month, earlier_months = _split_months(months, as_of)
    enough = this_month.height > 0 and int(this_month["rows"][0]) >= limits.least_rows
    comparable_months = earlier_months.filter(pl.col("rows") >= limits.least_rows)
    names = [column.name for column in TABLES[table].columns]
    return [_column_row(this_month, comparable_months, name, enough, limits) for name in names]


def _column_row(
    this_month: pl.DataFrame, earlier_months: pl.DataFrame, name: str, enough: bool, limits: QualityLimits
) -> dict[str, Any]:
    share_missing = pl.col(f"{name} missing") / pl.col("rows")
    missing = this_month.select(share_missing).to_series()[0] if this_month.height else None
    most_missing = earlier_months.select(share_missing.max()).item() if earlier_months.height else None
    gone = False
    if missing is not None and most_missing is not None:
        bound = min(most_missing + limits.missing_jump, 1.0)
        gone = missing > bound + RARE * math.sqrt(bound * (1 - bound) / this_month["rows"][0])
    mean, least, most, chance = None, None, None, 0.0
    has_mean = f"{name} mean" in this_month.columns
    if has_mean and this_month.height:
        mean = this_month[f"{name} mean"][0]
    if has_mean and earlier_months.height:
        least, most = earlier_months[f"{name} mean"].min(), earlier_months[f"{name} mean"].max()
        if this_month.height:
            spread = earlier_months.select(pl.col(f"{name} spread").max()).item() or 0.0
            chance = RARE * spread / math.sqrt(this_month["rows"][0])
    comparable = enough and most_missing is not None
    return {
        "column": name,
        "missing": missing,
        "most_missing": most_missing,
        "gone": ("beyond" if gone else "fine") if comparable else "few",
        "mean": mean,
        "least": least,
        "most": most,
        "jump": _range_verdict(mean, least, most, limits.mean_jump, enough, chance) if has_mean else "fine",
    }


def _source_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable:
    counts = dict.fromkeys(("rows", "silent", "usual", "month_rows", "least", "most"), pl.Int64)
    codes = dict.fromkeys(("table", "county", "late", "jump"), pl.String)
    frame = pl.DataFrame(rows, {**codes, **counts, "newest": pl.Date})
    return ReportTable(
        "sources",
        Bilingual("来源", "Sources"),
        Bilingual("数据质量：按来源", "Data quality by source"),
        (
            text("table", "表", "Table"),
            text("county", "县", "County"),
            count("rows", "行数", "Rows"),
            day("newest", "最新知悉日", "Newest known on"),
            count("silent", "距今天数", "Days without news"),
            count("usual", "通常最长间隔（天）", "Longest usual gap (days)"),
            words("punctual", "及时", "Punctual"),
            count("month_rows", "本月行数", "Rows this month"),
            count("least", "此前12个月最少", "Least of 12 months"),
            count("most", "此前12个月最多", "Most of 12 months"),
            words("steady", "行数", "Row count"),
        ),
        frame.with_columns(
            *code_word_columns("late", "punctual", VERDICT_WORDS), *code_word_columns("jump", "steady", VERDICT_WORDS)
        ),
        missing=Bilingual("–", "–"),
    )


def _column_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable:
    numbers = dict.fromkeys(("missing", "most_missing", "mean", "least", "most"), pl.Float64)
    codes = dict.fromkeys(("table", "county", "column", "gone", "jump"), pl.String)
    return ReportTable(
        "columns",
        Bilingual("各列", "Columns"),
        Bilingual("数据质量：按列", "Data quality by column"),
        _QUALITY_COLUMNS,
        pl.DataFrame(rows, {**codes, **numbers}).with_columns(
            *code_word_columns("gone", "complete", VERDICT_WORDS), *code_word_columns("jump", "steady", VERDICT_WORDS)
        ),
        missing=Bilingual("–", "–"),
    )


def deliveries_table(ledger: Ledger) -> ReportTable:
    """The newest delivered files, a row each, with whether some of their rows are quarantined."""
    rows = [
        {
            "number": commit.sequence,
            "delivered_on": date.fromisoformat(commit.delivered_on),
            "table": commit.table,
            "file": commit.file,
            "counties": ", ".join(sorted({file.county for file in commit.parts})),
            "rows": sum(file.rows for file in commit.parts),
            "aside": "yes" if commit.quarantine else "no",
        }
        for commit in reversed(ledger.commits[-_MOST_DELIVERIES:])
    ]
    schema = {"number": pl.Int64, "delivered_on": pl.Date, "rows": pl.Int64}
    texts = dict.fromkeys(("table", "file", "counties", "aside"), pl.String)
    return ReportTable(
        "deliveries",
        Bilingual("交付", "Deliveries"),
        Bilingual("谁在何时交付了什么", "What was delivered when"),
        (
            count("number", "序号", "Number"),
            day("delivered_on", "交付日", "Delivered on"),
            text("table", "表", "Table"),
            text("file", "文件", "File"),
            text("counties", "县", "Counties"),
            count("rows", "装入行数", "Rows taken in"),
            words("quarantined", "有隔离行", "Rows set aside"),
        ),
        pl.DataFrame(rows, {**schema, **texts}).with_columns(code_word_columns("aside", "quarantined", _YES_NO)),
    )
