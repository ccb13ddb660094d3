"""The model of a base county, judged on the same county as it would have been under each scenario.

`python -m training.studies.stress --households 3000 --months 60 --seed 1`: drought, price collapse, epidemic and the
others befall the last twelve months; the model knows nothing of them.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.traffic_light.rule_table import rule_table_of
from training.cohort import samples
from training.evaluation.evaluate import under_stress
from training.evaluation.evaluated_loans import Judged, judged_by
from training.evaluation.report import Report
from training.folds import Fold
from training.plan import Plan
from training.simulate.order import Order
from training.simulate.scenarios import SCENARIOS
from training.studies.simulated_store import Simulated, simulated, tell
from training.train import fitted


def stressed(households: int, months: int, seed: int, trials: int, folder: Path) -> dict[str, Report]:
    """The judgement of the base county's model by scenario, on the same month ends and households."""
    counties = {
        name: simulated(Order(households, months, seed, scenario=scenario), folder, name)
        for name, scenario in SCENARIOS.items()
    }
    base = counties["base"]
    plan = base.plan(trials)
    folds = samples(base.ledger, plan, rule_table_of(base.store), lambda _, line: tell(line))
    bundle = fitted(folds, plan, base.ledger.data_version, lambda *_: None)
    return under_stress({name: _judged(county, bundle, plan) for name, county in counties.items()})


def _judged(county: Simulated, bundle: Bundle, plan: Plan) -> Judged:
    found = samples(county.ledger, plan, rule_table_of(county.store), lambda _, line: tell(line), [Fold.JUDGEMENT])
    return judged_by(bundle, found[Fold.JUDGEMENT], policy_table_of(county.store))


def stress_lines(reports: Mapping[str, Report]) -> Iterator[str]:
    """A line a scenario: loans, bad, visits; recall of model and rules at them, AUC, calibration error in points."""
    yield f"{'':<16}{'loans':>8}{'bad':>6}{'visits':>8}{'model':>8}{'rules':>8}{'AUC':>8}{'rules':>8}{'ECE':>7}"
    for name, report in reports.items():
        overall, told = report.months[-1], report.everyone.contenders
        model, rules = (told[who].recall.value for who in ("model", "rules"))
        yield (
            f"{name:<16}{overall.loans:>8}{overall.bad:>6}{overall.visits:>8}{_share(model):>8}{_share(rules):>8}"
            f"{_share(overall.auc['model']):>8}{_share(overall.auc['rules']):>8}{100 * report.calibration.ece:>7.2f}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=3000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keeps the counties; a temporary one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        reports = stressed(asked.households, asked.months, asked.seed, asked.trials, folder)
    print("\n".join(stress_lines(reports)))


if __name__ == "__main__":
    main()
