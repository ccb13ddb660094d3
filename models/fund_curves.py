"""What becomes of bad loans: the share that reaches the compensation fund's term, and what is paid and lost after it.

Counted over the county's own bad loans; where these are too few, the numbers of the policy. For covered products:

- roll: of the times bad that began a term ago or longer and went on k x 30 days, the share unpaid at the term. The term
  lies `fund.from_days_overdue` less the label's days after bad_on (90 - 30 = 60 days).
- monthly rates after the term: loans that the fund paid, that were repaid, that were written off, each divided by the
  months that all loans were past the term (days / 30.4375). A county in which the fund has paid for no loan is
  counted half a payment.
- paid by the fund within m months of the term: f / e x (1 - exp(-e m)), e being the sum of the three rates, f the
  fund's; finally: f / e. Lost finally (paid by the fund or written off): (f + w) / e.

The fund's rate is of all loans past the term, so that it holds the chance of a cause that the fund accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from features.spell_endings import SPELL_ENDINGS_SCHEMA
from models.county_policy.sections import Fund
from models.jeffreys import jeffreys_interval

DAYS_IN_MONTH = 30.4375
STEP_DAYS = 30
"""Days between two points of the roll."""
_HALF_A_PAYMENT = 0.5
_DAYS_IN_YEAR = 365
_QUARTERS, _LEAST_QUARTERS = 12, 4


@dataclass(frozen=True)
class FundHistory:
    """Counts over the county's bad loans of covered products, by what was known on a day (ISO).

    term_days: from bad_on to the term. begun: for each 30 days since bad_on before the term, times bad that went on so
    long and whose term has passed; reached: those of them unpaid at the term. months_past_term: months of loans past
    the term. fund, repaid, written_off: how many of these ended so. paid, paid_outstanding: what the fund paid and what
    was outstanding then, yuan. new_bad_12m: times bad begun in twelve months; new_bad_by_quarter: in each of the last
    twelve quarters, the newest first, as far back as any is known. paid_12m, payments_12m: yuan and loans
    that the fund paid in twelve months. paid_since_balance: yuan since the policy's `fund.balance_on`.
    """

    as_of: str
    term_days: int
    begun: tuple[int, ...] = ()
    reached: tuple[int, ...] = ()
    months_past_term: float = 0.0
    fund: int = 0
    repaid: int = 0
    written_off: int = 0
    paid: float = 0.0
    paid_outstanding: float = 0.0
    new_bad_12m: int = 0
    paid_12m: float = 0.0
    payments_12m: int = 0
    paid_since_balance: float = 0.0
    new_bad_by_quarter: tuple[int, ...] = ()

    @property
    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> FundHistory:
        """The counts of a manifest."""
        lists = {name: tuple(stored.get(name, ())) for name in ("begun", "reached", "new_bad_by_quarter")}
        return FundHistory(**{**stored, **lists})

    @property
    def excess_variance(self) -> float:
        """How much more the new bad loans of a quarter vary than chance explains, as a squared share of their mean.

        By the method of moments: (variance - mean) / mean squared, at least 0; 0 with fewer than four quarters.
        """
        counts = self.new_bad_by_quarter
        if len(counts) < _LEAST_QUARTERS or not sum(counts):
            return 0.0
        mean = sum(counts) / len(counts)
        variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
        return max(variance - mean, 0.0) / mean**2


def no_fund_history(as_of: date, fund: Fund, bad_after_days: int) -> FundHistory:
    """The counts of a county without any bad loan: all numbers are the policy's."""
    return fund_history(SPELL_ENDINGS_SCHEMA.empty(), as_of, fund, bad_after_days)


