"""The reasons of all loans together: importance by family, and figures drawn from our exact parts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.catalog import FAMILY_LABELS, FEATURES
from models.bundle import Bundle
from tests.models.frames import fitted_bundle, random_frame
from training.global_reasons import (
    importance_by_column,
    importance_by_family,
    reason_figures,
    strongest_pairs,
    top_features,
)
from training.studies.steadiness import steadiness

DAYS = pl.Series("as_of", [date(2025, 11, 30), date(2025, 12, 31)] * 200)
SAMPLE = random_frame(400, 41).with_columns(DAYS).sort("as_of", maintain_order=True)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return fitted_bundle()


def test_a_familys_importance_is_the_mean_size_of_its_part_each_month(bundle: Bundle) -> None:
    found = importance_by_family(bundle.explain(SAMPLE), SAMPLE["as_of"])
    assert set(found["family"]) == set(FAMILY_LABELS)
    december = SAMPLE.filter(pl.col("as_of") == date(2025, 12, 31))
    parts = bundle.explain(december)
    loan = [place for place, column in enumerate(parts.columns) if FEATURES[column.name].family == "loan"]
    [drawn] = found.filter(pl.col("as_of") == date(2025, 12, 31), pl.col("family") == "loan")["importance"]
    assert drawn == pytest.approx(np.abs(parts.by_column[:, loan].sum(axis=1)).mean(), abs=1e-6)


def test_the_importance_of_all_columns_is_one_together_and_largest_where_the_outcome_hangs(bundle: Bundle) -> None:
    importance = importance_by_column(bundle.explain(SAMPLE))
    assert sum(importance.values()) == pytest.approx(1)
    assert importance["days_past_due"] + importance["repayment_cover"] > 0.5


def test_the_features_the_outcome_hangs_on_come_out_on_top(bundle: Bundle) -> None:
    assert set(top_features(bundle.explain(SAMPLE), 2)) == {"days_past_due", "repayment_cover"}


@pytest.mark.filterwarnings("ignore")  # shap's own, on import
def test_each_pair_is_drawn_once(bundle: Bundle) -> None:
    contributions = bundle.explain(SAMPLE)
    pairs = strongest_pairs(contributions, top_features(contributions))
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    assert all(one != other for one, other in pairs)


@pytest.mark.filterwarnings("ignore")  # shap's own, on import
def test_every_figure_can_be_kept_as_a_file(bundle: Bundle, tmp_path: Path) -> None:
    names = []
    for name, figure in reason_figures(bundle, SAMPLE):
        path = tmp_path / name.replace("/", "-")
        figure.savefig(path)
        names.append(name.partition("/")[0])
        assert path.stat().st_size > 5000
    assert {"reasons_by_family.png", "dependence", "interaction"} == set(names)


def test_without_noise_every_reason_stays(bundle: Bundle) -> None:
    found = steadiness(SAMPLE, bundle, noise=0.0, draws=1)
    assert (found.first_stays, found.first_three_stay) == (1.0, 1.0)


def test_reasons_are_steadier_under_less_noise_and_the_same_each_time(bundle: Bundle) -> None:
    little, much = (steadiness(SAMPLE, bundle, noise) for noise in (0.01, 1.0))
    assert little == steadiness(SAMPLE, bundle, 0.01)
    assert little.first_stays > 0.9
    assert much.first_stays < little.first_stays
