"""Hazards by month ahead: the chances that a loan goes bad, or ends otherwise, in each month after as_of.

Going bad and ending (repaid, settled early, renewed) compete: what has ended cannot go bad any more. Two models of the
hazards give the shape over the months, and the calibrated probability gives the level: each loan's hazards of going bad
are shifted in log-odds until they sum to its probability over the horizon, so that all figures of a loan agree.

The hazards of ending are not shifted: on simulated counties that foretells a year ahead, and what falls due, better.

Source: Tutz, Schmid 2016, Modeling discrete time-to-event data, chapter 8 (competing events).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.units import REPAYMENT_METHOD
from models.boosting import Trees, matrix
from models.raw_score import Floats, ModelColumn

AGREEMENT = 1e-9
"""How far the hazards of a loan may be from its probability over the horizon."""
_LARGEST_SHIFT = 30.0
"""Log-odds by which the hazards of a loan are shifted at most."""
_ROOT_TOLERANCE = 1e-11
"""Relative error of the probability at which the search for a shift ends."""
_MOST_STEPS = 100
_LEAST_MONTHS = 12
_SHORTEST_MONTH = 28
_LOANS_AT_ONCE = 20_000
"""Loans whose months are computed at once: their inputs take some 13 MB."""

HAZARD_COLUMNS = (
    ModelColumn("log_odds", 0),
    ModelColumn("days_past_due", 0),
    ModelColumn("month_ahead", 0),
    ModelColumn("months_past_maturity", 0),
    ModelColumn("months_past_bad_day", 0),
    ModelColumn("months_past_next_bad_day", 0),
    ModelColumn("repayment_method", 0, tuple(REPAYMENT_METHOD.codes)),
)
"""Inputs of the hazards, one row for each loan and month ahead.

