"""Drift against the bins of the training: beyond a bound, on it, too few, exact zero."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from models.drift_reference import SCORE, psi, reference_of
from models.raw_score import ModelColumn
from serving.monitor.bounds import DriftLimits, load_limits
from serving.monitor.drift import check_drift, drift_findings, drift_rows
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from tests.serving.reports.conftest import MARCH, ten

__all__ = ["ten"]
LIMITS = load_limits().drift
DAY = date(2026, 1, 31)
COLUMNS = (ModelColumn("income", -1), ModelColumn("maturity_month", 0, ("1", "2")))


def people(rows: int, seed: int, richer: float = 0.0) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    months = [str(1 + at % 2) for at in range(rows)]
    return pl.DataFrame(
        {"income": chance.normal(size=rows) + richer, "maturity_month": months, SCORE: chance.random(rows)}
    )


FITTED = people(2000, 1)
REFERENCE = reference_of(FITTED, COLUMNS, FITTED[SCORE].to_numpy())


def kinds(loans: pl.DataFrame, limits: DriftLimits = LIMITS) -> list[str]:
    return [finding.kind for finding in drift_findings(drift_rows(loans, REFERENCE, limits), DAY, limits)]


def test_the_same_kind_of_people_is_no_drift_and_another_kind_is() -> None:
    assert kinds(people(500, 2)) == []
    assert kinds(people(500, 2, richer=1.0)) == ["drift"]


def test_a_score_that_moves_is_warned_of_as_the_score() -> None:
    assert kinds(people(500, 2).with_columns(pl.col(SCORE) / 2)) == ["score_drift"]


def test_an_index_on_its_bound_is_fine_and_one_above_is_not() -> None:
    loans = people(500, 2, richer=1.0)
    bins = REFERENCE["bins"]["income"]
    found = next(row["psi"] for row in drift_rows(loans, REFERENCE, LIMITS) if row["feature"] == "income")
    assert found == pytest.approx(psi(bins["shares"], _shares(loans)))
    assert kinds(loans, LIMITS.model_copy(update={"feature_psi": found})) == []
    assert kinds(loans, LIMITS.model_copy(update={"feature_psi": found - 1e-9})) == ["drift"]


def _shares(loans: pl.DataFrame) -> list[float]:
    edges = [-np.inf, *REFERENCE["bins"]["income"]["edges"], np.inf]
    counted = [((loans["income"] > low) & (loans["income"] <= high)).mean() for low, high in pairwise(edges)]
    return [*map(float, counted), 0.0]


def test_every_index_exactly_zero_is_a_population_compared_with_itself() -> None:
    assert kinds(FITTED) == ["zero_drift"]


@pytest.mark.parametrize(("rows", "verdict"), [(200, "fine"), (199, "few")])
def test_a_month_of_too_few_loans_is_not_judged(rows: int, verdict: str) -> None:
    found = {row["feature"]: row["verdict"] for row in drift_rows(people(rows, 2), REFERENCE, LIMITS)}
    assert found[SCORE] == verdict


def test_what_moves_with_the_calendar_is_shown_and_not_warned_of() -> None:
    loans = people(500, 2).with_columns(maturity_month=pl.lit("1"))
    rows = drift_rows(loans, REFERENCE, LIMITS)
    assert next(row["verdict"] for row in rows if row["feature"] == "maturity_month") == "calendar"
    assert kinds(loans) == []


def test_a_month_scored_without_a_reference_says_so(ten: DataFolder) -> None:
    from serving.months.repository import MonthRepository

    months: list[PublishedMonth] = [MonthRepository(ten).month(MARCH)]
    table, findings = check_drift(ten, months, LIMITS)
    assert table.frame.is_empty()
    assert [(finding.kind, "train again" in finding.message.en) for finding in findings] == [("no_reference", True)]


def test_a_countys_own_bounds_lie_over_those_that_ship(tmp_path: Any) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[drift]\nfeature_psi = 0.1\n")
    own = load_limits(path)
    assert (own.drift.feature_psi, own.drift.score_psi, own.quality) == (0.1, LIMITS.score_psi, load_limits().quality)


def test_what_the_bounds_name_is_a_feature_of_the_model() -> None:
    assert set(LIMITS.by_calendar) <= {feature.name for feature in MODEL_COLUMNS}
