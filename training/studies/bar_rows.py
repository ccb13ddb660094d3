"""Rows of the study of the bars: measures of one county with their bars, and differences of several counties pooled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from training.evaluation.report import NO_ESTIMATE, Estimate, PopulationAtCapacity

OPPONENTS = (
    *("rules", "tuned_rules", "calendar", "calendar_cover", "days_past_due", "one_line_rule"),
    *("rating_631", "rating_1531", "logistic", "unconstrained"),
)
"""Compared models of the judgement but the model itself."""
_MISSED = "✗"
_NORMAL_95 = 1.96


@dataclass(frozen=True)
class BarRow:
    """One measure of one county.

    bar: as text; empty where there is none. value: a number, or words. low, high: bounds that the value has to keep.
    """

    name: str
    value: float | str
    bar: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the value lies outside its bounds; a value that is not there does."""
        if self.low is None and self.high is None:
            return False
        if isinstance(self.value, str):
            return True
        is_low = self.low is not None and not self.value >= self.low
        return is_low or (self.high is not None and not self.value <= self.high)

    @property
    def cell(self) -> str:
        """The value as a cell of the page; a missed bar is marked."""
        text = self.value if isinstance(self.value, str) else f"{self.value:.4g}"
        return f"{text} {_MISSED}" if self.missed else text


def recall_rows(population: PopulationAtCapacity, whose: str) -> Iterator[BarRow]:
    """Recall at the rules' visits of the model and of each opponent, and the model's difference from the best of them.

    whose: `all loans` or `not in arrears`, for the names of the rows.
    """
    for name in ("model", *OPPONENTS):
        recall = population.contenders[name].recall.value
        yield BarRow(f"recall, {whose}: {name}", "" if recall is None else recall)
    best = population.best_opponent
    yield BarRow(f"best opponent, {whose}", best)
    difference = less_opponent(population, best)
    yield BarRow(f"model less the best, {whose}: low", "" if difference.low is None else difference.low)
    high = "" if difference.high is None else difference.high
    yield BarRow(f"model less the best, {whose}: high", high, ">= 0", low=0.0)


def lead_rows(population: PopulationAtCapacity) -> Iterator[BarRow]:
    """Bad loans found 90 days ahead or more, as a share of all, by the model, the rules and the best opponent."""
    best = population.best_opponent
    for name, whose in (
        ("model", "model"),
        ("rules", "rules"),
        ("tuned_rules", "tuned_rules"),
        (best, "best opponent"),
    ):
        lead = population.lead[name]
        yield BarRow(f"found 90 days ahead or more, of all bad: {whose}", lead.ahead["90"] / max(lead.bad, 1))


def less_opponent(population: PopulationAtCapacity, name: str) -> Estimate:
    """The model's recall minus an opponent's, with its 95% interval."""
    if name not in population.contenders:
        return NO_ESTIMATE
    turned = population.contenders[name].less_model
    if turned.value is None or turned.low is None or turned.high is None:
        return NO_ESTIMATE
    return Estimate(-turned.value, -turned.high, -turned.low)


def pooled_difference(populations: Sequence[PopulationAtCapacity], name: str) -> Estimate:
    """The model's recall minus an opponent's over several counties, each weighted by its bad loans.

    The counties are independent: the variances of the weighted differences add up. The standard error of one county's
    difference is the width of its 95% interval over 2 x 1.96.
    """
    total = sum(population.bad for population in populations)
    value = variance = 0.0
    for population in populations:
        difference, weight = less_opponent(population, name), population.bad / total
        if difference.value is None or difference.low is None or difference.high is None:
            return NO_ESTIMATE
        value += weight * difference.value
        variance += (weight * (difference.high - difference.low) / (2 * _NORMAL_95)) ** 2
    return Estimate(value, value - _NORMAL_95 * sqrt(variance), value + _NORMAL_95 * sqrt(variance))


def pooled_lines(populations: Sequence[PopulationAtCapacity]) -> Iterator[str]:
    """The table of pooled differences as lines of Markdown, an opponent a row."""
    yield "| opponent | model less the opponent | 95% interval | told apart |"
    yield "|---|---|---|---|"
    for name in OPPONENTS:
        difference = pooled_difference(populations, name)
        if difference.value is not None and difference.low is not None and difference.high is not None:
            interval = f"{difference.low:+.3f} to {difference.high:+.3f}"
            verdict = "no" if difference.includes_zero else "better" if difference.value > 0 else "worse"
            yield f"| {name} | {difference.value:+.3f} | {interval} | {verdict} |"


def pooled_misses(populations: Sequence[PopulationAtCapacity], size: int) -> Iterator[str]:
    """The opponents that the pooled model does not beat beyond the interval: the bar of the study."""
    for name in OPPONENTS:
        difference = pooled_difference(populations, name)
        if difference.low is not None and difference.low <= 0:
            yield f"{size} households, pooled: not beyond {name} (low {difference.low:+.3f})"


def missed_rows(counties: Mapping[int, Sequence[BarRow]], size: int) -> Iterator[str]:
    """Every missed bar of the counties of one size, as a sentence; counties: the rows by seed."""
    for seed, rows in counties.items():
        for row in rows:
            if row.missed:
                value = row.cell.removesuffix(_MISSED).strip()
                yield f"{size} households, seed {seed}: {row.name} is {value}, asked {row.bar}"