def fund_history(endings: pl.DataFrame, as_of: date, fund: Fund, bad_after_days: int) -> FundHistory:
    """Count what became of the bad loans of covered products.

    Args:
        endings: in the columns of `features.spell_endings.SPELL_ENDINGS_SCHEMA`, as known on as_of.
        as_of: the day.
        fund: the policy of the compensation fund.
        bad_after_days: days past due from which a loan is bad, of the label.

    Returns:
        The counts.

    Example:
        >>> from datetime import date
        >>> from features.ledger.ledger import Ledger
        >>> from features.snapshot.life_rules import LifeRules
        >>> from features.spell_endings import spell_endings
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.fund_curves import fund_history
        >>> day, tables = date(2025, 12, 31), Ledger(data / "ledger").tables()
        >>> history = fund_history(
        ...     spell_endings(tables, day, LifeRules()), day, policy_table_of(data).in_force(day).fund, 30
        ... )
        >>> history.term_days, history.reached[0] <= history.begun[0]
        (60, True)
    """
    term = max(fund.from_days_overdue - bad_after_days, 0)
    covered = endings.filter(pl.col("product").is_in(fund.products))
    lasted = (pl.coalesce("ended_on", pl.lit(as_of)) - pl.col("bad_on")).dt.total_days()
    covered = covered.with_columns(lasted.alias("days"), (pl.col("ended_by") == "fund").fill_null(False).alias("paid"))
    seen_to_term = covered.filter(pl.col("bad_on") <= as_of - timedelta(days=term))
    past_term = seen_to_term.filter(pl.col("days") >= term)
    steps = [seen_to_term.filter((pl.col("days") > step) | pl.col("paid")) for step in range(0, term, STEP_DAYS)]
    payments = covered.filter("paid")
    last_year = payments.filter(pl.col("ended_on") > as_of - timedelta(days=_DAYS_IN_YEAR))
    since_balance = payments.filter(pl.col("ended_on") > (fund.balance_on or as_of))
    return FundHistory(
        as_of=str(as_of),
        term_days=term,
        begun=tuple(step.height for step in steps),
        reached=tuple(step.filter((pl.col("days") >= term) | pl.col("paid")).height for step in steps),
        months_past_term=round(float((past_term["days"] - term).sum()) / DAYS_IN_MONTH, 2),
        fund=payments.height,
        repaid=past_term.filter(pl.col("ended_by") == "repaid").height,
        written_off=past_term.filter(pl.col("ended_by") == "written_off").height,
        paid=round(float(payments["fund_paid"].sum()), 2),
        paid_outstanding=round(float(payments["outstanding"].sum()), 2),
        new_bad_12m=covered.filter(pl.col("bad_on") > as_of - timedelta(days=_DAYS_IN_YEAR)).height,
        paid_12m=round(float(last_year["fund_paid"].sum()), 2),
        payments_12m=last_year.height,
        paid_since_balance=round(float(since_balance["fund_paid"].sum()), 2),
        new_bad_by_quarter=_counts_by_quarter(covered["bad_on"], as_of),
    )


def _counts_by_quarter(days: pl.Series, as_of: date) -> tuple[int, ...]:
    """How many of the days lie in each of the last quarters of a year (365 / 4 days), back to the first day."""
    if days.is_empty():
        return ()
    quarter = ((pl.Series([as_of]) - days).dt.total_days() * 4 / _DAYS_IN_YEAR).floor().cast(pl.Int64)
    whole = min(int(quarter.max()), _QUARTERS)  # type: ignore[arg-type] # a number: there are days
    return tuple(int((quarter == number).sum()) for number in range(whole))


