"""What visited loans do to the next model, and what the weights of `training.visited_rows` undo, against the truth.

`python -m training.studies.visited_training --seeds 2 --households 8000 --effect 0.5 --write` writes
VISITED_TRAINING.md beside this file; without `--write` it prints it. In each county a model lights the loans of 42
months and officers visit by them (`visited_county.py`). Trees are fitted on those months as a plan with
`visits.treated` of each kind would, and compared with the true hazards of loans that are not visited any more, at two
later month ends.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import polars as pl

from features.bad_spells import bad_spells
from features.catalog import MODEL_COLUMNS
from features.compute import Population, features_at
from features.months import month_end_after
from features.snapshot.life_rules import LifeRules
from models.boosting import columns_of
from models.raw_score import Floats
from training.candidates import Candidate, ModelSpec
from training.evaluation.ceiling import true_hazards
from training.labels import label_cohort
from training.plan import Plan, VisitedRowsPlan
from training.plan_files import default_plan
from training.simulate.order import Order
from training.studies.simulated_store import print_progress
from training.studies.visit_study import model_and_rules
from training.studies.visited_county import VisitedCounty, live_with_visits, tables_in
from training.visited_rows import PUBLISHED_SCORES_SCHEMA, visited_rows

PAGE = Path(__file__).with_name("VISITED_TRAINING.md")
MONTHS, MONTHS_LIT = 60, 42
REPLICATES, HAZARD_DATES, HAZARD_MONTHS_APART = 40, 2, 6
TOP = 12
"""The riskiest loan of so many is compared by itself."""
Treated = Literal["keep", "censor", "weight"]


@dataclass(frozen=True)
class FittedModel:
    """A model against the true hazards of one county.

    mean, top: mean probability of all loans and of its own riskiest; true_mean, true_top: of their hazards. auc: over
    the futures. log_loss: expected under the hazards.
    """

    county: str
    treated: Treated
    visited: int
    rows: int
    mean: float
    true_mean: float
    top: float
    true_top: float
    auc: float
    log_loss: float


def fitted_models(county: VisitedCounty, name: str, plan: Plan) -> Iterator[FittedModel]:
    """The model of each kind of treatment, fitted up to a horizon before the first hazards."""
    hazards, tables = true_hazards(county.inbox), tables_in(county.inbox)
    spells = bad_spells(tables, LifeRules())
    first = min(hazards["as_of"].unique())
    months = [as_of for as_of in county.lights if plan.label_end(as_of) <= first]
    cohorts = {
        as_of: label_cohort(features_at(as_of, tables, Population.COHORT), spells, as_of, plan)
        for as_of in (*months, *hazards["as_of"].unique())
    }
    fit = pl.concat([cohorts[as_of] for as_of in months])
    later = pl.concat([cohorts[as_of] for as_of in hazards["as_of"].unique()]).join(hazards, on=["loan_id", "as_of"])
    columns, spec = columns_of(MODEL_COLUMNS), ModelSpec(Candidate.SIGNED_TREES, plan.tree_params)
    scores = pl.concat(
        [
            lights.select("loan_id", pl.lit(month).alias("month"), "light", "probability")
            for month, lights in county.lights.items()
        ]
    ).select(*PUBLISHED_SCORES_SCHEMA.columns)
    hazard = later["hazard"].to_numpy()
    for treated in get_args(Treated):
        own = plan.model_copy(update={"visits": VisitedRowsPlan(treated=treated)})
        weighted = visited_rows(fit, county.visits, scores, own)
        rows = fit if treated == "keep" else weighted.drop("visited")
        probability = np.asarray(1 / (1 + np.exp(-spec.fit(rows, columns).log_odds(later))), dtype=np.float64)
        riskiest = np.argsort(-probability, kind="stable")[: later.height // TOP]
        yield FittedModel(
            name,
            treated,
            int(weighted["visited"].sum()),
            fit.height,
            float(probability.mean()),
            float(hazard.mean()),
            float(probability[riskiest].mean()),
            float(hazard[riskiest].mean()),
            expected_auc(probability, hazard),
            float(-np.mean(hazard * np.log(probability) + (1 - hazard) * np.log(1 - probability))),
        )


def expected_auc(probability: Floats, hazard: Floats) -> float:
    """The AUC that is expected where each loan goes bad by its hazard; no two scores are equal."""
    order = np.argsort(probability, kind="stable")
    bad, good = hazard[order], 1 - hazard[order]
    below = np.cumsum(good) - good
    return float((bad * below).sum() / ((bad.sum() * good.sum()) - (bad * good).sum()))


def page(models: Sequence[FittedModel], effect: float, command: str) -> str:
    """VISITED_TRAINING.md: each model against the truth, and the means of all counties."""
    lines = [
        "# 走访过的贷款与下一个模型 / Visited loans and the next model",
        "",
        f"Written by `{command}`.",
        f"Visits avert {effect:.0%}; lit loans are visited in 60% of the months. `keep` takes labels as they are,",
        "`censor` leaves visited rows out, `weight` lets loans of the same light and score that were not visited count",
        "for them.",
        f"Riskiest: the 1 in {TOP} that the model ranks highest. Expected log loss is under the true hazards without",
        "visits: the lower, the closer.",
        "",
        "| county | treated | rows visited | true mean | mean | riskiest, true | riskiest | AUC | log loss |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {model.county} | {model.treated} | {model.visited:,} of {model.rows:,} | {model.true_mean:.4f} | "
        f"{model.mean:.4f} | {model.true_top:.4f} | {model.top:.4f} | {model.auc:.4f} | {model.log_loss:.5f} |"
        for model in models
    ]
    for treated in get_args(Treated):
        own = [model for model in models if model.treated == treated]
        figures = ("true_mean", "mean", "true_top", "top", "auc", "log_loss")
        means = [sum(getattr(model, name) for model in own) / len(own) for name in figures]
        cells = " | ".join(f"{value:.4f}" for value in means[:-1])
        lines.append(f"| all, mean | {treated} | | {cells} | {means[-1]:.5f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description="What visited loans do to the next model.")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--households", type=int, default=8000)
    parser.add_argument("--effect", type=float, default=0.5)
    parser.add_argument("--folder", type=Path, help="where counties are kept; a temporary one where none is named")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    command = (
        f"python -m training.studies.visited_training --seeds {asked.seeds} --households {asked.households} "
        f"--effect {asked.effect:g} --write"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        bundle, rules, study = model_and_rules(folder)
        models: list[FittedModel] = []
        for seed in range(1, asked.seeds + 1):
            print_progress(f"county {seed}")
            order = Order(
                asked.households,
                MONTHS,
                seed,
                REPLICATES,
                hazard_dates=HAZARD_DATES,
                hazard_months_apart=HAZARD_MONTHS_APART,
            )
            inbox = folder / f"trained-{seed}"
            county = live_with_visits(order, MONTHS_LIT, asked.effect, bundle, study, rules, inbox)
            last = max(county.lights)
            models += fitted_models(county, str(seed), default_plan(month_end_after(last, -MONTHS), last))
    text = page(models, asked.effect, command)
    if asked.write:
        PAGE.write_text(text, "utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
