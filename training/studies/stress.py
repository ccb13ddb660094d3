"""The model of a base county, evaluated on the county as it would have been under each stress scenario.

`python -m training.studies.stress --households 3000 --months 60 --seed 1`: drought, price collapse, epidemic and the
other scenarios set in during the last twelve months, of which the model has learnt nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.county_policy.policy_table import policy_table_of
from models.traffic_light.rule_table import rule_table_of
from training.cohort import samples
from training.evaluation.evaluate import evaluate_scenarios
from training.evaluation.evaluated_loans import score_loans
from training.evaluation.report import EvaluationReport
from training.folds import Fold
from training.simulate.order import Order
from training.simulate.scenarios import SCENARIOS
from training.studies.simulated_store import print_progress, simulate_and_load
from training.train import fit_model


def stress_reports(households: int, months: int, seed: int, trials: int, folder: Path) -> dict[str, EvaluationReport]:
    """The evaluation of the base county's model by scenario, on equal month ends and households."""
    counties = {
        name: simulate_and_load(Order(households, months, seed, scenario=scenario), folder, name)
        for name, scenario in SCENARIOS.items()
    }
    base = counties["base"]
    plan = base.plan(trials)
    folds = samples(
        base.ledger, plan, rule_table_of(base.store), policy_table_of(base.store), lambda _, line: print_progress(line)
    )
    bundle = fit_model(folds, plan, base.ledger.data_version, lambda *_: None)
    evaluated_loans = {}
    for name, county in counties.items():
        rules = rule_table_of(county.store)
        fold = samples(
            county.ledger,
            plan,
            rules,
            policy_table_of(county.store),
            lambda _, line: print_progress(line),
            [Fold.JUDGEMENT],
        )
        evaluated_loans[name] = score_loans(bundle, fold[Fold.JUDGEMENT], policy_table_of(county.store))
    return evaluate_scenarios(evaluated_loans)


def stress_lines(reports: Mapping[str, EvaluationReport]) -> Iterator[str]:
    """A line for each scenario: loans, bad, visits; recall and AUC of model and rules, calibration error in points."""
    yield f"{'':<16}{'loans':>8}{'bad':>6}{'visits':>8}{'model':>8}{'rules':>8}{'AUC':>8}{'rules':>8}{'ECE':>7}"
    for name, report in reports.items():
        overall, at_capacity = report.months[-1], report.everyone.contenders
        recall, rules_recall = (at_capacity[compared].recall.value for compared in ("model", "rules"))
        yield (
            f"{name:<16}{overall.loans:>8}{overall.bad:>6}{overall.visits:>8}{_share(recall):>8}{_share(rules_recall):>8}"
            f"{_share(overall.auc['model']):>8}{_share(overall.auc['rules']):>8}{100 * report.calibration.ece:>7.2f}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    """Simulate the county under every scenario and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=3000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keeps the counties; a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        reports = stress_reports(options.households, options.months, options.seed, options.trials, folder)
    print("\n".join(stress_lines(reports)))


if __name__ == "__main__":
    main()
