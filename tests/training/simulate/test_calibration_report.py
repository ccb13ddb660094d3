"""Calibration: the page is of today's parameters, and a smaller county than its own lies where it says."""

from __future__ import annotations

import pytest

from training.simulate.calibration_report import DOCUMENT, report_page, version
from training.simulate.measured import MeasuredCounty, measure_county
from training.simulate.order import Order
from training.simulate.province import simulate
from training.simulate.targets import TARGETS


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> MeasuredCounty:
    simulate(Order(4000, 36, seed=1, replicates=12), out := tmp_path_factory.mktemp("county"))
    return measure_county(out)


def test_the_page_is_of_the_parameters_and_targets_of_today() -> None:
    written = DOCUMENT.read_text("utf-8")
    assert f"version {version()}" in written, "run python -m training.simulate.calibration_report --write (minutes)"
    assert all(target.words.en in written for target in TARGETS)


def test_a_county_lies_within_nearly_all_targets(county: MeasuredCounty) -> None:
    missed = [target.words.en for target in TARGETS if not target.is_met(target.measure(county))]
    assert len(missed) <= 3, missed


def test_nobody_has_to_visit_half_the_county(county: MeasuredCounty) -> None:
    assert county.mean_over_months(lambda month: month.share_at_least(1)) < 0.30
    assert county.mean_over_months(lambda month: month.share_at_least(2)) < 0.05


def test_the_rules_are_better_than_chance_and_clearly_below_the_ceiling(county: MeasuredCounty) -> None:
    rules, best = (county.mean_over_months(measure) for measure in (lambda m: m.rules_auc, lambda m: m.best.auc))
    assert 0.55 < rules < best - 0.05


def test_a_quantity_outside_its_range_is_marked() -> None:
    values = [[target.low, target.high] for target in TARGETS]
    assert "✗" not in report_page(values, 100)
    assert "0/2 ✗" in report_page([[target.high + 1] * 2 for target in TARGETS], 100)
