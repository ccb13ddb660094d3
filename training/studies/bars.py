"""How far the model is above the rules on simulated counties, and how near to what the true hazards allow.

`python -m training.studies.bars --seeds 5 --households 30000 5000 3000 --months 60 --write` writes BARS.md beside this
file, and ends with exit code 1 where a bar is missed.
A county whose inbox or store lies in `--folder` already is not simulated again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.light import CODES
from models.raw_score import Floats
from models.traffic_light.rule_table import rule_table_of
from training.candidates import ModelSpec
from training.cohort import samples
from training.evaluation.at_capacity import population_at_capacity
from training.evaluation.ceiling import ranking_ceiling, true_hazards
from training.evaluation.evaluated_loans import score_loans
from training.evaluation.measures import Bools, auc
from training.evaluation.opponents import opponent_scores
from training.evaluation.re_falls import re_falls, within_months
from training.evaluation.report import EvaluationSettings, PopulationAtCapacity
from training.evaluation.true_probability import clipped_jeffreys_interval
from training.folds import Fold
from training.plan import SearchPlan
from training.simulate.order import Order
from training.studies.bar_rows import BarRow, lead_rows, missed_rows, pooled_lines, pooled_misses, recall_rows
from training.studies.learning_curve import CurvePoint, curve_lines, curve_points, least_bad_to_learn_from
from training.studies.simulated_store import print_progress, simulate_and_load
from training.train import fit_model

PAGE = Path(__file__).with_name("BARS.md")
_DECILES = 10
_HAZARD_MONTHS = 13
"""Enough for the twelve evaluated months wherever the reporting lag puts them."""
_FUTURES = 20
_LEARNING_HOUSEHOLDS = 5_000
"""Households up to which the model is fitted on parts of them, too."""


@dataclass(frozen=True)
class StudyCounty:
    """One simulated county, scored.

    sample: the judgement fold with `probability`, the ends of its range `low` and `high`, `level` (0 green, 1 yellow,
    2 red) and `hazard`, the share of simulated futures in which the loan goes bad; null where it was in truth bad
    already. ceiling_auc: best reachable
    AUC by month end, over all loans of the cohort whose hazards were simulated. everyone, not_in_arrears: every
    compared model at the rules' visits. candidate: of the model. curve: the model on ever fewer households.
    """

    sample: pl.DataFrame
    ceiling_auc: Mapping[date, float]
    everyone: PopulationAtCapacity
    not_in_arrears: PopulationAtCapacity
    candidate: str
    curve: Sequence[CurvePoint] = ()


def simulate_and_score(seed: int, households: int, months: int, trials: int, folder: Path) -> StudyCounty:
    """Simulate, load, train and score one county."""
    order = Order(households, months, seed, replicates=_FUTURES, hazard_dates=_HAZARD_MONTHS, hazard_months_apart=1)
    county = simulate_and_load(order, folder, f"{households}-{seed}")
    plan, rules, policies = county.plan(trials), rule_table_of(county.store), policy_table_of(county.store)
    folds = samples(county.ledger, plan, rules, policies, lambda _, line: print_progress(line))
    bundle = fit_model(folds, plan, county.ledger.data_version, lambda *_: None)
    fit, sample, hazards = folds[Fold.FIT], folds[Fold.JUDGEMENT], true_hazards(county.inbox)
    spec = ModelSpec.from_card(bundle.card)
    opponents = opponent_scores(fit, sample, bundle.columns, spec.params, plan, rules)
    loans = score_loans(bundle, sample, policies, opponents)
    scored = (
        with_ranges(loans.frame, bundle)
        .with_columns(bundle.policy.level(pl.col("probability")).alias("level"))
        .join(hazards.select("loan_id", "as_of", "hazard"), on=["loan_id", "as_of"], how="left")
    )
    evaluated = hazards.filter(pl.col("as_of").is_in(plan.month_ends.judgement))
    ceiling_auc = {month["as_of"][0]: ranking_ceiling(month).auc for month in evaluated.partition_by("as_of")}
    return StudyCounty(
        scored,
        ceiling_auc,
        population_at_capacity(loans, EvaluationSettings()),
        population_at_capacity(loans.not_in_arrears, EvaluationSettings()),
        spec.candidate.value,
        curve_points(fit, loans, bundle.columns, spec, plan) if households <= _LEARNING_HOUSEHOLDS else (),
    )


def bar_rows(county: StudyCounty) -> Iterator[BarRow]:
    """Every measure of one county, with its bar where it has one."""
    ceiling, over_futures = float(np.mean(list(county.ceiling_auc.values()))), _auc_over_futures(county)
    recall, tuned = (county.not_in_arrears.contenders[name].recall.value or 0 for name in ("model", "tuned_rules"))
    yield BarRow("candidate", county.candidate)
    yield BarRow("bad loan-months judged", float(county.sample["bad"].sum()))
    yield BarRow("visits of the rules, share of loans", float((county.sample["rule_level"] > 0).to_numpy().mean()))
    yield BarRow("AUC of the model", _mean_monthly_auc(county, "probability"))
    yield BarRow("AUC of the rules", _mean_monthly_auc(county, "rule_level"))
    yield BarRow("AUC of the model over all futures", over_futures)
    yield BarRow("best reachable AUC over all futures", ceiling)
    yield BarRow("way from 0.5 to the ceiling", (over_futures - 0.5) / (ceiling - 0.5), ">= 0.90, <= 1", 0.9, 1.0)
    yield from recall_rows(county.everyone, "all loans")
    yield from recall_rows(county.not_in_arrears, "not in arrears")
    yield BarRow("times the tuned rules' catch, not in arrears", recall / tuned if tuned else "", ">= 1.5", low=1.5)
    yield from lead_rows(county.everyone)
    error = calibration_error(*_score_and_outcome(county.sample))
    yield BarRow("expected calibration error, points", 100 * error, "<= 0.5", high=0.5)
    green = county.sample.filter(pl.col("level") == 0)
    ratio = float(green["bad"].to_numpy().sum() / green["probability"].to_numpy().sum())
    yield BarRow("green: gone bad over foretold", ratio, "0.5 to 2", 0.5, 2.0)
    yield from _interval_rows(county.sample, "probability", "", least_months=10)
    with_hazard = county.sample.drop_nulls("hazard")
    yield BarRow(
        "tenths of the loans whose true hazard lies in the range", float(tenths_in_range(with_hazard)), ">= 8", 8
    )
    yield from _interval_rows(with_hazard, "hazard", " of the true hazards", least_months=None)
    for light, loans in _loans_by_light(with_hazard):
        for measure, column in (("foretold", "probability"), ("true hazard", "hazard"), ("went bad", "bad")):
            yield BarRow(f"{light}, all months: {measure}, in 100", 100 * float(loans[column].to_numpy().mean()))


def _interval_rows(sample: pl.DataFrame, score: str, whose: str, least_months: int | None) -> Iterator[BarRow]:
    """For each light, the months in which the mean score lies in the interval of the share that went bad.

    The true hazards miss it, too: a month's loans share the prices and droughts to come, one loan that goes bad does
    so for the six months before, and an interval that takes them for independent is too narrow. Their own months are
    therefore the most that the bar can ask for.
    """
    for light, loans in _loans_by_light(sample):
        held_months = [jeffreys_interval_holds(*_score_and_outcome(month, score)) for month in _months(loans)]
        name = f"{light}: months of {len(held_months)} in which the interval{whose} holds"
        bar = f">= {least_months} of 12" if least_months else ""
        yield BarRow(name, float(sum(held_months)), bar, low=least_months)


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


def calibration_error(probability: Floats, bad: Bools) -> float:
    """The mean distance of mean probability and share gone bad over ten bins of equal size, weighted by their loans."""
    bins = np.array_split(np.argsort(probability, kind="stable"), _DECILES)
    distances = [abs(probability[rows].mean() - bad[rows].mean()) * len(rows) for rows in bins]
    return float(sum(distances) / len(bad))


def with_ranges(frame: pl.DataFrame, bundle: Bundle) -> pl.DataFrame:
    """A frame with `probability`, and the ends of each one's range as `low` and `high`."""
    if bundle.probability_range is None:
        raise ValueError("The model has no ranges: it was fitted by an earlier program.")
    low, high = bundle.probability_range.bounds(frame["probability"].to_numpy())
    return frame.with_columns(pl.Series("low", low), pl.Series("high", high))


