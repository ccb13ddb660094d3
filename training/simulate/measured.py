"""Measurements of a simulated county on its delivered tables: arrears, lights, hazards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from features.bad_spells import bad_spells, with_next_bad_on
from features.compute import Population, features_at
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.months import month_end_after, month_ends, whole_months_since
from features.snapshot.life_rules import LifeRules
from models.traffic_light.evaluate import evaluate_rules
from models.traffic_light.rules import RULES
from training.evaluation.ceiling import Ceiling, ranking_ceiling, true_hazards
from training.evaluation.measures import Bools, auc, recall_at
from training.evaluation.re_falls import ReFalls, re_falls
from training.labels import label_cohort
from training.plan_files import default_plan
from training.simulate.delivery import BACKLOG

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
    """A county: its delivered tables by name, each time that a loan was bad, and the month ends that have hazards."""

    tables: Mapping[str, pl.DataFrame]
    spells: pl.DataFrame
    months: tuple[MeasuredMonth, ...]

    @cached_property
    def re_falls(self) -> tuple[ReFalls, ...]:
        """How many loans that had paid up were bad again within six months, over all month ends with known outcomes."""
        return re_falls(cleared_loans(self.tables, self.spells))

    def mean_over_months(self, measure: Callable[[MeasuredMonth], float]) -> float:
        """Mean of a quantity over the month ends."""
        return float(np.mean([measure(month) for month in self.months]))


def measure_county(inbox: Path) -> MeasuredCounty:
    """The county that a simulation with hazards delivered to a folder."""
    tables = {name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES}
    rows, months = DeliveredTables.from_frames(tables), []
    spells = bad_spells(rows, LifeRules(_PLAN.bad_after_days))
    for hazards in true_hazards(inbox).partition_by("as_of"):
        as_of = hazards["as_of"][0]
        loans = features_at(as_of, rows, Population.OPEN)
        lights = evaluate_rules(loans, RULES)["rule_light"].replace_strict(_LEVEL, return_dtype=pl.Int64)
        loans = loans.with_columns(lights.alias("level"))
        cohort = label_cohort(loans.filter(~pl.col("has_gone_bad")), spells, as_of, _PLAN)
        labels = cohort.select("loan_id", "bad")
        months.append(MeasuredMonth(loans.join(labels, on="loan_id", how="left"), hazards))
    return MeasuredCounty(tables, spells, tuple(months))


def cleared_loans(tables: Mapping[str, pl.DataFrame], spells: pl.DataFrame) -> pl.DataFrame:
    """Loan-months of open loans that were bad before and are not, with `months_since_arrears` and `bad`, by all data.

    spells: in the columns of BAD_SPELLS_SCHEMA. The month ends are all that the county delivered, but for those of the
    last horizon.
    """
    loans = tables["loans"].sort("known_on").unique("loan_id", keep="last").select("loan_id", "household_id")
    events = tables["loan_events"].sort("known_on").unique(["loan_id", "kind", "occurred_on"], keep="last")
    ends = events.filter((pl.col("withdrawn") != "true").fill_null(True), pl.col("kind") != "extended")
    closed = ends.group_by("loan_id").agg(pl.col("occurred_on").min().alias("closed_on"))
    ended = spells.filter(pl.col("arrears_ended_on").is_not_null()).select("loan_id", "arrears_ended_on")
    named = ended.join(loans, on="loan_id").join(closed, on="loan_id", how="left")
    first_price, reported = tables["prices"]["month"].min(), tables["payments"]["known_on"].max()
    assert isinstance(first_price, date)  # noqa: S101 - the table's type
    assert isinstance(reported, date)  # noqa: S101 - the table's type
    frames = []
    for as_of in month_ends(month_end_after(first_price, BACKLOG), month_end_after(reported, -_PLAN.horizon_months)):
        still_open = (pl.col("closed_on") > as_of).fill_null(True)
        cleared = named.filter(pl.col("arrears_ended_on") <= as_of, still_open)
        newest = cleared.sort("arrears_ended_on").unique("loan_id", keep="last")
        labelled = with_next_bad_on(newest, spells, as_of)
        bad = (pl.col("bad_on") <= _PLAN.label_end(as_of)).fill_null(False).cast(pl.Int8).alias("bad")
        clean = whole_months_since("arrears_ended_on", as_of).alias("months_since_arrears")
        frames.append(labelled.select("loan_id", "household_id", clean, bad))
    return pl.concat(frames)
