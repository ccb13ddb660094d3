"""Whether `lights monitor` is quiet in months like any other and finds what is injected, on simulated counties.

`python -m training.studies.monitor_drift --seeds 5 --households 3000 --months 72 --write` writes MONITOR.md beside this
file. A county whose inbox lies in `--folder` already is not simulated again.

A county's deliveries up to a year before their end are loaded at once, and a model is fitted on them. Then each of the
twelve months is delivered, scored and monitored by the commands `lights score` and `lights monitor`, as a county does
it. A finding on the model itself, that its probabilities are off, is acknowledged once it has come, as a county would:
it is no drift, and models of a few thousand households are calibrated on few bad loans.

For each injection the county is taken as it was before a month, and that month's delivery is changed: nothing else
differs from the month that was quiet. `serving` and `training` do not import each other, so the commands run as
processes of their own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from features.contract.pseudonym import load_pseudonyms
from features.contract.tables import TABLES
from features.delivery.column_map import read_column_map
from features.loading.load import LoadOptions, load
from features.months import month_end_after, month_ends
from models.bundle import write
from models.county_policy.policy_table import policy_table_of
from models.registry import ModelStore
from models.traffic_light.rule_table import rule_table_of
from training.cohort import samples
from training.simulate.order import Order
from training.simulate.province import simulate
from training.studies.simulated_store import SimulatedStore, print_progress
from training.train import fit_model

PAGE = Path(__file__).with_name("MONITOR.md")
LAST = date(2025, 12, 31)
QUIET_MONTHS, LEAST_QUIET = 12, 11
"""The bar: of the twelve months as many without a finding."""
_DELIVERED_DAYS_LATER = 5
_BEYOND_BOUNDS = 3
_ON_THE_MODEL = ("calibration", "performance", "visits")
"""Kinds of findings that are acknowledged after the month in which they first come."""
_INCOME = ("wage_income", "business_income", "property_income", "transfer_income")
Deliveries = Mapping[str, pl.DataFrame]
"""The rows of a delivery by table, in the contract's columns."""


@dataclass(frozen=True)
class Injection:
    """What is changed in the delivery of one month.

    change: from all rows of the county and those of the month to those delivered instead. codes: beginnings of the
    codes of findings, any of which finds it.
    """

    name: str
    as_of: date
    change: Callable[[Deliveries, Deliveries], Deliveries]
    codes: tuple[str, ...]


@dataclass(frozen=True)
class MonitoredMonth:
    """The end of `lights monitor` for a month: its exit code, and its findings in their order."""

    county: str
    as_of: date
    exit_code: int
    findings: Sequence[Mapping[str, Any]]
    injection: Injection | None = None

    @property
    def open_findings(self) -> list[Mapping[str, Any]]:
        """The findings that are not acknowledged."""
        return [each for each in self.findings if each["acknowledged"] is None]

    @property
    def finding_of_injection(self) -> Mapping[str, Any] | None:
        """The first finding on what was injected; None where there is none, or the exit says that all is well."""
        if self.injection is None or self.exit_code != _BEYOND_BOUNDS:
            return None
        return next((each for each in self.open_findings if each["code"].startswith(self.injection.codes)), None)


def with_lower_incomes(_: Deliveries, month: Deliveries) -> Deliveries:
    """Incomes of the month's statements times 0.4, as where one quarter is sent for a year."""
    return {**month, "income_statements": month["income_statements"].with_columns(pl.col(_INCOME) * 0.4)}


def with_swapped_codes(county: Deliveries, month: Deliveries) -> Deliveries:
    """The whole book of the largest bank, sent with its two most frequent repayment methods swapped."""
    until = month["loans"]["known_on"].max()
    book = county["loans"].filter(pl.col("known_on") <= until)
    [bank, *_] = book["bank"].value_counts(sort=True)["bank"]
    of_bank = book.filter(bank=bank).sort("known_on").unique("loan_id", keep="last")
    [one, other, *_] = of_bank["repayment_method"].value_counts(sort=True)["repayment_method"]
    swapped = of_bank.with_columns(
        pl.col("repayment_method").replace({one: other, other: one}), pl.lit(until).alias("known_on")
    )
    others = month["loans"].filter(~pl.col("loan_id").is_in(swapped["loan_id"].implode()))
    return {**month, "loans": pl.concat([others, swapped])}


