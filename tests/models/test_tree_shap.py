"""Pattern tables against LightGBM's own TreeSHAP and shap's, on random models and rows of every kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pytest

from models.tree_shap.explainer import TableExplainer
from models.tree_shap.kernel import MISSING, MOST_CUTS, ROWS, has_permutations
from models.tree_shap.leaf_walk import raw_scores, walk_of
from models.tree_shap.patterns import USUAL_BITS, WIDEST, leaves_of, subtrees_of
from models.tree_shap.trees import UnreadableModelError, trees_of

Floats = npt.NDArray[np.float64]
NUMBERS, CODES = 6, 3
FEATURES = NUMBERS + CODES
EXACT = 1e-6


def rows_of(rng: np.random.Generator, count: int) -> Floats:
    """Numbers with zeros and gaps, and codes with gaps."""
    rows = rng.normal(size=(count, FEATURES))
    rows[:, :NUMBERS][rng.random((count, NUMBERS)) < 0.15] = 0
    rows[:, NUMBERS:] = rng.integers(0, 9, size=(count, CODES))
    rows[rng.random(rows.shape) < 0.15] = np.nan
    return rows


def model_of(seed: int, **parameters: Any) -> lgb.Booster:
    rng = np.random.default_rng(seed)
    rows = rows_of(rng, 800)
    known = np.nan_to_num(rows)
    bad = known[:, 0] - known[:, 1] + (known[:, NUMBERS] % 3 == 1) + rng.normal(size=len(rows)) > 1
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, "num_leaves": 15}
    asked |= {"max_depth": 5, "cat_smooth": 1, "min_data_per_group": 5, "seed": seed, **parameters}
    data = lgb.Dataset(rows, bad.astype(int), categorical_feature=list(range(NUMBERS, FEATURES)))
    return lgb.Booster(model_str=lgb.train(asked, data, 20).model_to_string())  # as a bundle is read


def difference(model: lgb.Booster, rows: Floats) -> float:
    """Of the parts; the scores are LightGBM's own to the last bit, also by a walk down each tree."""
    parts, scores = TableExplainer(model.model_to_string(), FEATURES).explain(rows)
    assert np.array_equal(scores, np.asarray(model.predict(rows, raw_score=True)))
    assert np.array_equal(raw_scores(walk_of(trees_of(model.model_to_string())), rows), scores)
    return float(np.abs(parts - np.asarray(model.predict(rows, pred_contrib=True))).max())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "parameters",
    [{}, {"use_missing": False}, {"zero_as_missing": True}, {"num_leaves": 31, "max_depth": 6}, {"num_leaves": 2}],
    ids=str,
)
def test_every_part_and_every_score_is_lightgbms_own(seed: int, parameters: dict[str, Any]) -> None:
    rows = rows_of(np.random.default_rng(100 + seed), 300)
    assert difference(model_of(seed, **parameters), rows) < EXACT


@pytest.mark.parametrize("cell", [np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, 2e-35, -1.0, -0.5, 8.5, 9.0, 500.0, 1e308])
@pytest.mark.parametrize("parameters", [{}, {"zero_as_missing": True}, {"use_missing": False}], ids=str)
def test_strange_cells_go_where_lightgbm_sends_them(cell: float, parameters: dict[str, Any]) -> None:
    """Zeros and what is nearly one, levels nobody has seen, levels that are no whole number."""
    rows = rows_of(np.random.default_rng(7), 70)
    for column in range(FEATURES):
        rows[column::FEATURES, column] = cell
    assert difference(model_of(3, **parameters), rows) < EXACT


@pytest.mark.parametrize("parameters", [{}, {"zero_as_missing": True}, {"use_missing": False}], ids=str)
def test_a_value_on_a_threshold_goes_left(parameters: dict[str, Any]) -> None:
    model = model_of(5, **parameters)
    nodes = model.trees_to_dataframe().dropna(subset=["threshold"])
    on = nodes[nodes["decision_type"] == "<="]["threshold"].astype(float).to_numpy()[:100]
    rows = rows_of(np.random.default_rng(8), len(on))
    rows[:, :NUMBERS] = on[:, None]
    assert difference(model, rows) < EXACT


@pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")  # shap's own colours, on import
@pytest.mark.filterwarnings("ignore:LightGBM binary classifier:UserWarning")  # the shape it now gives is the one here
def test_parts_are_those_of_the_shap_package() -> None:
    import shap

    model, rows = model_of(1), rows_of(np.random.default_rng(9), 50)
    theirs = shap.TreeExplainer(model).shap_values(rows)
    ours, _ = TableExplainer(model.model_to_string(), FEATURES).explain(rows)
    assert np.abs(ours[:, :-1] - theirs).max() < EXACT


