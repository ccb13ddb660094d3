"""Action lists: all yellow and red loans with reasons and measures, in the order of officers, townships or villages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from models.group_light.evaluate_groups import GroupLevel
from models.light import LIGHT_WORDS
from models.traffic_light.evaluate import as_levels
from serving.explain.sentences import render_warnings
from serving.explain.status_sentences import STATUS_WORDS
from serving.months.edition import PublishedMonth
from serving.portfolio.case_records import VISIT_COLUMNS
from serving.portfolio.due_calendar import maturity_day, place_name_columns
from serving.portfolio.report_tables import (
    LANGUAGES,
    ReportTable,
    code_word_columns,
    count,
    day,
    number,
    text,
    words,
    yuan,
)
from serving.schemas.loan_warning import LoanWarning

_REASONS_SHOWN = 3
"""Reasons per loan: the list is read on the road."""
LIST_LAYOUTS: Mapping[GroupLevel, tuple[str, Bilingual, tuple[str, ...]]] = {
    GroupLevel.BANK: (
        "信贷员 Officers",
        Bilingual("信贷员行动清单", "Action list of officers"),
        ("bank", "township_code"),
    ),
    GroupLevel.TOWNSHIP: ("乡镇 Townships", Bilingual("乡镇行动清单", "Action list of townships"), ("township_code",)),
    GroupLevel.VILLAGE: (
        "村 Villages",
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
    },
    extra="the columns of `loans`",
)
_COLUMNS = (
    words("light", "灯", "Light"),
    words("status", "贷款状态", "Status"),
    text("bank", "银行", "Bank"),
    text("township", "乡镇", "Township"),
    text("village", "村", "Village"),
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    day("matures_on", "到期日", "Matures on"),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
    count("days_past_due", "逾期天数", "Days past due"),
    number("probability", "变坏可能性 (模型)", "Probability (model)"),
    words("why", "主要原因", "Main reasons"),
    words("action", "应采取的措施", "What to do"),
)


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
    )


def action_list(rows: pl.DataFrame, level: GroupLevel) -> ReportTable:
    """The rows of `action_rows` in the order of one reader: by group, red before yellow, the riskiest first.

    Where the rows have them, the columns of VISIT_COLUMNS stand at the end.

    Bad loans come after the other red ones: they are cases for recovery.
    """
    sheet, title, keys = LIST_LAYOUTS[level]
    is_bad = (pl.col("status") == "bad").fill_null(False)
    columns = (*_COLUMNS, *(column for column in VISIT_COLUMNS if column.name in rows.columns))
    order = [*keys, -as_levels(pl.col("light")), is_bad, pl.col("score_rank").fill_null(0), pl.col("loan_id")]
    return ReportTable(f"actions_{level.value}", sheet, title, columns, rows.sort(order, nulls_last=True))


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
    why = [*rules, *(reason for reason in warning.reasons if reason.contribution > 0)][:_REASONS_SHOWN]
    row = {"loan_id": warning.loan_id, "action_zh": warning.action_zh, "action_en": warning.action_en}
    for language in LANGUAGES:
        status = getattr(warning, f"status_{language}") if warning.status in ("bad", "probation") else None
        row[f"why_{language}"] = "; ".join([*([status] if status else []), *(getattr(each, language) for each in why)])
    return row
