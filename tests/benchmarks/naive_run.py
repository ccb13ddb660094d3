"""The naive monthly run, in a process of its own: `python -m tests.benchmarks.naive_run STORE SAMPLE`.

Prints as JSON the seconds of each stage; shap.TreeExplainer explains a sample of this month's rows, and the same loans
as they were the month before: `explain_all` and `change_all` are its time scaled up.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import polars as pl

from models.boosting import matrix
from serving.published import Published
from serving.store import Store
from tests.benchmarks.measured import AS_OF, BEFORE


def main() -> None:
    store, sample = Store(Path(sys.argv[1])), int(sys.argv[2])
    bundle = store.models.champion
    assert bundle
    import shap

    from tests.benchmarks.pandas_features.compute import features

    took = {}
    began = time.perf_counter()
    frame = features(store.folder / "ledger", AS_OF)
    took["features"] = time.perf_counter() - began

    began = time.perf_counter()
    columns = bundle.trees.columns
    now = pl.from_pandas(frame)
    rows = matrix(now, columns)
    booster = lgb.Booster(model_str=bundle.trees.text)
    probability = booster.predict(rows)
    took["predict"] = time.perf_counter() - began

    began = time.perf_counter()
    before = Published(store).month(BEFORE).scan("features").collect()
    both = now.select("loan_id").with_row_index().join(before, on="loan_id")
    some = both.sample(min(sample, both.height), seed=1)
    explainer = shap.TreeExplainer(booster)
    took["read"] = time.perf_counter() - began

    began = time.perf_counter()
    parts = np.asarray(explainer.shap_values(rows[some["index"].to_numpy()]))
    best = np.argsort(-parts, axis=1)[:, :5]
    took["explain"] = time.perf_counter() - began
    took["explain_all"] = took["explain"] * len(rows) / some.height

    began = time.perf_counter()
    changed = parts - np.asarray(explainer.shap_values(matrix(some, columns)))
    largest = np.argsort(-np.abs(changed), axis=1)[:, :3]
    took["change"] = time.perf_counter() - began
    took["change_all"] = took["change"] * both.height / some.height

    began = time.perf_counter()
    frame["probability"], frame["rank"] = probability, pd.Series(probability).rank(ascending=False)
    frame.to_parquet(store.folder / "naive.parquet")
    took["write"] = time.perf_counter() - began
    told = {"rows": len(rows), "sample": some.height, "reasons": best.shape[1], "changes": largest.shape[1]}
    print(json.dumps(took | told))


if __name__ == "__main__":
    main()