def test_a_walk_scores_each_row_alike_alone_and_among_many() -> None:
    walk, rows = walk_of(trees_of(model_of(2).model_to_string())), rows_of(np.random.default_rng(3), 40_000)
    scores = raw_scores(walk, rows)
    assert np.array_equal(scores, raw_scores(walk, np.asfortranarray(rows), threads=1))
    some = np.arange(0, len(rows), 997)
    assert np.array_equal(scores[some], [raw_scores(walk, rows[row : row + 1])[0] for row in some])
    assert raw_scores(walk, rows[:0]).shape == (0,)


def kept_tables(folder: Path) -> Path:
    """The one file of tables in a folder."""
    [path] = folder.iterdir()
    return path


def test_tables_that_another_process_has_built_give_the_same_bits(tmp_path: Path) -> None:
    text, rows = model_of(3).model_to_string(), rows_of(np.random.default_rng(4), 700)
    in_memory = TableExplainer(text, FEATURES).explain(rows)
    built = TableExplainer(text, FEATURES, tmp_path / "tables").explain(rows)
    written = kept_tables(tmp_path / "tables")
    at = written.stat().st_mtime_ns
    read = TableExplainer(text, FEATURES, tmp_path / "tables").explain(rows)
    assert written.stat().st_mtime_ns == at
    for parts, scores in (built, read):
        assert np.array_equal(parts, in_memory[0])
        assert np.array_equal(scores, in_memory[1])
    TableExplainer(model_of(5).model_to_string(), FEATURES, tmp_path / "tables")
    assert len(list((tmp_path / "tables").iterdir())) == 2


@pytest.mark.parametrize(
    "damage", ["cut", "flipped", "empty", "other", *(f"bit {bit} of the directory" for bit in range(0, 800, 7))]
)
def test_damaged_tables_are_built_anew(tmp_path: Path, damage: str) -> None:
    text, rows = model_of(3).model_to_string(), rows_of(np.random.default_rng(4), 700)
    expected = TableExplainer(text, FEATURES, tmp_path).explain(rows)
    path = kept_tables(tmp_path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    directory, bit = whole.index(b"PK\x01\x02"), int(damage.split()[1]) if damage.startswith("bit") else None
    flipped[len(whole) // 2 if bit is None else directory + bit // 8] ^= 1 if bit is None else 1 << bit % 8
    written = {"cut": whole[: len(whole) // 2], "empty": b"", "other": b"PK"}.get(damage, bytes(flipped))
    path.write_bytes(written)
    parts, scores = TableExplainer(text, FEATURES, tmp_path).explain(rows)
    assert np.array_equal(parts, expected[0])
    assert np.array_equal(scores, expected[1])
    assert path.read_bytes() in (whole, written)  # a bit that nobody reads, such as of a time, harms nothing
    assert path.read_bytes() == whole or damage.startswith("bit")


def test_where_nothing_can_be_written_tables_are_built(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    text, rows = model_of(3).model_to_string(), rows_of(np.random.default_rng(4), 20)
    parts, _ = TableExplainer(text, FEATURES, tmp_path / "file" / "tables").explain(rows)
    assert np.array_equal(parts, TableExplainer(text, FEATURES).explain(rows)[0])


@pytest.mark.parametrize("count", [0, 1, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS, 2 * ROWS + 1])
def test_a_rows_parts_and_score_are_the_same_to_the_last_bit_whatever_stands_beside_it(count: int) -> None:
    explainer, rows = TableExplainer(model_of(2).model_to_string(), FEATURES), rows_of(np.random.default_rng(4), 20_000)
    for alone, among in zip(explainer.explain(rows[:count], threads=1), explainer.explain(rows), strict=True):
        assert np.array_equal(alone, among[:count])


def test_a_model_of_a_single_leaf_explains_nothing_and_has_its_base() -> None:
    model = model_of(6, min_data_in_leaf=5000)
    assert difference(model, rows_of(np.random.default_rng(1), 10)) < EXACT


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"linear_tree": True}, "leaves are linear"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "averages its trees"),
        ({"objective": "multiclass", "num_class": 2}, "more than one tree an iteration"),
    ],
)
def test_what_tables_cannot_explain_is_said(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableModelError, match=said):
        TableExplainer(model_of(1, **parameters).model_to_string(), FEATURES)


def test_thresholds_that_no_byte_can_number_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(6000, FEATURES))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    asked = {
        "verbosity": -1,
        "num_leaves": 31,
        "max_depth": 6,
        "min_data_in_leaf": 3,
        "max_bin": 4000,
        "num_threads": 1,
    }
    grown = lgb.train(asked, lgb.Dataset(rows, np.sin(9 * rows[:, 0]) + rng.normal(size=6000)), 150)
    model = lgb.Booster(model_str=grown.model_to_string())
    thresholds = model.trees_to_dataframe().dropna(subset=["threshold"]).groupby("split_feature")["threshold"].nunique()
    assert thresholds.max() > MOST_CUTS
    on = np.sort(model.trees_to_dataframe()["threshold"].dropna().unique())
    rows = np.concatenate([rows[:300], np.repeat(on[:, None], FEATURES, axis=1)])
    assert difference(model, rows) < EXACT


