"""The naive monthly run, in a process of its own: `python -m tests.benchmarks.naive_run STORE SAMPLE`.

Prints as JSON the seconds of each stage; shap.TreeExplainer explains a sample of this month's rows, and the same loans
as they were the month before: `explain_all` and `change_all` are its time scaled up.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import polars as pl

from models.boosting import matrix
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.benchmarks.measured import AS_OF, BEFORE


def main() -> None:
    store, sample = DataFolder(Path(sys.argv[1])), int(sys.argv[2])
    bundle = store.models.in_use
    assert bundle
    import shap

    from tests.benchmarks.pandas_features.compute import features

    took: dict[str, float] = {}
    with _timed("features", took):
        frame = features(store.folder / "ledger", AS_OF)
    with _timed("predict", took):
        now, columns = pl.from_pandas(frame), bundle.columns
        rows, booster = matrix(now, columns), lgb.Booster(model_str=bundle.score.text)
        probability = booster.predict(rows)
    with _timed("read", took):
        before = MonthRepository(store).month(BEFORE).scan("features").collect()
        both = now.select("loan_id").with_row_index().join(before, on="loan_id")
        some, explainer = both.sample(min(sample, both.height), seed=1), shap.TreeExplainer(booster)
    with _timed("explain", took):
        parts = np.asarray(explainer.shap_values(rows[some["index"].to_numpy()]))
        reasons = np.argsort(-parts, axis=1)[:, :5]
    with _timed("change", took):
        changed = parts - np.asarray(explainer.shap_values(matrix(some, columns)))
        changes = np.argsort(-np.abs(changed), axis=1)[:, :3]
    with _timed("write", took):
        frame["probability"], frame["rank"] = probability, pd.Series(probability).rank(ascending=False)
        frame.to_parquet(store.folder / "naive.parquet")
    all_of_them = {"explain_all": ("explain", len(rows)), "change_all": ("change", both.height)}
    took |= {name: took[stage] * count / some.height for name, (stage, count) in all_of_them.items()}
    told = {"rows": len(rows), "sample": some.height, "reasons": reasons.shape[1], "changes": changes.shape[1]}
    print(json.dumps(took | told))


@contextmanager
def _timed(stage: str, took: dict[str, float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took[stage] = time.perf_counter() - began


if __name__ == "__main__":
    main()