@dataclass(frozen=True)
class Measured:
    """A number of the curves, with its 90% interval where it is counted.

    cases, trials: what it is counted from; both None where it is the policy's number.
    """

    value: float
    cases: float | None = None
    trials: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class FundCurves:
    """The numbers by which bad loans become payments and losses: the county's own, or the policy's.

    history: the county's counts; those of a county without bad loans are all 0. policy: of the compensation fund.
    """

    history: FundHistory
    policy: Fund

    @property
    def term_months(self) -> float:
        """Months from bad_on to the term."""
        return self.history.term_days / DAYS_IN_MONTH

    @cached_property
    def rolls(self) -> tuple[Measured, ...]:
        """The share that reaches the term, for each 30 days since bad_on; 1 at the term."""
        pairs = zip(self.history.begun, self.history.reached, strict=True)
        return (*(self._share(reached, begun, self.policy.reaches_term) for begun, reached in pairs), Measured(1.0))

    @property
    def roll_from_start(self) -> float:
        """The share of the loans that go bad which reaches the term."""
        return self.rolls[0].value

    @cached_property
    def is_measured_past_term(self) -> bool:
        """Whether enough loans were seen past the term for the county's own rates."""
        return self.past_term_cases >= self.policy.least_cases

    @property
    def past_term_cases(self) -> int:
        """How many times bad were seen to reach the term."""
        return self.history.reached[0] if self.history.reached else self._ended

    @cached_property
    def monthly_rates(self) -> tuple[Measured, Measured, Measured]:
        """The rates past the term at which the fund pays, loans are repaid, and are written off."""
        if not self.is_measured_past_term or self.history.months_past_term <= 0:
            fund = self.policy.accepted
            shares = (fund, 1 - max(self.policy.lost_past_term, fund), max(self.policy.lost_past_term - fund, 0.0))
            by_fund, repaid, written_off = (Measured(share / self.policy.months_past_term) for share in shares)
            return by_fund, repaid, written_off
        by_fund, repaid, written_off = (
            Measured(cases / self.history.months_past_term, cases, self.history.months_past_term)
            for cases in (self.payments, self.history.repaid, self.history.written_off)
        )
        return by_fund, repaid, written_off

    @property
    def payments(self) -> float:
        """Payments of the fund in the county's history; half a one where there was none."""
        return max(self.history.fund, _HALF_A_PAYMENT)

    @cached_property
    def paid_finally(self) -> Measured:
        """Of the loans past the term, the share that the fund pays in the end."""
        by_fund, repaid, written_off = self.monthly_rates
        value = by_fund.value / (by_fund.value + repaid.value + written_off.value)
        if by_fund.cases is None:
            return Measured(value)
        low, high = jeffreys_interval(self.history.fund, max(self._ended, 1), 0.9)
        return Measured(value, self.history.fund, self._ended, low, high)

    @cached_property
    def lost_finally(self) -> float:
        """Of the loans past the term, the share that the household never repays."""
        by_fund, repaid, written_off = (rate.value for rate in self.monthly_rates)
        return (by_fund + written_off) / (by_fund + repaid + written_off)

    @cached_property
    def paid_share(self) -> Measured:
        """What the fund pays, of the principal then outstanding; the policy's share where it paid for too few loans."""
        if self.history.fund < self.policy.least_cases or not self.history.paid_outstanding:
            return Measured(self.policy.share)
        share = min(self.history.paid / self.history.paid_outstanding, 1.0)
        return Measured(share, self.history.paid, self.history.paid_outstanding)

    def paid_within(self, months: pl.Expr) -> pl.Expr:
        """The chance that the fund pays for a loan at the term within so many months; 0 for none or fewer."""
        by_fund, repaid, written_off = (rate.value for rate in self.monthly_rates)
        every = by_fund + repaid + written_off
        return by_fund / every * (1 - (-every * months.clip(0)).exp())

    def roll_after(self, days: pl.Expr) -> pl.Expr:
        """The share that reaches the term of loans that have been bad for so many days; 1 past it or where missing."""
        roll = pl.lit(1.0)
        for step in reversed(range(len(self.rolls) - 1)):
            end = min((step + 1) * STEP_DAYS, self.history.term_days)
            roll = pl.when(days < end).then(self.rolls[step].value).otherwise(roll)
        return roll

    @property
    def _ended(self) -> int:
        return self.history.fund + self.history.repaid + self.history.written_off

    def _share(self, cases: int, trials: int, otherwise: float) -> Measured:
        if trials < self.policy.least_cases:
            return Measured(otherwise)
        return Measured(cases / trials, cases, trials, *jeffreys_interval(cases, trials, 0.9))


def new_bad_rate(curves: FundCurves, sound_loans: int) -> float:
    """The monthly rate at which loans go bad: times bad begun in twelve months / 12 / loans that are not bad now."""
    return min(curves.history.new_bad_12m / 12 / sound_loans, 1.0) if sound_loans else 0.0