def without_sheep(_: Deliveries, month: Deliveries) -> Deliveries:
    """The month's assets without the column of sheep."""
    return {**month, "assets": month["assets"].drop("sheep_count")}


INJECTIONS = (
    Injection(
        "incomes x 0.4",
        date(2025, 4, 30),
        with_lower_incomes,
        ("drift:net_income", "drift:income_per_head", "drift:income_change", "mean:income_statements"),
    ),
    Injection("a bank's codes swapped", date(2025, 7, 31), with_swapped_codes, ("codes_changed:repayment_method",)),
    Injection(
        "a column gone",
        date(2025, 10, 31),
        without_sheep,
        ("column_gone:sheep_count", "column_missing:sheep_count", "missing:assets.sheep_count"),
    ),
)


def county_months(county: str, order: Order, folder: Path) -> Iterator[MonitoredMonth]:
    """The twelve months of a county, and each injection, in the order of the months."""
    inbox = folder / f"inbox-{county}"
    if not inbox.exists():
        simulate(order, inbox)
    rows = {name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES}
    store = SimulatedStore(inbox, folder / f"store-{county}")
    shutil.rmtree(store.store, ignore_errors=True)
    first = month_end_after(LAST, -QUIET_MONTHS)
    deliver(store, known_between(rows, date.min, first), first)
    fit_champion(store)
    for as_of in month_ends(month_end_after(first, 1), LAST):
        month = known_between(rows, month_end_after(as_of, -1), as_of)
        for injection in INJECTIONS:
            if injection.as_of == as_of:
                copy = replace(store, store=folder / f"store-{county}-injected")
                shutil.copytree(store.store, copy.store, symlinks=True)
                yield monitor_delivered_month(county, copy, injection.change(rows, month), as_of, injection)
                shutil.rmtree(copy.store)
        quiet = monitor_delivered_month(county, store, month, as_of)
        acknowledge_model(store, quiet)
        yield quiet


def known_between(rows: Deliveries, after: date, until: date) -> Deliveries:
    """The rows that became known after a day, up to another; of households all, who come as a whole every month."""
    known_on = pl.col("known_on")
    of_span = {name: frame.filter(known_on > after, known_on <= until) for name, frame in rows.items()}
    return {**of_span, "households": rows["households"].filter(known_on <= until)}


def deliver(county: SimulatedStore, delivery: Deliveries, as_of: date) -> None:
    """Load a delivery some days after the end of its month; tables without a row do not come."""
    with tempfile.TemporaryDirectory() as inbox:
        for name, frame in delivery.items():
            if frame.height:
                frame.write_parquet(Path(inbox) / f"{name}.parquet")
        load(
            Path(inbox),
            county.ledger,
            LoadOptions(
                as_of + timedelta(days=_DELIVERED_DAYS_LATER),
                read_column_map(),
                load_pseudonyms(county.store),
                report_progress=lambda _: None,
            ),
        )


def fit_champion(county: SimulatedStore) -> None:
    """Fit a model on what is loaded, by the default plan with one trial, and make it the champion."""
    plan, policies = county.plan(1), policy_table_of(county.store)
    folds = samples(county.ledger, plan, rule_table_of(county.store), policies, lambda *_: None)
    bundle = replace(fit_model(folds, plan, county.ledger.data_version, lambda *_: None), number=1)
    models = ModelStore(county.store / "models")
    write(bundle, models.folder / "1")
    models.record({"number": 1, "alias": "champion"})


def monitor_delivered_month(
    county: str, store: SimulatedStore, delivery: Deliveries, as_of: date, injection: Injection | None = None
) -> MonitoredMonth:
    """A month delivered, scored and monitored."""
    print_progress(f"county {county}, {as_of}{f', {injection.name}' if injection else ''}")
    deliver(store, delivery, as_of)
    data = ("--as-of", str(as_of), "--data", str(store.store), "--json")
    run_lights("score", *data, "--incomplete", "a study")
    ended = run_lights("monitor", *data, may_end_with=_BEYOND_BOUNDS)
    return MonitoredMonth(county, as_of, ended.returncode, json.loads(ended.stdout)["findings"], injection)


