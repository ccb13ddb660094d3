"""What a simulated county should come out as: each quantity with its range, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from features.messages import Words
from training.simulate.measured import County, Month

PUBLISHED = "已公布 published (domain 2, 5)"
DESCRIBED = "本县情况 the county's own description (domain 4)"
VISITS = "可走访 lights that a county could visit; assumed"
LIVELY = "假定 assumed: lively, and no leak (domain 8)"
ABOVE_MODELS = "假定 assumed: above the published models' 0.70-0.85 (domain 8)"
_INCOMES = ("wage_income", "business_income", "property_income", "transfer_income")


@dataclass(frozen=True)
class Target:
    """A quantity, the range it should lie in, who says so, and how it is measured; percent: printed as such."""

    words: Words
    low: float
    high: float
    source: str
    measure: Callable[[County], float]
    percent: bool = True

    def is_met(self, value: float) -> bool:
        return self.low <= value <= self.high

    def written(self, value: float) -> str:
        if self.percent:
            return f"{value:.2%}"
        return f"{value:,.0f}" if value > 100 else f"{value:.2f}"


def monthly(measure: Callable[[Month], float]) -> Callable[[County], float]:
    """The mean over the month ends looked at."""
    return lambda county: county.over_months(measure)


def _newest(county: County, table: str, *key: str) -> pl.DataFrame:
    return county.tables[table].sort("known_on").unique(key, keep="last", maintain_order=True)


def _microloans(county: County) -> pl.Series:
    return _newest(county, "loans", "loan_id").filter(pl.col("product") == "microloan")["principal"]


def _average(county: County) -> float:
    return float(_microloans(county).to_frame().mean().item())


def _largest(county: County) -> float:
    return float(_microloans(county).to_frame().max().item())


def _renewed_or_extended(county: County) -> float:
    """Of the loans repaid in one sum whose first maturity has come."""
    loans = _newest(county, "loans", "loan_id").filter(pl.col("repayment_method").str.starts_with("bullet"))
    due = loans.filter(pl.col("matures_on") <= pl.col("known_on").max())
    helped = county.tables["loan_events"].filter(pl.col("kind").is_in(("renewed", "extended")))
    return due.join(helped.unique("loan_id"), on="loan_id", how="semi").height / due.height


def _business_share(county: County) -> float:
    surveys = _newest(county, "income_statements", "household_id", "period_end")
    incomes = surveys.select(pl.sum(*_INCOMES))
    return float(incomes.select(pl.col("business_income") / pl.sum_horizontal(_INCOMES)).item())


def _with_sheep(county: County) -> float:
    counts = _newest(county, "assets", "household_id")
    return float(counts.select((pl.col("sheep_count") > 0).mean()).item())


def _long_overdue(month: Month) -> float:
    """Balance of loans more than ninety days past due, of all balance."""
    left = pl.col("outstanding_principal")
    return float(month.loans.select(left.filter(pl.col("days_past_due") > 90).sum() / left.sum()).item())


def _target(zh: str, en: str, low: float, high: float, source: str, measure: Callable[[County], float]) -> Target:
    return Target(Words(zh, en), low, high, source, measure)


def _number(zh: str, en: str, low: float, high: float, source: str, measure: Callable[[County], float]) -> Target:
    return Target(Words(zh, en), low, high, source, measure, percent=False)


TARGETS: tuple[Target, ...] = (
    _target("逾期率 (余额)", "overdue balance", 0.005, 0.05, PUBLISHED, monthly(lambda m: m.arrears(m.loans))),
    _number(
        "户数逾期率 / 金额逾期率",
        "overdue by households, times by amount",
        *(1.0, 2.5),
        PUBLISHED,
        monthly(lambda m: m.households_in_arrears / m.arrears(m.loans)),
    ),
    _number(
        "最差乡镇 / 全县逾期率",
        "worst township's overdue, times the county's",
        *(2.0, 6.0),
        PUBLISHED,
        monthly(lambda m: m.worst_township / m.arrears(m.loans)),
    ),
    _target("不良率 (逾期90天以上)", "bad loans (over 90 days)", 0.003, 0.04, PUBLISHED, monthly(_long_overdue)),
    _number("户均贷款 (元)", "average microloan (yuan)", 40_000, 45_000, PUBLISHED, _average),
    _number("最大贷款 (元)", "largest microloan (yuan)", 0, 50_000, PUBLISHED, _largest),
    _target(
        "到期续贷或展期", "renewed or extended at maturity", 0.05, 0.30, "假定 assumed (domain 2)", _renewed_or_extended
    ),
    _target("养羊户占比", "households with sheep", 0.75, 0.85, DESCRIBED, _with_sheep),
    _target("经营收入占比", "business share of income", 0.50, 0.70, DESCRIBED, _business_share),
    _target("规则红灯", "red by rules", 0.01, 0.04, VISITS, monthly(lambda m: m.lit(2))),
    _target("规则红灯和黄灯", "red or yellow by rules", 0.10, 0.25, VISITS, monthly(lambda m: m.lit(1))),
    _target("6个月内变坏", "went bad within 6 months", 0.007, 0.03, LIVELY, monthly(lambda m: float(m.bad.mean()))),
    _target("真实概率均值", "mean true hazard", 0.007, 0.03, LIVELY, monthly(lambda m: m.best.mean)),
    _number("可达到的最高 AUC", "best reachable AUC", 0.80, 0.92, ABOVE_MODELS, monthly(lambda m: m.best.auc)),
    _number(
        "其中未逾期贷款",
        "of these, of loans with nothing overdue",
        *(0.80, 0.90),
        ABOVE_MODELS,
        monthly(lambda m: m.best_without_arrears.auc),
    ),
    _number("规则灯 AUC", "AUC of the rule light", 0.55, 0.78, LIVELY, monthly(lambda m: m.rules_auc)),
    _target(
        "同等走访数可达到的最高查全率",
        "best reachable recall at the rules' visits",
        *(0.65, 0.95),
        LIVELY,
        monthly(lambda m: m.best.recall(m.visits)),
    ),
    _target("规则灯查全率", "recall of the rule light", 0.30, 0.75, LIVELY, monthly(lambda m: m.rules_recall)),
)
