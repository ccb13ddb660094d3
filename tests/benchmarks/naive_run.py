"""The naive monthly run, in a process of its own: `python -m tests.benchmarks.naive_run STORE SAMPLE`.

Prints as JSON the seconds of each stage; shap.TreeExplainer explains a sample, `explain_all` is its time scaled up.
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
from serving.store import Store
from tests.benchmarks.measured import AS_OF


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
    rows = matrix(pl.from_pandas(frame), columns)
    booster = lgb.Booster(model_str=bundle.trees.text)
    probability = booster.predict(rows)
    took["predict"] = time.perf_counter() - began

    began = time.perf_counter()
    some = rows[np.random.default_rng(1).permutation(len(rows))[:sample]]
    parts = shap.TreeExplainer(booster).shap_values(some)
    best = np.argsort(-np.asarray(parts), axis=1)[:, :5]
    took["explain"] = time.perf_counter() - began
    took["explain_all"] = took["explain"] * len(rows) / len(some)

    began = time.perf_counter()
    frame["probability"], frame["rank"] = probability, pd.Series(probability).rank(ascending=False)
    frame.to_parquet(store.folder / "naive.parquet")
    took["write"] = time.perf_counter() - began
    print(json.dumps(took | {"rows": len(rows), "sample": len(some), "reasons": best.shape[1]}))


if __name__ == "__main__":
    main()
