"""Person-months and the fit of hazards: what is at risk, what is left out, and that the shape is recovered."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from features.bad_spells import loan_ends
from features.ledger.ledger import Ledger
from features.snapshot.life_rules import LifeRules
from models.hazards import cumulative_incidence
from tests.conftest import County
from tests.models.hazard_samples import AS_OF, followed_loans
from tests.models.test_hazards import PLAN, _Line, aalen_johansen
from training.hazard_fit import fit_hazards
from training.labels import person_months

JANUARY = date(2025, 1, 31)


def months_of(bad_on: date | None, ended_on: date | None, followed: date, until: date | None = None) -> list[object]:
    row = {"as_of": JANUARY, "bad_on": bad_on, "ended_on": ended_on, "followed_until": followed}
    sample = pl.DataFrame([row], schema_overrides={"bad_on": pl.Date, "ended_on": pl.Date})
    found = person_months(sample, 3, until)
    return ["bad" if bad else "ended" if ended else "open" for _, _, bad, ended in found.rows()]


@pytest.mark.parametrize(
    ("bad_on", "ended_on", "followed", "until", "months"),
    [
        (None, None, date(2025, 12, 31), None, ["open"] * 3),
        (date(2025, 3, 31), None, date(2025, 12, 31), None, ["open", "bad"]),
        (date(2025, 4, 1), None, date(2025, 12, 31), None, ["open", "open", "bad"]),
        (date(2025, 5, 1), None, date(2025, 12, 31), None, ["open"] * 3),
        (None, date(2025, 2, 1), date(2025, 12, 31), None, ["ended"]),
        (None, date(2025, 1, 15), date(2025, 12, 31), None, ["ended"]),
        (date(2025, 3, 3), date(2025, 3, 9), date(2025, 12, 31), None, ["open", "bad"]),
        (date(2025, 3, 9), date(2025, 3, 3), date(2025, 12, 31), None, ["open", "ended"]),
        (date(2025, 4, 1), None, date(2025, 3, 31), None, ["open", "open"]),
        (date(2025, 3, 1), None, date(2025, 3, 30), None, ["open"]),
        (date(2025, 3, 1), None, date(2025, 12, 31), date(2025, 2, 28), ["open"]),
        (None, None, JANUARY, None, []),
        (None, None, date(2024, 1, 31), None, []),
    ],
)
def test_a_month_counts_while_the_loan_is_open_and_its_outcome_is_certain(
    bad_on: date | None, ended_on: date | None, followed: date, until: date | None, months: list[str]
) -> None:
    assert months_of(bad_on, ended_on, followed, until) == months


def test_a_loan_ends_on_the_day_it_is_repaid_settled_or_renewed_by_all_data(county: County) -> None:
    ledger = Ledger(county.data / "ledger")
    ends = loan_ends(ledger.tables(), LifeRules())
    events = ledger.scan("loan_events").filter(pl.col("kind").is_in(["settled", "renewed"])).collect()
    withdrawn = events.filter(pl.col("withdrawn") == "true").select("loan_id", "occurred_on")
    settled = events.join(withdrawn, on=["loan_id", "occurred_on"], how="anti")
    first = settled.group_by("loan_id").agg(pl.col("occurred_on").min()).join(ends, on="loan_id")
    assert first.height > 10
    assert (first["ended_on"] <= first["occurred_on"]).all()
    still_open = county.warnings.select("loan_id").join(ends, on="loan_id")
    assert still_open.height == county.warnings.height
    assert still_open["ended_on"].null_count() == still_open.height
    assert ends["loan_id"].is_unique().all()


def test_person_months_of_one_stratum_give_the_curve_of_aalen_and_johansen() -> None:
    sample = followed_loans(800, 9).with_columns(
        followed_until=pl.Series(np.random.default_rng(1).choice(["2023-06-30", "2023-09-30"], 800)).str.to_date()
    )
    rows = person_months(sample, 12)
    by_month = rows.group_by("month_ahead").agg(pl.col("went_bad", "ended").mean()).sort("month_ahead")
    hazards = (by_month[name].to_numpy()[:, None] for name in ("went_bad", "ended"))
    last = rows.group_by("row_position").agg(pl.all().sort_by("month_ahead").last())
    ends = [
        (month, "bad" if bad else "ended" if ended else "censored")
        for month, bad, ended in last.select("month_ahead", "went_bad", "ended").rows()
    ]
    curve, _ = aalen_johansen(ends, by_month.height)
    assert cumulative_incidence(*hazards).bad[1:, 0] == pytest.approx(curve, abs=1e-12)


def test_the_fit_finds_that_loans_go_bad_after_they_fall_due_and_the_risky_more() -> None:
    """100 days after January end in May, month 4: by then a tenth a month is repaid, and in month 5 loans go bad."""
    sample = followed_loans(4000, 3)
    hazards = fit_hazards(sample, sample["score"].to_numpy(), _Line(), PLAN)  # type: ignore[arg-type]
    loans = followed_loans(2, 1).with_columns(days_to_maturity=pl.lit(100.0), days_to_next_due=pl.lit(100.0))
    as_of, probability = np.full(2, np.datetime64(AS_OF)), np.array([0.05, 0.2])
    found = hazards.loan_hazards(loans, probability, as_of)
    incidence = cumulative_incidence(found.bad, found.ended)
    assert (incidence.bad[4] < 0.1 * probability).all()
    assert incidence.bad[5] == pytest.approx(probability, rel=0.1)
    assert incidence.open[3] == pytest.approx([0.73, 0.73], abs=0.08)
    times = hazards.time_to_bad(loans, probability, as_of)
    assert times["bad_if_due"].to_list() == pytest.approx(list(probability / 0.73), rel=0.15)


def test_what_comes_after_the_judgement_begins_changes_nothing() -> None:
    sample = followed_loans(1500, 4).with_columns(as_of=pl.lit(date(2023, 7, 31)))
    later = pl.col("bad_on") > PLAN.month_ends.judgement[0]
    otherwise = sample.with_columns(pl.when(~later).then("bad_on"))
    assert otherwise["bad_on"].null_count() > sample["bad_on"].null_count()
    texts = [
        fit_hazards(each, sample["score"].to_numpy(), _Line(), PLAN).text  # type: ignore[arg-type]
        for each in (sample, otherwise)
    ]
    assert texts[0] == texts[1]