def acknowledge_model(store: SimulatedStore, month: MonitoredMonth) -> None:
    """Acknowledge the open findings of a month that are on the model itself."""
    codes = [each["code"] for each in month.open_findings if each["kind"] in _ON_THE_MODEL]
    if codes:
        data = ("--as-of", str(month.as_of), "--data", str(store.store))
        options = [word for code in codes for word in ("--acknowledge", code)]
        run_lights("monitor", *data, *options, "--reason", "a small county's model", may_end_with=_BEYOND_BOUNDS)


def run_lights(*words: str, may_end_with: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command of the service. Raises RuntimeError, with what it printed, where it ends in another way."""
    command = [sys.executable, "-m", "lights", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a command of our own
    if ended.returncode not in (0, may_end_with):
        raise RuntimeError(f"lights {words[0]} ended with {ended.returncode}: {ended.stderr}")
    return ended


def missed_bars(months: Sequence[MonitoredMonth]) -> list[str]:
    """The bars that are missed, a line each."""
    missed = [
        f"county {county}: {quiet} of {QUIET_MONTHS} months without a finding, at least {LEAST_QUIET}"
        for county, quiet in quiet_counts(months).items()
        if quiet < LEAST_QUIET
    ]
    return missed + [
        f"county {month.county}: {month.injection.name} not found"
        for month in months
        if month.injection and month.finding_of_injection is None
    ]


def quiet_counts(months: Sequence[MonitoredMonth]) -> dict[str, int]:
    """By county, the months without an injection in which the monitor ended with 0."""
    counties = dict.fromkeys(month.county for month in months)
    return {
        county: sum(month.exit_code == 0 for month in months if month.county == county and not month.injection)
        for county in counties
    }


def page(months: Sequence[MonitoredMonth], command: str) -> str:
    """MONITOR.md: the months without a finding, the findings of the others, and what was found of the injections."""
    missed = missed_bars(months)
    lines = [
        "# 监测：平常月份安静，注入的漂移当月发现 / The monitor: quiet months, and injected drift",
        "",
        f"Written by `{command}`. Each county's model is fitted on what was known a year before the end; then each of",
        f"{QUIET_MONTHS} months is delivered, scored and monitored with the bounds that ship. What is found of the "
        "model itself (that",
        "its probabilities are off) is acknowledged after the month in which it first comes, nothing else is.",
        f"Bars: `lights monitor` ends with 0 in at least {LEAST_QUIET} of {QUIET_MONTHS} months of each county, and",
        "finds each injection in the month it first comes, in every county.",
        "",
        f"Bars missed: {'; '.join(missed) or 'none'}.",
        "",
        f"| county | months without a finding | {' | '.join(injection.name for injection in INJECTIONS)} |",
        f"|---|---|{'---|' * len(INJECTIONS)}",
    ]
    for county, quiet in quiet_counts(months).items():
        of_county = {month.injection: month for month in months if month.county == county and month.injection}
        cells = ["found" if of_county[injection].finding_of_injection else "not found" for injection in INJECTIONS]
        lines.append(f"| {county} | {quiet} of {QUIET_MONTHS} | {' | '.join(cells)} |")
    lines += [
        "",
        "## Open findings of months without an injection",
        "",
        "| county | month | finding |",
        "|---|---|---|",
    ]
    for month in months:
        if not month.injection:
            lines += [f"| {month.county} | {month.as_of} | {finding['en']} |" for finding in month.open_findings]
    lines += ["", "## Injections", "", "Of each the first finding on it, and how many findings the month has.", ""]
    lines += ["| county | month | injection | finding | of |", "|---|---|---|---|---|"]
    for month in months:
        if month.injection:
            words = month.finding_of_injection["en"] if month.finding_of_injection else "none"
            cells = [month.county, str(month.as_of), month.injection.name, words, str(len(month.open_findings))]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or write it; exit 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="Whether the monitor is quiet in normal months and finds drift.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--households", type=int, default=3000)
    parser.add_argument("--months", type=int, default=72)
    parser.add_argument("--folder", type=Path, help="where counties are kept; a temporary one where none is named")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    command = (
        f"python -m training.studies.monitor_drift --seeds {asked.seeds} --households {asked.households} "
        f"--months {asked.months} --write"
    )
    months: list[MonitoredMonth] = []
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(1, asked.seeds + 1):
            order = Order(asked.households, asked.months, seed)
            months += county_months(str(seed), order, asked.folder or Path(temporary))
    text = page(months, command)
    if asked.write:
        PAGE.write_text(text, "utf-8")
    else:
        print(text, end="")
    if missed_bars(months):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
