"""Movements of a period by the ledger: paid out, repaid, settled, extended, renewed, compensated, written off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.messages import Bilingual
from features.snapshot.amounts import yuan_sum
from models.group_light.evaluate_groups import GROUP_CODES, GroupLevel
from serving.portfolio.outcomes import LoanOutcomes
from serving.portfolio.report_period import Period, ReportScope
from serving.portfolio.report_tables import ReportTable, TableColumn, count, text, words, yuan
from serving.portfolio.standing import ALL_GROUPS, LEVEL_SHEETS, LEVEL_WORDS, with_names


@dataclass(frozen=True)
class _MovementKind:
    """A kind of movement. has_amount: whether the table has a column with its money."""

    name: str
    zh: str
    en: str
    has_amount: bool = True

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The table's columns: loans, and yuan."""
        loans = count(f"{self.name}_loans", f"{self.zh}笔数", f"{self.en}: loans")
        amount = yuan(f"{self.name}_amount", f"{self.zh}金额", f"{self.en}: amount")
        return (loans, amount) if self.has_amount else (loans,)

    @property
    def totals(self) -> tuple[pl.Expr, pl.Expr]:
        """The cells of these columns for a group of movements; an amount is missing where that of any loan is."""
        is_kind = pl.col("move") == self.name
        amount = pl.col("amount").filter(is_kind)
        return (
            pl.col("loan").filter(is_kind).n_unique().cast(pl.Int64).alias(f"{self.name}_loans"),
            pl.when(amount.null_count() == 0).then(yuan_sum(amount)).alias(f"{self.name}_amount"),
        )


_KINDS = (
    _MovementKind("paid_out", "新发放", "Paid out"),
    _MovementKind("renewing", "其中续贷", "of these renewals"),
    _MovementKind("repaid", "收回本金", "Principal repaid"),
    _MovementKind("settled", "结清", "Settled"),
    _MovementKind("extended", "展期", "Extended", has_amount=False),
    _MovementKind("compensated", "代偿", "Compensated"),
    _MovementKind("written_off", "核销", "Written off"),
)
_COLUMNS = (
    text("code", "代码", "Code"),
    words("name", "名称", "Name"),
    *(column for kind in _KINDS for column in kind.columns),
)
_NOTE = Bilingual(
    "期间 {since} 至 {until}。结清 = 本金还清或银行报结清，金额为原借本金；"
    "代偿、核销金额为银行所报，有一笔未报即为无数据。",
    "From {since} to {until}. Settled: the principal repaid in full, or reported settled, with the principal once "
    "lent; compensated and written off with the amount the bank reported: no data where one is not told.",
)


def flow_table(
    outcomes: LoanOutcomes, period: Period, scope: ReportScope, level: GroupLevel, place_names: Mapping[str, str]
) -> ReportTable:
    """Loans and money of each kind of movement in the period: the total, then one row a group, sorted by code."""
    movements = _movements(outcomes, period).filter(scope.condition)
    coded = movements.with_columns(GROUP_CODES[level].alias("code")).filter(pl.col("code").is_not_null())
    total = _group_totals(movements.with_columns(pl.lit(ALL_GROUPS).alias("code")))
    return ReportTable(
        f"flows_{level.value}",
        Bilingual(f"变动 {LEVEL_SHEETS[level].zh}", f"Flows {LEVEL_SHEETS[level].en.lower()}"),
        Bilingual(f"本期变动：{LEVEL_WORDS[level].zh}", f"Movements of the period: {LEVEL_WORDS[level].en.lower()}"),
        _COLUMNS,
        with_names(pl.concat([total, _group_totals(coded)]), level, place_names),
        note=_NOTE.format(since=period.since, until=period.until),
    )


def _movements(outcomes: LoanOutcomes, period: Period) -> pl.DataFrame:
    """One row for each movement: `move` (a kind's name), `loan`, `amount` (yuan), and the loan's columns."""
    loans = outcomes.loans
    lent = loans.filter(_within("originated_on", period)).with_columns(pl.col("principal").alias("amount"))
    ended = loans.filter(_within("ended_on", period), pl.col("ended_by") == "settled")
    payments = outcomes.payments.filter(_within("paid_on", period), pl.col("principal_paid") > 0)
    events = outcomes.events.filter(_within("occurred_on", period))
    by_kind = {
        "paid_out": lent,
        "renewing": lent.filter(pl.col("renews_loan_id").is_not_null()),
        "repaid": payments.group_by("loan").agg(yuan_sum(pl.col("principal_paid")).alias("amount")),
        "settled": ended.with_columns(pl.col("principal").alias("amount")),
        **{kind: events.filter(pl.col("kind") == kind) for kind in ("extended", "compensated", "written_off")},
    }
    movements = pl.concat(rows.select("loan", "amount", pl.lit(kind).alias("move")) for kind, rows in by_kind.items())
    return movements.join(loans, on="loan", maintain_order="left")


def _within(day: str, period: Period) -> pl.Expr:
    return pl.col(day).is_between(pl.lit(period.since), pl.lit(period.until))


def _group_totals(movements: pl.DataFrame) -> pl.DataFrame:
    return movements.group_by("code").agg(total for kind in _KINDS for total in kind.totals).sort("code")
