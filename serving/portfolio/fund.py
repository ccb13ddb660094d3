"""Expected loss of fund and banks by the quarter in which the principal falls due."""

from __future__ import annotations

import polars as pl

from features.messages import Bilingual
from features.snapshot.amounts import yuan_sum
from models.expected_loss import LOSSES
from serving.months.edition import PublishedMonth
from serving.portfolio.due_calendar import maturity_day
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, words, yuan
from serving.portfolio.standing import ALL_GROUPS, TOTAL_WORDS

_PAST = "past"
_NOTE = Bilingual(
    "预期损失 = 变坏可能性 × 到 {term} 天期限仍未还的比例 × 未还本金 × 最终未收回的比例；已变坏的贷款按变坏后的天数"
    "取比例，不再乘可能性。基金承担其覆盖的本金 × 最终由基金代付的比例 × 承担比例，已查明挪用的不承担；其余由银行承担。"
    "各数见“风险补偿金预测所用的数”。模型的可能性只到预测期为止。",
    "Expected loss: the probability of going bad x the share still unpaid at the term of {term} days x the principal "
    "outstanding x the share never repaid; for bad loans the share by the days since they went bad, without a "
    "probability. The fund bears the principal it covers x the share of loans it pays for x the share it pays, nothing "
    "where the use is known to be diverted; the bank bears the rest. The numbers stand in the table of the forecast's "
    "basis. The model looks no further than its horizon.",
)
_COLUMNS = (
    words("due", "到期季度", "Quarter of maturity"),
    count("loans", "贷款笔数", "Loans"),
    yuan("principal", "未还本金", "Outstanding"),
    yuan("gone_bad_principal", "其中已变坏", "of these gone bad"),
    yuan("expected_loss", "预期损失", "Expected loss"),
    yuan("expected_loss_fund", "基金承担", "Borne by the fund"),
    yuan("expected_loss_bank", "银行承担", "Borne by the bank"),
)


def fund_table(loans: pl.DataFrame, month: PublishedMonth) -> ReportTable:
    """One row a quarter of maturity, loans past maturity first, the total last.

    loans: as `scope_loans` returns them. A loss is missing where that of any of the loans is.
    """
    day = maturity_day(month)
    quarter = day.dt.year().cast(pl.String) + "Q" + day.dt.quarter().cast(pl.String)
    due = pl.when(pl.col("days_to_maturity") < 0).then(pl.lit(_PAST)).otherwise(quarter).alias("due")
    quarters = _quarter_totals(loans.with_columns(due)).sort(pl.col("due") != _PAST, "due")
    rows = pl.concat([quarters, _quarter_totals(loans.with_columns(pl.lit(ALL_GROUPS).alias("due")))])
    due_words = {ALL_GROUPS: TOTAL_WORDS, _PAST: Bilingual("已过到期日", "past maturity")}
    return ReportTable(
        "fund",
        Bilingual("风险补偿金", "Fund"),
        Bilingual("预期损失，按到期季度", "Expected loss by quarter of maturity"),
        _COLUMNS,
        rows.with_columns(code_word_columns("due", "due", due_words)),
        note=_NOTE.format(term=month.policy.fund.from_days_overdue),
    )


def _quarter_totals(loans: pl.DataFrame) -> pl.DataFrame:
    losses = (pl.when(pl.col(name).null_count() == 0).then(yuan_sum(pl.col(name))).alias(name) for name in LOSSES)
    return loans.group_by("due").agg(
        pl.len().cast(pl.Int64).alias("loans"),
        yuan_sum(pl.col("outstanding_principal")).alias("principal"),
        yuan_sum(pl.col("outstanding_principal").filter("has_gone_bad")).alias("gone_bad_principal"),
        *losses,
    )
