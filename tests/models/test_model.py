"""The model: monotone, exact in its reasons, refused where its columns are not today's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import FEATURES, MODEL_COLUMNS
from features.declare import Risk
from features.messages import UserError
from models.boosting import Trees, columns_of, matrix
from models.bundle import Bundle, read, write
from models.explain import contribution_table, reasons, township_medians
from models.feature_topics import TOPICS
from models.raw_score import ModelColumn
from tests.models.frames import fitted_bundle, random_frame

FRAME = random_frame(400, 11)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return fitted_bundle()


def test_raising_a_risk_never_lowers_the_probability(bundle: Bundle) -> None:
    before = bundle.probability(FRAME)
    for feature in (feature for feature in MODEL_COLUMNS if feature.risk is Risk.RISES):
        raised = FRAME.with_columns(pl.col(feature.name) + 1.5)
        known = FRAME[feature.name].is_not_null().to_numpy()
        assert (bundle.probability(raised) >= before)[known].all(), feature.name


def test_raising_a_strength_never_raises_the_probability(bundle: Bundle) -> None:
    before = bundle.probability(FRAME)
    for feature in (feature for feature in MODEL_COLUMNS if feature.risk is Risk.FALLS):
        raised = FRAME.with_columns(pl.col(feature.name) + 1.5)
        known = FRAME[feature.name].is_not_null().to_numpy()
        assert (bundle.probability(raised) <= before)[known].all(), feature.name


def test_an_unseen_code_is_a_missing_one(bundle: Bundle) -> None:
    unseen = FRAME.with_columns(pl.lit("camels").alias("declared_use"))
    missing = FRAME.with_columns(pl.lit(None, pl.String).alias("declared_use"))
    assert (bundle.probability(unseen) == bundle.probability(missing)).all()


@pytest.mark.parametrize("rows", [0, 1, 3, 16, 17])
def test_however_few_rows_are_read_they_are_those_of_many(rows: int) -> None:
    columns = columns_of(MODEL_COLUMNS)
    mixed = FRAME.with_columns(
        pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("camels")).otherwise("declared_use").alias("declared_use")
    )
    assert np.isnan(matrix(mixed, columns)).any()
    np.testing.assert_array_equal(matrix(mixed.head(rows), columns), matrix(mixed, columns)[:rows])


def test_a_frame_without_a_column_is_refused_by_name(bundle: Bundle) -> None:
    with pytest.raises(KeyError, match="repayment_cover"):
        bundle.probability(FRAME.drop("repayment_cover"))


def test_the_parts_and_the_base_value_sum_to_the_published_log_odds(bundle: Bundle) -> None:
    parts, base = bundle.contributions(FRAME)
    log_odds = np.log(bundle.probability(FRAME) / (1 - bundle.probability(FRAME)))
    assert np.abs(parts.sum(axis=1) + base - log_odds).max() < 1e-6


def test_the_parts_carry_the_published_probability_of_each_row(bundle: Bundle) -> None:
    parts, published = bundle.explain(FRAME), bundle.probability(FRAME)
    assert np.array_equal(parts.probability, published)
    assert np.array_equal(parts.select_rows([2, 0]).probability, published[[2, 0]])


@pytest.mark.parametrize("damaged", ["values", "entries", "cuts"])
def test_what_wrong_tables_say_is_not_told(bundle: Bundle, damaged: str) -> None:
    """Parts that do not sum to the score, and parts and scores that agree with each other and not with LightGBM."""
    sound, trees = bundle.score.explain(FRAME), Trees(bundle.score.text, bundle.columns)
    assert trees._table_explainer is not None
    getattr(trees._table_explainer._program, damaged)[:] += 1
    found = trees.explain(FRAME)
    assert (sound.recomputed_rows, found.recomputed_rows) == (0, FRAME.height)
    assert np.array_equal(found.scores, sound.scores)
    assert np.abs(found.contributions - sound.contributions).max() < 1e-6


@pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")  # shap's own colours, on import
@pytest.mark.filterwarnings("ignore:LightGBM binary classifier:UserWarning")  # the shape it now gives is the one here
def test_the_parts_are_those_of_the_shap_package(bundle: Bundle) -> None:
    import lightgbm
    import shap

    columns = bundle.columns
    explainer = shap.TreeExplainer(lightgbm.Booster(model_str=bundle.score.text))
    theirs = np.asarray(explainer.shap_values(matrix(FRAME, columns)))
    ours = bundle.score.explain(FRAME).contributions[:, :-1]
    assert np.abs(theirs - ours).max() < 1e-6


def test_reasons_are_the_largest_of_each_topic_with_what_raises_the_risk_first(bundle: Bundle) -> None:
    parts = bundle.explain(FRAME)
    told = reasons(FRAME["township_code"], township_medians(FRAME), parts)
    names = [column.name for column in parts.columns]
    for row, listed in enumerate(told["reasons"].to_list()):
        largest: dict[str, float] = {}
        for name, part in zip(names, parts.by_column[row], strict=True):
            largest[TOPICS[name]] = max(largest.get(TOPICS[name], 0.0), part, key=abs)
        raising = sorted((part for part in largest.values() if part > 0), reverse=True)
        lowering = sorted(part for part in largest.values() if part < 0)
        assert [reason["contribution"] for reason in listed] == [*raising, *lowering][:5]
        assert len({TOPICS[reason["feature"]] for reason in listed}) == len(listed)


def test_a_reason_holds_the_value_and_the_median_of_the_township(bundle: Bundle) -> None:
    told = reasons(FRAME["township_code"], township_medians(FRAME), bundle.explain(FRAME))
    for row, listed in zip(FRAME.to_dicts(), told["reasons"].to_list(), strict=True):
        township = FRAME.filter(pl.col("township_code") == row["township_code"])
        for reason in listed:
            name = reason["feature"]
            if FEATURES[name].is_code:
                assert (reason["value_code"], reason["value"]) == (row[name], None)
            else:
                assert (reason["value"], reason["value_code"]) == (row[name], None)
                assert reason["typical"] == township[name].median()


@given(st.floats(0, 1e9) | st.integers(0, 10**6).map(lambda thousands: thousands * 1000.0))
def test_a_number_is_never_told_as_a_code_however_large_it_is(number: float) -> None:
    columns = [
        ModelColumn("savings", -1),
        ModelColumn("product", 0, ("microloan", "guaranteed")),
        ModelColumn("bank", 0, ("B1",)),
    ]
    cells, places = np.array([[number, 1.0, np.nan]]), np.arange(3)
    told = contribution_table(np.zeros(3, dtype=np.int64), places, np.ones((1, 3)), columns, {"value": cells})
    assert told["feature"].to_list() == ["savings", "product", "bank"]
    assert told["value"].to_list() == [number, None, None]
    assert told["value_code"].to_list() == [None, "guaranteed", None]


def test_a_bundle_is_text_and_reads_back_as_it_was(bundle: Bundle, tmp_path: Path) -> None:
    write(bundle, tmp_path / "7")
    assert {path.suffix for path in (tmp_path / "7").iterdir()} == {".txt", ".json"}
    again = read(tmp_path / "7")
    assert again.version == bundle.version
    assert (again.probability(FRAME) == bundle.probability(FRAME)).all()


def test_a_bundle_with_other_columns_is_refused_and_says_which(bundle: Bundle, tmp_path: Path) -> None:
    write(bundle, tmp_path / "7")
    (tmp_path / "7" / "checksums.json").unlink()  # as an earlier program wrote it
    card = json.loads((tmp_path / "7" / "card.json").read_text())
    card["columns"][0]["name"] = "shoe_size"
    (tmp_path / "7" / "card.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match="shoe_size"):
        read(tmp_path / "7")


@pytest.mark.parametrize("name", ["model.txt", "card.json", "calibration.json", "policy.json"])
def test_a_flipped_bit_in_a_bundle_is_refused(bundle: Bundle, tmp_path: Path, name: str) -> None:
    write(bundle, tmp_path / "7")
    content = bytearray((tmp_path / "7" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "7" / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is not the file that was written"):
        read(tmp_path / "7")


@pytest.mark.parametrize("name", ["model.txt", "card.json", "calibration.json", "policy.json"])
def test_a_bundle_with_a_broken_file_is_refused(bundle: Bundle, tmp_path: Path, name: str) -> None:
    write(bundle, tmp_path / "7")
    (tmp_path / "7" / name).write_text("{")
    with pytest.raises(UserError, match="Model 7 cannot be read"):
        read(tmp_path / "7")


def test_no_audit_feature_is_a_column_of_the_model() -> None:
    barred = {"borrower_sex", "borrower_age", "household_disabled", "household_type"}
    assert barred <= set(FEATURES)
    assert not barred & {column.name for column in columns_of(MODEL_COLUMNS)}


def test_few_rows_are_explained_by_tables_once_there_are_some(bundle: Bundle, tmp_path: Path) -> None:
    alone = Trees(bundle.score.text, bundle.columns, tmp_path / "tables")
    by_lightgbm = alone.explain(FRAME.head(3))
    assert not (tmp_path / "tables").exists()
    many = alone.explain(pl.concat([FRAME] * 3))
    again = Trees(bundle.score.text, bundle.columns, tmp_path / "tables").explain(FRAME.head(3))
    for raw in (alone.explain(FRAME.head(3)), again):
        assert np.array_equal(raw.contributions, many.contributions[:3])
        assert np.array_equal(raw.scores, by_lightgbm.scores)
    assert np.abs(again.contributions - by_lightgbm.contributions).max() < 1e-6


@pytest.mark.parametrize("rows", [3, 600])
def test_a_process_with_tables_scores_and_explains_without_lightgbm(bundle: Bundle, tmp_path: Path, rows: int) -> None:
    write(bundle, tmp_path / "7")
    frame = pl.concat([FRAME] * 3).head(rows)
    read(tmp_path / "7", tmp_path / "tables").explain(pl.concat([FRAME] * 3))
    frame.write_parquet(tmp_path / "loans.parquet")
    judging = (
        "import sys; import polars as pl; from pathlib import Path; from models.bundle import read;"
        "folder = Path(sys.argv[1]); judge = read(folder / '7', folder / 'tables'); judge.trees.load_tables();"
        "loans = pl.read_parquet(folder / 'loans.parquet'); judge.probability(loans);"
        "print(judge.explain(loans).probability.sum(), 'lightgbm' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", judging, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(bundle.explain(frame).probability.sum()), "False"]


def test_a_fitted_model_whose_scores_are_not_lightgbms_is_refused(bundle: Bundle) -> None:
    trees, inputs = Trees(bundle.score.text, bundle.columns), matrix(FRAME, bundle.columns)
    trees.check_scores(inputs)
    assert trees._walk is not None
    trees._walk.value[:] += 1
    with pytest.raises(UserError, match="differ from LightGBM's own"):
        trees.check_scores(inputs)


def test_trees_that_average_are_left_to_lightgbm() -> None:
    """Of a kind that a walk does not know; its scores are LightGBM's all the same."""
    import lightgbm

    columns = [ModelColumn("savings", 0)]
    rows = pl.DataFrame({"savings": [float(yuan % 37) for yuan in range(400)]})
    asked = {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5, "verbosity": -1}
    data = lightgbm.Dataset(
        matrix(rows, columns), [int(yuan % 37 > 20) for yuan in range(400)], feature_name=["savings"]
    )
    forest = lightgbm.train(asked, data, 5)
    trees = Trees(forest.model_to_string(), columns)
    assert np.array_equal(trees.log_odds(rows), forest.predict(matrix(rows, columns), raw_score=True))
    assert trees.explain(rows).contributions.sum(axis=1) == pytest.approx(trees.log_odds(rows))


def test_a_process_that_judges_imports_no_scikit_learn_and_may_do_so_afterwards(bundle: Bundle, tmp_path: Path) -> None:
    write(bundle, tmp_path / "7")
    judging = (
        "import sys; from pathlib import Path; from models.bundle import read;"
        "judge = read(Path(sys.argv[1])); print('lightgbm' in sys.modules); judge.trees.booster;"
        "print('lightgbm' in sys.modules, 'sklearn' in sys.modules); import sklearn.linear_model; print('there')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", judging, str(tmp_path / "7")], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", "True", "False", "there"]
