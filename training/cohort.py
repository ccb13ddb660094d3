"""Samples: the cohort of each month end, its features and its labels, one fold at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

import polars as pl

from features.compute import Population, features_at
from features.ledger.ledger import Ledger
from features.messages import Refused
from models.light import CODES
from models.traffic_light.evaluate import judged
from models.traffic_light.rule import Rule
from models.traffic_light.rule_table import RuleTable
from training.folds import Fold, in_fold
from training.labels import bad_days, labelled
from training.plan import Plan

Tell = Callable[[int, str], None]
"""Told after each step: how many steps further, and a line."""


def samples(
    ledger: Ledger, plan: Plan, rules: RuleTable, tell: Tell, folds: Collection[Fold] = tuple(Fold)
) -> dict[Fold, pl.DataFrame]:
    """For each fold one row for each loan of its cohort and month end, by as_of and loan_id.

    Columns: the features, `as_of`, `bad`, `bad_on`, `rule_level` (0, 1, 2 by the rules in force on its own day).

    Raises Refused where a label is not mature, or where a fold holds no loan that went bad and one that did not.
    """
    rows = ledger.rows()
    bad = bad_days(rows, plan)
    frames: dict[Fold, list[pl.DataFrame]] = {fold: [] for fold in folds}
    for as_of in sorted({day for fold in folds for day in fold.month_ends(plan)}):
        _check_mature(as_of, plan, data_until(ledger))
        tell(1, str(as_of))
        cohort = labelled(features_at(as_of, rows, Population.COHORT, plan.bad_after_days), bad, as_of, plan)
        lit = with_rule_level(cohort, rules.in_force(as_of))
        for fold in folds:
            if as_of in fold.month_ends(plan):
                frames[fold].append(in_fold(lit, fold, plan))
    return {fold: _with_both_outcomes(pl.concat(parts), fold) for fold, parts in frames.items()}


def steps(plan: Plan) -> int:
    """How many month ends `samples` of all folds looks at."""
    return len({day for fold in Fold for day in fold.month_ends(plan)})


def with_rule_level(cohort: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """The cohort of one month end with `rule_level`."""
    light = judged(cohort, rules)["rule_light"]
    places = {code: level for level, code in enumerate(CODES)}
    return cohort.with_columns(light.replace_strict(places, return_dtype=pl.Int8).alias("rule_level"))


def data_from(ledger: Ledger) -> date:
    """The first day money was paid out."""
    return _day(ledger.scan("loans").select(pl.col("originated_on").min()))


def data_until(ledger: Ledger) -> date:
    """The last day the banks have reported on: the newest known_on of a payment."""
    return _day(ledger.scan("payments").select(pl.col("known_on").max()))


def _day(frame: pl.LazyFrame) -> date:
    day = frame.collect().item()
    if day is None:
        raise Refused(
            "尚未装入贷款和还款; 请先运行 lights load。",
            "No loans and payments are loaded; run lights load first.",
        )
    assert isinstance(day, date)  # noqa: S101 - the ledger's type
    return day


def _check_mature(as_of: date, plan: Plan, until: date) -> None:
    if not plan.is_mature(as_of, until):
        raise Refused(
            f"{as_of} 的标签要到 {plan.label_end(as_of)} 之后 {plan.reporting_lag_days} 天才成熟, 而数据只到 {until}。",
            f"The labels of {as_of} are mature {plan.reporting_lag_days} days after {plan.label_end(as_of)}, "
            f"but the data end on {until}; choose earlier month ends.",
        )


def _with_both_outcomes(frame: pl.DataFrame, fold: Fold) -> pl.DataFrame:
    went_bad = int(frame["bad"].sum())
    if 0 < went_bad < frame.height:
        return frame
    raise Refused(
        f"{fold} 样本共 {frame.height} 笔, 其中变坏 {went_bad} 笔, 无法训练或评判; 请扩大月份或农户范围。",
        f"The {fold} fold has {frame.height} rows of which {went_bad} went bad: nothing to learn or judge by. "
        "Take more month ends or a larger share of households.",
    )
