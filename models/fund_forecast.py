"""Forecast of what the compensation fund pays in the months to come, with a 90% interval.

Expected = sum over open loans of: chance that the fund pays in time x principal that it covers x the share it pays.
The chance of a loan (M the months of the forecast, T the months from bad_on to the fund's term):

- past the term: paid within M months of a rate e (`FundCurves.paid_within`);
- bad for k days: roll(k) x paid within M less what is missing to the term;
- not bad: for each month j = 1 ... M, going bad in it x roll(0) x paid within M - j + 1/2 - T.

A model's probability covers its horizon of H months: each of the first H months has 1/H of it. Each month after the
horizon, and every month where there is no model, has the county's own monthly rate of new bad loans: times bad begun
in the last twelve months / 12 / loans that are not bad now.

Interval: 2,000 draws with a fixed seed. The number of payments is Poisson about its expectation x a gamma variable
with n + 1/2 cases over n, n being the payments that the fund's rate was measured by (the policy's rate has no gamma);
the part of the expectation that comes from loans not bad today is multiplied by another gamma variable, with mean 1 and
the variance by which the county's quarters with many and with few new bad loans differ beyond chance
(`FundHistory.excess_variance`). Each payment's amount is that of a loan drawn by its chance. The interval knows the
luck of few payments, the uncertain rate, and that quarters differ; nothing of a new practice of the fund.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.county_policy.contract_terms import ContractTerms
from models.expected_loss import AS_DECLARED, days_bad
from models.fund_curves import FundCurves, new_bad_rate

FORECAST_MONTHS = 12
FUND_CHANCES_SCHEMA = FrameSchema(
    {
        "state": FrameColumn(pl.String(), "sound, bad or past_term."),
        "chance": FrameColumn(pl.Float64(), "Chance that the fund pays for the loan within the months."),
        "amount": FrameColumn(pl.Float64(), "What it would pay, yuan."),
    }
)
STATES = ("sound", "bad", "past_term")
_DRAWS, _SEED, _LEVEL = 2_000, 20_260_101, 0.9


@dataclass(frozen=True)
class StateForecast:
    """The loans of a state: sound, bad before the fund's term, or past it.

    principal: covered, yuan. payments: expected number. expected: yuan.
    """

    loans: int
    principal: float
    payments: float
    expected: float


@dataclass(frozen=True)
class FundForecast:
    """What the fund is expected to pay within `months`, yuan, with the 90% interval; by state of the loans today.

    monthly_new_bad: the county's own monthly rate of new bad loans. has_model: whether loans have probabilities.
    """

    months: int
    expected: float
    low: float
    high: float
    by_state: dict[str, StateForecast]
    monthly_new_bad: float
    has_model: bool


@returns(FUND_CHANCES_SCHEMA)
def fund_chances(
    loans: pl.DataFrame, terms: ContractTerms, curves: FundCurves, horizon_months: int, months: int = FORECAST_MONTHS
) -> pl.DataFrame:
    """The chance that the fund pays for each loan within some months, and the amount, in the order of the loans.

    loans, terms, curves: as for `expected_loss`. horizon_months: of the model's label.
    """
    covered = terms.covered_principal(loans, curves.policy.products)
    is_payable = (pl.col("covered_principal") > 0) & AS_DECLARED
    of_products = covered.filter(pl.col("product").is_in(curves.policy.products) & ~pl.col("has_gone_bad"))
    rate = new_bad_rate(curves, of_products.height)
    past_term = pl.col("has_gone_bad") & (days_bad(curves) >= curves.history.term_days).fill_null(True)
    to_term = (curves.history.term_days - days_bad(curves).fill_null(curves.history.term_days)).clip(0) / 30.4375
    of_bad = curves.roll_after(days_bad(curves)) * curves.paid_within(months - to_term)
    chance = pl.when("has_gone_bad").then(of_bad).otherwise(_chance_of_sound(curves, rate, horizon_months, months))
    state = pl.when(past_term).then(pl.lit("past_term")).when("has_gone_bad").then(pl.lit("bad"))
    return covered.select(
        state.otherwise(pl.lit("sound")).alias("state"),
        pl.when(is_payable).then(chance).otherwise(0.0).alias("chance"),
        (pl.col("covered_principal") * curves.paid_share.value).alias("amount"),
    )


def _chance_of_sound(curves: FundCurves, rate: float, horizon_months: int, months: int) -> pl.Expr:
    """The chance that the fund pays within some months for a loan that is not bad now."""
    by_model, by_county = 0.0, 0.0
    for month in range(1, months + 1):
        left = pl.select(curves.paid_within(pl.lit(months - month + 0.5 - curves.term_months))).item()
        if month <= horizon_months:
            by_model += left
        else:
            by_county += left
    foretold = pl.col("probability") / horizon_months * by_model
    return curves.roll_from_start * (foretold.fill_null(rate * by_model) + rate * by_county)


def fund_forecast(
    loans: pl.DataFrame, terms: ContractTerms, curves: FundCurves, horizon_months: int, months: int = FORECAST_MONTHS
) -> FundForecast:
    """Forecast the fund's payments of the months after the day of the curves.

    Args:
        loans: all open loans, in the columns that `expected_loss` reads.
        terms: what binds the loans by the day each was granted.
        curves: what becomes of bad loans in the county.
        horizon_months: months that the model's probability covers.
        months: months of the forecast.

    Returns:
        The expected sum in yuan with its 90% interval, and its parts by state of the loans.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.fund_curves import FundCurves, no_fund_history
        >>> from models.fund_forecast import fund_forecast
        >>> day = date(2025, 12, 31)
        >>> loan = {"household_id": "H1", "probability": None, "has_gone_bad": True, "outstanding_principal": 20_000.0}
        >>> loan |= {"product": "microloan", "use_diverted": 0.0, "bad_since": day}
        >>> loan |= {"originated_on": date(2024, 3, 1)}
        >>> policies = policy_table_of(data)
        >>> fund_policy = policies.in_force(day).fund
        >>> curves = FundCurves(no_fund_history(day, fund_policy, 30), fund_policy)
        >>> forecast = fund_forecast(pl.DataFrame([loan]), policies.contract_terms(day), curves, 6)
        >>> forecast.low <= forecast.expected <= forecast.high <= 5 * 14_000
        True
    """
    chances = fund_chances(loans, terms, curves, horizon_months, months)
    is_sound = (~loans["has_gone_bad"]) & loans["product"].is_in(curves.policy.products).fill_null(False)
    low, high = _interval(chances, curves)
    return FundForecast(
        months,
        round(float((chances["chance"] * chances["amount"]).sum()), 2),
        low,
        high,
        {state: _of_state(chances.filter(pl.col("state") == state), curves) for state in STATES},
        new_bad_rate(curves, int(is_sound.sum())),
        bool(loans["probability"].is_not_null().any()),
    )


def _of_state(chances: pl.DataFrame, curves: FundCurves) -> StateForecast:
    payable = chances.filter(pl.col("amount") > 0)
    return StateForecast(
        payable.height,
        round(float(payable["amount"].sum()) / curves.paid_share.value, 2) if payable.height else 0.0,
        float(payable["chance"].sum()),
        round(float((payable["chance"] * payable["amount"]).sum()), 2),
    )


def _interval(chances: pl.DataFrame, curves: FundCurves) -> tuple[float, float]:
    """The 5% and 95% points of the drawn sums."""
    payable = chances.filter((pl.col("chance") > 0) & (pl.col("amount") > 0)).sort("chance", "amount")
    if payable.is_empty():
        return 0.0, 0.0
    chance, amount = payable["chance"].to_numpy(), payable["amount"].to_numpy()
    random = np.random.default_rng(_SEED)
    factors = np.ones(_DRAWS)
    if curves.is_measured_past_term:
        factors = random.gamma(curves.history.fund + 0.5, size=_DRAWS) / curves.payments
    new_bad = np.ones(_DRAWS)
    if excess := curves.history.excess_variance:
        new_bad = random.gamma(1 / excess, excess, size=_DRAWS)
    of_sound = float(payable.filter(pl.col("state") == "sound")["chance"].sum())
    payments = random.poisson((chance.sum() - of_sound + of_sound * new_bad) * factors)
    paid = random.choice(amount, size=int(payments.sum()), p=chance / chance.sum())
    sums = np.bincount(np.repeat(np.arange(_DRAWS), payments), weights=paid, minlength=_DRAWS)
    low, high = np.quantile(sums, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], method="inverted_cdf")
    return round(float(low), 2), round(float(high), 2)
