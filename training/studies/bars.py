"""How far the model is above the rules on simulated counties, and how near to what the true hazards allow.

`python -m training.studies.bars --seeds 5 --households 30000 --months 60 --write` writes BARS.md beside this file.
A county whose inbox or store lies in `--folder` already is not simulated again.
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
from sklearn.metrics import roc_auc_score

from models.county_policy.policy_table import policy_table_of
from models.light import CODES
from models.raw_score import Floats
from models.traffic_light.rule_table import rule_table_of
from training.cohort import samples
from training.evaluation.ceiling import ranking_ceiling, true_hazards
from training.evaluation.measures import Bools, auc, recall_at
from training.evaluation.re_falls import re_falls, within_months
from training.evaluation.true_probability import clipped_jeffreys_interval
from training.folds import Fold
from training.plan import SearchPlan
from training.simulate.order import Order
from training.studies.simulated_store import print_progress, simulate_and_load
from training.train import fit_model

PAGE = Path(__file__).with_name("BARS.md")
_DECILES = 10
_EARLY_DAYS = 90
_HAZARD_MONTHS = 13
"""Enough for the twelve evaluated months wherever the reporting lag puts them."""
_FUTURES = 20


@dataclass(frozen=True)
class StudyCounty:
    """One simulated county, scored.

    sample: the judgement fold with `probability`, `level` (0 green, 1 yellow, 2 red) and `hazard`, the share of
    simulated futures in which the loan goes bad; null where it was in truth bad already. ceiling_auc: best reachable
    AUC by month end, over all loans of the cohort whose hazards were simulated.
    """

    sample: pl.DataFrame
    ceiling_auc: Mapping[date, float]

    @property
    def not_in_arrears(self) -> pl.DataFrame:
        """The rows of `sample` whose loans are not in arrears yet: the hard part of the task."""
        return self.sample.filter((pl.col("days_past_due") == 0) & (pl.col("overdue_amount") == 0))


def simulate_and_score(seed: int, households: int, months: int, trials: int, folder: Path) -> StudyCounty:
    """Simulate, load, train and score one county."""
    order = Order(households, months, seed, replicates=_FUTURES, hazard_dates=_HAZARD_MONTHS, hazard_months_apart=1)
    county = simulate_and_load(order, folder, str(seed))
    plan = county.plan(trials)
    folds = samples(
        county.ledger,
        plan,
        rule_table_of(county.store),
        policy_table_of(county.store),
        lambda _, line: print_progress(line),
    )
    bundle = fit_model(folds, plan, county.ledger.data_version, lambda *_: None)
    sample, hazards = folds[Fold.JUDGEMENT], true_hazards(county.inbox)
    scored = (
        sample.with_columns(pl.Series("probability", bundle.probability(sample)))
        .with_columns(bundle.policy.level(pl.col("probability")).alias("level"))
        .join(hazards.select("loan_id", "as_of", "hazard"), on=["loan_id", "as_of"], how="left")
    )
    evaluated = hazards.filter(pl.col("as_of").is_in(plan.month_ends.judgement))
    ceiling_auc = {month["as_of"][0]: ranking_ceiling(month).auc for month in evaluated.partition_by("as_of")}
    return StudyCounty(scored, ceiling_auc)


def bar_rows(county: StudyCounty) -> Iterator[tuple[str, str, float]]:
    """Name, bar (as text; empty where there is none) and value of each measure of one county."""
    ceiling, over_futures = float(np.mean(list(county.ceiling_auc.values()))), _auc_over_futures(county)
    recall, rules_recall = (_recall(county.not_in_arrears, score) for score in ("probability", "rule_level"))
    yield "bad loan-months judged", "", float(county.sample["bad"].sum())
    yield "visits of the rules, share of loans", "", float((county.sample["rule_level"] > 0).to_numpy().mean())
    yield "AUC of the model", "", _mean_monthly_auc(county, "probability")
    yield "AUC of the rules", "", _mean_monthly_auc(county, "rule_level")
    yield "AUC of the model over all futures", "", over_futures
    yield "best reachable AUC over all futures", "", ceiling
    yield "way from 0.5 to the ceiling", ">= 0.90, <= 1", (over_futures - 0.5) / (ceiling - 0.5)
    yield "recall, all loans: model", "", _recall(county.sample, "probability")
    yield "recall, all loans: rules", "", _recall(county.sample, "rule_level")
    yield "recall, not in arrears: model", "", recall
    yield "recall, not in arrears: rules", "", rules_recall
    yield "times the rules' catch, not in arrears", ">= 1.5", recall / rules_recall
    early = float((lead_days(county.not_in_arrears) >= _EARLY_DAYS).mean())
    yield "of these caught 90 days ahead or more", ">= 0.50", early
    error = calibration_error(*_score_and_outcome(county.sample))
    yield "expected calibration error, points", "<= 0.5", 100 * error
    yield from _interval_rows(county.sample, "probability", "", ">= 10 of 12")
    with_hazard = county.sample.drop_nulls("hazard")
    yield from _interval_rows(with_hazard, "hazard", " of the true hazards", "")
    for light, loans in _loans_by_light(with_hazard):
        for measure, column in (("foretold", "probability"), ("true hazard", "hazard"), ("went bad", "bad")):
            yield f"{light}, all months: {measure}, in 100", "", 100 * float(loans[column].to_numpy().mean())


def _interval_rows(sample: pl.DataFrame, score: str, whose: str, bar: str) -> Iterator[tuple[str, str, float]]:
    """For each light, the months in which the mean score lies in the interval of the share that went bad.

    The true hazards miss it, too: a month's loans share the prices and droughts to come, one loan that goes bad does
    so for the six months before, and an interval that takes them for independent is too narrow. Their own months are
    therefore the most that the bar can ask for.
    """
    for light, loans in _loans_by_light(sample):
        held_months = [jeffreys_interval_holds(*_score_and_outcome(month, score)) for month in _months(loans)]
        yield f"{light}: months of {len(held_months)} in which the interval{whose} holds", bar, float(sum(held_months))


def _loans_by_light(sample: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for level, light in enumerate(CODES):
        yield light, sample.filter(pl.col("level") == level)


def _score_and_outcome(frame: pl.DataFrame, score: str = "probability") -> tuple[Floats, Bools]:
    return frame[score].to_numpy(), frame["bad"].to_numpy().astype(bool)


def _months(frame: pl.DataFrame) -> list[pl.DataFrame]:
    return frame.sort("as_of").partition_by("as_of")


def _mean_monthly_auc(county: StudyCounty, score: str) -> float:
    """The mean AUC over the month ends that have a ceiling."""
    months = [month for month in _months(county.sample) if month["as_of"][0] in county.ceiling_auc]
    areas = [auc(_score_and_outcome(month)[1], month[score].cast(pl.Float64).to_numpy()) for month in months]
    return float(np.mean([area for area in areas if area is not None]))


def _auc_over_futures(county: StudyCounty) -> float:
    """The mean expected AUC over the month ends that have a ceiling; free of the luck of the one future, as it is."""
    months = [month for month in _months(county.sample.drop_nulls("hazard")) if month["as_of"][0] in county.ceiling_auc]
    return float(
        np.mean([expected_auc(month["probability"].to_numpy(), month["hazard"].to_numpy()) for month in months])
    )


def expected_auc(score: Floats, hazard: Floats) -> float:
    """The AUC of a score expected under the loans' hazards.

    sum over i, j of h_i (1 - h_j) ([s_i > s_j] + [s_i = s_j] / 2) / sum over i, j of h_i (1 - h_j).

    hazard: the share of futures in which each loan went bad; as a weight its noise evens out.
    """
    outcome = np.repeat([1, 0], len(score))
    return float(roc_auc_score(outcome, np.tile(score, 2), sample_weight=np.concatenate([hazard, 1 - hazard])))


def _recall(frame: pl.DataFrame, score: str) -> float:
    """Recall over all months, in each at the rules' number of visits."""
    months = _months(frame)
    recalls = [
        recall_at(
            month[score].cast(pl.Float64).to_numpy(),
            _score_and_outcome(month)[1],
            int((month["rule_level"] > 0).sum()),
        )
        for month in months
    ]
    weights = [int(month["bad"].sum()) for month in months]
    return float(np.average([recall or 0.0 for recall in recalls], weights=weights))


