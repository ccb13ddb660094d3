"""The additive model and blends: curves by hand, exact contributions, and bundles of each kind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from features.messages import UserError
from models.additive import AdditiveModel, Curve, additive_model_of
from models.boosting import Trees, columns_of
from models.bundle import Bundle, read, write
from models.raw_score import Blend, ModelColumn, RawScore
from tests.models.frames import fitted_bundle, outcome, random_frame
from training.additive_fit import AdditiveFit

FRAME = random_frame(600, 11)
TREES = fitted_bundle()
COLUMNS = columns_of(MODEL_COLUMNS)
ADDITIVE = AdditiveFit(FRAME.with_columns(outcome(FRAME, 11)), COLUMNS).fit(0.01)
SCORES: dict[str, RawScore] = {
    "trees": TREES.score,
    "additive": ADDITIVE,
    "blend": Blend(((0.25, TREES.score), (0.75, ADDITIVE))),
}
KINDS = pytest.mark.parametrize("kind", list(SCORES))


def bundle_of(kind: str) -> Bundle:
    return replace(TREES, score=SCORES[kind])


def test_a_curve_is_straight_between_its_knots_and_constant_beyond() -> None:
    curve = Curve(scale=1.0, knots=(0.0, 1.0, 2.0), values=(0.0, 1.0, 3.0), missing=0.5)
    read = np.array([-5.0, 0.0, 0.5, 1.5, 2.0, 9.0])
    cells = np.sign(read) * np.expm1(np.abs(read))
    assert curve.added(cells, is_code=False) == pytest.approx([0.0, 0.0, 0.5, 2.0, 3.0, 3.0])
    assert curve.added(np.array([np.nan]), is_code=False).tolist() == [0.5]


def test_a_level_has_its_own_value_and_one_without_a_knot_counts_as_missing() -> None:
    curve = Curve(scale=1.0, knots=(0.0, 2.0), values=(-1.0, 1.0), missing=0.25)
    assert curve.added(np.array([0.0, 1.0, 2.0, 3.0, np.nan]), is_code=True).tolist() == [-1.0, 0.25, 1.0, 0.25, 0.25]


@pytest.mark.parametrize(
    ("knots", "values", "scale"),
    [((0.0, 1.0), (0.0,), 1.0), ((1.0, 0.0), (0.0, 1.0), 1.0), ((0.0, 0.0), (0.0, 1.0), 1.0), ((), (), 0.0)],
)
def test_a_curve_that_is_none_is_refused(knots: tuple[float, ...], values: tuple[float, ...], scale: float) -> None:
    with pytest.raises(ValueError, match="curve"):
        Curve(scale, knots, values)


@KINDS
def test_contributions_sum_to_the_score_and_the_calibrated_ones_to_the_log_odds(kind: str) -> None:
    raw = SCORES[kind].explain(FRAME)
    assert np.abs(raw.contributions.sum(axis=1) - SCORES[kind].log_odds(FRAME)).max() < 1e-7
    explained = bundle_of(kind).explain(FRAME)
    probability = bundle_of(kind).probability(FRAME)
    assert explained.log_odds == pytest.approx(np.log(probability / (1 - probability)), abs=1e-6)


@KINDS
def test_a_row_alone_has_the_score_and_the_reasons_it_has_in_a_batch(kind: str) -> None:
    batch, alone = SCORES[kind].explain(FRAME), SCORES[kind].explain(FRAME[7:8])
    assert alone.scores[0] == pytest.approx(batch.scores[7], abs=1e-12)
    assert alone.contributions[0] == pytest.approx(batch.contributions[7], abs=1e-7)


def test_the_additive_models_base_is_the_mean_log_odds_of_its_rows() -> None:
    assert ADDITIVE.base == pytest.approx(ADDITIVE.log_odds(FRAME).mean())
    assert np.abs(ADDITIVE.explain(FRAME).contributions[:, :-1].mean(axis=0)).max() < 1e-9


@KINDS
def test_a_bundle_of_each_kind_is_read_as_it_was_written(kind: str, tmp_path: Path) -> None:
    bundle = bundle_of(kind)
    write(bundle, tmp_path / "7")
    again = read(tmp_path / "7")
    assert again.version == bundle.version
    assert again.probability(FRAME).tolist() == bundle.probability(FRAME).tolist()
    assert (again.trees is None) == (kind == "additive")


def test_the_three_kinds_have_versions_of_their_own() -> None:
    assert len({bundle_of(kind).version for kind in SCORES}) == 3
    heavier = replace(TREES, score=Blend(((0.5, TREES.score), (0.5, ADDITIVE))))
    assert heavier.version != bundle_of("blend").version


def test_a_blend_without_one_of_its_files_is_refused_with_the_files_name(tmp_path: Path) -> None:
    write(bundle_of("blend"), tmp_path / "7")
    (tmp_path / "7" / "additive.json").unlink()
    with pytest.raises(UserError, match=r"additive\.json"):
        read(tmp_path / "7")


@pytest.mark.parametrize("kind", ["trees", "additive"])
def test_a_single_model_in_place_of_a_blend_is_read_without_the_blends_files(kind: str, tmp_path: Path) -> None:
    write(bundle_of("blend"), tmp_path / "7")
    write(replace(read(tmp_path / "7"), score=SCORES[kind]), tmp_path / "8")
    assert read(tmp_path / "8").score.text == SCORES[kind].text


def test_an_additive_model_of_other_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="different columns"):
        additive_model_of(ADDITIVE.text, COLUMNS[1:])
    with pytest.raises(ValueError, match="curves for"):
        AdditiveModel(0.0, (ModelColumn("savings", -1),), ())


def test_the_text_holds_the_whole_model() -> None:
    assert additive_model_of(ADDITIVE.text, COLUMNS) == ADDITIVE
    assert set(json.loads(ADDITIVE.text)["curves"]) == {column.name for column in COLUMNS}


def test_trees_are_found_in_a_blend() -> None:
    assert isinstance(bundle_of("blend").trees, Trees)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(KeyError, match="days_past_due"):
        ADDITIVE.log_odds(pl.DataFrame({"savings": [1.0]}))
