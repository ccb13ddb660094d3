"""What a simulated county comes out as, measured on what it delivered: arrears, lights, hazards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from features.compute import Population, features_at
from features.contract.tables import TABLES
from features.delivered_tables import Rows
from models.traffic_light.evaluate import judged
from models.traffic_light.rules import RULES
from training.evaluation.ceiling import Ceiling, ceiling, hazards
from training.evaluation.measures import Bools, auc, recall_at
from training.labels import bad_days, labelled
from training.plan_files import plan_for

_PLAN = plan_for(date(2021, 1, 31), date(2025, 12, 31))  # only its horizon and what it calls bad are used
_ENOUGH = 30
_LEVEL = {"green": 0, "yellow": 1, "red": 2}


@dataclass(frozen=True)
class Month:
    """One month end: the open loans with `level` (0 green, 1 yellow, 2 red) and `bad`, null where none can say."""

    loans: pl.DataFrame
    hazards: pl.DataFrame

    @cached_property
    def cohort(self) -> pl.DataFrame:
        return self.loans.filter(pl.col("bad").is_not_null())

    @cached_property
    def best(self) -> Ceiling:
        return ceiling(self.hazards)

    @cached_property
    def best_without_arrears(self) -> Ceiling:
        """Of the loans with nothing overdue, which are the harder ones to tell apart."""
        late = self.loans.filter(pl.col("overdue_amount") > 0)
        return ceiling(self.hazards.join(late, on="loan_id", how="anti"))

    @property
    def visits(self) -> float:
        """The share of the cohort that the rules send somebody to."""
        return float(self.cohort.select((pl.col("level") > 0).mean()).item())

    @property
    def bad(self) -> Bools:
        """Of the cohort, by what was delivered."""
        return self.cohort["bad"].to_numpy().astype(bool)

    @property
    def rules_auc(self) -> float:
        return auc(self.bad, self.cohort["level"].to_numpy().astype(np.float64)) or 0.5

    @property
    def rules_recall(self) -> float:
        level = self.cohort["level"].to_numpy().astype(np.float64)
        return recall_at(level, self.bad, int((level > 0).sum())) or 0.0

    def lit(self, level: int) -> float:
        """The share of open loans with at least that light."""
        return float(self.loans.select((pl.col("level") >= level).mean()).item())

    @property
    def households_in_arrears(self) -> float:
        late = self.loans.group_by("household_id").agg((pl.col("overdue_amount") > 0).any().alias("late"))
        return float(late.select(pl.col("late").mean()).item())

    @property
    def worst_township(self) -> float:
        """Its rate of arrears, of the townships with thirty loans."""
        towns = [town for town in self.loans.partition_by("township_code") if town.height >= _ENOUGH]
        return max(self.arrears(town) for town in towns)

    def arrears(self, loans: pl.DataFrame) -> float:
        """The official rate: overdue balance / balance."""
        left = pl.col("outstanding_principal")
        return float(loans.select(left.filter(pl.col("overdue_amount") > 0).sum() / left.sum()).item())


@dataclass(frozen=True)
class County:
    """A delivered inbox and its month ends."""

    tables: Mapping[str, pl.DataFrame]
    months: tuple[Month, ...]

    def over_months(self, measure: Callable[[Month], float]) -> float:
        return float(np.mean([measure(month) for month in self.months]))


def county_in(inbox: Path) -> County:
    """With the month ends that hazards are known of."""
    tables = {name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES}
    return County(tables, tuple(_month(Rows.of(tables), month) for month in hazards(inbox).partition_by("as_of")))


def _month(rows: Rows, hazard: pl.DataFrame) -> Month:
    as_of = hazard["as_of"][0]
    loans = features_at(as_of, rows, Population.OPEN)
    lights = judged(loans, RULES)["rule_light"].replace_strict(_LEVEL, return_dtype=pl.Int64)
    lit = loans.with_columns(lights.alias("level"))
    cohort = labelled(lit.filter(~pl.col("has_gone_bad")), bad_days(rows, _PLAN), as_of, _PLAN)
    return Month(lit.join(cohort.select("loan_id", "bad"), on="loan_id", how="left"), hazard)
