"""A model that has not passed the gate scores in shadow: published beside the rules' lights, it moves none of them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from models.registry import ModelStore
from serving.months.repository import MonthRepository
from tests import http_requests
from tests.conftest import County
from tests.gate_files import everybody_passes
from tests.running_service import done, lights, refused, serving
from training.light_changes import newest_month_end

NOTE = "has not passed the gate and runs in shadow"


@pytest.fixture(scope="module")
def shadowed(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    """The county as it was after its training, before anybody promoted the model; its newest month published."""
    alone = county.copied_to(tmp_path_factory.mktemp("shadowed") / "var", mlflow=True)
    history = alone.data / "models" / "history.jsonl"
    history.write_text(history.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    for name in ("editions", "warnings"):
        shutil.rmtree(alone.data / name)
    alone.printed["score"] = lights(alone.data, "score", "--as-of", alone.newest)
    done(alone.printed["score"])
    return alone


def test_the_lights_are_those_of_the_rules(shadowed: County, by_rules: County) -> None:
    columns = ["loan_id", "light", "rule_light", "rules", "action", "status"]
    assert shadowed.warnings.select(columns).equals(by_rules.warnings.select(columns))
    assert shadowed.month.manifest.lights == by_rules.month.manifest.lights


def test_the_model_is_published_beside_them_and_marked(shadowed: County, county: County) -> None:
    ours, theirs = shadowed.warnings, county.warnings
    assert ours["shadow"].all()
    assert not theirs["shadow"].any()
    columns = ["loan_id", "probability", "score_rank", "reasons", "base_value", "model_version"]
    assert ours.select(columns).equals(theirs.select(columns))
    assert ours.filter(pl.col("model_light") != pl.col("light")).height > 0


def test_score_manifest_and_explanation_say_so(shadowed: County) -> None:
    manifest = shadowed.month.manifest
    assert (manifest.shadow, manifest.model_refused) == (True, None)
    assert NOTE in shadowed.printed["score"].stdout
    household = shadowed.warnings["household_id"][0]
    said = {lang: done(lights(shadowed.data, "explain", household, "--lang", lang)) for lang in ("zh", "en")}
    assert NOTE in said["en"]
    assert "只作影子运行" in said["zh"]


def test_every_page_and_answer_says_so(shadowed: County) -> None:
    household, loan = shadowed.warnings.row(0, named=True)["household_id"], shadowed.warnings["loan_id"][0]
    with serving(shadowed.data) as address:
        for path in ("/", "/board", "/maturities", f"/households/{household}", "/model"):
            assert NOTE in http_requests.get(f"{address}{path}?lang=en").text, path
        api = f"{address}/api/v1"
        assert http_requests.get(f"{api}/warnings").json()["shadow"] is True
        assert http_requests.get(f"{api}/loans/{loan}/warning").json()["shadow"] is True
        model = http_requests.get(f"{api}/model").json()
        ready = http_requests.get(f"{address}/health/ready").json()
    assert (model["shadow"], model["model_version"]) == (True, shadowed.month.manifest.model_version)
    assert (ready["champion"], ready["shadow"]) == ("none", "1")


def test_a_household_judged_alone_has_the_light_of_the_month(shadowed: County) -> None:
    household = shadowed.one_of_each()["yellow"]
    with serving(shadowed.data) as address:
        fact = {"kind": "more_time", "loan_id": _first_loan(shadowed, household), "new_matures_on": "2027-06-30"}
        answer = http_requests.post(f"{address}/api/v1/households/{household}/what-if", json={"facts": [fact]})
    answer.raise_for_status()
    first = answer.json()["loans"][0]
    assert first["before"]["shadow"] is True
    assert first["before"]["light"] == first["before"]["rule_light"]
    assert first["after"]["light"] == first["after"]["rule_light"]


def _first_loan(county: County, household: str) -> str:
    return str(county.warnings.filter(pl.col("household_id") == household)["loan_id"][0])


def test_a_command_for_the_champion_names_the_challenger(shadowed: County) -> None:
    said = refused(lights(shadowed.data, "evaluate"))
    assert "none has passed the gate yet; the newest is the challenger 1" in said


def test_a_replay_gives_the_month_again(shadowed: County) -> None:
    assert "equal" in done(lights(shadowed.data, "replay", "--as-of", shadowed.newest))


def test_reports_say_so(shadowed: County, tmp_path: Path) -> None:
    done(lights(shadowed.data, "report", "--as-of", shadowed.newest, "--out", tmp_path, "--lang", "en"))
    pages = [path.read_text("utf-8") for path in tmp_path.rglob("*.html")]
    assert any(NOTE in page for page in pages)


def test_nobody_is_drawn_for_a_trial_of_visits_by_its_threshold(shadowed: County, tmp_path: Path) -> None:
    own = shadowed.copied_to(tmp_path / "var")
    numbers = "[policy.visit_study]\ndrawn_share = 1.0\ndrawn_from = 0.01\n"
    (own.data / "policy.toml").write_text(f'[[policy]]\nsince = 2020-01-01\nsource = "a test"\n{numbers}', "utf-8")
    done(lights(own.data, "score", "--as-of", own.newest))
    assert own.month.manifest.edition == 2
    assert own.warnings.select("loan_id", "action").equals(shadowed.warnings.select("loan_id", "action"))
    effect = json.loads(done(lights(own.data, "cases", "effect", "--json")))
    assert set(effect["left_out"].values()) == {"model_in_shadow"}


def test_the_budget_of_visits_offers_no_thresholds(shadowed: County) -> None:
    use = shadowed.month.budget_use
    assert use is not None
    sound = shadowed.warnings.filter(pl.col("status") != "bad")
    assert (use.offer, use.lit) == (None, sound.filter(pl.col("light") != "green").height)
    assert use.rules_lit == sound.filter(pl.col("rule_light") != "green").height


def test_a_forced_promotion_ends_the_shadow_and_keeps_what_failed(shadowed: County, tmp_path: Path) -> None:
    own = shadowed.copied_to(tmp_path / "var", mlflow=True)
    done(lights(own.data, "promote", "challenger", "--force", "--reason", "the county insists"))
    assert "evidence.policy" in str(ModelStore(own.data / "models").history[-1]["in_spite_of"])
    done(lights(own.data, "score", "--as-of", own.newest))
    assert (own.month.manifest.shadow, own.warnings["shadow"].any()) == (False, False)
    assert own.warnings.filter(pl.col("light") != pl.col("rule_light")).height > 0


def test_the_promotion_says_who_changes_colour(shadowed: County, tmp_path: Path) -> None:
    own = shadowed.copied_to(tmp_path / "var", mlflow=True)
    day = newest_month_end(own.store.ledger)

    def published() -> pl.DataFrame:
        done(lights(own.data, "score", "--as-of", day))
        rows = MonthRepository(own.store).month(day).scan("warnings").select("loan_id", "status", "light")
        return rows.filter(pl.col("status") != "bad").collect()

    before = published()
    said = done(lights(own.data, "promote", "1", "--force", "--reason", "the county insists"))
    after = published().select("loan_id", after="light")
    counts = before.join(after, on="loan_id").group_by("light", "after").len().cast({"light": pl.String})
    found = re.findall(r"(green|yellow|red) → (green|yellow|red): ([\d,]+)", said)
    assert {(one, other): int(count.replace(",", "")) for one, other, count in found} == {
        (one, other): count for one, other, count in counts.cast({"after": pl.String}).rows()
    }
    assert f"{day}: " in said


def test_the_first_model_that_passes_the_gate_becomes_champion(shadowed: County, tmp_path: Path) -> None:
    own = shadowed.copied_to(tmp_path / "var", mlflow=True)
    asked = ("--plan", "demo", "--gate", everybody_passes(tmp_path), "--json")
    told = json.loads(done(lights(own.data, "train", *asked)))
    assert (told["alias"], told["shadow"]) == ("champion", False)
    assert all(each["passed"] for each in told["gate"]["criteria"])
    assert ModelStore(own.data / "models").number_of("champion") == 2
