"""The work list as a table for export: the listed loans in their order."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from features.messages import Bilingual, UserError
from models.light import LIGHT_WORDS
from serving.explain.plain_reasons import plain_fact
from serving.explain.sentences import render_warnings
from serving.explain.status_sentences import STATUS_WORDS
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_rows
from serving.portfolio.case_work import DUTY_WORDS, CaseWorkload
from serving.portfolio.place_names import PlaceDirectory
from serving.portfolio.quadrants import QUADRANT_WORDS, quadrant_of_lights
from serving.portfolio.report_tables import (
    LANGUAGES,
    ReportTable,
    TableColumn,
    code_word_columns,
    count,
    day,
    number,
    text,
    words,
    yuan,
)
from serving.portfolio.worklist import WorklistQuery, worklist_page
from serving.schemas.loan_warning import LoanWarning

MOST_EXPORTED_LOANS = 20_000
"""Loans in one file: nobody works through a longer list, and such files are easily passed on."""
_NOT_JUDGED = Bilingual("未评", "not judged")
_LIGHT_COLUMNS = ("light", "rule_light", "model_light")
_COLUMNS = (
    words("light", "灯", "Light"),
    words("status", "贷款状态", "Status"),
    words("rule_light", "规则预警", "Rule light"),
    words("model_light", "模型预警", "Model light"),
    words("corner", "规则与模型", "Rules and model"),
    text("bank", "银行", "Bank"),
    text("township", "乡镇", "Township"),
    text("village", "村", "Village"),
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
    day("matures_on", "到期日", "Matures on"),
    count("days_past_due", "逾期天数", "Days past due"),
    number("probability", "变坏可能性（模型）", "Probability (model)"),
    words("why", "主要原因", "Main reason"),
    words("action", "应采取的措施", "What to do"),
)
_WORK_COLUMNS = (
    words("duty", "走访情况", "Visit"),
    day("visit_due_on", "走访应于", "Visit due by"),
    day("last_contact_on", "最近联系", "Last contact"),
    text("responsible", "责任人", "Responsible"),
    text("next_step", "下一步", "Next step"),
    day("next_step_on", "下一步日期", "Next step on"),
)
_WORK_TYPES = {
    "duty": pl.String,
    "visit_due_on": pl.Date,
    "last_contact_on": pl.Date,
    "responsible": pl.String,
    "next_step": pl.String,
    "next_step_on": pl.Date,
}


def worklist_table(
    month: PublishedMonth, query: WorklistQuery, place_names: PlaceDirectory, workload: CaseWorkload | None = None
) -> ReportTable:
    """All loans that a work list query selects, a row each, in the order of the list.

    workload: where visits and cases stand; None for a reader who does not work on cases, and sees no such columns.

    Raises UserError where there are more than MOST_EXPORTED_LOANS, and as `worklist_page` does.
    """
    page = worklist_page(month, replace(query, limit=MOST_EXPORTED_LOANS, cursor=None))
    if page.rows.height > MOST_EXPORTED_LOANS:
        raise UserError(
            f"预警台账有 {page.rows.height:,} 笔，一次最多导出 {MOST_EXPORTED_LOANS:,} 笔；请先按灯、乡镇或银行筛选。",
            f"The list has {page.rows.height:,} loans, at most {MOST_EXPORTED_LOANS:,} are exported at once; narrow it "
            "by light, township or bank first.",
        )
    rows = month.rows("warnings", page.row_positions)
    features = loan_rows(month, "features", pl.col("loan_id").is_in(rows["loan_id"].to_list()))
    sentences = pl.DataFrame(
        [_reason_and_action(warning) for warning in render_warnings(rows, features, month)],
        {f"{name}_{language}": pl.String for name in ("why", "action") for language in LANGUAGES},
    )
    lights = {code: LIGHT_WORDS[code] for code in ("green", "yellow", "red")}
    coded = rows.drop("action").with_columns(pl.col(_LIGHT_COLUMNS).cast(pl.String), quadrant_of_lights())
    frame = coded.with_columns(
        *(expression for name in _LIGHT_COLUMNS for expression in code_word_columns(name, name, lights)),
        *code_word_columns("status", "status", STATUS_WORDS),
        *code_word_columns("corner", "corner", {quadrant.value: words for quadrant, words in QUADRANT_WORDS.items()}),
        pl.Series("township", [place_names.name(code) for code in rows["township_code"]], pl.String),
        pl.Series("village", [place_names.name(code) for code in rows["village_code"]], pl.String),
        (pl.lit(month.as_of) + pl.duration(days="days_to_maturity")).cast(pl.Date).alias("matures_on"),
    ).hstack(sentences)
    title = Bilingual(f"预警台账 {month.as_of}", f"Work list {month.as_of}")
    columns: tuple[TableColumn, ...] = _COLUMNS
    if workload is not None:
        frame, columns = frame.hstack(_work_cells(workload, rows["loan_id"])), (*columns, *_WORK_COLUMNS)
    if month.notes:
        zh, en = (" ".join(getattr(note, language) for note in month.notes) for language in LANGUAGES)
        frame = frame.with_columns(pl.lit(zh).alias("note_zh"), pl.lit(en).alias("note_en"))
        columns = (*columns, words("note", "本月说明", "Note on the month"))
    return ReportTable("worklist", Bilingual("预警台账", "Work list"), title, columns, frame, missing=_NOT_JUDGED)


def _work_cells(workload: CaseWorkload, loan_ids: pl.Series) -> pl.DataFrame:
    """The cells of the columns of visits and cases, in the order of the loans."""
    work = workload.by_loan(loan_ids)
    rows = [tuple(getattr(work[loan_id], name) for name in _WORK_TYPES) for loan_id in loan_ids]
    cells = pl.DataFrame(rows, _WORK_TYPES, orient="row")
    duty_words = {state.value: words for state, words in DUTY_WORDS.items()}
    return cells.with_columns(code_word_columns("duty", "duty", duty_words)).drop("duty")


def _reason_and_action(warning: LoanWarning) -> dict[str, str]:
    """The main reason of a light and what to do: status, the rule that set it, or what raises the risk most."""
    rules = [Bilingual(rule.zh, rule.en) for rule in warning.rules if rule.light == warning.light]
    reasons = [*rules, *(plain_fact(reason.feature, reason.value) for reason in warning.reasons)]
    if warning.status in ("bad", "probation") and warning.status_zh and warning.status_en:
        reasons = [Bilingual(warning.status_zh, warning.status_en)]
    reason = next(iter(reasons), Bilingual("", ""))
    return {
        "why_zh": reason.zh,
        "why_en": reason.en,
        "action_zh": warning.action_zh,
        "action_en": warning.action_en,
    }