def tenths_in_range(sample: pl.DataFrame) -> int:
    """In how many of ten bins by probability the mean hazard lies between the mean ends of the range.

    sample: `probability`, `low`, `high` and `hazard`, none missing.
    """
    columns = (sample[name].to_numpy() for name in ("low", "hazard", "high"))
    bins = np.array_split(np.argsort(sample["probability"].to_numpy(), kind="stable"), _DECILES)
    low, hazard, high = (np.array([values[rows].mean() for rows in bins]) for values in columns)
    return int(((low <= hazard) & (hazard <= high)).sum())


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


@dataclass(frozen=True)
class StudySize:
    """The counties of one size, by seed."""

    households: int
    counties: Mapping[int, StudyCounty]

    def rows(self) -> dict[int, list[BarRow]]:
        """The measures of each county."""
        return {seed: list(bar_rows(county)) for seed, county in self.counties.items()}

    def missed_bars(self) -> list[str]:
        """Every bar that a county, or all of them pooled, misses."""
        populations = [county.everyone for county in self.counties.values()]
        return [*missed_rows(self.rows(), self.households), *pooled_misses(populations, self.households)]


def size_lines(size: StudySize) -> Iterator[str]:
    """The tables of the counties of one size as Markdown: every measure by seed, and the pooled differences."""
    yield f"## {size.households:,} 户 / households"
    yield ""
    yield f"| measure | bar | {' | '.join(f'seed {seed}' for seed in size.counties)} |"
    yield f"|---|---|{'---|' * len(size.counties)}"
    for row in zip(*size.rows().values(), strict=True):
        yield f"| {row[0].name} | {row[0].bar} | {' | '.join(each.cell for each in row)} |"
    yield ""
    yield "Recall of the model less that of each opponent at the rules' visits, all loans, the counties pooled by their"
    yield " bad loans (bar: better than each beyond the interval):"
    yield ""
    yield from pooled_lines([county.everyone for county in size.counties.values()])
    yield ""


