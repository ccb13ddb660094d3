"""Whether the intervals of `lights cases effect` hold what visits do, on simulated counties where that is known.

`python -m training.studies.visit_study --seeds 8 --households 6000 --effect 0.4 --write` writes VISITS.md beside this
file. One model is fitted on a county of its own; in each other county it sets the lights of thirty months, officers
visit by them, and a share of the visited loans that would go bad pays in time instead (`visited_county.py`). The same
functions as the command's then estimate that share, from lights, visits and labels alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.county_policy.sections import VisitStudy
from models.policy import Thresholds
from models.traffic_light.rule import Rule
from models.traffic_light.rule_table import rule_table_of
from models.visit_effect.estimates import Interval, VisitEstimate, margin_estimate, trial_estimate
from models.visit_effect.outcome_rates import outcome_rates
from training.cohort import last_reported_day, samples
from training.folds import Fold
from training.simulate.order import Order
from training.studies.simulated_store import print_progress, simulate_and_load
from training.studies.visited_county import live_with_visits
from training.train import fit_model

PAGE = Path(__file__).with_name("VISITS.md")
MONTHS, MONTHS_LIT = 48, 30
MODEL_SEED, MODEL_HOUSEHOLDS, MODEL_MONTHS = 1000, 3000, 60
SHARE_LIT, SHARE_RED = 0.08, 0.015
"""Shares of the open loans that the model lights, as a county with so many visits would choose."""
DRAWN_SHARE = 0.5
_IDS = ("loan_id", "household_id")
LEAST_HELD = 0.85
"""The bar: share of the counties in which the interval of the share averted holds the true one."""


@dataclass(frozen=True)
class StudiedCounty:
    """A county's estimates. name: its seed, or what is pooled."""

    name: str
    margin: VisitEstimate
    trial: VisitEstimate


def holds(interval: Interval, effect: float) -> bool:
    """Whether an interval holds the true share averted; one without bounds holds all."""
    return interval.low is None or interval.high is None or interval.low <= effect <= interval.high


def model_and_rules(folder: Path) -> tuple[Bundle, tuple[Rule, ...], VisitStudy]:
    """A model fitted on a county where nobody is visited, the rules in force, and the study with a trial."""
    county = simulate_and_load(Order(MODEL_HOUSEHOLDS, MODEL_MONTHS, MODEL_SEED), folder, "model")
    rules, policies, plan = rule_table_of(county.store), policy_table_of(county.store), county.plan(1)
    folds = samples(county.ledger, plan, rules, policies, lambda *_: None)
    bundle = fit_model(folds, plan, county.ledger.data_version, lambda *_: None)
    until = last_reported_day(county.ledger)
    study = policies.in_force(until).visit_study.model_copy(update={"drawn_share": DRAWN_SHARE})
    return with_capacity(bundle, folds[Fold.POLICY]), rules.in_force(until), study


def with_capacity(bundle: Bundle, loans: pl.DataFrame) -> Bundle:
    """The model with thresholds that light SHARE_LIT of these loans, SHARE_RED of them red."""
    probability = bundle.probability(loans)
    found = Thresholds(*(float(np.quantile(probability, 1 - share)) for share in (SHARE_LIT, SHARE_RED)))
    return replace(bundle, policy=replace(bundle.policy, yellow_from=found.yellow_from, red_from=found.red_from))


def measure(rows: pl.DataFrame, name: str, study: VisitStudy) -> StudiedCounty:
    """The estimates of a county's rows."""
    return StudiedCounty(name, margin_estimate(rows, study.least_bad), trial_estimate(rows, study.least_bad))


def missed_bar(counties: Sequence[StudiedCounty], effect: float) -> list[str]:
    """The comparisons whose intervals hold the true share in too few counties, a line each."""
    missed = []
    for name in ("margin", "trial"):
        held = sum(holds(getattr(county, name).averted, effect) for county in counties)
        if held < LEAST_HELD * len(counties):
            missed.append(f"{name}: {held} of {len(counties)} counties")
    return missed


