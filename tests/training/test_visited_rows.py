"""Rows of visited loans: which are censored, whom the others stand for, and what a fit makes of the weights."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.messages import UserError
from features.months import month_end_after
from models.boosting import ROW_WEIGHT, TrainingSet, TreeParams, Trees
from models.raw_score import ModelColumn
from training.additive_fit import AdditiveFit
from training.calibrate import fit_beta, fit_isotonic
from training.folds import Fold
from training.plan import MonthEnds, Plan, VisitedRowsPlan
from training.visited_rows import (
    PUBLISHED_SCORES_SCHEMA,
    VISITS_FILE,
    published_scores,
    read_visits,
    visit_chances,
    visited_rows,
    with_row_weights,
)

AS_OF, ENDS_ON = date(2024, 1, 31), date(2024, 7, 31)
PLAN = Plan(
    month_ends=MonthEnds(fit=(date(2023, 12, 31), AS_OF), policy=(date(2024, 7, 31),), judgement=(date(2025, 1, 31),))
)
NO_SCORES = PUBLISHED_SCORES_SCHEMA.empty()


def plan_with(**changed: object) -> Plan:
    return PLAN.model_copy(update={"visits": VisitedRowsPlan.model_validate(changed)})


def rows_of(bad_on: date | None, loans: int = 1) -> pl.DataFrame:
    bad = int(bad_on is not None and bad_on <= ENDS_ON)
    return pl.DataFrame(
        {"loan_id": [f"L{n}" for n in range(loans)], "as_of": AS_OF, "bad_on": bad_on, "bad": bad},
        schema_overrides={"bad_on": pl.Date, "as_of": pl.Date},
    )


def visits_of_loans(*pairs: tuple[str, date]) -> pl.DataFrame:
    return pl.DataFrame(pairs, {"loan_id": pl.String, "visited_on": pl.Date}, orient="row")


@pytest.mark.parametrize(
    ("visited_on", "bad_on", "visited"),
    [
        (AS_OF, None, False),
        (date(2024, 2, 1), None, True),
        (ENDS_ON, None, True),
        (date(2024, 8, 1), None, False),
        (date(2024, 3, 9), date(2024, 3, 10), True),
        (date(2024, 3, 10), date(2024, 3, 10), False),
        (date(2024, 3, 9), date(2025, 1, 1), True),
    ],
)
def test_a_row_is_visited_while_its_label_is_open(visited_on: date, bad_on: date | None, visited: bool) -> None:
    row = visited_rows(rows_of(bad_on), visits_of_loans(("L0", visited_on)), NO_SCORES, PLAN)
    assert row.select("visited", ROW_WEIGHT).row(0) == (visited, 0.0 if visited else 1.0)


def lights(loans: int, light: str = "yellow", months: int = 6) -> pl.DataFrame:
    return pl.DataFrame(
        [(f"L{n}", month_end_after(AS_OF, ahead), light, 0.2) for n in range(loans) for ahead in range(months)],
        PUBLISHED_SCORES_SCHEMA.dtypes,
        orient="row",
    )


def test_those_who_were_not_visited_stand_for_those_who_were() -> None:
    visits = visits_of_loans(*((f"L{n}", date(2024, 2, 10)) for n in range(3)))
    rows = visited_rows(rows_of(None, 4), visits, lights(4, months=1), PLAN)
    assert rows[ROW_WEIGHT].to_list() == pytest.approx([0, 0, 0, 4])
    capped = visited_rows(rows_of(None, 4), visits, lights(4, months=1), plan_with(largest_weight=2.5))
    assert capped[ROW_WEIGHT].to_list() == pytest.approx([0, 0, 0, 2.5])
    alone = visited_rows(rows_of(None, 4), visits, lights(4, months=1), plan_with(treated="censor"))
    assert alone[ROW_WEIGHT].to_list() == [0, 0, 0, 1]


def test_lights_and_scores_are_strata_of_their_own() -> None:
    visits = visits_of_loans(("L0", date(2024, 2, 10)), ("L1", date(2024, 2, 20)))
    scores = pl.concat([lights(3, months=1), lights(6, "green", months=1).tail(3)])
    rows = visited_rows(rows_of(None, 6), visits, scores, plan_with(score_bins=1))
    assert rows[ROW_WEIGHT].to_list() == pytest.approx([0, 0, 3, 1, 1, 1])


def test_a_loan_that_goes_bad_before_most_visits_stands_for_few() -> None:
    visits = visits_of_loans(("L0", date(2024, 2, 5)), ("L1", date(2024, 2, 25)), ("L2", date(2024, 2, 25)))
    bad_on = pl.when(pl.col("loan_id") == "L3").then(date(2024, 2, 10))
    rows = rows_of(None, 4).with_columns(bad_on.alias("bad_on"))
    chances = visit_chances(rows, visits, lights(4, months=1), PLAN)
    assert chances["chance"].to_list() == pytest.approx([3 / (3 + 1 / 3)] * 4)
    weight = visited_rows(rows, visits, lights(4, months=1), PLAN)[ROW_WEIGHT][3]
    assert weight == pytest.approx(1 / (1 - 0.9 / 3))


def visited_county(seed: int, loans: int = 60_000) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, float]:
    """Rows, visits and lights of loans whose light changes with their state; and the rate gone bad without visits.

    The riskier a loan has become by a month, the likelier it is lit, and the likelier it goes bad.
    """
    random = np.random.default_rng(seed)
    risk = random.random(loans) < 0.2
    bad_on, visited_on = np.full(loans, None, object), np.full(loans, None, object)
    untreated = np.zeros(loans, dtype=bool)
    scores = []
    for ahead in range(6):
        month = month_end_after(AS_OF, ahead)
        is_sound = bad_on == None  # noqa: E711 - elementwise
        light = np.where(random.random(loans) < np.where(risk, 0.8, 0.05), "yellow", "green")
        scores.append(
            pl.DataFrame(
                {"loan_id": [f"L{n}" for n in range(loans)], "month": month, "light": light, "probability": 0.1}
            ).filter(pl.Series(is_sound))
        )
        day_visit, day_bad = random.integers(1, 29, loans), random.integers(1, 29, loans)
        visit = (random.random(loans) < np.where(light == "yellow", 0.5, 0.02)) & (visited_on == None)  # noqa: E711
        goes = (random.random(loans) < np.where(risk, 0.06, 0.002)) & ~untreated
        untreated |= goes
        helped = random.random(loans) < 0.5
        for n in np.flatnonzero(visit):
            visited_on[n] = month + timedelta(days=int(day_visit[n]))
        for n in np.flatnonzero(goes & is_sound):
            day = month + timedelta(days=int(day_bad[n]))
            if not (helped[n] and visited_on[n] is not None and visited_on[n] < day):
                bad_on[n] = day
        risk |= random.random(loans) < 0.05
    rows = pl.DataFrame(
        {"loan_id": [f"L{n}" for n in range(loans)], "as_of": AS_OF, "bad_on": bad_on.tolist()},
        schema_overrides={"bad_on": pl.Date, "as_of": pl.Date},
    ).with_columns(pl.col("bad_on").is_not_null().cast(pl.Int8).alias("bad"))
    pairs = [(f"L{n}", day) for n, day in enumerate(visited_on) if day is not None]
    return rows, visits_of_loans(*pairs), pl.concat(scores), float(untreated.mean())


def test_the_weighted_rate_is_that_of_loans_nobody_visits_and_the_others_are_not() -> None:
    rows, visits, scores, truth = visited_county(1)
    weighted = visited_rows(rows, visits, scores, plan_with(largest_weight=100))
    censored = visited_rows(rows, visits, scores, plan_with(treated="censor"))

    def rate(frame: pl.DataFrame) -> float:
        return float(np.average(frame["bad"].to_numpy(), weights=frame[ROW_WEIGHT].to_numpy()))

    assert rate(weighted) == pytest.approx(truth, rel=0.06)
    assert float(rows["bad"].to_numpy().mean()) < 0.85 * truth
    assert abs(rate(censored) - truth) > 2 * abs(rate(weighted) - truth)


def test_without_a_table_of_visits_nothing_is_changed(tmp_path: Path) -> None:
    folds = {Fold.FIT: rows_of(None, 3)}
    weighted, done = with_row_weights(folds, tmp_path, PLAN)
    assert done is None
    assert weighted[Fold.FIT] is folds[Fold.FIT]


def test_fit_and_calibration_are_weighted_and_the_others_counted(tmp_path: Path) -> None:
    month = tmp_path / "warnings" / "month=2024-01"
    month.mkdir(parents=True)
    lights(4, months=1).drop("month").with_columns(pl.col("light").cast(pl.Categorical)).write_parquet(
        month / "1.parquet"
    )
    visits_of_loans(("L0", date(2024, 2, 10)), ("L1", date(2024, 2, 12))).write_parquet(tmp_path / VISITS_FILE)
    folds = dict.fromkeys(Fold, rows_of(None, 4).with_columns(bad=pl.Series([1, 0, 1, 0], dtype=pl.Int8)))
    weighted, done = with_row_weights(folds, tmp_path, PLAN)
    assert {fold for fold, rows in weighted.items() if ROW_WEIGHT in rows.columns} == {Fold.FIT, Fold.CALIBRATION}
    assert weighted[Fold.FIT][ROW_WEIGHT].to_list() == pytest.approx([0, 0, 2, 2])
    assert done is not None
    counts = {"rows": 4, "visited": 2, "bad": 1}
    assert done["folds"]["judgement"] == counts
    assert done["folds"]["fit"] == {**counts, "largest_weight": 2.0}
    as_they_are, kept = with_row_weights(folds, tmp_path, plan_with(treated="keep"))
    assert ROW_WEIGHT not in as_they_are[Fold.FIT].columns
    assert kept == {"treated": "keep", "until": "2024-02-12", "folds": dict.fromkeys(map(str, Fold), counts)}


def test_published_months_are_read_by_the_name_of_their_folder(tmp_path: Path) -> None:
    month = tmp_path / "warnings" / "month=2024-02"
    month.mkdir(parents=True)
    lights(1, months=1).drop("month").write_parquet(month / "640323.parquet")
    assert published_scores(tmp_path)["month"].to_list() == [date(2024, 2, 29)]
    assert published_scores(tmp_path / "elsewhere").is_empty()


def test_a_damaged_table_of_visits_is_refused(tmp_path: Path) -> None:
    (tmp_path / VISITS_FILE).write_bytes(b"PAR1")
    with pytest.raises(UserError, match="lights cases visits"):
        read_visits(tmp_path / VISITS_FILE)


def test_a_weight_of_two_is_two_rows() -> None:
    random = np.random.default_rng(1)
    raw = random.normal(size=400)
    bad = (random.random(400) < 1 / (1 + np.exp(-raw))).astype(np.int8)
    weights = random.integers(0, 3, 400).astype(np.float64)
    twice = np.repeat(np.arange(400), weights.astype(int))
    weighted, repeated = fit_beta(raw, bad, weights=weights), fit_beta(raw[twice], bad[twice])
    assert weighted is not None
    assert repeated is not None
    assert (weighted.a, weighted.b, weighted.c) == pytest.approx((repeated.a, repeated.b, repeated.c), abs=1e-3)
    one, other = fit_isotonic(raw, bad, weights), fit_isotonic(raw[twice], bad[twice])
    assert one is not None
    assert other is not None
    assert one.log_odds(raw) == pytest.approx(other.log_odds(raw), abs=1e-9)


@pytest.mark.parametrize("kind", ["trees", "additive"])
def test_rows_that_count_for_nothing_teach_nothing(kind: str) -> None:
    random = np.random.default_rng(2)
    late = random.uniform(0, 60, 4000)
    truth = (random.random(4000) < late / 100).astype(np.int8)
    is_saved = (late > 30) & (random.random(4000) < 0.5)
    columns = [ModelColumn("days_past_due", sign=1)]
    rows = pl.DataFrame({"days_past_due": late, "bad": np.where(is_saved, 0, truth).astype(np.int8)})
    weighted = rows.with_columns(pl.Series(ROW_WEIGHT, np.where(is_saved, 0.0, 1.0)))
    expected = rows.filter(pl.Series(~is_saved))

    def mean_of_late(frame: pl.DataFrame) -> float:
        if kind == "additive":
            score = AdditiveFit(frame, columns).fit(1.0).log_odds(rows)
        else:
            params = TreeParams(num_iterations=60, feature_fraction=1.0, lambda_l2=1.0)
            score = Trees(TrainingSet(frame, columns).fit(params).text, columns).log_odds(rows)
        return float((1 / (1 + np.exp(-score)))[late > 30].mean())

    assert mean_of_late(weighted) == pytest.approx(mean_of_late(expected), abs=0.02)
    assert mean_of_late(rows) < 0.7 * mean_of_late(weighted)