def test_levels_that_no_byte_can_number_are_said() -> None:
    rng = np.random.default_rng(3)
    levels = rng.integers(0, MISSING + 20, size=(4000, 1)).astype(float)
    asked = {"verbosity": -1, "cat_smooth": 1, "min_data_per_group": 1, "min_data_in_leaf": 2, "num_threads": 1}
    data = lgb.Dataset(levels, (levels[:, 0] > MISSING) + 0.1 * rng.normal(size=4000), categorical_feature=[0])
    with pytest.raises(UnreadableModelError, match="levels of 255 and more"):
        TableExplainer(lgb.train(asked, data, 3).model_to_string(), 1)


@pytest.mark.skipif(not has_permutations(), reason="this processor has no AVX-512: there is one way alone")
@pytest.mark.parametrize("parameters", [{}, {"num_leaves": 63, "max_depth": 9}], ids=str)
def test_processors_without_permutations_give_the_same_bits(tmp_path: Path, parameters: dict[str, Any]) -> None:
    text, rows = model_of(3, **parameters).model_to_string(), rows_of(np.random.default_rng(4), 1200)
    (tmp_path / "model.txt").write_text(text)
    np.save(tmp_path / "rows.npy", rows)
    script = (
        "import sys, numpy as np; from pathlib import Path; from models.tree_shap import kernel;"
        "from models.tree_shap.explainer import TableExplainer; folder = Path(sys.argv[1]);"
        "assert not kernel.has_permutations();"
        "rows = np.load(folder / 'rows.npy');"
        "found = TableExplainer((folder / 'model.txt').read_text(), rows.shape[1]).explain(rows);"
        "np.save(folder / 'parts.npy', found[0]); np.save(folder / 'scores.npy', found[1])"
    )
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env={**os.environ, **plain})
    parts, scores = TableExplainer(text, FEATURES).explain(rows)
    assert np.array_equal(parts, np.load(tmp_path / "parts.npy"))
    assert np.array_equal(scores, np.load(tmp_path / "scores.npy"))


def test_a_path_over_more_features_than_a_byte_has_bits_is_said() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 14))
    asked = {"verbosity": -1, "num_leaves": 600, "min_data_in_leaf": 1, "num_threads": 1}
    deep = lgb.train(asked, lgb.Dataset(rows, rows.sum(axis=1) + rng.normal(size=3000)), 3)
    with pytest.raises(UnreadableModelError, match="features, more than 8"):
        TableExplainer(deep.model_to_string(), 14)


def test_a_tree_with_a_path_over_eight_features_has_wider_tables() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 14))
    asked = {"verbosity": -1, "num_leaves": 200, "max_depth": 8, "min_data_in_leaf": 1, "num_threads": 1}
    deep = lgb.train(asked, lgb.Dataset(rows, rows.sum(axis=1) + rng.normal(size=3000)), 3)
    model = lgb.Booster(model_str=deep.model_to_string())
    for tree in trees_of(model.model_to_string()):
        assert max(len(leaf.features) for leaf in leaves_of(tree)) == WIDEST
        assert max(len(subtree.bits) for subtree in subtrees_of(tree)) == WIDEST
    parts, _ = TableExplainer(model.model_to_string(), 14).explain(rows)
    assert np.abs(parts - np.asarray(model.predict(rows, pred_contrib=True))).max() < EXACT


@pytest.mark.parametrize("seed", range(4))
def test_a_subtree_takes_neighbouring_leaves_as_long_as_their_bits_fit_a_byte(seed: int) -> None:
    trees = [tree for tree in trees_of(model_of(seed).model_to_string()) if len(tree.feature)]
    subtrees = [subtree for tree in trees for subtree in subtrees_of(tree)]
    assert len(subtrees) < sum(len(leaves_of(tree)) for tree in trees) / 2
    assert max(len(subtree.bits) for subtree in subtrees) == USUAL_BITS
    assert {subtree.table.shape for subtree in subtrees} == {(len(b.features), 2 ** len(b.bits)) for b in subtrees}
