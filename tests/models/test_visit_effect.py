"""Visits that count, and the effect of visits as two comparisons tell it, on drawn loans whose effect is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.county_policy.sections import VisitStudy
from models.policy import Policy, Thresholds
from models.visit_effect.effect_sentences import MARGIN_WORDS, effect_sentence
from models.visit_effect.estimates import Verdict, margin_estimate, trial_estimate
from models.visit_effect.outcome_rates import outcome_rates
from models.visit_effect.visited_loans import LightWindow, drawn_for_trial, visited_loans

STUDY = shipped_policy_table().policies[-1].visit_study
POLICY = Policy(0.15, 0.4, "capacity")
WINDOW = LightWindow(date(2025, 1, 31), date(2025, 2, 5), date(2025, 7, 31))
LOAN = {
    "loan_id": "L1",
    "household_id": "H1",
    "light": "yellow",
    "previous_light": "green",
    "status": "performing",
    "has_hard_rule": False,
    "probability": 0.2,
    "bad_on": None,
}
TYPES = {"bad_on": pl.Date, "previous_light": pl.String}


def counted(visits: list[tuple[str, date]], study: VisitStudy = STUDY, *loans: dict[str, object]) -> pl.DataFrame:
    rows = pl.DataFrame([{**LOAN, **loan} for loan in loans or ({},)], schema_overrides=TYPES)
    visit_rows = pl.DataFrame(visits, {"loan_id": pl.String, "visited_on": pl.Date}, orient="row")
    return visited_loans(rows, visit_rows, WINDOW, POLICY, study)


@pytest.mark.parametrize(
    ("visited_on", "bad_on", "visited"),
    [
        (date(2025, 2, 4), None, False),
        (date(2025, 2, 5), None, True),
        (date(2025, 7, 31), None, True),
        (date(2025, 8, 1), None, False),
        (date(2025, 3, 1), date(2025, 3, 2), True),
        (date(2025, 3, 1), date(2025, 3, 1), False),
        (date(2025, 3, 1), date(2025, 12, 1), True),
    ],
)
def test_a_visit_counts_from_the_publication_until_the_label_is_known(
    visited_on: date, bad_on: date | None, visited: bool
) -> None:
    assert counted([("L1", visited_on)], STUDY, {"bad_on": bad_on})["visited"].to_list() == [visited]


def test_a_later_visit_does_not_undo_an_earlier_one() -> None:
    visits = [("L1", date(2025, 4, 9)), ("L1", date(2025, 2, 9)), ("L2", date(2025, 3, 9))]
    assert counted(visits, STUDY, {"bad_on": date(2025, 3, 1)})["visited"].to_list() == [True]


def test_loans_are_ranked_from_the_threshold_where_the_light_hangs_on_it() -> None:
    loans = [
        {"loan_id": "A", "probability": 0.30, "light": "yellow"},
        {"loan_id": "B", "probability": 0.16, "light": "yellow"},
        {"loan_id": "C", "probability": 0.14, "light": "green"},
        {"loan_id": "D", "probability": 0.02, "light": "green", "previous_light": None},
        {"loan_id": "E", "probability": 0.14, "light": "yellow", "previous_light": "yellow"},
        {"loan_id": "F", "probability": 0.01, "light": "red", "has_hard_rule": True},
        {"loan_id": "G", "probability": 0.10, "light": "yellow", "status": "probation"},
    ]
    assert counted([], STUDY, *loans).select("loan_id", "rank").rows() == [
        *(("A", 2), ("B", 1), ("C", -1), ("D", -2)),
        *((loan, None) for loan in "EFG"),
    ]


def test_each_group_of_a_policy_has_its_own_threshold() -> None:
    policy = Policy(0.15, 0.4, "capacity", by="bank", groups={"甲": Thresholds(0.05, 0.3)})
    loans = [
        {"loan_id": "A", "probability": 0.06, "light": "yellow", "bank": "甲"},
        {"loan_id": "B", "probability": 0.06, "light": "green", "bank": "乙"},
    ]
    rows = pl.DataFrame([{**LOAN, **loan} for loan in loans], schema_overrides=TYPES)
    no_visits = pl.DataFrame(schema={"loan_id": pl.String, "visited_on": pl.Date})
    ranked = visited_loans(rows, no_visits, WINDOW, policy, STUDY)
    assert ranked["rank"].to_list() == [1, -1]
    assert ranked["above"].round(4).to_list() == [0.01, -0.09]


def test_only_green_performing_loans_near_the_threshold_are_drawn() -> None:
    study = STUDY.model_copy(update={"drawn_share": 0.5, "drawn_from": 0.6})
    loans = [{"loan_id": f"N{n}", "light": "green", "probability": 0.09} for n in range(400)]
    loans += [
        {"loan_id": "far", "light": "green", "probability": 0.0899},
        {"loan_id": "yellow", "light": "yellow", "probability": 0.14},
        {"loan_id": "probation", "light": "green", "status": "probation", "probability": 0.14},
    ]
    rows = counted([], study, *loans)
    near, others = rows.filter(pl.col("loan_id").str.starts_with("N")), rows.tail(3)
    assert others["drawn"].to_list() == [None] * 3
    assert 160 < near["drawn"].sum() < 240
    assert near["weight"].to_list() == [2.0] * 400
    assert near.filter("drawn")["rank"].null_count() == near["drawn"].sum()


def test_a_draw_hangs_on_loan_half_year_and_seed_alone() -> None:
    study = STUDY.model_copy(update={"drawn_share": 0.5})
    loans = pl.DataFrame({"loan_id": [f"L{n}" for n in range(500)]})

    def draw(frame: pl.DataFrame, as_of: date, seed: int = 1) -> dict[str, bool]:
        drawn = drawn_for_trial(study.model_copy(update={"seed": seed}), as_of)
        return dict(frame.select("loan_id", drawn.alias("drawn")).rows())

    first = draw(loans, date(2025, 1, 31))
    assert draw(loans.reverse(), date(2025, 1, 31)) == first
    assert draw(loans.head(7), date(2025, 1, 31)) == {f"L{n}": first[f"L{n}"] for n in range(7)}
    assert draw(loans, date(2025, 6, 30)) == first
    for other in (draw(loans, date(2025, 7, 31)), draw(loans, date(2025, 1, 31), seed=2)):
        assert 0.3 < np.mean([first[loan] != other[loan] for loan in first]) < 0.7


def drawn_loans(seed: int, effect: float, loans: int = 40_000, drawn_share: float = 0.0) -> pl.DataFrame:
    """Loans of one month, calibrated, of whom most lit ones and few others are visited; visits avert a share of bad."""
    random = np.random.default_rng(seed)
    probability = np.clip(random.beta(0.5, 8, loans), 1e-4, 0.9)
    threshold = float(np.quantile(probability, 0.93))
    study = STUDY.model_copy(update={"drawn_share": drawn_share})
    frame = pl.DataFrame(
        {
            **{name: [value] * loans for name, value in LOAN.items()},
            "loan_id": [f"L{number}" for number in range(loans)],
            "household_id": [f"H{number // 2}" for number in range(loans)],
            "probability": probability,
            "light": np.where(probability >= threshold, "yellow", "green"),
        },
        schema_overrides=TYPES,
    )
    policy, no_visits = (
        Policy(threshold, 0.9, "capacity"),
        pl.DataFrame(schema={"loan_id": pl.String, "visited_on": pl.Date}),
    )
    rows = visited_loans(frame, no_visits, WINDOW, policy, study)
    sent = (rows["light"] == "yellow").to_numpy() | rows["drawn"].fill_null(False).to_numpy()
    visited = random.random(loans) < np.where(sent, 0.8, 0.05)
    averted = visited & (random.random(loans) < effect)
    bad = (random.random(loans) < probability) & ~averted
    return rows.with_columns(pl.Series("visited", visited), pl.Series("bad", bad.astype(np.int8)))


@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_the_comparison_at_the_threshold_holds_the_true_share_averted(effect: float) -> None:
    estimates = [margin_estimate(drawn_loans(seed, effect), 20) for seed in range(12)]
    held = [
        each.averted.low <= effect <= each.averted.high
        for each in estimates
        if each.averted.low is not None and each.averted.high is not None
    ]
    assert len(held) == 12
    assert sum(held) >= 10
    assert abs(sum(each.averted.value or 0.0 for each in estimates) / 12 - effect) < 0.12


@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_drawn_visits_tell_the_true_share_averted(effect: float) -> None:
    estimates = [trial_estimate(drawn_loans(seed, effect, drawn_share=0.4), 20) for seed in range(12)]
    held = [
        each.averted.low <= effect <= each.averted.high
        for each in estimates
        if each.averted.low is not None and each.averted.high is not None
    ]
    assert sum(held) >= 10
    assert sum(each.verdict is Verdict.FEWER_BAD for each in estimates) >= 8 * bool(effect)
    assert sum(each.verdict is Verdict.OPEN for each in estimates) >= 9 * (not effect)


def test_where_lights_send_nobody_an_effect_of_visits_has_no_bounds() -> None:
    rows = drawn_loans(1, 0.4)
    nobody = rows.with_columns(pl.lit(False).alias("visited"))
    estimate = margin_estimate(nobody, 20)
    assert estimate.verdict is Verdict.OPEN
    assert estimate.per_visit.low is None
    assert "cannot be told yet" in effect_sentence(MARGIN_WORDS, estimate, 20).en


@pytest.mark.parametrize("loans", [0, 1, 30])
def test_few_loans_tell_nothing(loans: int) -> None:
    rows = drawn_loans(1, 0.4, loans=400).head(loans)
    for estimate in (margin_estimate(rows, 20), trial_estimate(rows, 20)):
        assert estimate.verdict is Verdict.FEW
        told = effect_sentence(MARGIN_WORDS, estimate, 20)
        assert "cannot be told yet" in told.en
        assert "还不能说明" in told.zh


def test_rates_by_light_and_visit() -> None:
    loans = [
        {"loan_id": "A", "light": "red", "bad_on": date(2025, 4, 1)},
        {"loan_id": "B", "light": "yellow", "probability": 0.4},
        {"loan_id": "C", "light": "green", "probability": 0.1},
        {"loan_id": "D", "light": "green", "probability": 0.3, "bad_on": date(2025, 8, 1)},
    ]
    rates = outcome_rates(counted([("B", date(2025, 2, 20)), ("A", date(2025, 5, 1))], STUDY, *loans))
    assert rates.select("lit", "visited", "loans", "bad", "rate").rows() == [
        (True, True, 1, 0, 0.0),
        (True, False, 1, 1, 1.0),
        (False, True, 0, 0, None),
        (False, False, 2, 0, 0.0),
    ]
    assert rates["foretold"].to_list() == [0.4, 0.2, None, 0.2]


def test_months_of_one_household_widen_the_interval() -> None:
    loans: list[dict[str, object]] = [
        {"loan_id": f"L{n}", "bad_on": date(2025, 4, 1) if n < 20 else None} for n in range(100)
    ]
    widths = []
    for loans_each in (1, 10):
        households = [f"H{n // loans_each}" for n in range(100)]
        owed = [{**loan, "household_id": household} for loan, household in zip(loans, households, strict=True)]
        rates = outcome_rates(counted([], STUDY, *owed))
        widths.append(rates["high"][1] - rates["low"][1])
    assert widths[1] > 2 * widths[0]
