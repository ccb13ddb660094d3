"""Measurements of a simulated county on its delivered tables: arrears, lights, hazards."""

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
from features.delivered_tables import DeliveredTables
from models.traffic_light.evaluate import evaluate_rules
from models.traffic_light.rules import RULES
from training.evaluation.ceiling import Ceiling, ranking_ceiling, true_hazards
from training.evaluation.measures import Bools, auc, recall_at
from training.labels import bad_dates, label_cohort
from training.plan_files import default_plan

_PLAN = default_plan(date(2021, 1, 31), date(2025, 12, 31))  # only its horizon and what it calls bad are used
_FEWEST_LOANS = 30
_LEVEL = {"green": 0, "yellow": 1, "red": 2}


@dataclass(frozen=True)
class MeasuredMonth:
    """One month end.

    loans: the features of open loans, with `level` (rule light: 0 green, 1 yellow, 2 red) and `bad` (0 or 1; null
    outside the cohort). hazards: as in `truth/hazards`.
    """

    loans: pl.DataFrame
    hazards: pl.DataFrame

    @cached_property
    def cohort(self) -> pl.DataFrame:
        """The rows of `loans` for which `bad` is known."""
        return self.loans.filter(pl.col("bad").is_not_null())

    @cached_property
    def best(self) -> Ceiling:
        """The best reachable ranking of all loans with hazards."""
        return ranking_ceiling(self.hazards)

    @cached_property
    def best_without_arrears(self) -> Ceiling:
        """The best reachable ranking of loans with nothing overdue, which is harder."""
        late = self.loans.filter(pl.col("overdue_amount") > 0)
        return ranking_ceiling(self.hazards.join(late, on="loan_id", how="anti"))

    @property
    def flagged_share(self) -> float:
        """Share of the cohort with a yellow or red rule light, which officers visit."""
        return float(self.cohort.select((pl.col("level") > 0).mean()).item())

    @property
    def bad(self) -> Bools:
        """Whether each loan of the cohort goes bad within the horizon, by the delivered tables."""
        return self.cohort["bad"].to_numpy().astype(bool)

    @property
    def rules_auc(self) -> float:
        """AUC of the rule light as a score; 0.5 where it cannot be computed."""
        return auc(self.bad, self.cohort["level"].to_numpy().astype(np.float64)) or 0.5

    @property
    def rules_recall(self) -> float:
        """Share of the cohort's bad loans with a yellow or red rule light; 0 where none is bad."""
        level = self.cohort["level"].to_numpy().astype(np.float64)
        return recall_at(level, self.bad, int((level > 0).sum())) or 0.0

    def share_at_least(self, level: int) -> float:
        """Share of open loans with a rule light of a level or above."""
        return float(self.loans.select((pl.col("level") >= level).mean()).item())

    @property
    def households_in_arrears(self) -> float:
        """Share of households with an open loan that have something overdue."""
        late = self.loans.group_by("household_id").agg((pl.col("overdue_amount") > 0).any().alias("late"))
        return float(late.select(pl.col("late").mean()).item())

    @property
    def worst_township(self) -> float:
        """Highest overdue rate of a township with at least thirty loans."""
        towns = [town for town in self.loans.partition_by("township_code") if town.height >= _FEWEST_LOANS]
        return max(self.overdue_rate(town) for town in towns)

    def overdue_rate(self, loans: pl.DataFrame) -> float:
        """The official rate of some loans: overdue balance / balance."""
        balance = pl.col("outstanding_principal")
        return float(loans.select(balance.filter(pl.col("overdue_amount") > 0).sum() / balance.sum()).item())


@dataclass(frozen=True)
class MeasuredCounty:
    """A county: its delivered tables by name, and the month ends that have hazards."""

    tables: Mapping[str, pl.DataFrame]
    months: tuple[MeasuredMonth, ...]

    def mean_over_months(self, measure: Callable[[MeasuredMonth], float]) -> float:
        """Mean of a quantity over the month ends."""
        return float(np.mean([measure(month) for month in self.months]))


def measure_county(inbox: Path) -> MeasuredCounty:
    """The county that a simulation with hazards delivered to a folder."""
    tables = {name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES}
    rows, months = DeliveredTables.from_frames(tables), []
    for hazards in true_hazards(inbox).partition_by("as_of"):
        as_of = hazards["as_of"][0]
        loans = features_at(as_of, rows, Population.OPEN)
        lights = evaluate_rules(loans, RULES)["rule_light"].replace_strict(_LEVEL, return_dtype=pl.Int64)
        loans = loans.with_columns(lights.alias("level"))
        cohort = label_cohort(loans.filter(~pl.col("has_gone_bad")), bad_dates(rows, _PLAN), as_of, _PLAN)
        labels = cohort.select("loan_id", "bad")
        months.append(MeasuredMonth(loans.join(labels, on="loan_id", how="left"), hazards))
    return MeasuredCounty(tables, tuple(months))
