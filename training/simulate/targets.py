"""Calibration targets of the simulated county: each quantity with its range and its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from features.messages import Bilingual
from training.evaluation.re_falls import CLEAN_MONTHS
from training.simulate import after_bad
from training.simulate.measured import MeasuredCounty, MeasuredMonth

PUBLISHED = "已公布 published (domain 2, 5)"
DESCRIBED = "本县情况 the county's own description (domain 4)"
VISITS = "可走访 lights that a county could visit; assumed"
LIVELY = "假定 assumed: lively, and no leak (domain 8)"
COUNTED = "本县手工计数 a hand count of a real county, and the error of one simulated county"
ASSUMED = "假定 assumed"
ABOVE_MODELS = "假定 assumed: above the published models' 0.70-0.85 (domain 8)"
_INCOMES = ("wage_income", "business_income", "property_income", "transfer_income")


@dataclass(frozen=True)
class Target:
    """A quantity that should lie between `low` and `high`, the source of the range, and how it is measured.

    percent: whether it is printed in per cent.
    """

    words: Bilingual
    low: float
    high: float
    source: str
    measure: Callable[[MeasuredCounty], float]
    percent: bool = True

    def is_met(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return self.low <= value <= self.high

    def format_value(self, value: float) -> str:
        """A value as text: per cent, a whole number above 100, else two decimals."""
        if self.percent:
            return f"{value:.2%}"
        return f"{value:,.0f}" if value > 100 else f"{value:.2f}"


def mean_of_months(measure: Callable[[MeasuredMonth], float]) -> Callable[[MeasuredCounty], float]:
    """A measure of a county: the mean of a monthly measure over its month ends."""
    return lambda county: county.mean_over_months(measure)


def _newest(county: MeasuredCounty, table: str, *key: str) -> pl.DataFrame:
    """Newest version of each row of a table."""
    return county.tables[table].sort("known_on").unique(key, keep="last", maintain_order=True)


def _microloans(county: MeasuredCounty) -> pl.Series:
    """Principals of all microloans, yuan."""
    return _newest(county, "loans", "loan_id").filter(pl.col("product") == "microloan")["principal"]


def renewed_or_extended_share(county: MeasuredCounty) -> float:
    """Share renewed or extended of the bullet loans whose first maturity has come."""
    loans = _newest(county, "loans", "loan_id").filter(pl.col("repayment_method").str.starts_with("bullet"))
    due = loans.filter(pl.col("matures_on") <= pl.col("known_on").max())
    events = county.tables["loan_events"].filter(pl.col("kind").is_in(("renewed", "extended")))
    return due.join(events.unique("loan_id"), on="loan_id", how="semi").height / due.height


def business_income_share(county: MeasuredCounty) -> float:
    """Share of business income in all surveyed income."""
    surveys = _newest(county, "income_statements", "household_id", "period_end")
    incomes = surveys.select(pl.sum(*_INCOMES))
    return float(incomes.select(pl.col("business_income") / pl.sum_horizontal(_INCOMES)).item())


def sheep_household_share(county: MeasuredCounty) -> float:
    """Share of counted households that have sheep."""
    counts = _newest(county, "assets", "household_id")
    return float(counts.select((pl.col("sheep_count") > 0).mean()).item())


def long_overdue_share(month: MeasuredMonth) -> float:
    """Share of the balance in loans more than ninety days past due."""
    balance = pl.col("outstanding_principal")
    return float(month.loans.select(balance.filter(pl.col("days_past_due") > 90).sum() / balance.sum()).item())


def _target(
    zh: str, en: str, low: float, high: float, source: str, measure: Callable[[MeasuredCounty], float]
) -> Target:
    return Target(Bilingual(zh, en), low, high, source, measure)


def _number(
    zh: str, en: str, low: float, high: float, source: str, measure: Callable[[MeasuredCounty], float]
) -> Target:
    return Target(Bilingual(zh, en), low, high, source, measure, percent=False)


def _re_fall(position: int, low: float, high: float) -> Target:
    """The share bad again within six months, of the loans clean for the months at a position of CLEAN_MONTHS."""
    months = CLEAN_MONTHS[position]
    words = Bilingual(f"结清{months.zh}，6个月内再坏", f"bad again within 6 months, clean {months.words} months")
    source = f"{months.counted:.1%}: {COUNTED}"
    return Target(words, low, high, source, lambda county: county.re_falls[position].share)


TARGETS: tuple[Target, ...] = (
    _target(
        "逾期率（余额）",
        "overdue balance",
        0.005,
        0.05,
        PUBLISHED,
        mean_of_months(lambda month: month.overdue_rate(month.loans)),
    ),
    _number(
        "户数逾期率 / 金额逾期率",
        "overdue by households, times by amount",
        *(1.0, 2.5),
        PUBLISHED,
        mean_of_months(lambda month: month.households_in_arrears / month.overdue_rate(month.loans)),
    ),
    _number(
        "最差乡镇 / 全县逾期率",
        "worst township's overdue, times the county's",
        *(2.0, 6.0),
        PUBLISHED,
        mean_of_months(lambda month: month.worst_township / month.overdue_rate(month.loans)),
    ),
    _target(
        "不良率（逾期90天以上）", "bad loans (over 90 days)", 0.003, 0.04, PUBLISHED, mean_of_months(long_overdue_share)
    ),
    _number(
        "户均贷款（元）",
        "average microloan (yuan)",
        40_000,
        45_000,
        PUBLISHED,
        lambda county: float(_microloans(county).to_frame().mean().item()),
    ),
    _number(
        "最大贷款（元）",
        "largest microloan (yuan)",
        0,
        50_000,
        PUBLISHED,
        lambda county: float(_microloans(county).to_frame().max().item()),
    ),
    _target(
        "到期续贷或展期",
        "renewed or extended at maturity",
        0.05,
        0.30,
        "假定 assumed (domain 2)",
        renewed_or_extended_share,
    ),
    _target("养羊户占比", "households with sheep", 0.75, 0.85, DESCRIBED, sheep_household_share),
    _target("经营收入占比", "business share of income", 0.50, 0.70, DESCRIBED, business_income_share),
    _target("规则红灯", "red by rules", 0.01, 0.04, VISITS, mean_of_months(lambda month: month.share_at_least(2))),
    _target(
        "规则红灯和黄灯",
        "red or yellow by rules",
        0.10,
        0.25,
        VISITS,
        mean_of_months(lambda month: month.share_at_least(1)),
    ),
    _target(
        "6个月内变坏",
        "went bad within 6 months",
        0.007,
        0.03,
        LIVELY,
        mean_of_months(lambda month: float(month.bad.mean())),
    ),
    _target("真实概率均值", "mean true hazard", 0.007, 0.03, LIVELY, mean_of_months(lambda month: month.best.mean)),
    _number(
        "可达到的最高 AUC", "best reachable AUC", 0.80, 0.92, ABOVE_MODELS, mean_of_months(lambda month: month.best.auc)
    ),
    _number(
        "其中未逾期贷款",
        "of these, of loans with nothing overdue",
        *(0.80, 0.90),
        ABOVE_MODELS,
        mean_of_months(lambda month: month.best_without_arrears.auc),
    ),
    _number("规则预警 AUC", "AUC of the rule light", 0.55, 0.78, LIVELY, mean_of_months(lambda month: month.rules_auc)),
    _target(
        "同等走访数可达到的最高识别率",
        "best reachable recall at the rules' visits",
        *(0.65, 0.95),
        LIVELY,
        mean_of_months(lambda month: month.best.recall(month.flagged_share)),
    ),
    _target(
        "规则识别率",
        "recall of the rule light",
        0.30,
        0.75,
        LIVELY,
        mean_of_months(lambda month: month.rules_recall),
    ),
    _re_fall(0, 0.100, 0.190),
    _re_fall(1, 0.100, 0.200),
    _re_fall(2, 0.040, 0.112),
    _re_fall(3, 0.010, 0.068),
    _target("坏账一年内结清", "bad loans paid up within a year", 0.80, 1.0, ASSUMED, after_bad.paid_up_share),
    _target("坏账期间部分还款", "bad loans paid in part", 0.05, 0.40, ASSUMED, after_bad.partly_paid_share),
    _target("坏账后展期或续贷", "bad loans extended or renewed late", 0.01, 0.10, ASSUMED, after_bad.late_relief_share),
    _target("代偿或核销", "bad loans compensated or written off", 0.002, 0.05, ASSUMED, after_bad.lost_share),
    _target(
        "只列余欠的新计划", "later schedules of the rest alone", 0.02, 0.25, ASSUMED, after_bad.rest_schedule_share
    ),
    _target("冲正还款", "payments reversed", 0.001, 0.004, ASSUMED, after_bad.reversal_share),
    _target("撤销事件", "events withdrawn", 0.001, 0.006, ASSUMED, after_bad.withdrawn_share),
    _target("先付后贴", "subsidies refunded", 0.04, 0.12, ASSUMED, after_bad.refunded_share),
)
