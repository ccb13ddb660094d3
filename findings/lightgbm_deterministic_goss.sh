#!/usr/bin/env bash
# LightGBM 4.7.0: with deterministic=true and force_row_wise=true the number of threads changes the model all the same
# once rows are sampled by gradient (data_sample_strategy=goss) or gradients are quantised (use_quantized_grad=true). Plain
# training and bagging give the same model with one, two and three threads, as the documentation of `deterministic` leads
# to expect; with the other two, probabilities of the same rows differ by more than a half. Who has to train the same model
# again on another machine has to fix the number of threads, or leave both out.
#
# Output seen (2026-11-30), the largest difference of a probability from that of one thread, with two and three threads:
#   plain      0.000 0.000
#   bagging    0.000 0.000
#   goss       0.982 0.995
#   quantised  0.538 0.593
#
# Installs the package in a temporary folder, trains on 20,000 invented rows, and fails if plain training or bagging
# differ, or if goss or quantised gradients no longer do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6 scipy==1.17.1 2>/dev/null
"$folder/env/bin/python" <<'PYTHON'
import lightgbm
import numpy as np

random = np.random.default_rng(1)
rows = random.normal(size=(20_000, 10))
outcome = random.random(20_000) < 1 / (1 + np.exp(-rows[:, 0] - rows[:, 1] * rows[:, 2]))
fixed = {"objective": "binary", "learning_rate": 0.3, "seed": 3, "verbosity": -1}
fixed |= {"deterministic": True, "force_row_wise": True}
ways = {
    "plain": {},
    "bagging": {"bagging_fraction": 0.5, "bagging_freq": 1},
    "goss": {"data_sample_strategy": "goss"},
    "quantised": {"use_quantized_grad": True},
}
for name, way in ways.items():
    one, *others = (
        lightgbm.train({**fixed, **way, "num_threads": threads}, lightgbm.Dataset(rows, outcome), 40).predict(rows)
        for threads in (1, 2, 3)
    )
    apart = [float(np.abs(other - one).max()) for other in others]
    print(f"{name:<10}", *(f"{each:.3f}" for each in apart))
    assert (max(apart) > 0.1) == (name in ("goss", "quantised")), (name, apart)
PYTHON