log_odds: of the calibrated probability. month_ahead: 1 for the month after as_of. months_past_maturity: from the month
of the maturity in force to this one. months_past_bad_day, months_past_next_bad_day: from the month in which the loan
would be bad if its principal, or its next instalment, were not paid.
"""
RISK_COLUMNS = (replace(HAZARD_COLUMNS[0], sign=1), *HAZARD_COLUMNS[1:])
"""The inputs of the hazard of going bad: it never falls as the probability rises."""
LOAN_COLUMNS = ("days_past_due", "days_to_maturity", "days_to_next_due", "repayment_method")
"""Features of a loan from which its inputs are made."""
PUBLISHED_MONTHS = (1, 3, 12)
"""Months ahead within which going bad is foretold beside the horizon."""

TIME_TO_BAD_SCHEMA = FrameSchema(
    {
        "probability_1m": FrameColumn(
            pl.Float64(), "Probability of going bad by the end of the next month, in agreement with `probability`."
        ),
        "probability_3m": FrameColumn(pl.Float64(), "Probability of going bad within three months, likewise."),
        "probability_12m": FrameColumn(pl.Float64(), "Probability of going bad within twelve months, likewise."),
        "due_probability": FrameColumn(
            pl.Float64(),
            "Where the maturity in force falls within the horizon: probability that at the month end before it the loan"
            " is neither bad nor repaid, settled or renewed.",
        ),
        "bad_if_due": FrameColumn(
            pl.Float64(),
            "Probability that a loan which is still open then goes bad up to the end of the month in which its"
            " principal, unpaid, makes it bad.",
        ),
    }
)


class CumulativeIncidence(NamedTuple):
    """Of each loan, by the end of month 0, 1, ..., in months x loans.

    bad: probability of having gone bad. open: probability of being neither bad nor ended; both and that of having ended
    sum to 1.
    """

    bad: Floats
    open: Floats


def cumulative_incidence(bad: Floats, ended: Floats) -> CumulativeIncidence:
    """The cumulative incidence of competing hazards in discrete time (Aalen, Johansen 1978).

    S(k) = product over j up to k of 1 - bad(j) - ended(j); F(k) = sum over j up to k of S(j - 1) bad(j).

    Args:
        bad: chance of going bad in month 1, 2, ..., of a loan that was open before it; months x loans.
        ended: chance of ending otherwise, likewise; the sum of both is 1 at most.

    Example:
        >>> import numpy as np
        >>> bad, still_open = cumulative_incidence(np.array([[0.1], [0.5]]), np.array([[0.4], [0.5]]))
        >>> bad[:, 0].tolist(), still_open[:, 0].tolist()
        ([0.0, 0.1, 0.35], [1.0, 0.5, 0.0])
    """
    went_bad, still_open = np.zeros((len(bad) + 1, bad.shape[1])), np.ones((len(bad) + 1, bad.shape[1]))
    for month in range(len(bad)):
        went_bad[month + 1] = went_bad[month] + still_open[month] * bad[month]
        still_open[month + 1] = still_open[month] * (1 - bad[month] - ended[month])
    return CumulativeIncidence(went_bad, still_open)


def agreeing_shifts(log_odds: Floats, ends_if_sound: Floats, probability: Floats) -> Floats:
    """The shift of each loan's log-odds under which its hazards give its probability of going bad over these months.

    The probability rises strictly with the shift, so that there is one such shift at most. Newton's steps on the
    log-odds of the probability find it, halving the interval where a step would leave it. Each loan is computed by
    itself: loans beside it change no digit.

    Args:
        log_odds: of the hazard of going bad, months x loans; the months are those of the horizon.
        ends_if_sound: chance that a loan which does not go bad in the month ends in it.
        probability: of each loan.

    Returns:
        The shift of each loan, such that its probability is met within AGREEMENT; NaN where no shift of 30 at most
        does that (a probability of 0 or 1).

    Example:
        >>> import numpy as np
        >>> hazard, ends = np.array([[-3.0], [-2.0]]), np.array([[0.1], [0.2]])
        >>> shift = agreeing_shifts(hazard, ends, np.array([0.3]))
        >>> bad = 1 / (1 + np.exp(-hazard - shift))
        >>> round(float(cumulative_incidence(bad, (1 - bad) * ends).bad[-1, 0]), 9)
        0.3
    """
    shift, missed = np.zeros(len(probability)), np.full(len(probability), True)
    low, high = np.full_like(shift, -_LARGEST_SHIFT), np.full_like(shift, _LARGEST_SHIFT)
    with np.errstate(divide="ignore", invalid="ignore"):
        target = np.log(probability) - np.log1p(-probability)
        for _ in range(_MOST_STEPS):
            incidence, slope = _incidence_and_slope(log_odds, ends_if_sound, shift)
            error = np.log(incidence) - np.log1p(-incidence) - target
            missed = ~(np.abs(error) <= _ROOT_TOLERANCE)
            if not missed.any():
                break
            low, high = np.where(missed & (error < 0), shift, low), np.where(missed & (error > 0), shift, high)
            step = shift - error * incidence * (1 - incidence) / slope
            step = np.where((step > low) & (step < high), step, (low + high) / 2)
            shift = np.where(missed, step, shift)
    is_met = np.abs(incidence - probability) <= AGREEMENT
    return np.where(is_met & (np.abs(shift) < _LARGEST_SHIFT), shift, np.nan)


def _incidence_and_slope(log_odds: Floats, ends_if_sound: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """The probability of going bad over all months under a shift, and its derivative by the shift."""
    incidence, slope = np.zeros_like(shift), np.zeros_like(shift)
    still_open, open_slope = np.ones_like(shift), np.zeros_like(shift)
    for month in range(len(log_odds)):
        bad = 1 / (1 + np.exp(-(log_odds[month] + shift)))
        bad_slope, stays = bad * (1 - bad), 1 - ends_if_sound[month]
        incidence = incidence + still_open * bad
        slope = slope + open_slope * bad + still_open * bad_slope
        open_slope = (open_slope * (1 - bad) - still_open * bad_slope) * stays
        still_open = still_open * (1 - bad) * stays
    return incidence, slope


def months_until(as_of: npt.NDArray[np.datetime64], days: Floats) -> Floats:
    """Which month ahead a day lies in, for each row: 1 up to the end of the month after as_of's, and so on.

    as_of: one day a row. days: from it to the day; below 1 for a day that is past, which gives 0 or less; NaN where it
    is missing.

    >>> import numpy as np
    >>> as_of = np.full(4, np.datetime64("2025-01-31"))
    >>> months_until(as_of, np.array([1.0, 28.0, 29.0, -31.0])).tolist()
    [1.0, 1.0, 2.0, -1.0]
    """
    is_missing = np.isnan(days)
    day = as_of + np.where(is_missing, 0, days).astype("timedelta64[D]")
    months = (day.astype("datetime64[M]") - as_of.astype("datetime64[M]")).astype(np.float64)
    return np.where(is_missing, np.nan, np.where(days > 0, np.maximum(months, 1), np.minimum(months, 0)))


def hazard_inputs(
    loans: pl.DataFrame, as_of: npt.NDArray[np.datetime64], log_odds: Floats, months: int, bad_after_days: int
) -> Floats:
    """The inputs of the hazards for each month ahead: months x loans x HAZARD_COLUMNS.

    loans: with LOAN_COLUMNS. as_of: one day a loan. log_odds: of each loan's probability.
    """
    columns = (*(ModelColumn(name, 0) for name in LOAN_COLUMNS[:-1]), HAZARD_COLUMNS[-1])
    days_past_due, to_maturity, to_next_due, repayment_method = matrix(loans, columns).T
    inputs = np.empty((months, loans.height, len(HAZARD_COLUMNS)))
    ahead = np.arange(1.0, months + 1)[:, None]
    inputs[:, :, 0], inputs[:, :, 1], inputs[:, :, 2] = log_odds, days_past_due, ahead
    inputs[:, :, 3] = ahead - months_until(as_of, to_maturity)
    inputs[:, :, 4] = ahead - months_until(as_of, to_maturity + bad_after_days)
    inputs[:, :, 5] = ahead - months_until(as_of, to_next_due + bad_after_days)
    inputs[:, :, 6] = repayment_method
    return inputs


class LoanHazards(NamedTuple):
    """Hazards of each loan that agree with its probability, months x loans.

    bad, ended: chances of a loan that was open before the month. shift: of each loan; NaN where none was reached, and
    then its hazards are NaN, too.
    """

    bad: Floats
    ended: Floats
    shift: Floats


@dataclass(frozen=True)
class Hazards:
    """Two models of hazards by month ahead, and what they hold for.

    Args:
        bad: log-odds that an open loan goes bad in the month, by RISK_COLUMNS.
        ended: log-odds that one which does not go bad in the month ends in it, by HAZARD_COLUMNS.
        horizon_months: of the probability that they agree with.
        bad_after_days: days past due that make a loan bad.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.registry import ModelStore
        >>> bundle, day = ModelStore(data / "models").champion, date(2025, 12, 31)
        >>> loans = features_at(day, Ledger(data / "ledger").tables()).filter(~pl.col("has_gone_bad"))
        >>> probability, as_of = bundle.probability(loans), np.full(loans.height, np.datetime64(day))
        >>> times = bundle.hazards.time_to_bad(loans, probability, as_of)
        >>> bool((times["probability_3m"].to_numpy() <= probability).all())
        True
    """

    bad: Trees
    ended: Trees
    horizon_months: int
    bad_after_days: int

    @property
    def months(self) -> int:
        """The months ahead that are computed."""
        return months_ahead(self.horizon_months, self.bad_after_days)

    @property
    def text(self) -> str:
        """Everything that decides a hazard, as JSON; `hazards_of` reads it."""
        stored = {"horizon_months": self.horizon_months, "bad_after_days": self.bad_after_days}
        return json.dumps({**stored, "bad": self.bad.text, "ended": self.ended.text}, indent=1)

    def loan_hazards(self, loans: pl.DataFrame, probability: Floats, as_of: npt.NDArray[np.datetime64]) -> LoanHazards:
        """The hazards of each loan, shifted so that over the horizon they agree with its probability.

        loans: with LOAN_COLUMNS, all of them not bad. as_of: one day a loan.
        """
        with np.errstate(divide="ignore"):
            log_odds = np.log(probability) - np.log1p(-probability)
        inputs = hazard_inputs(loans, as_of, log_odds, self.months, self.bad_after_days)
        rows, shape = inputs.reshape(-1, len(HAZARD_COLUMNS)), inputs.shape[:2]
        by_trees = self.bad.log_odds_of(rows).reshape(shape)
        ends_if_sound = 1 / (1 + np.exp(-self.ended.log_odds_of(rows).reshape(shape)))
        horizon = self.horizon_months
        shift = agreeing_shifts(by_trees[:horizon], ends_if_sound[:horizon], probability)
        bad = 1 / (1 + np.exp(-(by_trees + shift)))
        return LoanHazards(bad, (1 - bad) * ends_if_sound, shift)

    @returns(TIME_TO_BAD_SCHEMA)
    def time_to_bad(self, loans: pl.DataFrame, probability: Floats, as_of: npt.NDArray[np.datetime64]) -> pl.DataFrame:
        """Probabilities of going bad within 1, 3 and 12 months, of falling due, and of going bad once due.

        Let F(k) and S(k) be the probabilities that the loan has gone bad, and that it is open and not bad, at the k-th
        month end after as_of; F(horizon) is `probability`. `probability_1m` is F(1), and so on. Where the maturity in
        force lies in month d of the horizon, `due_probability` is S(d - 1). Let r be the month of the day on which the
        principal, unpaid since then, makes the loan bad: `bad_if_due` is (F(r) - F(d - 1)) / S(d - 1). Both are missing
        for a loan whose maturity is past, or lies beyond the horizon.

        Args:
            loans: with LOAN_COLUMNS, all of them not bad.
            probability: calibrated, of each loan.
            as_of: one day a loan.

        Returns:
            The columns of TIME_TO_BAD_SCHEMA for each loan in their order; missing where no shift was reached.
        """
        parts = [
            self._time_to_bad(loans[rows], probability[rows], as_of[rows])
            for rows in (slice(first, first + _LOANS_AT_ONCE) for first in range(0, loans.height, _LOANS_AT_ONCE))
        ]
        return pl.concat(parts) if parts else TIME_TO_BAD_SCHEMA.empty()

    def _time_to_bad(self, loans: pl.DataFrame, probability: Floats, as_of: npt.NDArray[np.datetime64]) -> pl.DataFrame:
        hazards = self.loan_hazards(loans, probability, as_of)
        incidence = cumulative_incidence(hazards.bad, hazards.ended)
        columns = {f"probability_{month}m": self._within(month, incidence, probability) for month in PUBLISHED_MONTHS}
        days = loans["days_to_maturity"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        due_month, bad_month = months_until(as_of, days), months_until(as_of, days + self.bad_after_days)
        falls_due = (days > 0) & (due_month <= self.horizon_months)
        before = np.where(falls_due, due_month - 1, 0).astype(np.int64)
        until = np.where(falls_due, bad_month, 0).astype(np.int64)
        rows = np.arange(len(days))
        reached = incidence.open[before, rows]
        went_bad = incidence.bad[until, rows] - incidence.bad[before, rows]
        columns["due_probability"] = np.where(falls_due, reached, np.nan)
        columns["bad_if_due"] = np.divide(
            went_bad, reached, out=np.full(len(days), np.nan), where=falls_due & (reached > 0)
        )
        return pl.DataFrame(columns).fill_nan(None)

    def _within(self, month: int, incidence: CumulativeIncidence, probability: Floats) -> Floats:
        """Probability of going bad within a number of months; in the order of the months to the last digit."""
        value: Floats = incidence.bad[month]
        if month == self.horizon_months:
            return np.where(np.isnan(value), np.nan, probability)
        is_within = month < self.horizon_months
        return np.minimum(value, probability) if is_within else np.maximum(value, probability)


def months_ahead(horizon_months: int, bad_after_days: int) -> int:
    """The months ahead for which hazards are computed: 12 at least, and until what falls due on time can be bad."""
    return max(_LEAST_MONTHS, horizon_months + -(-bad_after_days // _SHORTEST_MONTH))


def hazards_of(text: str) -> Hazards:
    """The hazards whose `text` was stored. Raises KeyError, TypeError or ValueError where it is none."""
    stored: Mapping[str, Any] = json.loads(text)
    bad, ended = Trees(stored["bad"], RISK_COLUMNS), Trees(stored["ended"], HAZARD_COLUMNS)
    return Hazards(bad, ended, int(stored["horizon_months"]), int(stored["bad_after_days"]))
