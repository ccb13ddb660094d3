#!/usr/bin/env bash
# LightGBM 4.7.0: `Booster.refit` on the very rows that a model was trained on, where 1.6% have the outcome, gives a model
# that foretells it for twice as many. Trees keep their splits and their leaves are computed anew, but the average that
# training starts from (boost_from_average) is part of the first tree, and is lost: the new leaves start from a score of
# zero, a probability of one half. The less weight the old leaves have (decay_rate), the more the mean is off; the ranking
# hardly changes, so that a look at the AUC shows nothing.
#
# Output seen (2026-11-30):
#   outcomes                    1.58%
#   trained, mean probability   1.61%
#   refit, decay_rate 0.9       1.91%
#   refit, decay_rate 0.5       2.67%
#   refit, decay_rate 0.0       3.19%
#
# Installs the package in a temporary folder, trains on 20,000 invented rows and refits on the same, and fails if the mean
# of the refitted model comes within a tenth of the outcomes', or that of the trained one leaves it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6 scipy==1.17.1 2>/dev/null
"$folder/env/bin/python" <<'PYTHON'
import lightgbm
import numpy as np

random = np.random.default_rng(1)
rows = random.normal(size=(20_000, 4))
outcome = (random.random(20_000) < 1 / (1 + np.exp(4.6 - rows[:, 0]))).astype(int)
settings = {"objective": "binary", "num_leaves": 15, "num_threads": 1, "verbosity": -1}
trained = lightgbm.train(settings, lightgbm.Dataset(rows, outcome), 20)
share = outcome.mean()
print(f"{'outcomes':<26} {share:7.2%}")
mean = trained.predict(rows).mean()
print(f"{'trained, mean probability':<26} {mean:7.2%}")
assert abs(mean / share - 1) < 0.1, mean
for decay in (0.9, 0.5, 0.0):
    mean = trained.refit(rows, outcome, decay_rate=decay).predict(rows).mean()
    print(f"{f'refit, decay_rate {decay}':<26} {mean:7.2%}")
    assert mean / share - 1 > 0.1, (decay, mean)
PYTHON
