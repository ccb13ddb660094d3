"""An alias moved by hand in MLflow changes no light, and every command that depends on it says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.months import month_end_after
from models.mlflow_aliases import MovedAlias, differing_aliases, mlflow_url, moved_aliases
from models.registry import ModelStore
from serving.months.published_editions import month_folder_name
from tests.conftest import County
from tests.running_service import CHINESE, done, lights

BY_BANK = "keeps = 0.9\n[chosen]\nby = 'capacity'\neach = 'bank'\nred_in_100 = 2\nlit_in_100 = 15"
MOVE = (
    "import sys, mlflow\nclient = mlflow.MlflowClient(sys.argv[1])\n"
    "client.set_registered_model_alias('county-lights', sys.argv[2], sys.argv[3]) if sys.argv[3] else "
    "client.delete_registered_model_alias('county-lights', sys.argv[2])"
)


def move_alias(data: Path, alias: str, version: str) -> None:
    """As a person does in MLflow's pages; an empty version takes the alias away."""
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    words = [sys.executable, "-c", MOVE, mlflow_url(data), alias, version]
    subprocess.run(words, env={**os.environ, **quiet}, capture_output=True, timeout=120, check=True)


@pytest.fixture(scope="module")
def moved(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    """The county with a challenger, version 2, to which somebody gave MLflow's champion."""
    own = county.copied_to(tmp_path_factory.mktemp("moved") / "var", mlflow=True)
    (own.data / "by_bank.toml").write_text(BY_BANK)
    done(lights(own.data, "thresholds", own.data / "by_bank.toml", "--reason", "fewer visits"))
    assert moved_aliases(own.data) == ()
    move_alias(own.data, "champion", "2")
    return own


def test_score_tells_it_in_both_languages_in_json_and_keeps_the_model(moved: County) -> None:
    ran = lights(moved.data, "score", "--as-of", moved.newest)
    zh, en = [line for line in done(ran).splitlines() if "MLflow" in line]
    assert CHINESE.search(zh)
    assert "In MLflow champion is version 2, in use here is version 1" in en
    assert "lights promote 2 --reason" in en
    answer = json.loads(done(lights(moved.data, "score", "--as-of", moved.newest, "--json")))
    assert [(each["alias"], each["in_mlflow"], each["in_use"]) for each in answer["moved_aliases"]] == [
        ("champion", 2, 1)
    ]
    assert answer["model_version"].startswith("1-")


def test_a_month_published_meanwhile_keeps_it_in_its_manifest(moved: County) -> None:
    earlier = month_end_after(moved.newest, -2)
    done(lights(moved.data, "score", "--as-of", earlier, "--incomplete", "an early month"))
    [manifest] = (moved.data / "editions" / month_folder_name(earlier)).rglob("manifest.json")
    assert [each["in_mlflow"] for each in json.loads(manifest.read_text())["moved_aliases"]] == [2]


def test_monitor_has_a_finding_that_can_be_acknowledged(moved: County) -> None:
    ran = lights(moved.data, "monitor", "--as-of", moved.newest, "--json")
    [finding] = [each for each in json.loads(ran.stdout)["findings"] if each["kind"] == "alias_moved"]
    assert (finding["code"], finding["value"], finding["bound"]) == ("alias_moved:champion", 2, 1)
    words = ("--acknowledge", finding["code"], "--reason", "an analyst tries something")
    again = json.loads(lights(moved.data, "monitor", "--as-of", moved.newest, *words, "--json").stdout)
    [finding] = [each for each in again["findings"] if each["kind"] == "alias_moved"]
    assert finding["acknowledged"]["reason"] == "an analyst tries something"


def test_gate_tells_it_beside_its_result(moved: County) -> None:
    ran = lights(moved.data, "gate", "--model", "1", "--json")
    assert "in use here is version 1" in ran.stderr
    assert json.loads(ran.stdout)["moved_aliases"][0]["en"].startswith("In MLflow champion is version 2")


def test_what_mlflow_itself_answers_is_what_its_file_says(moved: County) -> None:
    program = (
        "import json, sys; from pathlib import Path; from training.publish import Registry\n"
        "print(json.dumps(Registry(Path(sys.argv[1])).aliases()))"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(moved.data)], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout.splitlines()[-1]) == {"champion": 2, "challenger": 2}


def test_another_database_is_not_checked_by_score_and_that_is_a_note_of_the_monitor(moved: County) -> None:
    elsewhere = ("--mlflow", "postgresql://mlflow.county/mlflow")
    answer = json.loads(done(lights(moved.data, "score", "--as-of", moved.newest, *elsewhere, "--json")))
    assert answer["moved_aliases"] is None
    watch = json.loads(lights(moved.data, "monitor", "--as-of", moved.newest, *elsewhere, "--json").stdout)
    assert [note for note in watch["notes"] if "aliases were not checked" in note["en"]]
    assert [each for each in watch["findings"] if each["kind"] == "alias_moved"] == []


@pytest.mark.parametrize(
    ("in_mlflow", "moved_ones"),
    [
        ({"champion": 1, "challenger": 2}, ()),
        ({"champion": 1, "challenger": 3}, (MovedAlias("challenger", 3, 2),)),
        ({"champion": 2, "challenger": None}, (MovedAlias("champion", 2, 1), MovedAlias("challenger", None, 2))),
    ],
)
def test_each_alias_is_compared_with_the_history(
    moved: County, in_mlflow: dict[str, int | None], moved_ones: tuple[MovedAlias, ...]
) -> None:
    assert differing_aliases(moved.store.models, in_mlflow) == moved_ones


def test_an_alias_taken_away_and_a_promotion_that_puts_it_right(moved: County) -> None:
    move_alias(moved.data, "champion", "")
    assert moved_aliases(moved.data) == (MovedAlias("champion", None, 1),)
    ran = lights(moved.data, "promote", "2", "--reason", "as the analyst asked", "--force")
    assert "champion: 2\n" in done(ran)
    assert "In MLflow no version is champion" in ran.stderr
    assert moved_aliases(moved.data) == ()
    assert ModelStore(moved.data / "models").number_of("champion") == 2


def test_a_store_without_mlflow_or_with_an_unreadable_file_is_no_moved_alias(county: County, tmp_path: Path) -> None:
    alone = county.copied_to(tmp_path / "var")
    assert moved_aliases(alone.data) == ()
    (alone.data / "mlflow").mkdir()
    (alone.data / "mlflow" / "mlflow.db").write_bytes(b"no database at all, but long enough to be read as one" * 20)
    assert moved_aliases(alone.data) is None
