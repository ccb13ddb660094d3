"""Signs on fitted models: those that hold are proved, those that break are found; a search over rows is referee."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.additive import AdditiveModel, Curve
from models.boosting import TrainingSet, TreeParams, Trees
from models.monotone_signs import sign_breaks
from models.raw_score import Blend, Floats, ModelColumn

RANDOM = np.random.default_rng(8)
ROWS = 4000
COLUMNS = (
    ModelColumn("days", 1),
    ModelColumn("cover", -1),
    ModelColumn("herd", 0),
    ModelColumn("product", 0, ("microloan", "revolving", "other")),
)


def frame(gaps: float) -> pl.DataFrame:
    """Loans in which days past due raise the risk only where the herd is small, with so many cells missing."""
    days, cover, herd = (RANDOM.normal(size=ROWS) for _ in range(3))
    product = RANDOM.choice(["microloan", "revolving", "other"], ROWS)
    score = np.where(herd > 0, -1.5, 1.0) * days - cover + (product == "other") + RANDOM.logistic(size=ROWS)
    numbers = {"days": days, "cover": cover, "herd": herd}
    missing = {name: RANDOM.random(ROWS) < gaps for name in numbers}
    cells = {name: np.where(missing[name], np.nan, values) for name, values in numbers.items()}
    return pl.DataFrame(cells, nan_to_null=True).with_columns(
        pl.Series("product", product), bad=pl.Series((score > 1).astype(np.int8))
    )


def trees_with(method: str, rows: pl.DataFrame, columns: tuple[ModelColumn, ...] = COLUMNS) -> Trees:
    """Trees fitted with one of LightGBM's ways to keep signs."""

    class Params(TreeParams):
        def for_lightgbm(self, columns: object) -> dict[str, object]:
            own = super().for_lightgbm(columns)  # type: ignore[arg-type]
            return own | {"monotone_constraints_method": method}

    params = Params(num_iterations=60, num_leaves=31, max_depth=6, lambda_l2=1.0, min_data_in_leaf=20)
    return Trees(TrainingSet(rows, columns).fit(replace(params, extra_trees=False, feature_fraction=1.0)).text, columns)


def worst_step(trees: Trees, rows: pl.DataFrame, name: str, sign: int) -> float:
    """The largest step against a sign that a search over rows and values finds, in raw score."""
    values = np.sort(RANDOM.choice(rows[name].drop_nulls().to_numpy(), 60, replace=False))
    scores: list[Floats] = [trees.log_odds(rows.with_columns(pl.lit(value).alias(name))) for value in values]
    highest = np.maximum.accumulate(sign * np.array(scores), axis=0)
    return float((highest - sign * np.array(scores)).max())


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_the_way_that_the_project_fits_keeps_every_sign(gaps: float) -> None:
    rows = frame(gaps)
    params = TreeParams(num_iterations=80, lambda_l2=1.0, extra_trees=False)
    trees = Trees(TrainingSet(rows, COLUMNS).fit(params).text, COLUMNS)
    assert sign_breaks(trees) == ()
    assert worst_step(trees, rows, "days", 1) == pytest.approx(0, abs=1e-9)


def test_signs_that_were_not_asked_for_are_found_broken_and_a_search_finds_no_larger_step() -> None:
    rows = frame(0.2)
    free = trees_with("basic", rows, tuple(replace(column, sign=0) for column in COLUMNS))
    declared = Trees(free.text, COLUMNS)
    breaks = {found.column: found for found in sign_breaks(declared)}
    assert "days" in breaks
    assert 0.1 < worst_step(declared, rows, "days", 1) <= breaks["days"].log_odds + 1e-9


@pytest.mark.parametrize("method", ["basic", "intermediate", "advanced"])
def test_what_a_search_over_rows_finds_is_never_passed_over(method: str) -> None:
    rows = frame(0.3)
    trees = trees_with(method, rows)
    breaks = {found.column: found.log_odds for found in sign_breaks(trees)}
    for column in COLUMNS[:2]:
        assert worst_step(trees, rows, column.name, column.sign) <= breaks.get(column.name, 0.0) + 1e-9
    if method == "basic":
        assert breaks == {}


def additive(values: tuple[float, ...]) -> AdditiveModel:
    flat = Curve(1.0, (0.0,), (0.0,))
    return AdditiveModel(0.0, COLUMNS, (Curve(1.0, (0.0, 1.0, 2.0), values), flat, flat, flat))


@pytest.mark.parametrize(("values", "broken"), [((0.0, 0.5, 0.5), 0.0), ((0.0, 0.5, 0.2), 0.3), ((1.0, 0.5, 0.2), 0.8)])
def test_a_curve_that_turns_back_breaks_its_sign_by_all_its_steps_back(
    values: tuple[float, ...], broken: float
) -> None:
    found = sign_breaks(additive(values))
    assert [each.column for each in found] == (["days"] if broken else [])
    assert sum(each.log_odds for each in found) == pytest.approx(broken)


def test_a_blend_is_judged_by_its_parts() -> None:
    blend = Blend(((0.5, trees_with("basic", frame(0.1))), (0.5, additive((0.0, 0.5, 0.2)))))
    assert [each.column for each in sign_breaks(blend)] == ["days"]
