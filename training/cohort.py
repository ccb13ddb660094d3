"""Samples: the cohort of each month end, its features and its labels, one fold at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import polars as pl

from features.compute import Population, features_at
from features.ledger import Ledger
from features.words import Refused
from training.folds import Fold, in_fold
from training.labels import bad_days, labelled
from training.plan import Plan

Tell = Callable[[str], None]


def samples(ledger: Ledger, plan: Plan, fold: Fold, month_ends: Iterable[date], tell: Tell) -> pl.DataFrame:
    """One row for each loan of the fold's cohort and month end: features, `as_of`, `bad`, `bad_on`.

    Raises Refused where a label is not mature, or where the fold holds no loan that went bad and one that did not.
    """
    rows = ledger.rows()
    bad = bad_days(rows, plan)
    frames = []
    for as_of in month_ends:
        _check_mature(as_of, plan, data_until(ledger))
        tell(f"{fold} {as_of}")
        cohort = features_at(as_of, rows, Population.COHORT, plan.bad_after_days)
        frames.append(labelled(in_fold(cohort, fold, plan), bad, as_of, plan))
    return _with_both_outcomes(pl.concat(frames), fold)


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
