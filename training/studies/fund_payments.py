"""How often the forecast of the compensation fund's payments holds what came, on simulated counties.

`python -m training.studies.fund_payments --seeds 5 --households 30000 --months 60 --write` writes FUND_PAYMENTS.md
beside this file. A county whose inbox or store lies in `--folder` already is not simulated again.

For each of twelve month ends the fund's payments of the following twelve months, and of the following month, are
forecast by what was known on that day, and compared with the payments that came by all data. The forecasts are without
a model: every month has the county's own rate of new bad loans. The twelve periods of twelve months overlap, so that
they hold or miss together.

The overlapping years of one county are one piece of evidence.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from features.compute import features_at
from features.delivered_tables import DeliveredTables
from features.months import month_end_after
from features.snapshot.life_rules import BAD_AFTER_DAYS
from features.spell_endings import spell_endings
from models.county_policy.policy_table import PolicyTable, policy_table_of
from models.fund_curves import FundCurves, fund_history
from models.fund_forecast import FORECAST_MONTHS, FundForecast, fund_forecast
from training.cohort import last_reported_day
from training.simulate.order import Order
from training.studies.simulated_store import print_progress, simulate_and_load

PAGE = Path(__file__).with_name("FUND_PAYMENTS.md")
MONTH_ENDS = 12
LEAST_HELD = 9
"""The bar: of the twelve forecasts of twelve months, as many intervals hold what the fund paid."""
_COLUMNS = ("county", "month end", "months", "low", "expected", "high", "paid", "loans paid for", "held")


@dataclass(frozen=True)
class ForecastCheck:
    """One forecast against what came: the fund's payments, yuan, and for how many loans."""

    county: str
    as_of: date
    forecast: FundForecast
    paid: float
    payments: int

    @property
    def held(self) -> bool:
        """Whether the 90% interval holds the payments."""
        return self.forecast.low <= self.paid <= self.forecast.high


def forecast_on(tables: DeliveredTables, policies: PolicyTable, as_of: date, months: int) -> FundForecast:
    """The forecast by what was known on a day, without a model."""
    policy = policies.in_force(as_of)
    rules = policy.life_rules(BAD_AFTER_DAYS)
    history = fund_history(spell_endings(tables, as_of, rules), as_of, policy.fund, BAD_AFTER_DAYS)
    loans = features_at(as_of, tables, rules=rules).with_columns(pl.lit(None, pl.Float64).alias("probability"))
    curves = FundCurves(history, policy.fund)
    return fund_forecast(loans, policies.contract_terms(as_of), curves, FORECAST_MONTHS, months)


def fund_payments_between(tables: DeliveredTables, since: date, until: date) -> tuple[float, int]:
    """What the fund paid after `since` up to `until` by all data, yuan, and for how many loans."""
    of_fund = tables["payments"].filter(pl.col("payer") == "compensation_fund", pl.col("paid_on") > since)
    paid = of_fund.filter(pl.col("paid_on") <= until).collect()
    amount = paid.select(pl.col("principal_paid").sum() + pl.col("interest_paid").sum()).item()
    return float(amount), paid["loan_id"].n_unique()


def county_checks(county: str, store: Path, tables: DeliveredTables, last: date) -> Iterator[ForecastCheck]:
    """The checks of one county: for each length its twelve last month ends whose months lie in the data."""
    policies = policy_table_of(store)
    for months in (FORECAST_MONTHS, 1):
        for back in reversed(range(MONTH_ENDS)):
            as_of = month_end_after(last, -months - back)
            print_progress(f"county {county}, {as_of}, {months} months")
            until = month_end_after(as_of, months)
            forecast = forecast_on(tables, policies, as_of, months)
            yield ForecastCheck(county, as_of, forecast, *fund_payments_between(tables, as_of, until))


def held_counts(checks: Sequence[ForecastCheck]) -> Mapping[tuple[str, int], int]:
    """By county and length in months, how many intervals held what came."""
    keys = dict.fromkeys((check.county, check.forecast.months) for check in checks)
    return {key: sum(check.held for check in checks if (check.county, check.forecast.months) == key) for key in keys}


def page(checks: Sequence[ForecastCheck], command: str) -> str:
    """FUND_PAYMENTS.md: how many intervals held, and each forecast."""
    lines = [
        "# 风险补偿金预测的回测 / The fund's forecast against what came",
        "",
        f"Written by `{command}`. Each forecast knows what was known on its month end, and has no model. The bar: of",
        f"{MONTH_ENDS} forecasts of {FORECAST_MONTHS} months at least {LEAST_HELD} 90% intervals hold the payments.",
        "",
        "| county | months | intervals that held | bar | sum of expected | sum of paid |",
        "|---|---|---|---|---|---|",
    ]
    for (county, months), held in held_counts(checks).items():
        rows = [check for check in checks if (check.county, check.forecast.months) == (county, months)]
        bar = f">= {LEAST_HELD}" if months == FORECAST_MONTHS else ""
        expected, paid = sum(check.forecast.expected for check in rows), sum(check.paid for check in rows)
        lines.append(f"| {county} | {months} | {held} of {len(rows)} | {bar} | {expected:,.0f} | {paid:,.0f} |")
    lines += ["", f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    for check in checks:
        amounts = (check.forecast.low, check.forecast.expected, check.forecast.high, check.paid)
        cells = (check.county, check.as_of, check.forecast.months, *(f"{amount:,.0f}" for amount in amounts))
        lines.append(f"| {' | '.join(map(str, (*cells, check.payments, 'yes' if check.held else 'no')))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or write it; exit 1 where a county misses the bar."""
    parser = argparse.ArgumentParser(description="How often the fund's forecast holds what came.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--households", type=int, default=30_000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--folder", type=Path, help="where counties are kept; a temporary one where none is named")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    command = (
        f"python -m training.studies.fund_payments --seeds {asked.seeds} --households {asked.households} "
        f"--months {asked.months} --write"
    )
    with tempfile.TemporaryDirectory() as temporary:
        checks: list[ForecastCheck] = []
        for seed in range(1, asked.seeds + 1):
            order = Order(asked.households, asked.months, seed)
            county = simulate_and_load(order, asked.folder or Path(temporary), str(seed))
            last = month_end_after(last_reported_day(county.ledger), -1)
            checks += county_checks(str(seed), county.store, county.ledger.tables(), last)
    text = page(checks, command)
    if asked.write:
        PAGE.write_text(text, "utf-8")
    else:
        print(text, end="")
    counts = held_counts(checks)
    if any(held < LEAST_HELD for (_, months), held in counts.items() if months == FORECAST_MONTHS):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
