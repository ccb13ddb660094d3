#!/usr/bin/env bash
# LightGBM 4.7.0: `Dataset.subset(rows)` sorts the rows it is given, without a word. Labels (or weights, or scores) that are
# then set in the order asked for fall on other rows: here a model trained on rows asked for from last to first foretells
# the opposite of what it was told. numpy, pandas and polars all keep the order of such a selection.
#
# Output seen (2026-11-30):
#   rows asked for [199, 198, 197], rows it holds [0, 1, 2]
#   labels of the first and the last row: 0 1; foretold 0.934 0.066
#
# Installs the package in a temporary folder, trains on a reversed selection of 200 invented rows, and fails if the order
# asked for is kept, or the answer is the right way round.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6 scipy==1.17.1 2>/dev/null
"$folder/env/bin/python" <<'PYTHON'
import lightgbm
import numpy as np

settings = {"objective": "binary", "num_threads": 1, "verbosity": -1}
values = np.arange(200.0).reshape(-1, 1)
labels = (values[:, 0] >= 100).astype(int)
everything = lightgbm.Dataset(values, labels, params=settings, free_raw_data=False).construct()
asked = np.arange(199, -1, -1)
selected = everything.subset(asked, params=settings).construct()
held = [int(value) for value in selected.get_data()[:3, 0]]
selected.set_label(labels[asked])
first, last = lightgbm.train(settings, selected, 20).predict(values[[0, 199]])
print(f"rows asked for {asked[:3].tolist()}, rows it holds {held}")
print(f"labels of the first and the last row: {labels[0]} {labels[199]}; foretold {first:.3f} {last:.3f}")
assert held == [0, 1, 2], held
assert first > 0.9 and last < 0.1, (first, last)
PYTHON
