"""Figures by month ahead beside what came of them, on tables small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.console import lines_for_reader
from tests.training.evaluation.frames import evaluated_loans_of
from training.evaluation.bootstrap import BootstrapWeights
from training.evaluation.conclusions import due_conclusion
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.measures import auc
from training.evaluation.months_ahead import months_ahead_metrics
from training.evaluation.page import report_html
from training.evaluation.report import EvaluationSettings, MonthsAheadMetrics
from training.output import summary_lines

FEW = EvaluationSettings(draws=20)
ROWS = [
    # bad_on, ended_on, followed_until, days_to_maturity, of 31 March 2025
    (date(2025, 5, 20), None, date(2026, 3, 31), 20.0),  # due 20 April, bad 30 days later: in month 2
    (None, date(2025, 4, 20), date(2026, 3, 31), 20.0),  # repaid on the day
    (None, date(2025, 4, 30), date(2026, 3, 31), 40.0),  # repaid before the month in which it falls due
    (date(2025, 4, 10), None, date(2026, 3, 31), 100.0),  # bad at once, for another reason
    (date(2025, 11, 1), None, date(2025, 9, 30), 90.0),  # bad after it was followed
    (None, None, date(2025, 9, 30), 400.0),  # not due within the horizon
]
FORETOLD = [0.5, 0.5, 0.1, 0.1, 0.1, 0.1]


def loans_with_months() -> EvaluatedLoans:
    loans = evaluated_loans_of(FORETOLD, [1, 1, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0])
    bad_on, ended_on, followed, days = zip(*ROWS, strict=True)
    is_due = [each <= 183 for each in days]
    frame = loans.frame.with_columns(
        pl.Series("bad_on", bad_on, pl.Date),
        pl.Series("ended_on", ended_on, pl.Date),
        pl.Series("followed_until", followed, pl.Date),
        pl.Series("days_to_maturity", days),
        pl.Series("probability_1m", [0.1] * 6),
        pl.Series("probability_3m", [0.2] * 6),
        pl.Series("probability_12m", [0.5] * 6),
        pl.Series("due_probability", [0.9 if due else None for due in is_due]),
        pl.Series("bad_if_due", [0.4 if due else None for due in is_due]),
    )
    return EvaluatedLoans(frame, {**loans.scores, "calendar": -np.array(days)})


def metrics_of(loans: EvaluatedLoans) -> MonthsAheadMetrics:
    metrics = months_ahead_metrics(loans, 6, 30, FEW)
    assert metrics is not None
    return metrics


def test_each_figure_is_compared_over_the_loans_whose_outcome_is_certain() -> None:
    shares = {share.figure: share for share in metrics_of(loans_with_months()).foretold}
    assert {name: (each.loans, each.happened) for name, each in shares.items()} == {
        "probability_1m": (6, 1),
        "probability_3m": (6, 2),
        "probability": (6, 2),
        "probability_12m": (4, 2),
        "due_probability": (5, 3),
        "bad_if_due": (3, 1),
    }
    assert list(shares) == ["probability_1m", "probability_3m", "probability", "probability_12m", *list(shares)[4:]]
    assert (shares["probability_12m"].predicted, shares["probability_12m"].observed.value) == (0.5, 0.5)
    assert shares["due_probability"].predicted == pytest.approx(0.9)


def test_skill_is_measured_among_loans_due_within_the_horizon_and_once_they_are_due() -> None:
    metrics = metrics_of(loans_with_months())
    due, once_due = metrics.due_within_horizon, metrics.once_due
    assert (due.loans, due.bad, due.visits, once_due.loans, once_due.bad) == (5, 2, 3, 3, 1)
    assert set(due.auc) == {"bad_if_due", "model", "rules", "calendar"} == set(once_due.recall)
    assert due.auc["rules"].value == pytest.approx(5 / 6)
    assert once_due.auc["model"].value == pytest.approx(3 / 4)


def test_a_loan_followed_to_the_end_of_its_horizon_alone_is_left_out_once_due() -> None:
    """Followed until September, due in September: whether it goes bad in October is not certain."""
    loans = loans_with_months()
    late = loans.frame.with_columns(pl.Series("days_to_maturity", [20.0, 20.0, 40.0, 100.0, 180.0, 400.0]))
    shares = {share.figure: share.loans for share in metrics_of(replace(loans, frame=late)).foretold}
    assert (shares["due_probability"], shares["bad_if_due"]) == (5, 2)


def test_a_model_of_earlier_programs_has_none() -> None:
    loans = evaluated_loans_of(FORETOLD, [1] * 6, [1, 0, 0, 1, 0, 0])
    assert months_ahead_metrics(loans, 6, 30, FEW) is None
    assert due_conclusion(None) == ()


def test_terminal_and_page_tell_them() -> None:
    loans = loans_with_months()
    report = replace(evaluate_loans(loans, FEW), months_ahead=metrics_of(loans))
    printed = "\n".join(lines_for_reader(summary_lines(report)))
    assert "goes bad within 12 months: foretold 0.500, observed 0.500" in printed
    assert "bad_if_due" in printed
    assert "without figures" not in printed
    for lang, words in (("zh", "到期时未还清的，随后变坏"), ("en", "goes bad, if still open when due")):
        assert words in report_html(report, lang)  # type: ignore[arg-type]
        assert words not in report_html(replace(report, months_ahead=None), lang)  # type: ignore[arg-type]


def test_loans_without_figures_are_counted_and_told() -> None:
    loans = loans_with_months()
    gone = pl.when(pl.col("loan_id") != "L0000").then("probability_1m")
    some = replace(loans, frame=loans.frame.with_columns(gone))
    metrics = metrics_of(some)
    assert metrics.without_figures == 1
    assert metrics.foretold[0].loans == 5
    printed = "\n".join(lines_for_reader(summary_lines(replace(evaluate_loans(loans, FEW), months_ahead=metrics))))
    assert "without figures by month: 1" in printed


def test_a_skill_that_is_not_shown_is_said_not_to_be() -> None:
    (sentence,) = due_conclusion(metrics_of(loans_with_months()))
    assert "it is not shown that the model tells good from bad" in sentence.en
    assert "不能说模型分得出" in sentence.zh


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=30), st.integers(0, 50))
def test_the_area_under_a_draw_is_that_of_the_rows_it_repeats(rows: list[tuple[bool, int]], seed: int) -> None:
    bad = np.array([each for each, _ in rows], bool)
    score = np.array([each for _, each in rows], float)
    weights = BootstrapWeights(np.arange(len(rows)), 3, seed)
    found = weights.auc(bad, score)
    for draw in range(4):
        repeated = np.repeat(np.arange(len(rows)), weights.weights[:, draw].astype(int))
        expected = auc(bad[repeated], score[repeated])
        assert np.isnan(found[draw]) if expected is None else found[draw] == pytest.approx(expected)
