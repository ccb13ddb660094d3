"""The study of training on visited loans: its expected AUC and its page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.studies.visited_training import FittedModel, expected_auc, page

MODEL = FittedModel("1", "keep", 20, 100, 0.016, 0.028, 0.09, 0.18, 0.87, 0.1)


def test_the_expected_auc_is_that_of_many_draws() -> None:
    random = np.random.default_rng(1)
    probability, hazard = random.random(60), random.random(60) ** 2
    order = np.argsort(probability)
    draws = []
    for _ in range(2000):
        bad = random.random(60) < hazard
        rank = np.empty(60)
        rank[order] = np.arange(60)
        above = (rank[bad][:, None] > rank[~bad][None, :]).sum()
        draws.append((above, bad.sum() * (~bad).sum()))
    pairs = np.array(draws, dtype=np.float64).sum(axis=0)
    assert expected_auc(probability, hazard) == pytest.approx(pairs[0] / pairs[1], abs=0.01)


def test_the_page_has_each_model_and_the_means_of_its_kind() -> None:
    models = [
        replace(MODEL, mean=0.01),
        replace(MODEL, county="2", mean=0.02),
        replace(MODEL, treated="censor", mean=0.03),
        replace(MODEL, treated="weight", mean=0.04),
    ]
    text = page(models, 0.5, "python -m x")
    assert "`python -m x`" in text
    assert "| 1 | weight | 20 of 100 | 0.0280 | 0.0400 | 0.1800 | 0.0900 | 0.8700 | 0.10000 |" in text
    assert "| all, mean | keep | | 0.0280 | 0.0150 |" in text
