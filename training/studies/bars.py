"""How far the model is above the rules on simulated counties, and how near to what their truth allows.

`python -m training.studies.bars --seeds 5 --households 30000 --months 60 --write` writes BARS.md beside this file.
A county that lies in `--folder` already, simulated or judged, is taken as it is.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from models.boosting import Floats
from models.bundle import Bundle
from models.traffic_light.rule_table import rule_table_of
from training.cohort import samples
from training.evaluation.ceiling import ceiling, hazards
from training.evaluation.measures import Bools, auc, recall_at
from training.folds import Fold
from training.plan import Plan, Search
from training.simulate.order import Order
from training.studies.simulated_store import simulated, tell
from training.train import fitted

PAGE = Path(__file__).with_name("BARS.md")
_DECILES = 10
_FAR = 90
_HAZARD_MONTHS = 13
"""The twelve judged, wherever the reporting lag puts them."""
_FUTURES = 20


@dataclass(frozen=True)
class County:
    """One simulated county: what its truth allows, and its judgement fold with `probability`, `level` and `hazard`.

    allowed: by month end, the ceiling's AUC of all loans of the cohort whose hazards were counted.
    hazard: the true one, from so many futures; null where the loan was in truth bad already.
    """

    sample: pl.DataFrame
    allowed: Mapping[date, float]

    @property
    def quiet(self) -> pl.DataFrame:
        """Loans not yet in arrears: the hard part of the task."""
        return self.sample.filter((pl.col("days_past_due") == 0) & (pl.col("overdue_amount") == 0))


def county(seed: int, households: int, months: int, trials: int, folder: Path) -> County:
    """Simulate, load, train and score one county."""
    order = Order(households, months, seed, replicates=_FUTURES, hazard_dates=_HAZARD_MONTHS, hazard_apart=1)
    lived = simulated(order, folder, str(seed))
    plan = lived.plan(trials)
    folds = samples(lived.ledger, plan, rule_table_of(lived.store), lambda _, line: tell(line))
    bundle = fitted(folds, plan, lived.ledger.data_version, lambda *_: None)
    truth = hazards(lived.inbox).select("loan_id", "as_of", "hazard")
    scored = _scored(folds[Fold.JUDGEMENT], bundle).join(truth, on=["loan_id", "as_of"], how="left")
    return County(scored, _allowed(lived.inbox, plan))


def _scored(sample: pl.DataFrame, bundle: Bundle) -> pl.DataFrame:
    scored = sample.with_columns(pl.Series("probability", bundle.probability(sample)))
    return scored.with_columns(bundle.policy.level(pl.col("probability")).alias("level"))


def _allowed(inbox: Path, plan: Plan) -> dict[date, float]:
    judged = hazards(inbox).filter(pl.col("as_of").is_in(plan.month_ends.judgement))
    return {month["as_of"][0]: ceiling(month).auc for month in judged.partition_by("as_of")}


def measures(of: County) -> Iterator[tuple[str, str, float]]:
    """Name, bar and value of each."""
    allowed, lived_again = float(np.mean(list(of.allowed.values()))), _auc_over_futures(of)
    caught, by_rules = _recall(of.quiet, "probability"), _recall(of.quiet, "rule_level")
    yield "bad loan-months judged", "", float(of.sample["bad"].sum())
    yield "visits of the rules, share of loans", "", float((of.sample["rule_level"] > 0).to_numpy().mean())
    yield "AUC of the model", "", _auc_of_months(of, "probability")
    yield "AUC of the rules", "", _auc_of_months(of, "rule_level")
    yield "AUC of the model over all futures", "", lived_again
    yield "best reachable AUC over all futures", "", allowed
    yield "way from 0.5 to the ceiling", ">= 0.90, <= 1", (lived_again - 0.5) / (allowed - 0.5)
    yield "recall, all loans: model", "", _recall(of.sample, "probability")
    yield "recall, all loans: rules", "", _recall(of.sample, "rule_level")
    yield "recall, not in arrears: model", "", caught
    yield "recall, not in arrears: rules", "", by_rules
    yield "times the rules' catch, not in arrears", ">= 1.5", caught / by_rules
    yield "of these caught 90 days ahead or more", ">= 0.50", float((lead_days(of.quiet) >= _FAR).mean())
    yield "expected calibration error, points", "<= 0.5", 100 * calibration_error(*_both(of.sample))
    yield from _by_light(of.sample, "probability", "", ">= 10 of 12")
    known = of.sample.drop_nulls("hazard")
    yield from _by_light(known, "hazard", " of the true hazards", "")
    for name, loans in _lit(known):
        for what, column in (("foretold", "probability"), ("true hazard", "hazard"), ("went bad", "bad")):
            yield f"{name}, all months: {what}, in 100", "", 100 * float(loans[column].to_numpy().mean())


def _by_light(sample: pl.DataFrame, score: str, whose: str, bar: str) -> Iterator[tuple[str, str, float]]:
    """In how many months what a score foretells of a light's loans lies in the interval of what became of them.

    The true hazards miss it, too: a month's loans share the prices and droughts to come, one loan that goes bad does
    so for the six months before, and an interval that takes them for independent is too narrow. So theirs is what the
    bar can ask for.
    """
    for name, loans in _lit(sample):
        months = _months(loans)
        held = [holds(*_both(month, score)) for month in months]
        yield f"{name}: months of {len(held)} in which the interval{whose} holds", bar, float(sum(held))


def _lit(sample: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for level, name in enumerate(("green", "yellow", "red")):
        yield name, sample.filter(pl.col("level") == level)


def _both(frame: pl.DataFrame, score: str = "probability") -> tuple[Floats, Bools]:
    return frame[score].to_numpy(), frame["bad"].to_numpy().astype(bool)


def _months(frame: pl.DataFrame) -> list[pl.DataFrame]:
    return frame.sort("as_of").partition_by("as_of")


def _auc_of_months(of: County, score: str) -> float:
    """The mean over the month ends whose ceiling is known."""
    months = [month for month in _months(of.sample) if month["as_of"][0] in of.allowed]
    areas = [auc(_both(month)[1], month[score].cast(pl.Float64).to_numpy()) for month in months]
    return float(np.mean([area for area in areas if area is not None]))


def _auc_over_futures(of: County) -> float:
    """The mean over the month ends whose ceiling is known: like the ceiling, free of the luck of the one future."""
    months = [month for month in _months(of.sample.drop_nulls("hazard")) if month["as_of"][0] in of.allowed]
    return float(
        np.mean([expected_auc(month["probability"].to_numpy(), month["hazard"].to_numpy()) for month in months])
    )


def expected_auc(score: Floats, hazard: Floats) -> float:
    """sum over i, j of h_i (1 - h_j) ([s_i > s_j] + [s_i = s_j] / 2) / sum over i, j of h_i (1 - h_j).

    hazard: the share of futures in which each went bad; as a weight its noise evens out.
    """
    outcome = np.repeat([1, 0], len(score))
    return float(roc_auc_score(outcome, np.tile(score, 2), sample_weight=np.concatenate([hazard, 1 - hazard])))


def _recall(frame: pl.DataFrame, score: str) -> float:
    """Over all months, each at the rules' own number of visits in it."""
    months = _months(frame)
    found = [
        recall_at(month[score].cast(pl.Float64).to_numpy(), _both(month)[1], int((month["rule_level"] > 0).sum()))
        for month in months
    ]
    return float(np.average([recall or 0.0 for recall in found], weights=[int(month["bad"].sum()) for month in months]))


