"""Promotion and rollback are recorded, say who changes colour; other thresholds are a new version of the same trees."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.messages import UserError
from models.budget_use import budget_sentences
from models.bundle import read
from models.registry import ModelStore
from tests.conftest import County
from tests.gate_files import everybody_passes, nobody_passes
from tests.running_service import done, lights, refused
from training.plan import LightPolicy, MonthVisits
from training.threshold_search import choose_light_policy

CAPACITY = """
keeps = 0.9
[chosen]
by = "capacity"
each = "bank"
red_in_100 = 2
lit_in_100 = 15
"""


@pytest.fixture(scope="module")
def store(county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The county's store with other thresholds registered as challenger, as version 2."""
    data = county.copied_to(tmp_path_factory.mktemp("promotion") / "var", mlflow=True).data
    table = data / "by_bank.toml"
    table.write_text(CAPACITY)
    done(lights(data, "thresholds", table, "--reason", "each bank visits 15 of 100"))
    return data


def test_other_thresholds_are_shown_before_they_are_registered(county: County, tmp_path: Path) -> None:
    (tmp_path / "by_bank.toml").write_text(CAPACITY)
    said = done(lights(county.data, "thresholds", tmp_path / "by_bank.toml"))
    assert "loans change colour" in said
    assert "challenger" not in said
    assert county.store.models.number_of("challenger") == 1


def test_a_model_with_other_thresholds_has_the_same_trees_and_calibration(store: Path) -> None:
    one, two = read(store / "models" / "1"), read(store / "models" / "2")
    assert (two.score.text, two.calibration) == (one.score.text, one.calibration)
    assert (two.policy.by, two.policy.keeps) == ("bank", 0.9)
    assert two.policy.version != one.policy.version
    assert two.card["trees_of"] == 1


@pytest.mark.parametrize(
    ("text", "fault"), [("keeps = 2", "keeps"), ("[chosen]\nby = 'mood'", "chosen"), ("x", "cannot be read")]
)
def test_a_faulty_choice_of_thresholds_is_refused(county: County, tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "choice.toml").write_text(text)
    assert fault in refused(lights(county.data, "thresholds", tmp_path / "choice.toml"))


def test_a_promotion_says_who_changes_colour_and_a_rollback_undoes_it(store: Path) -> None:
    said = done(lights(store, "promote", "2", "--reason", "banks asked for it", "--gate", everybody_passes(store)))
    assert "champion: 2\n" in said
    assert "loans change colour" in said
    assert "champion: 1\n" in done(lights(store, "rollback", "--reason", "too many visits"))
    told = [(entry["alias"], entry["number"], entry["reason"]) for entry in ModelStore(store / "models").history]
    assert told[-2:] == [("champion", 2, "banks asked for it"), ("champion", 1, "too many visits")]


def test_a_gate_that_nobody_passes_refuses_with_the_list_of_it(store: Path) -> None:
    before = ModelStore(store / "models").history
    said = refused(lights(store, "promote", "2", "--reason", "in a hurry", "--gate", nobody_passes(store)))
    assert "Model 2 does not pass the gate:" in said
    assert "the model's AUC is" in said
    assert "at least 1 is asked" in said
    assert "--force" in said
    assert ModelStore(store / "models").history == before


def test_a_promotion_in_spite_of_the_gate_keeps_what_failed(store: Path) -> None:
    asked = ("--gate", nobody_passes(store), "--force")
    assert "champion: 2\n" in done(lights(store, "promote", "2", "--reason", "the county insists", *asked))
    last = ModelStore(store / "models").history[-1]
    assert (last["alias"], last["number"], last["reason"]) == ("champion", 2, "the county insists")
    assert "floor.auc" in last["in_spite_of"]  # type: ignore[operator]


