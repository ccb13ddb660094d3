"""Champion and challenger on the same loans: weighted measures, paired intervals, cautions, page and command."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from features.console import lines_for_reader
from features.messages import Bilingual
from tests.conftest import County
from tests.running_service import done, lights
from tests.training.evaluation.frames import evaluated_loans_of
from training.evaluation.comparison_page import comparison_html
from training.evaluation.light_quadrants import swap_sets
from training.evaluation.paired_models import (
    PairedComparison,
    PairedMetric,
    comparison_lines,
    paired_metrics,
    weighted_auc,
    weighted_average_precision,
)
from training.evaluation.report import Estimate, EvaluationSettings
from training.plan_files import SHIPPED_PLANS
from training.train import compare_with_champion

FEW = EvaluationSettings(draws=50)
LOANS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(1, 4)), min_size=2, max_size=40)


@given(LOANS)
@settings(deadline=None, max_examples=60)
def test_weighted_measures_are_scikit_learns(loans: list[tuple[int, bool, int]]) -> None:
    score, bad, weight = (np.array(values) for values in zip(*loans, strict=True))
    columns = np.column_stack([np.ones(len(bad)), weight]).astype(float)
    if 0 < bad.sum() < len(bad):
        areas = weighted_auc(score.astype(float), bad, columns)
        assert areas == pytest.approx([roc_auc_score(bad, score, sample_weight=each) for each in columns.T])
    if bad.any():
        precision = weighted_average_precision(score.astype(float), bad, columns)
        wanted = [average_precision_score(bad, score, sample_weight=each) for each in columns.T]
        assert precision == pytest.approx(wanted)


def two_models(sharper: bool) -> list[PairedMetric]:
    """A champion that knows little beside a challenger, sharper or equal, on 300 loans of 150 households."""
    random = np.random.default_rng(7)
    bad = (random.random(300) < 0.2).astype(int)
    blunt = np.clip(0.2 + 0.05 * bad + random.normal(0, 0.1, 300), 0.01, 0.99)
    sharp = np.clip(0.1 + 0.6 * bad + random.normal(0, 0.1, 300), 0.01, 0.99) if sharper else blunt
    households = [1 + row // 2 for row in range(300)]
    rules = (random.random(300) < 0.3).astype(int).tolist()
    old, new = (evaluated_loans_of(each.tolist(), rules, bad.tolist(), households) for each in (blunt, sharp))
    return list(paired_metrics(old, new, FEW))


def test_a_sharper_challenger_is_better_beyond_every_interval() -> None:
    metrics = two_models(sharper=True)
    assert {metric.verdict.en.split(",")[0] for metric in metrics} == {"the challenger is better"}
    assert {metric.name for metric in metrics if (metric.difference.value or 0) < 0} == {"log_loss", "brier"}


def test_a_model_beside_itself_differs_by_nothing_in_no_draw() -> None:
    for metric in two_models(sharper=False):
        assert metric.difference == Estimate(0.0, 0.0, 0.0)
        assert "not told apart" in metric.verdict.en


def test_the_values_are_those_of_the_models_alone() -> None:
    loans = evaluated_loans_of([0.9, 0.8, 0.6, 0.3, 0.2, 0.1], [0, 2, 0, 1, 0, 0], [1, 0, 1, 1, 0, 0])
    metrics = {metric.name: metric.challenger for metric in paired_metrics(loans, loans, FEW)}
    assert metrics["auc"] == pytest.approx(roc_auc_score(loans.bad, loans.probability))
    assert metrics["log_loss"] == pytest.approx(log_loss(loans.bad, loans.probability))
    assert metrics["brier"] == pytest.approx(np.mean((loans.probability - loans.bad) ** 2))
    assert metrics["recall_at_rules_visits"] == pytest.approx(1 / 3)


def comparison() -> PairedComparison:
    old = evaluated_loans_of([0.9, 0.8, 0.6, 0.3, 0.2, 0.1], [0, 2, 0, 1, 0, 0], [1, 0, 1, 1, 0, 0])
    new = evaluated_loans_of([0.9, 0.1, 0.6, 0.3, 0.2, 0.8], [0, 2, 0, 1, 0, 0], [1, 0, 1, 1, 0, 0])
    metrics, swaps = tuple(paired_metrics(old, new, FEW)), swap_sets(old, new)
    return PairedComparison("1-a", "2-b", "2025-03-31", "2025-03-31", 6, 3, 6, 2, 50, metrics, swaps, 2, ())


@pytest.mark.parametrize(("lang", "title"), [("zh", "在用模型与挑战者"), ("en", "Champion and challenger")])
def test_the_page_has_every_metric_and_both_tables(lang: str, title: str) -> None:
    page = comparison_html(comparison(), lang)  # type: ignore[arg-type]
    assert f"<title>{title}</title>" in page
    assert page.count("<table>") == 3
    assert page.count("<tr>") == 6 + 10 + 5
    assert "{{" not in page


def test_the_lines_say_who_changes_colour() -> None:
    lines = list(lines_for_reader(comparison_lines(comparison())))
    assert {"2 行变色", "2 rows change colour"} <= set(lines)
    assert [line for line in lines if "→" in line and "bad" in line]


@pytest.fixture(scope="module")
def challenged(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    """The county with a second model, trained beside its champion."""
    own = county.copied_to(tmp_path_factory.mktemp("challenged") / "var", mlflow=True)
    quick = (SHIPPED_PLANS / "demo.toml").read_text().replace("trials = 3", "trials = 1")
    (own.data / "quick.toml").write_text(quick.replace("permuted_fits = 1", "permuted_fits = 0"))
    own.printed["train again"] = lights(own.data, "train", "--plan", own.data / "quick.toml")
    done(own.printed["train again"])
    return own


def test_training_prints_the_comparison_with_the_champion(challenged: County) -> None:
    compared = done(lights(challenged.data, "compare", "--challenger", "2")).splitlines()
    assert challenged.printed["train again"].stdout.splitlines()[-len(compared) + 2 :] == compared[2:]


def test_a_champion_that_cannot_be_scored_is_told_in_both_languages(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var")
    challenger, card = own.store.models.bundle(1), own.data / "models" / "1" / "card.json"
    (card.parent / "checksums.json").unlink()
    card.write_text(card.read_text("utf-8").replace('"days_past_due"', '"shoe_size"'), "utf-8")
    told = compare_with_champion(own.data, challenger, pl.DataFrame())
    assert isinstance(told, Bilingual)
    assert told.en.startswith("Not compared with the model in use: Model 1 was trained on other columns")
    assert told.zh.startswith("未与在用模型比较：模型 1 的输入列")


def test_the_run_of_a_challenger_has_the_comparison_and_its_differences(challenged: County) -> None:
    folder = compared_run_folder(challenged)
    assert {path.name for path in folder.glob("comparison.*")} == {
        "comparison.json",
        "comparison.zh.html",
        "comparison.en.html",
    }
    stored = json.loads((folder / "comparison.json").read_text())
    with closing(sqlite3.connect(challenged.data / "mlflow" / "mlflow.db")) as database:
        metrics = dict(database.execute("SELECT key, value FROM metrics WHERE key LIKE 'difference_%'").fetchall())
    for metric in stored["metrics"]:
        assert metrics[f"difference_{metric['name']}"] == pytest.approx(metric["difference"]["value"])
        assert metrics[f"difference_{metric['name']}_low"] == pytest.approx(metric["difference"]["low"])


def compared_run_folder(county: County) -> Path:
    """The documents of the run that has a comparison; other copies of the county write beside it."""
    runs = "SELECT DISTINCT artifact_uri FROM runs JOIN metrics USING (run_uuid) WHERE metrics.key LIKE 'difference_%'"
    with closing(sqlite3.connect(county.data / "mlflow" / "mlflow.db")) as database:
        [[uri]] = database.execute(runs).fetchall()
    return Path(uri.removeprefix("file://"))


def test_the_command_compares_prints_and_writes_both_pages(challenged: County, tmp_path: Path) -> None:
    said = done(lights(challenged.data, "compare", "--html", tmp_path))
    assert said.startswith("在用 1-")
    assert {path.name for path in tmp_path.iterdir()} == {"comparison.zh.html", "comparison.en.html"}
    answer = json.loads(done(lights(challenged.data, "compare", "--champion", "2", "--challenger", "1", "--json")))
    [turned] = [metric for metric in answer["metrics"] if metric["name"] == "auc"]
    assert turned["difference"]["low"] <= turned["difference"]["value"] <= turned["difference"]["high"]
    assert sum(cell["loans"] for cell in answer["swaps"]["lights"]) == answer["loans"]
    assert answer["cautions"] == []
