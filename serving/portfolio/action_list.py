"""Action lists: all yellow and red loans with reasons and measures, in the order of officers, townships or villages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from models.group_light.evaluate_groups import GroupLevel
from models.light import LIGHT_WORDS
from models.traffic_light.evaluate import as_levels
from serving.explain.plain_reasons import plain_fact
from serving.explain.sentences import render_warnings
from serving.explain.status_sentences import STATUS_WORDS
from serving.months.edition import PublishedMonth
from serving.portfolio.case_records import VISIT_COLUMNS
from serving.portfolio.due_calendar import maturity_day, place_name_columns
from serving.portfolio.report_tables import (
    LANGUAGES,
    ReportTable,
    code_word_columns,
    words,
    yuan,
)
from serving.schemas.loan_warning import LoanWarning

_REASONS_SHOWN = 3
"""Reasons per loan: the list is read on the road."""
LIST_LAYOUTS: Mapping[GroupLevel, tuple[Bilingual, Bilingual, tuple[str, ...]]] = {
    GroupLevel.BANK: (
        Bilingual("信贷员", "Officers"),
        Bilingual("信贷员行动清单", "Action list of officers"),
        ("bank", "township_code"),
    ),
    GroupLevel.TOWNSHIP: (
        Bilingual("乡镇", "Townships"),
        Bilingual("乡镇行动清单", "Action list of townships"),
        ("township_code",),
    ),
    GroupLevel.VILLAGE: (
        Bilingual("村", "Villages"),
        Bilingual("村级行动清单", "Action list of villages"),
        ("township_code", "village_code"),
    ),
}
"""By level of the reader: the sheet, the title, and the columns that the list is sorted and split by."""
ACTION_ROWS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "why_zh": FrameColumn(pl.String(), "Up to three reasons in Chinese: rules, then features that raise the risk."),
        "action_zh": FrameColumn(pl.String(), "The measure in Chinese."),
        "why_en": FrameColumn(pl.String(), "The reasons in English."),
        "action_en": FrameColumn(pl.String(), "The measure in English."),
        "matures_on": FrameColumn(pl.Date(), "Maturity in force."),
        "township": FrameColumn(pl.String(), "Name of the township; its code where it has no name."),
        "village": FrameColumn(pl.String(), "Name of the village; its code where it has no name."),
        "light_zh": FrameColumn(pl.String(), "The light in Chinese."),
        "light_en": FrameColumn(pl.String(), "The light in English."),
        "status_zh": FrameColumn(pl.String(), "The status in Chinese."),
        "status_en": FrameColumn(pl.String(), "The status in English."),
        "who_zh": FrameColumn(pl.String(), "Household and loan, a line each, and the status where it is not sound."),
        "who_en": FrameColumn(pl.String(), "The same in English."),
        "where_zh": FrameColumn(pl.String(), "Bank, township and village."),
        "where_en": FrameColumn(pl.String(), "The same."),
        "due_zh": FrameColumn(pl.String(), "Day of maturity, and days past due where there are any."),
        "due_en": FrameColumn(pl.String(), "The same in English."),
        "went_on_zh": FrameColumn(pl.String(), "Empty: the day of the visit, written by hand."),
        "went_on_en": FrameColumn(pl.String(), "Empty."),
        "found_zh": FrameColumn(pl.String(), "Empty: what the visit found, written by hand."),
        "found_en": FrameColumn(pl.String(), "Empty."),
    },
    extra="the columns of `loans`",
)
_COLUMNS = (
    words("light", "灯", "Light", 6),
    words("who", "农户与贷款", "Household, loan", 22),
    words("where", "银行与村", "Bank, village", 18),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
    words("due", "到期", "Due", 14),
    words("why", "主要原因", "Main reasons", 40),
    words("action", "应采取的措施", "What to do", 30),
)
_TO_WRITE = (
    words("went_on", "走访日期", "Visited on", 11),
    words("found", "走访情况与结果", "What was found", 30),
)
"""Columns that stand empty, to be written into on the road."""


@returns(ACTION_ROWS_SCHEMA)
def action_rows(loans: pl.DataFrame, month: PublishedMonth, place_names: Mapping[str, str]) -> pl.DataFrame:
    """The yellow and red loans, and those drawn for a trial of visits, with reasons and measure in words.

    loans: as `scope_loans` returns them. place_names: by code.
    """
    is_drawn = pl.col("action").cast(pl.String) == month.policy.visit_study.drawn_action.code
    flagged = loans.filter((pl.col("light") != "green") | is_drawn.fill_null(False))
    ids = flagged["loan_id"].to_list()
    warnings = month.scan("warnings").filter(pl.col("loan_id").is_in(ids)).sort("loan_id").collect()
    facts = month.scan("features").filter(pl.col("loan_id").is_in(ids)).collect()
    sentences = pl.DataFrame(
        [_reasons_and_action(warning) for warning in render_warnings(warnings, facts, month)],
        {"loan_id": pl.String, **{f"{what}_{lang}": pl.String for what in ("why", "action") for lang in LANGUAGES}},
    )
    return (
        flagged.drop("action")
        .join(sentences, on="loan_id", maintain_order="left")
        .with_columns(
            maturity_day(month),
            *place_name_columns(place_names),
            *code_word_columns("light", "light", dict(LIGHT_WORDS)),
            *code_word_columns("status", "status", STATUS_WORDS),
        )
        .with_columns(*_lines_of_a_cell())
    )


def _lines_of_a_cell() -> list[pl.Expr]:
    """The cells that hold several facts, a line each, and the empty ones."""
    is_unsound = pl.col("status").is_in(["bad", "probation"])
    late = pl.col("days_past_due") > 0
    lines = partial(pl.concat_str, separator="\n", ignore_nulls=True)
    cells = []
    for language, days_late in (("zh", "逾期 {} 天"), ("en", "{} days late")):
        status = pl.when(is_unsound).then(f"status_{language}")
        past = pl.when(late).then(pl.format(days_late, "days_past_due"))
        cells += [
            pl.concat_str("household_id", "loan_id", status, separator="\n", ignore_nulls=True).alias(
                f"who_{language}"
            ),
            lines("bank", "township", "village").alias(f"where_{language}"),
            lines("matures_on", past).alias(f"due_{language}"),
            pl.lit("").alias(f"went_on_{language}"),
            pl.lit("").alias(f"found_{language}"),
        ]
    return cells


def action_list(rows: pl.DataFrame, level: GroupLevel) -> ReportTable:
    """The rows of `action_rows` in the order of one reader: by group, red before yellow, the riskiest first.

    Where the rows have them, the columns of VISIT_COLUMNS follow; the last ones are empty, to be written into.

    Bad loans come after the other red ones: they are cases for recovery.
    """
    sheet, title, keys = LIST_LAYOUTS[level]
    is_bad = (pl.col("status") == "bad").fill_null(False)
    columns = (*_COLUMNS, *(column for column in VISIT_COLUMNS if column.name in rows.columns), *_TO_WRITE)
    order = [*keys, -as_levels(pl.col("light")), is_bad, pl.col("score_rank").fill_null(0), pl.col("loan_id")]
    return ReportTable(
        f"actions_{level.value}", sheet, title, columns, rows.sort(order, nulls_last=True), missing=Bilingual("–", "–")
    )


def split_by_group(table: ReportTable, level: GroupLevel) -> list[tuple[str, ReportTable]]:
    """The action list of each officer, township or village, with the group's name as its heading."""
    heading_columns = {
        GroupLevel.BANK: ("bank", "township"),
        GroupLevel.TOWNSHIP: ("township",),
        GroupLevel.VILLAGE: ("township", "village"),
    }[level]
    groups = []
    for _, rows in table.frame.group_by(LIST_LAYOUTS[level][2], maintain_order=True):
        heading = " · ".join(str(rows[name][0] or "–") for name in heading_columns)
        groups.append((heading, replace(table, frame=rows)))
    return groups


def _reasons_and_action(warning: LoanWarning) -> dict[str, str]:
    """A bad loan's status, or one's on probation; the rules that set the light; what raises the risk."""
    rules = sorted(warning.rules, key=lambda rule: rule.light != warning.light)
    facts = [plain_fact(reason.feature, reason.value) for reason in warning.reasons if reason.contribution > 0]
    why = [*rules, *facts][:_REASONS_SHOWN]
    row = {"loan_id": warning.loan_id, "action_zh": warning.action_zh, "action_en": warning.action_en}
    for language in LANGUAGES:
        status = getattr(warning, f"status_{language}") if warning.status in ("bad", "probation") else None
        row[f"why_{language}"] = "; ".join([*([status] if status else []), *(getattr(each, language) for each in why)])
    return row