def lead_days(frame: pl.DataFrame) -> Floats:
    """Days from the first visit of each bad loan to its `bad_on`, where the riskiest loans get the rules' visits."""
    visits = (pl.col("rule_level") > 0).sum().over("as_of")
    visited = frame.filter(pl.col("probability").rank("ordinal", descending=True).over("as_of") <= visits)
    caught = visited.filter(pl.col("bad") == 1).group_by("loan_id").agg(pl.col("as_of").min(), pl.col("bad_on").first())
    return caught.select((pl.col("bad_on") - pl.col("as_of")).dt.total_days()).to_series().to_numpy().astype(np.float64)


def calibration_error(probability: Floats, bad: Bools) -> float:
    """The mean distance of mean probability and share gone bad over ten bins of equal size, weighted by their loans."""
    bins = np.array_split(np.argsort(probability, kind="stable"), _DECILES)
    distances = [abs(probability[rows].mean() - bad[rows].mean()) * len(rows) for rows in bins]
    return float(sum(distances) / len(bad))


def jeffreys_interval_holds(probability: Floats, bad: Bools) -> bool:
    """Whether the mean probability lies in the 95% Jeffreys interval of the share that went bad."""
    low, high = clipped_jeffreys_interval(int(bad.sum()), len(bad))
    return bool(low <= probability.mean() <= high)