def lead_days(frame: pl.DataFrame) -> Floats:
    """For each loan caught by the rules' number of visits to the riskiest, the days from its first visit to bad_on."""
    visits = (pl.col("rule_level") > 0).sum().over("as_of")
    visited = frame.filter(pl.col("probability").rank("ordinal", descending=True).over("as_of") <= visits)
    caught = visited.filter(pl.col("bad") == 1).group_by("loan_id").agg(pl.col("as_of").min(), pl.col("bad_on").first())
    return caught.select((pl.col("bad_on") - pl.col("as_of")).dt.total_days()).to_series().to_numpy().astype(np.float64)


def calibration_error(probability: Floats, bad: Bools) -> float:
    """Mean distance of foretold and observed over deciles of the probability, by their loans."""
    parts = np.array_split(np.argsort(probability, kind="stable"), _DECILES)
    apart = [abs(probability[part].mean() - bad[part].mean()) * len(part) for part in parts]
    return float(sum(apart) / len(bad))


def holds(probability: Floats, bad: Bools) -> bool:
    """Whether the mean probability lies in the 95% Jeffreys interval of the observed share.

    Source: Brown, Cai, DasGupta 2001, Interval estimation for a binomial proportion.
    """
    hits, misses = bad.sum(), (~bad).sum()
    low = beta.ppf(0.025, hits + 0.5, misses + 0.5) if hits else 0.0
    high = beta.ppf(0.975, hits + 0.5, misses + 0.5) if misses else 1.0
    return bool(low <= probability.mean() <= high)


def page(counties: Mapping[int, Sequence[tuple[str, str, float]]], households: int, months: int, trials: int) -> str:
    """BARS.md: a row a measure, a column a seed."""
    lines = [
        "# 模型与规则, 与真实上限 / The model, the rules and the truth",
        "",
        f"{len(counties)} simulated base counties of {households:,} households and {months} months, each judged on"
        " month ends after, and households apart from, those it was fitted on. Written by"
        f" `python -m training.studies.bars --seeds {len(counties)} --households {households} --months {months}"
        f" --trials {trials} --write`.",
        "",
        f"| measure | bar | {' | '.join(f'seed {seed}' for seed in counties)} |",
        f"|---|---|{'---|' * len(counties)}",
    ]
    for row in zip(*counties.values(), strict=True):
        name, bar, _ = row[0]
        lines.append(f"| {name} | {bar} | {' | '.join(f'{value:.4g}' for _, _, value in row)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--households", type=int, default=30_000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--trials", type=int, default=Search().trials)
    parser.add_argument("--folder", type=Path, help="keeps the counties; a temporary one")
    parser.add_argument("--write", action="store_true", help="write BARS.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        found = {
            seed: list(measures(county(seed, asked.households, asked.months, asked.trials, folder)))
            for seed in range(1, asked.seeds + 1)
        }
    written = page(found, asked.households, asked.months, asked.trials)
    print(written, end="")
    if asked.write:
        PAGE.write_text(written, "utf-8")


if __name__ == "__main__":
    main()
