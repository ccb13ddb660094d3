"""Payments that lie before the drawdown of their loan: they repay nothing and are set aside (contract, section 1)."""

from __future__ import annotations

import polars as pl

from features.contract.declarations import LINE
from features.contract.tables import PAYMENTS
from features.contract.validation import FAULTS_SCHEMA, CheckedRows, cells_as_json
from features.ledger.ledger import Ledger
from features.messages import Bilingual

BEFORE_DRAWDOWN = Bilingual(
    "还款日早于贷款的放款日；请核对年份与贷款编号",
    "paid before the loan was paid out; check the year and the loan's number",
)


def reject_before_drawdown(rows: CheckedRows, ledger: Ledger) -> CheckedRows:
    """The checked rows of a payments file without those dated before their loan's drawdown, which become faults.

    ledger: holds the loans; a payment of a loan that it does not hold waits for it and is checked then.
    """
    known = ledger.scan("loans").select("loan_id", "originated_on", "known_on")
    mine = known.join(rows.rows.lazy().select("loan_id").unique(), on="loan_id", how="semi")
    drawn = mine.sort("known_on").group_by("loan_id").agg(pl.col("originated_on").last()).collect()
    joined = rows.rows.join(drawn, on="loan_id", how="left", maintain_order="left")
    early = (joined["paid_on"] < joined["originated_on"]).fill_null(False)
    if not early.any():
        return rows
    faults = rows.rows.filter(early).select(
        LINE,
        pl.lit("paid_on").alias("column"),
        pl.col("paid_on").cast(pl.String).alias("value"),
        pl.lit(BEFORE_DRAWDOWN.zh).alias("reason_zh"),
        pl.lit(BEFORE_DRAWDOWN.en).alias("reason_en"),
        cells_as_json(PAYMENTS),
    )
    together = pl.concat([rows.faults, faults.select(list(FAULTS_SCHEMA.columns))])
    return CheckedRows(rows.rows.filter(~early), together.sort(LINE, maintain_order=True))
