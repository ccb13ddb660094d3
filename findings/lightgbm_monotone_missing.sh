#!/usr/bin/env bash
# LightGBM 4.7.0 keeps monotone constraints under all three methods on complete rows. Once rows have missing values, the
# methods `intermediate` and `advanced`, which its documentation recommends over `basic` for accuracy alone, break them:
# raising a feature that was declared to raise the score lowers it. `basic` keeps them. Only present values are compared
# here, a feature going from one present value to a higher one, all other cells of the row as they are.
#
# Output seen (2026-11-29), the largest step against a constraint in raw score:
#   complete rows  basic 0.0000  intermediate 0.0000  advanced 0.0000
#   missing cells  basic 0.0000  intermediate 0.0492  advanced 0.4938
#
# Installs the package in a temporary folder, fits invented rows, and fails if one of these statements changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6 scipy==1.17.1
"$folder/env/bin/python" - <<'PYTHON'
import lightgbm as lgb
import numpy as np

SIGNS = [1, -1, 0, 0, 1, -1]


def largest_step_against(method: str, missing: float) -> float:
    random = np.random.default_rng(3)
    rows = random.normal(size=(4000, 6))
    score = 0.8 * rows[:, 0] - rows[:, 1] + rows[:, 2] * rows[:, 0] + random.logistic(size=4000)
    outcome = (score > 0.5).astype(int)
    if missing:
        rows[random.random(rows.shape) < missing] = np.nan
    parameters = {
        "objective": "binary", "num_leaves": 31, "feature_fraction": 0.5, "seed": 1, "num_threads": 1,
        "deterministic": True, "verbosity": -1,
        "monotone_constraints": SIGNS, "monotone_constraints_method": method,
    }
    booster = lgb.train(parameters, lgb.Dataset(rows, outcome), 60)
    largest = 0.0
    for column, sign in enumerate(SIGNS):
        if sign:
            scores = []
            for value in np.linspace(-3, 3, 61):
                moved = rows[:1500].copy()
                moved[:, column] = value
                scores.append(sign * booster.predict(moved, raw_score=True))
            path = np.array(scores)
            largest = max(largest, float((np.maximum.accumulate(path, axis=0) - path).max()))
    return largest


found = {}
for name, missing in (("complete rows", 0.0), ("missing cells", 0.5)):
    for method in ("basic", "intermediate", "advanced"):
        found[name, method] = largest_step_against(method, missing)
    print(name, *(f"{method} {found[name, method]:.4f} " for method in ("basic", "intermediate", "advanced")))
assert all(found["complete rows", method] < 1e-9 for method in ("basic", "intermediate", "advanced")), found
assert found["missing cells", "basic"] < 1e-9, found
assert min(found["missing cells", "intermediate"], found["missing cells", "advanced"]) > 0.01, found
PYTHON
