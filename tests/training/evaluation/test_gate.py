"""The gate: each bound from both sides, what is missing, and every fault of its file at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from features.catalog import MODEL_COLUMNS
from features.messages import UserError
from models.calendar_features import BY_CALENDAR
from tests.training.evaluation.frames import evaluated_loans_of
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.report import (
    Estimate,
    EvaluationReport,
    EvaluationSettings,
    LeakChecks,
    LightCalibration,
    PermutationTest,
)
from training.gate import DEFAULT_GATE_FILE, load_gate
from training.gate_criteria import gate_result


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    bad = ([1] * 18 + [0] * 2) * 2 + ([1] + [0] * 9) * 16
    model = [0.9] * 40 + [0.1] * 160
    found = evaluate_loans(evaluated_loans_of(model, [1] * 40 + [0] * 160, bad), EvaluationSettings(draws=10))
    leaks = LeakChecks(PermutationTest(0.5, 1, 1), (), "1-a", "1-a", ())
    return replace(found, drift={"savings": 0.1}, leaks=leaks, fairness=())


def failed(report: EvaluationReport) -> list[str]:
    return [criterion.id for criterion in gate_result(report, load_gate()).failed]


def test_a_sound_model_passes(report: EvaluationReport) -> None:
    assert failed(report) == []


@pytest.mark.parametrize(
    ("area", "fails"), [(0.479, ["leaks.permuted_from"]), (0.48, []), (0.52, []), (0.521, ["leaks.permuted_to"])]
)
def test_shuffled_labels_teach_nothing(report: EvaluationReport, area: float, fails: list[str]) -> None:
    assert failed(replace(report, leaks=LeakChecks(PermutationTest(area, 1, 1), (), "1-a", "1-a", ()))) == fails


def test_a_barred_column_other_data_and_a_sample_against_itself_are_each_told(report: EvaluationReport) -> None:
    wrong = replace(
        report,
        drift={"savings": 0.0},
        leaks=LeakChecks(PermutationTest(0.5, 1, 1), ("borrower_sex",), "1-a", "2-b", ()),
    )
    assert failed(wrong) == ["drift.not_with_itself", "leaks.barred_columns", "leaks.data_version"]


@pytest.mark.parametrize(("signs", "fails"), [(None, ["leaks.signs"]), ((), []), (("savings",), ["leaks.signs"])])
def test_a_sign_that_the_model_breaks_fails_it(
    report: EvaluationReport, signs: tuple[str, ...] | None, fails: list[str]
) -> None:
    assert failed(replace(report, leaks=LeakChecks(PermutationTest(0.5, 1, 1), (), "1-a", "1-a", signs))) == fails


@pytest.mark.parametrize(("bad", "fails"), [(29, ["evidence"]), (30, [])])
def test_too_few_bad_loans_are_no_evidence(report: EvaluationReport, bad: int, fails: list[str]) -> None:
    assert failed(replace(report, everyone=replace(report.everyone, bad=bad))) == fails


@pytest.mark.parametrize(("bad", "fails"), [(19, ["evidence.policy"]), (20, [])])
def test_each_fold_needs_bad_loans(report: EvaluationReport, bad: int, fails: list[str]) -> None:
    assert failed(replace(report, bad_by_fold={"fit": 300, "calibration": 20, "policy": bad})) == fails


@pytest.mark.parametrize(("low", "fails"), [(0.0, []), (0.001, ["floor.best_opponent"])])
def test_an_opponent_that_finds_more_beyond_the_interval_fails_the_model(
    report: EvaluationReport, low: float, fails: list[str]
) -> None:
    rules = replace(report.everyone.contenders["rules"], less_model=Estimate(0.02, low, 0.04))
    everyone = replace(report.everyone, contenders=report.everyone.contenders | {"rules": rules})  # type: ignore[operator]
    assert failed(replace(report, everyone=everyone)) == fails


@pytest.mark.parametrize(("factor", "fails"), [(1.9, []), (2.1, ["calibration.green_factor"])])
@pytest.mark.parametrize("too_low", [True, False])
def test_green_has_to_be_foretold_within_a_factor_either_way(
    report: EvaluationReport, factor: float, too_low: bool, fails: list[str]
) -> None:
    def shifted(month: LightCalibration) -> LightCalibration:
        observed = month.bad / month.loans
        return replace(month, predicted=observed / factor if too_low else observed * factor)

    lights = tuple(shifted(month) if month.light == "green" else month for month in report.calibration.lights)
    assert failed(replace(report, calibration=replace(report.calibration, lights=lights))) == fails


def test_what_was_not_measured_does_not_pass(report: EvaluationReport) -> None:
    assert "leaks.permuted_from" in failed(replace(report, leaks=None))
    assert failed(replace(report, drift=None)) == ["drift.features_above"]


@pytest.mark.parametrize(("moved", "fails"), [(1, []), (2, ["drift.features_above"])])
def test_a_quarter_of_the_features_may_have_moved_and_those_of_the_calendar_do_not_count(
    report: EvaluationReport, moved: int, fails: list[str]
) -> None:
    names = ("savings", "net_income", "debt_to_income", "herd_size")
    drift = {name: 0.251 if at < moved else 0.25 for at, name in enumerate(names)}
    assert failed(replace(report, drift=drift | dict.fromkeys(BY_CALENDAR, 9.0))) == fails


def test_what_moves_with_the_calendar_is_a_feature_of_the_model() -> None:
    assert set(BY_CALENDAR) <= {feature.name for feature in MODEL_COLUMNS}


def test_all_faults_of_a_gate_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(
        DEFAULT_GATE_FILE.read_text("utf-8").replace("auc = 0.60", "auk = 1.5").replace("ece = 0.02", "ece = 2")
    )
    with pytest.raises(UserError) as refusal:
        load_gate(path)
    assert all(fault in refusal.value.message.en for fault in ("floor.auk", "floor.auc", "calibration.ece"))