def bars_page(sizes: Sequence[StudySize], months: int, trials: int) -> str:
    """The text of BARS.md: for each size a row for each measure, a column for each seed; the curve; the re-falls."""
    seeds = len(sizes[0].counties)
    numbers = " ".join(str(size.households) for size in sizes)
    missed = [sentence for size in sizes for sentence in size.missed_bars()]
    lines = [
        "# 模型与对手，与真实上限 / The model, its opponents and the truth",
        "",
        f"{seeds} simulated base counties of each size over {months} months, each judged on month ends after, and"
        " households apart from, those it was fitted on. A missed bar is marked ✗. Written by"
        f" `python -m training.studies.bars --seeds {seeds} --households {numbers} --months {months} --trials {trials}"
        " --write`, which ends with exit code 1 where a bar is missed.",
        "",
        f"Missed bars: {len(missed)}.",
        "",
        *(f"- {sentence}" for sentence in missed),
        "",
    ]
    for size in sizes:
        lines += size_lines(size)
    largest = max(sizes, key=lambda size: size.households)
    for size in sizes:
        curves = {seed: county.curve for seed, county in size.counties.items() if county.curve}
        if curves:
            lines += [f"## 学习曲线 / Learning curve, counties of {size.households:,} households", ""]
            lines += [
                "Each county's model as specified, fitted on a part of the households of its fit fold; recall at the"
                " rules' visits, all loans, pooled. " + _stay_with_the_rules(curves),
                "",
                *curve_lines(curves),
                "",
            ]
    cleared = pl.concat(cleared_loans(county, seed) for seed, county in largest.counties.items())
    lines += [
        f"## 再次变坏 / Loans that were bad before, counties of {largest.households:,} households",
        "",
        "Loans on probation or performing again, of all seeds together, by whole months since their arrears ended: the"
        " share that was bad again within six months, with an interval that takes the rows of one household as one"
        " draw; the mean of the probability that the model of the run foretold, and of the share of simulated futures"
        " in which they are bad again; and what a hand count of a real county found.",
        "",
        *re_fall_lines(cleared),
    ]
    return "\n".join(lines) + "\n"


def _stay_with_the_rules(curves: Mapping[int, Sequence[CurvePoint]]) -> str:
    """The sentence on the number of bad loans below which a county stays with the rules."""
    least = least_bad_to_learn_from(curves)
    if least is None:
        return "At no number of bad loan-months does the model beat the rules beyond the interval: stay with the rules."
    return f"Below some {least:,.0f} bad loan-months in the fit fold: stay with the rules."


def main() -> None:
    """Measure as many counties of each size as asked for, print the page, and write it to BARS.md where asked to.

    Exit code 1 where a bar is missed.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--households", type=int, nargs="+", default=[30_000, 5_000, 3_000])
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--trials", type=int, default=SearchPlan().trials)
    parser.add_argument("--folder", type=Path, help="keeps the counties; a temporary one")
    parser.add_argument("--write", action="store_true", help="write BARS.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, seeds = options.folder or Path(scratch), range(1, options.seeds + 1)
        sizes = []
        for households in options.households:
            counties = {
                seed: simulate_and_score(seed, households, options.months, options.trials, folder) for seed in seeds
            }
            sizes.append(StudySize(households, counties))
    text = bars_page(sizes, options.months, options.trials)
    print(text, end="")
    if options.write:
        PAGE.write_text(text, "utf-8")
    sys.exit(1 if any(size.missed_bars() for size in sizes) else 0)


if __name__ == "__main__":
    main()
