"""A model that does not fit today's code is refused, saying what is wrong; the month is then lit by the rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.messages import UserError
from models.bundle import read, write
from models.raw_score import Blend
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests import http_requests
from tests.conftest import County
from tests.models.frames import fitted_bundle, outcome, random_frame
from tests.running_service import done, lights, serving
from training.additive_fit import AdditiveFit

Card = dict[str, Any]
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


def renamed(card: Card) -> None:
    card["columns"][0]["name"] = "shoe_size"


def left_out(card: Card) -> None:
    del card["columns"][0]


def added(card: Card) -> None:
    card["columns"].append({"name": "shoe_size", "sign": 0, "levels": []})


def turned_round(card: Card) -> None:
    card["columns"].reverse()


def other_levels(card: Card) -> None:
    next(column for column in card["columns"] if column["levels"])["levels"].append("shoes")


def changed(bundle: Path, change: Callable[[Card], None]) -> None:
    card = json.loads((bundle / "card.json").read_text())
    change(card)
    (bundle / "card.json").write_text(json.dumps(card))


@pytest.fixture(scope="module")
def blended(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    """The county whose champion has a blend of trees and curves in the place of its score.

    It has no checksums, as one that an earlier program wrote: what else is checked has to hold alone.
    """
    own = county.copied_to(tmp_path_factory.mktemp("blended") / "var")
    folder = own.data / "models" / "1"
    champion, trees = read(folder), fitted_bundle().score
    rows = random_frame(300, 3)
    curves = AdditiveFit(rows.with_columns(outcome(rows, 3)), trees.columns).fit(0.01)
    shutil.rmtree(folder)
    write(replace(champion, score=Blend(((0.5, trees), (0.5, curves)))), folder)
    (folder / "checksums.json").unlink()
    return own


@pytest.fixture
def bundle(blended: County, tmp_path: Path) -> Path:
    """The champion's folder, in a store of its own."""
    return blended.copied_to(tmp_path / "var").data / "models" / "1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (renamed, "shoe_size"),
        (left_out, "only the catalogue has"),
        (added, "shoe_size"),
        (turned_round, "the order differs"),
        (other_levels, "only the model has"),
    ],
)
def test_other_columns_than_the_catalogues_are_refused_by_name(
    bundle: Path, change: Callable[[Card], None], said: str
) -> None:
    changed(bundle, change)
    with pytest.raises(UserError) as refusal:
        read(bundle)
    assert said in refusal.value.message.en
    assert "输入列与当前特征目录不一致" in refusal.value.message.zh


def test_a_text_with_other_columns_than_its_card_is_refused(bundle: Path) -> None:
    text = (bundle / "model.txt").read_text()
    first = json.loads((bundle / "card.json").read_text())["columns"][0]["name"]
    (bundle / "model.txt").write_text(text.replace(f"feature_names={first} ", "feature_names=shoe_size "))
    with pytest.raises(UserError, match="different columns"):
        read(bundle)


@pytest.mark.parametrize(
    "name", ["model.txt", "additive.json", "hazards.json", "card.json", "calibration.json", "policy.json"]
)
def test_a_missing_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(UserError, match=name):
        read(bundle)


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.95])
@pytest.mark.parametrize(
    "name", ["model.txt", "additive.json", "hazards.json", "card.json", "calibration.json", "policy.json"]
)
def test_part_of_a_file_is_refused(bundle: Path, name: str, share: float) -> None:
    whole = (bundle / name).read_text()
    end = whole.find("\nend of trees") if name == "model.txt" else len(whole)
    (bundle / name).write_text(whole[: int(share * end)])
    with pytest.raises(UserError, match=r"cannot be read"):
        read(bundle)


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        ("Tree=1\n", "Tree=2\n"),  # a tree twice
        ("leaf_value=", "leaf_value=x"),
        ("\nleaf_value=", "\nleaf_valve="),
        ("\ntree_sizes=", "\ntree_sizes=1"),
        ("\nTree=1\n", "\n\nTree=1\n"),
    ],
)
def test_a_text_that_is_not_what_was_written_is_refused(bundle: Path, was: str, is_now: str) -> None:
    text = (bundle / "model.txt").read_text()
    assert was in text
    (bundle / "model.txt").write_text(text.replace(was, is_now, 1))
    with pytest.raises(UserError, match=r"cannot be read"):
        read(bundle)


def test_hazards_that_the_card_does_not_name_are_refused(bundle: Path) -> None:
    stored = json.loads((bundle / "hazards.json").read_text())
    (bundle / "hazards.json").write_text(json.dumps({**stored, "horizon_months": 5}))
    with pytest.raises(UserError, match=r"hazards\.json is not the file that the card names"):
        read(bundle)


def test_hazards_belong_to_the_version_of_a_model(bundle: Path, tmp_path: Path) -> None:
    model = read(bundle)
    without = replace(model, hazards=None)
    write(without, tmp_path / "1")
    assert not (tmp_path / "1" / "hazards.json").exists()
    assert read(tmp_path / "1").version == without.version != model.version


def test_a_model_of_earlier_programs_foretells_no_single_months(county: County, bundle: Path) -> None:
    loans = county.facts.filter(~pl.col("has_gone_bad"))
    model = read(bundle)
    probability = model.probability(loans)
    with_hazards = model.time_to_bad(loans, probability, county.newest)
    without = replace(model, hazards=None).time_to_bad(loans, probability, county.newest)
    assert with_hazards["probability_1m"].null_count() == 0
    assert without.schema == with_hazards.schema
    assert without.null_count().row(0) == (loans.height,) * len(without.columns)


def test_a_month_is_then_not_scored_unless_by_the_rules_alone_as_asked(county: County, bundle: Path) -> None:
    changed(bundle, renamed)
    data = bundle.parent.parent
    ran = lights(data, "score", "--as-of", county.newest)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "shoe_size" in ran.stderr
    assert "--rules-only" in ran.stderr
    assert DataFolder(data).warnings.exists()
    assert MonthRepository(DataFolder(data)).month().edition == 1
    printed = done(lights(data, "score", "--as-of", county.newest, "--rules-only"))
    assert "by the rules alone: --rules-only" in printed
    manifest = json.loads(done(lights(data, "score", "--as-of", county.newest, "--rules-only", "--json")))
    assert (manifest["edition"], manifest["model_version"]) == (2, "none")


def test_the_interface_then_says_why_there_is_no_model(bundle: Path) -> None:
    changed(bundle, renamed)
    with serving(bundle.parent.parent) as address:
        answer = http_requests.get(f"{address}/api/v1/model").json()
        assert (answer["model_version"], answer["card"], answer["policy"]) == (None, None, None)
        assert "shoe_size" in answer["refused"]
        assert [entry["alias"] for entry in answer["history"]] == ["challenger", "champion"]


def test_no_file_of_the_store_is_a_pickle(county: County) -> None:
    files = [path for path in county.data.rglob("*") if path.is_file()]
    named = [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib", ".cloudpickle")]
    begun = [path for path in files if path.read_bytes()[:2] in PICKLES]
    assert (named, begun) == ([], [])
    score_files = {path.name for path in (county.data / "models" / "1").iterdir()} & {"model.txt", "additive.json"}
    assert score_files