def cleared_loans(county: StudyCounty, seed: int) -> pl.DataFrame:
    """The rows of a county's sample whose loans were bad before, on probation or performing again.

    Columns `household_id` (with the seed before it), `months_since_arrears`, `bad`, `probability` and `hazard`.
    """
    named = county.sample.with_columns((f"{seed}/" + pl.col("household_id")).alias("household_id"))
    columns = ("household_id", "months_since_arrears", "bad", "probability", "hazard")
    return named.filter(pl.col("months_since_arrears").is_not_null()).select(columns)


def re_fall_lines(loans: pl.DataFrame) -> Iterator[str]:
    """The table of re-falls as lines of Markdown: by months clean what came, what was foretold, what was true.

    loans: as `cleared_loans`, of all counties together.
    """
    yield "| months clean | loan-months | bad again within 6 months | 95% interval | foretold | true hazard | counted |"
    yield "|---|---|---|---|---|---|---|"
    for row in re_falls(loans):
        means = within_months(loans, row.months).select(pl.mean("probability", "hazard")).row(0)
        foretold, hazard = ("" if mean is None else f"{mean:.1%}" for mean in means)
        share = f"{row.share:.1%}" if row.loans else ""
        counts = f"| {row.months.words} | {row.loans:,} | {share} | {row.low:.1%} - {row.high:.1%} "
        yield f"{counts}| {foretold} | {hazard} | {row.months.counted:.1%} |"


def bars_page(
    counties: Mapping[int, Sequence[tuple[str, str, float]]],
    cleared: pl.DataFrame,
    households: int,
    months: int,
    trials: int,
) -> str:
    """The text of BARS.md: a row for each measure, a column for each seed; and the table of re-falls.

    cleared: as `cleared_loans`, of all counties together.
    """
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
    lines += [
        "",
        "## 再次变坏 / Loans that were bad before",
        "",
        "Loans on probation or performing again, of all seeds together, by whole months since their arrears ended: the"
        " share that was bad again within six months, with an interval that takes the rows of one household as one"
        " draw; the mean of the probability that the model of the run foretold, and of the share of simulated futures"
        " in which they are bad again; and what a hand count of a real county found.",
        "",
        *re_fall_lines(cleared),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure as many counties as asked for, print the page, and write it to BARS.md where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--households", type=int, default=30_000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--trials", type=int, default=SearchPlan().trials)
    parser.add_argument("--folder", type=Path, help="keeps the counties; a temporary one")
    parser.add_argument("--write", action="store_true", help="write BARS.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        rows_by_seed, cleared = {}, []
        for seed in range(1, options.seeds + 1):
            county = simulate_and_score(seed, options.households, options.months, options.trials, folder)
            rows_by_seed[seed] = list(bar_rows(county))
            cleared.append(cleared_loans(county, seed))
    text = bars_page(rows_by_seed, pl.concat(cleared), options.households, options.months, options.trials)
    print(text, end="")
    if options.write:
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
