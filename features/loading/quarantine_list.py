"""The list of what is in quarantine, each row with the bank it belongs to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from features.messages import Bilingual, UserError

QUARANTINE_LIST_SCHEMA = FrameSchema(
    {"bank": FrameColumn(pl.String(), "The bank of the row or of its loan; null where it belongs to none.")}
    | dict(QUARANTINE_SCHEMA.columns)
)
KIND_WORDS = {
    "broken": Bilingual("有误", "wrong"),
    "conflict": Bilingual("冲突", "conflict"),
    "reused": Bilingual("编号重复", "number used twice"),
    "renumbered": Bilingual("成员重新编号", "members numbered anew"),
    "waiting": Bilingual("等待", "waiting"),
}
KIND_REMEDIES = {
    "broken": Bilingual(
        "按该行所附的原因更正单元格，重新送达该文件；已装入的行不会重复",
        "correct the cells as the reason says and deliver the file again; rows that are loaded are not loaded twice",
    ),
    "conflict": Bilingual(
        "两笔不同的事实改用不同编号；同一笔的更正改用较晚的知悉日（known_on），再重新送达",
        "give two facts two numbers, or a correction a later known_on, and deliver again",
    ),
    "reused": Bilingual(
        "改用不重复的编号；确为更正的，用 lights load --corrections 装入，或在该行“更正”列填 是",
        "use numbers that are not in use; where it is a correction, load with lights load --corrections, or say "
        "corrects = true in the row",
    ),
    "renumbered": Bilingual(
        "成员沿用原编号；确为新成员的，用 lights load --corrections 装入",
        "keep the numbers of members; where they are other people, load with lights load --corrections",
    ),
    "waiting": Bilingual(
        "补送所属的农户、贷款或保单，到达后自动装入；补送后仍等待的，核对编号的写法",
        "deliver the household, loan or policy it belongs to, and it is taken up; where it waits on, compare how the "
        "number is written",
    ),
}
"""What a clerk does about a row of each kind."""
_LOAN = "loan of the row"


@returns(QUARANTINE_LIST_SCHEMA)
def list_quarantine(ledger: Ledger, bank: str | None = None, since: date | None = None) -> pl.DataFrame:
    """The rows in quarantine, by bank, table, file and line; one for each fault.

    ledger: whose quarantine it is. bank: only the rows of this bank. since: only rows delivered on that day or later;
    rows of an unknown day of delivery stay.

    Raises UserError where a bank is asked for that neither a loan nor a row in quarantine has.

    >>> from features.ledger.ledger import Ledger
    >>> from features.loading.quarantine_list import list_quarantine
    >>> list_quarantine(Ledger(tmp / "empty")).columns[:3]
    ['bank', 'id', 'kind']
    """
    rows = ledger.quarantined_rows().with_columns(
        pl.col("cells").str.json_path_match("$.bank").alias("bank"),
        pl.col("cells").str.json_path_match("$.loan_id").alias(_LOAN),
    )
    loans = ledger.scan("loans").select("loan_id", "bank", "known_on")
    named = loans.join(rows.lazy().select(pl.col(_LOAN).alias("loan_id")).unique(), on="loan_id", how="semi")
    bank_of_loan = named.sort("known_on").group_by("loan_id").agg(pl.col("bank").last().alias("bank of loan")).collect()
    rows = rows.join(bank_of_loan, left_on=_LOAN, right_on="loan_id", how="left", maintain_order="left")
    rows = rows.with_columns(pl.coalesce("bank", "bank of loan")).select(list(QUARANTINE_LIST_SCHEMA.columns))
    if bank is not None:
        _check_bank(bank, rows, ledger)
        rows = rows.filter(pl.col("bank") == bank)
    if since is not None:
        rows = rows.filter((pl.col("delivered_on") >= since.isoformat()).fill_null(True))
    return rows.sort("bank", "table", "file", "line", nulls_last=True, maintain_order=True)


def delivered_row(row: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """The cells of a row in quarantine as it was delivered; as the contract has them where that is not stored."""
    if row["delivered"]:
        cells: list[dict[str, str | None]] = json.loads(row["delivered"])
        return cells
    return [{"column": name, "heading": name, "cell": cell} for name, cell in json.loads(row["cells"]).items() if cell]


def _check_bank(bank: str, rows: pl.DataFrame, ledger: Ledger) -> None:
    known = ledger.scan("loans").select("bank").unique().collect().to_series()
    banks = sorted({*known.drop_nulls(), *rows["bank"].drop_nulls()})
    if bank not in banks:
        raise UserError(
            f"没有银行 {bank}；已知的银行：{'、'.join(banks) or '无'}。",
            f"There is no bank {bank}; known are {', '.join(banks) or 'none'}.",
        )
