"""The work list as a table to take away: exactly the loans that were listed, in their order."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from features.messages import Refused, Words
from models.light import LIGHT_WORDS
from serving.explain.sentences import told
from serving.months.repository import Month
from serving.portfolio.place_names import Places
from serving.portfolio.quadrants import CORNER_WORDS, corner
from serving.portfolio.report_tables import LANGUAGES, Table, count, in_words, number, on_day, text, words, yuan
from serving.portfolio.worklist import Asked, listed
from serving.schemas.loan_warning import LoanWarning

MOST = 20_000
"""Loans in one file: more is no list to work through, and a file like that is soon everywhere."""
_GONE_BAD = Words("已经变坏", "has gone bad")
_NOT_JUDGED = Words("未评", "not judged")


def listing(month: Month, asked: Asked, places: Places) -> Table:
    """A row a loan.

    Raises Refused where more than MOST loans are listed, and as `worklist.listed` does.
    """
    found = listed(month, replace(asked, limit=MOST, cursor=None))
    if found.rows.height > MOST:
        raise Refused(
            f"名单有 {found.rows.height:,} 笔, 一次最多导出 {MOST:,} 笔; 请先按灯、乡镇或银行筛选。",
            f"The list has {found.rows.height:,} loans, at most {MOST:,} are exported at once; narrow it by light, "
            "township or bank first.",
        )
    rows = month.rows("warnings", found.places)
    title = Words(f"名单 {month.as_of}", f"Work list {month.as_of}")
    return Table("worklist", "名单 Work list", title, _COLUMNS, _told(rows, month, places), missing=_NOT_JUDGED)


def _told(rows: pl.DataFrame, month: Month, places: Places) -> pl.DataFrame:
    facts = month.loans("features", pl.col("loan_id").is_in(rows["loan_id"].to_list()))
    said = pl.DataFrame(
        [_said(warning) for warning in told(rows, facts, month)],
        {f"{what}_{lang}": pl.String for what in ("why", "action") for lang in LANGUAGES},
    )
    lights = [
        each
        for name in ("light", "rule_light", "model_light")
        for each in in_words(name, name, {code: LIGHT_WORDS[code] for code in ("green", "yellow", "red")})
    ]
    lit = rows.drop("action").with_columns(pl.col("light", "rule_light", "model_light").cast(pl.String), corner())
    return lit.with_columns(
        *lights,
        *in_words("corner", "corner", {each.value: said for each, said in CORNER_WORDS.items()}),
        *_named(rows, places),
        (pl.lit(month.as_of) + pl.duration(days="days_to_maturity")).cast(pl.Date).alias("matures_on"),
    ).hstack(said)


def _named(rows: pl.DataFrame, places: Places) -> tuple[pl.Series, pl.Series]:
    return (
        pl.Series("township", [places.name(code) for code in rows["township_code"]], pl.String),
        pl.Series("village", [places.name(code) for code in rows["village_code"]], pl.String),
    )


def _said(warning: LoanWarning) -> dict[str, str]:
    """Why, as the list says it: the rule that set the light, else what raises the risk most."""
    of_its_light = [Words(rule.zh, rule.en) for rule in warning.rules if rule.light == warning.light]
    causes = [*of_its_light, *(Words(reason.zh, reason.en) for reason in warning.reasons)]
    cause = next(iter(causes), _GONE_BAD if warning.light == "red" else Words("", ""))
    return {
        "why_zh": cause.zh,
        "why_en": cause.en,
        "action_zh": warning.action_zh,
        "action_en": warning.action_en,
    }


_COLUMNS = (
    words("light", "灯", "Light"),
    words("rule_light", "规则灯", "Rule light"),
    words("model_light", "模型灯", "Model light"),
    words("corner", "规则与模型", "Rules and model"),
    text("bank", "银行", "Bank"),
    text("township", "乡镇", "Township"),
    text("village", "村", "Village"),
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
    on_day("matures_on", "到期日", "Matures on"),
    count("days_past_due", "逾期天数", "Days past due"),
    number("probability", "变坏可能性 (模型)", "Probability (model)"),
    words("why", "主要原因", "Main reason"),
    words("action", "应采取的措施", "What to do"),
)
