"""Drift against the fit and the months before: beyond a bound, on it, slow, too few, gone, with the calendar."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from models.calendar_features import BY_CALENDAR, BY_MONTH, BY_NOTICE, BY_RECORDS, LEFT_OUT
from models.county_policy.sections import Lending
from models.drift_reference import SCORE, DriftReference, psi, psi_by_chance, read_reference, reference_of
from models.raw_score import ModelColumn
from serving.monitor.bounds import DriftLimits, load_limits
from serving.monitor.drift import check_drift, drift_findings, drift_rows, notice_days, profile_loans
from serving.monitor.finding import Finding, rank_findings
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from tests.serving.reports.conftest import MARCH, ten

__all__ = ["ten"]
LIMITS = load_limits().drift
DAY = date(2026, 1, 31)
COLUMNS = (ModelColumn("net_income", -1), ModelColumn("savings", -1), ModelColumn("assets_age_months", 0))


def people(rows: int, seed: int, richer: float = 0.0) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "net_income": chance.normal(size=rows) + richer,
            "savings": chance.normal(size=rows),
            "assets_age_months": chance.integers(0, 3, rows).astype(float),
            SCORE: chance.random(rows),
        }
    )


FITTED = people(2000, 1).with_columns(as_of=pl.lit(date(2022, 1, 31)), county_code=pl.lit("990101"))
IMPORTANCE = {"net_income": 0.3, "savings": 0.2, "assets_age_months": 0.1}
REFERENCE = read_reference(reference_of(FITTED, COLUMNS, FITTED[SCORE].to_numpy(), IMPORTANCE))


def rows_of(
    loans: pl.DataFrame, *before: pl.DataFrame, limits: DriftLimits = LIMITS, reference: DriftReference = REFERENCE
) -> list[dict[str, Any]]:
    profiles = [profile_loans(each, reference, DAY) for each in (loans, *before)]
    return drift_rows(profiles[0], profiles[1:], reference, limits)


def findings_of(loans: pl.DataFrame, *before: pl.DataFrame, limits: DriftLimits = LIMITS) -> list[Finding]:
    return drift_findings(rows_of(loans, *before, limits=limits), DAY, limits)


def codes(loans: pl.DataFrame, *before: pl.DataFrame, limits: DriftLimits = LIMITS) -> list[str]:
    return [finding.code for finding in findings_of(loans, *before, limits=limits)]


def verdict(rows: Sequence[dict[str, Any]], feature: str) -> str:
    return str(next(row["verdict"] for row in rows if row["feature"] == feature))


def test_the_same_kind_of_people_is_no_drift_and_another_kind_is() -> None:
    assert codes(people(500, 2)) == []
    assert codes(people(500, 2, richer=1.0)) == ["drift:net_income"]


def test_what_moved_slowly_since_the_fit_is_shown_and_no_finding() -> None:
    loans, before = people(500, 2, richer=1.0), people(500, 3, richer=0.9)
    assert verdict(rows_of(loans, before), "net_income") == "slow"
    assert codes(loans, before, limits=LIMITS.model_copy(update={"slow_importance": 0.31})) == []


def test_slow_features_with_much_of_the_score_are_one_finding() -> None:
    (finding,) = findings_of(people(500, 2, richer=1.0), people(500, 3, richer=0.9))
    assert finding.code == "ageing"
    assert finding.value == pytest.approx(0.3)
    assert "Yearly net income" in finding.message.en


def test_what_jumps_back_to_the_fit_is_drift_from_the_months_before() -> None:
    (finding,) = findings_of(people(500, 2), people(500, 3, richer=1.0), people(500, 4, richer=1.0))
    assert finding.code == "drift:net_income"
    assert "against the months before" in finding.message.en


def test_drift_stays_a_finding_while_most_of_the_months_before_are_as_they_were() -> None:
    before = [people(500, 3, richer=1.0), *(people(500, seed) for seed in range(4, 14))]
    assert codes(people(500, 2, richer=1.0), *before) == ["drift:net_income"]


def test_a_score_that_moves_is_warned_of_as_the_score_and_never_as_slow() -> None:
    half = people(500, 2).with_columns(pl.col(SCORE) / 2)
    assert codes(half) == ["score_drift"]
    assert codes(half, people(500, 3).with_columns(pl.col(SCORE) / 2)) == ["score_drift"]


def test_an_index_on_its_bound_is_fine_and_one_above_is_not() -> None:
    loans = people(500, 2, richer=1.0)
    bins = REFERENCE.bins["net_income"]
    index = psi(bins.shares, bins.shares_of(loans["net_income"]))
    bound = index - psi_by_chance(bins.size, 500)
    assert codes(loans, limits=LIMITS.model_copy(update={"feature_psi": bound})) == []
    assert codes(loans, limits=LIMITS.model_copy(update={"feature_psi": bound - 1e-9})) == ["drift:net_income"]


def test_every_index_exactly_zero_is_a_population_compared_with_itself() -> None:
    assert codes(FITTED) == ["zero_drift"]


@pytest.mark.parametrize(("rows", "expected"), [(200, "fine"), (199, "few")])
def test_a_month_of_too_few_loans_is_not_judged(rows: int, expected: str) -> None:
    assert verdict(rows_of(people(rows, 2)), SCORE) == expected


@pytest.mark.parametrize(
    "gone", [people(500, 2).drop("savings"), people(500, 2).with_columns(savings=pl.lit(None, pl.Float64))]
)
def test_a_column_that_goes_is_a_finding_at_once_and_as_long_as_it_is_gone(gone: pl.DataFrame) -> None:
    assert codes(gone) == codes(gone, people(500, 3)) == codes(gone, gone, gone) == ["column_gone:savings"]


@pytest.mark.parametrize(("missing", "expected"), [(101, []), (102, ["column_missing:savings"])])
def test_more_missing_than_usual_is_a_finding_apart_from_the_values(missing: int, expected: list[str]) -> None:
    loans = people(500, 2).with_columns(savings=pl.when(pl.int_range(pl.len()) >= missing).then("savings"))
    assert codes(loans) == expected


def test_what_turns_with_the_year_is_compared_with_its_calendar_month() -> None:
    older = FITTED.with_columns(pl.col("assets_age_months") + 6, as_of=pl.lit(date(2022, 7, 31)))
    both = pl.concat([FITTED, older])
    reference = read_reference(reference_of(both, COLUMNS, both[SCORE].to_numpy(), IMPORTANCE))
    assert verdict(rows_of(people(500, 2), reference=reference), "assets_age_months") == "fine"
    aged = people(500, 2).with_columns(pl.col("assets_age_months") + 6)
    assert verdict(rows_of(aged, reference=reference), "assets_age_months") == "beyond"


def test_what_turns_with_the_year_is_left_out_where_the_fit_has_no_such_month() -> None:
    february = profile_loans(people(500, 2), REFERENCE, date(2026, 2, 28))
    assert verdict(drift_rows(february, [], REFERENCE, LIMITS), "assets_age_months") == "calendar"


def test_the_first_published_month_is_compared_with_the_newest_months_of_the_training() -> None:
    recent = people(500, 3, richer=0.9).with_columns(as_of=pl.lit(date(2025, 1, 31)))
    reference = read_reference(reference_of(FITTED, COLUMNS, FITTED[SCORE].to_numpy(), IMPORTANCE, recent))
    assert verdict(rows_of(people(500, 2, richer=1.0), reference=reference), "net_income") == "slow"
    assert verdict(rows_of(people(500, 2), reference=reference), "net_income") == "beyond"


def test_what_a_notice_moves_is_left_out_and_told() -> None:
    month = profile_loans(people(500, 2, richer=1.0), REFERENCE, DAY)
    rows = drift_rows(month, [], REFERENCE, LIMITS, {"net_income": date(2025, 1, 1)}, date(2022, 12, 31))
    assert verdict(rows, "net_income") == "notice"
    earlier = drift_rows(month, [], REFERENCE, LIMITS, {"net_income": date(2022, 1, 1)}, date(2022, 12, 31))
    assert verdict(earlier, "net_income") == "beyond"


def test_names_of_features_that_move_are_features_of_the_model() -> None:
    names = {feature.name for feature in MODEL_COLUMNS}
    assert {*BY_MONTH, *BY_RECORDS, *LEFT_OUT, *BY_NOTICE, *BY_CALENDAR, *LIMITS.by_calendar} <= names
    assert {number for numbers in BY_NOTICE.values() for number in numbers} <= set(Lending.model_fields)


def test_the_day_of_a_notice_is_that_of_its_row_in_the_policy_table(ten: DataFolder) -> None:
    month = MonthRepository(ten).month(MARCH)
    assert notice_days(month)["annual_rate"] == date.max
    assert "principal" not in notice_days(month)


def test_a_month_scored_without_a_reference_says_so(ten: DataFolder) -> None:
    months: list[PublishedMonth] = [MonthRepository(ten).month(MARCH)]
    check = check_drift(ten, months, LIMITS)
    assert check.table.frame.is_empty()
    assert [(each.kind, "train again" in each.message.en) for each in check.findings] == [("no_reference", True)]


def test_a_reference_of_an_earlier_version_compares_values_and_leaves_the_rest_out() -> None:
    stored = json.loads(json.dumps(reference_of(FITTED, COLUMNS, FITTED[SCORE].to_numpy())))
    bins = {
        name: {"edges": of["edges"], "levels": of["levels"], "shares": [*of["shares"], 0.0]}
        for name, of in stored["bins"].items()
    }
    old = read_reference({"rows": 2000, "bins": bins})
    rows = rows_of(people(500, 2, richer=1.0), reference=old)
    assert verdict(rows, "net_income") == "beyond"
    assert verdict(rows, "assets_age_months") == "calendar"


def test_findings_are_ranked_deliveries_first_then_the_model_then_by_importance() -> None:
    both = people(500, 2, richer=1.0).with_columns(pl.col("savings") + 2)
    words = findings_of(both)[0].message
    late = Finding("late", words, 40, 30, "assets:990101")
    found = [each.code for each in rank_findings([*findings_of(both), Finding("calibration", words), late])]
    assert found == ["late:assets:990101", "calibration", "drift:net_income", "drift:savings"]
    small = replace(findings_of(both)[0], importance=0.0)
    assert rank_findings([small, *findings_of(both)])[-1] is small


def test_a_countys_own_bounds_lie_over_those_that_ship(tmp_path: Any) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[drift]\nfeature_psi = 0.1\n")
    own = load_limits(path)
    assert (own.drift.feature_psi, own.drift.score_psi, own.quality) == (0.1, LIMITS.score_psi, load_limits().quality)
