"""Action lists: every loan with a light on, why in words, and what to do, in the order of whoever works through it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from features.messages import Words
from models.group_light.evaluate_groups import Level
from models.light import LIGHT_WORDS
from models.traffic_light.evaluate import as_levels
from serving.explain.sentences import told
from serving.months.repository import Month
from serving.portfolio.due_calendar import matures_on, places
from serving.portfolio.report_tables import LANGUAGES, Table, count, in_words, number, on_day, text, words, yuan
from serving.schemas.loan_warning import LoanWarning

_REASONS = 3
"""So many are said of a loan: a list is read on the road."""
_GONE_BAD = Words("已经变坏", "has gone bad")
ORDERS: Mapping[Level, tuple[str, Words, tuple[str, ...]]] = {
    Level.BANK: ("信贷员 Officers", Words("信贷员行动清单", "Action list of officers"), ("bank", "township_code")),
    Level.TOWNSHIP: ("乡镇 Townships", Words("乡镇行动清单", "Action list of townships"), ("township_code",)),
    Level.VILLAGE: (
        "村 Villages",
        Words("村级行动清单", "Action list of villages"),
        ("township_code", "village_code"),
    ),
}
"""For each reader: the sheet, the title, and the columns by which the list is cut."""


def action_rows(loans: pl.DataFrame, month: Month, names: Mapping[str, str]) -> pl.DataFrame:
    """A row a loan that is yellow or red; reasons: rules that set its light first, then what raises the risk most."""
    lit = loans.filter(pl.col("light") != "green")
    ids = lit["loan_id"].to_list()
    warnings = month.scan("warnings").filter(pl.col("loan_id").is_in(ids)).sort("loan_id").collect()
    facts = month.scan("features").filter(pl.col("loan_id").is_in(ids)).collect()
    said = pl.DataFrame(
        [_said(warning) for warning in told(warnings, facts, month)],
        {"loan_id": pl.String, **{f"{what}_{lang}": pl.String for what in ("why", "action") for lang in LANGUAGES}},
    )
    return (
        lit.drop("action")
        .join(said, on="loan_id", maintain_order="left")
        .with_columns(matures_on(month), *places(names), *in_words("light", "light", dict(LIGHT_WORDS)))
    )


def action_list(rows: pl.DataFrame, level: Level) -> Table:
    """The rows in the order of one reader: group by group, red before yellow, the riskiest first."""
    sheet, title, keys = ORDERS[level]
    order = [*keys, -as_levels(pl.col("light")), pl.col("score_rank").fill_null(0), pl.col("loan_id")]
    return Table(f"actions_{level.value}", sheet, title, _COLUMNS, rows.sort(order, nulls_last=True))


def cut(table: Table, level: Level) -> list[tuple[str, Table]]:
    """The list of each officer, township or village on its own, with the name it is headed by."""
    heads = {Level.BANK: ("bank", "township"), Level.TOWNSHIP: ("township",), Level.VILLAGE: ("township", "village")}
    parts = table.frame.group_by(ORDERS[level][2], maintain_order=True)
    return [(" · ".join(str(part[name][0] or "–") for name in heads[level]), _of(table, part)) for _, part in parts]


def _of(table: Table, part: pl.DataFrame) -> Table:
    return Table(table.name, table.sheet, table.title, table.columns, part, table.note, table.missing)


def _said(warning: LoanWarning) -> dict[str, str]:
    """Each said once; a loan gone bad has no reasons of the model."""
    rules = sorted(warning.rules, key=lambda rule: rule.light != warning.light)
    why = [*rules, *(reason for reason in warning.reasons if reason.contribution > 0)][:_REASONS]
    row = {"loan_id": warning.loan_id, "action_zh": warning.action_zh, "action_en": warning.action_en}
    for language in LANGUAGES:
        row[f"why_{language}"] = "; ".join(getattr(each, language) for each in why) or getattr(_GONE_BAD, language)
    return row


_COLUMNS = (
    words("light", "灯", "Light"),
    text("bank", "银行", "Bank"),
    text("township", "乡镇", "Township"),
    text("village", "村", "Village"),
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    on_day("matures_on", "到期日", "Matures on"),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
    count("days_past_due", "逾期天数", "Days past due"),
    number("probability", "变坏可能性 (模型)", "Probability (model)"),
    words("why", "主要原因", "Main reasons"),
    words("action", "应采取的措施", "What to do"),
)