def test_the_gate_tells_every_criterion_and_writes_its_report_in_both_languages(county: County, tmp_path: Path) -> None:
    ran = lights(county.data, "gate", "--model", "champion", "--html", tmp_path)
    assert ran.returncode in (0, 1), ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[-1].startswith("gate 2: ")
    assert ("passes" in lines[-1]) == (ran.returncode == 0) == all(line[0] != "✗" for line in lines)
    assert {"evidence", "floor.auc", "leaks.permuted_to", "drift.features_above"} <= {
        line.split()[1] for line in lines if line[0] in "✓✗"
    }
    pages = {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.html")}
    assert len(pages) == 2
    assert all(page.startswith("<!doctype html>") and page.rstrip().endswith("</html>") for page in pages.values())


def test_a_month_is_offered_the_thresholds_of_its_manifest_and_nothing_is_registered(county: County) -> None:
    use = county.month.budget_use
    assert use is not None
    said = done(lights(county.data, "thresholds", "--as-of", county.newest))
    assert said.splitlines() == [line for each in budget_sentences(use, county.newest) for line in (each.zh, each.en)]
    assert county.store.models.number_of("challenger") == 1


def test_thresholds_for_so_many_visits_light_exactly_as_many_once_they_are_in_force(
    county: County, tmp_path: Path
) -> None:
    own = county.copied_to(tmp_path / "var", mlflow=True)
    before = own.month.budget_use
    assert before is not None
    visits = before.apart + (before.lit - before.apart) // 2
    month = ("--as-of", own.newest, "--visits", visits)
    assert "challenger" not in done(lights(own.data, "thresholds", *month))
    said = done(lights(own.data, "thresholds", *month, "--reason", "half the visits"))
    assert said.endswith("challenger\n")
    number = own.store.models.number_of("challenger")
    assert number == 2
    policy = own.store.models.bundle(number).policy
    assert (policy.chosen_by, policy.terms["visits"]["lit"]) == ("visits", visits)
    assert own.store.models.history[-1]["reason"] == "half the visits"
    done(lights(own.data, "promote", "2", "--reason", "half the visits", "--force"))
    done(lights(own.data, "score", "--as-of", own.newest))
    after = own.month.budget_use
    assert after is not None
    assert (after.lit, after.budget_lit, after.verdict) == (visits, visits, "fine")
    assert after.offer is not None
    assert after.offer.changed_loans == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as-of", "2025-12-30"), "2025-12-30 is no month end; for example 2025-12-31 is."),
        (("--as-of", "2016-01-31"), "No open loan is known by 2016-01-31."),
    ],
)
def test_a_month_without_loans_has_no_thresholds(county: County, words: tuple[str, str], said: str) -> None:
    assert said in refused(lights(county.data, "thresholds", *words))


def test_a_file_and_a_month_are_not_both_taken(county: County, tmp_path: Path) -> None:
    (tmp_path / "by_bank.toml").write_text(CAPACITY)
    assert lights(county.data, "thresholds", tmp_path / "by_bank.toml", "--visits", 3).returncode == 2


def test_visits_of_one_month_are_refused_in_a_training_plan() -> None:
    rows = pl.DataFrame({"loan_id": ["a"], "as_of": [date(2025, 6, 30)]})
    plan = LightPolicy(chosen=MonthVisits(by="visits", as_of=date(2025, 6, 30), lit=1))
    with pytest.raises(UserError, match="for lights thresholds, not for a training plan"):
        choose_light_policy(rows, np.array([0.5]), plan)


def test_without_a_champion_before_there_is_nothing_to_go_back_to(county: County) -> None:
    assert "no other champion to go back to" in refused(lights(county.data, "rollback", "--reason", "just so"))


def test_the_card_says_what_made_the_model(county: County) -> None:
    card: dict[str, Any] = json.loads((county.data / "models" / "1" / "card.json").read_text())
    assert set(card["folds"]) == {"fit", "calibration", "policy", "judgement"}
    assert card["search"]["loss"] <= card["search"]["loss_of_plan"]
    assert card["code_version"].startswith(f"{version('county-lights')}+")
    held: Callable[[str], int] = lambda fold: card["folds"][fold]["bad"]  # noqa: E731
    assert all(held(fold) > 0 for fold in card["folds"])
