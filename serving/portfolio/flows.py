"""What moved in a period, by the ledger: paid out, repaid, settled, extended, renewed, compensated, written off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.messages import Words
from models.group_light.evaluate_groups import CODE_OF, Level
from serving.portfolio.outcomes import Fates
from serving.portfolio.report_period import Period, Scope
from serving.portfolio.report_tables import Column, Table, count, text, words, yuan
from serving.portfolio.standing import ALL, LEVELS, SHEETS, named


@dataclass(frozen=True)
class _Move:
    """One kind of movement: what it is called, and whether its money is told."""

    name: str
    zh: str
    en: str
    money: bool = True


_MOVES = (
    _Move("paid_out", "新发放", "Paid out"),
    _Move("renewing", "其中续贷", "of these renewals"),
    _Move("repaid", "收回本金", "Principal repaid"),
    _Move("settled", "结清", "Settled"),
    _Move("extended", "展期", "Extended", money=False),
    _Move("compensated", "代偿", "Compensated"),
    _Move("written_off", "核销", "Written off"),
)
_NOTE = Words(
    "期间 {since} 至 {until}。结清 = 本金还清或银行报结清, 金额为原借本金; "
    "代偿、核销金额为银行所报, 有一笔未报即为无数据。",
    "From {since} to {until}. Settled: the principal repaid in full, or reported settled, with the principal once "
    "lent; compensated and written off with the amount the bank reported: no data where one is not told.",
)


def flows(fates: Fates, period: Period, scope: Scope, level: Level, names: Mapping[str, str]) -> Table:
    """One row a group, by code, after the total."""
    moves = _moves(fates, period).filter(scope.holds)
    coded = moves.with_columns(CODE_OF[level].alias("code")).filter(pl.col("code").is_not_null())
    whole = moves.with_columns(pl.lit(ALL).alias("code"))
    found = pl.concat([_counted(whole), _counted(coded)])
    return Table(
        f"flows_{level.value}",
        f"变动 Flows {SHEETS[level]}",
        Words(f"本期变动: {LEVELS[level].zh}", f"Movements of the period: {LEVELS[level].en.lower()}"),
        _COLUMNS,
        named(found, level, names),
        note=_NOTE.filled(since=period.since, until=period.until),
    )


def _moves(fates: Fates, period: Period) -> pl.DataFrame:
    """A row a movement: `move`, `loan`, `amount`, and whose it was."""
    loans = fates.loans
    out = loans.filter(_within("originated_on", period)).with_columns(pl.col("principal").alias("amount"))
    ended = loans.filter(_within("ended_on", period), pl.col("ended_by") == "settled")
    paid = fates.payments.filter(_within("paid_on", period), pl.col("principal_paid") > 0)
    events = fates.events.filter(_within("occurred_on", period))
    parts = {
        "paid_out": out,
        "renewing": out.filter(pl.col("renews_loan_id").is_not_null()),
        "repaid": paid.group_by("loan").agg(pl.col("principal_paid").sum().round(2).alias("amount")),
        "settled": ended.with_columns(pl.col("principal").alias("amount")),
        **{kind: events.filter(pl.col("kind") == kind) for kind in ("extended", "compensated", "written_off")},
    }
    moved = pl.concat(part.select("loan", "amount", pl.lit(move).alias("move")) for move, part in parts.items())
    return moved.join(loans, on="loan", maintain_order="left")


def _within(day: str, period: Period) -> pl.Expr:
    return pl.col(day).is_between(pl.lit(period.since), pl.lit(period.until))


def _counted(moves: pl.DataFrame) -> pl.DataFrame:
    return moves.group_by("code").agg(cell for move in _MOVES for cell in _cells(move)).sort("code")


def _cells(move: _Move) -> tuple[pl.Expr, pl.Expr]:
    """A sum of which a part is not told is not known."""
    mine = pl.col("move") == move.name
    amount = pl.col("amount").filter(mine)
    return (
        pl.col("loan").filter(mine).n_unique().cast(pl.Int64).alias(f"{move.name}_loans"),
        pl.when(amount.null_count() == 0).then(amount.sum().round(2)).alias(f"{move.name}_amount"),
    )


def _columns(move: _Move) -> tuple[Column, ...]:
    loans = count(f"{move.name}_loans", f"{move.zh}笔数", f"{move.en}: loans")
    return (loans, yuan(f"{move.name}_amount", f"{move.zh}金额", f"{move.en}: amount")) if move.money else (loans,)


_COLUMNS = (
    text("code", "代码", "Code"),
    words("name", "名称", "Name"),
    *(column for move in _MOVES for column in _columns(move)),
)