def page(
    counties: Sequence[StudiedCounty], pooled: StudiedCounty, rates: pl.DataFrame, effect: float, command: str
) -> str:
    """VISITS.md: the estimates of each county, and of all together."""
    lines = [
        "# 走访成效：区间是否包含真实成效 / Whether visits help: do the intervals hold what they do?",
        "",
        f"Written by `{command}`.",
        f"The true share averted is {effect:.0%}: of visited loans that would go bad, so many pay in time instead. A",
        "month lights about one loan in twelve; officers visit 60% of the lit loans and of those drawn for the trial",
        f"({DRAWN_SHARE:.0%} of the green loans near the threshold), and 0.5% of the others, each month. Averted: the",
        "estimated share, with its 95% interval; `open` where the data do not bound it.",
        "",
        f"Bars missed: {'; '.join(missed_bar(counties, effect)) or 'none'} (the interval holds the true share in at",
        f"least {LEAST_HELD:.0%} of the counties).",
        "",
        "| county | compared | loan-months | bad | visit rate, difference | bad, difference | averted | holds | says |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for county in (*counties, pooled):
        for name, estimate in (("threshold", county.margin), ("drawn", county.trial)):
            lines.append(
                f"| {county.name} | {name} | {estimate.loans:,} | {estimate.bad} | {_cell(estimate.visit_rate)} | "
                f"{_cell(estimate.change)} | {_cell(estimate.averted)} | "
                f"{'yes' if holds(estimate.averted, effect) else 'no'} | {estimate.verdict.value} |"
            )
    lines += [
        "",
        "## Outcomes by light and visit, all counties",
        "",
        "Lit and not visited loans go bad far more often than lit and visited ones: mostly because what goes bad early",
        "cannot be visited in time. The comparison above is the one that tells what visits do.",
        "",
        "| lit | visited | loan-months | bad | rate | foretold |",
        "|---|---|---|---|---|---|",
    ]
    for row in rates.to_dicts():
        lit, visited = ("yes" if row[name] else "no" for name in ("lit", "visited"))
        lines.append(
            f"| {lit} | {visited} | {row['loans']:,} | {row['bad']:,} | {row['rate']:.2%} | {row['foretold']:.2%} |"
        )
    return "\n".join(lines) + "\n"


def _cell(interval: Interval) -> str:
    if interval.value is None or interval.low is None or interval.high is None:
        return "open" if interval.value is None else f"{interval.value:+.3f} (open)"
    return f"{interval.value:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def main() -> None:
    """Print the page, or write it; exit 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="Whether the intervals of the effect of visits hold it.")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--households", type=int, default=6000)
    parser.add_argument("--effect", type=float, default=0.4)
    parser.add_argument("--folder", type=Path, help="where counties are kept; a temporary one where none is named")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    command = (
        f"python -m training.studies.visit_study --seeds {asked.seeds} --households {asked.households} "
        f"--effect {asked.effect:g} --write"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        bundle, rules, study = model_and_rules(folder)
        counties, frames = [], []
        for seed in range(1, asked.seeds + 1):
            print_progress(f"county {seed}")
            order = Order(asked.households, MONTHS, seed)
            inbox = folder / f"visited-{seed}"
            county = live_with_visits(order, MONTHS_LIT, asked.effect, bundle, study, rules, inbox)
            rows = county.rows()
            counties.append(measure(rows, str(seed), study))
            frames.append(rows.with_columns(pl.format(f"{seed}-{{}}", name).alias(name) for name in _IDS))
    rows = pl.concat(frames)
    text = page(counties, measure(rows, "all", study), outcome_rates(rows), asked.effect, command)
    if asked.write:
        PAGE.write_text(text, "utf-8")
    else:
        print(text, end="")
    if missed_bar(counties, asked.effect):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
