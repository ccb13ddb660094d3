"""Models of other sizes than the champion's, that learn its score from the same loans."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np

from models.boosting import Trees, matrix
from models.bundle import write
from models.raw_score import Floats, ModelColumn
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository

_DEPTH = 6


def grown(size: str, loans: Floats, scores: Floats, columns: tuple[ModelColumn, ...]) -> lgb.Booster:
    """A model of that many trees x leaves of another model's scores, with chance added so that no tree is idle."""
    trees, leaves = map(int, size.split("x"))
    score = scores + np.random.default_rng(2).normal(0, 1, len(loans))
    codes = [column.name for column in columns if column.levels]
    names = [column.name for column in columns]
    growth = {"num_leaves": leaves, "max_depth": _DEPTH, "learning_rate": 0.05, "min_data_in_leaf": 5, "verbosity": -1}
    return lgb.train(growth, lgb.Dataset(loans, score, feature_name=names, categorical_feature=codes), trees)


def models_of_size(size: str, store: DataFolder, folder: Path) -> Path:
    """Under `folder`, a store's models with a champion of that size, grown on the loans of its newest month."""
    bundle = store.models.in_use
    assert bundle is not None, "the store has no model"
    columns = bundle.columns
    loans = MonthRepository(store).month().scan("features").collect()
    booster = grown(size, matrix(loans, columns), bundle.score.log_odds(loans), columns)
    shutil.copytree(store.models.folder, folder)
    shutil.rmtree(folder / str(bundle.number))
    write(replace(bundle, score=Trees(booster.model_to_string(), columns)), folder / str(bundle.number))
    return folder
