"""Curves of an evaluation: the share of the bad loans found by the share of loans visited, and reliability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.evaluation_words import compared_model_words
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.measures import is_uninformative, selected_share
from training.evaluation.report import EvaluationReport, GainsCurves
from training.figure_labels import with_whole_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VISITED_SHARES = tuple(number / 20 for number in range(1, 21))


def gains_curves(loans: EvaluatedLoans) -> GainsCurves:
    """The recall of each compared model where it visits the same share of each month's loans."""
    months = [np.flatnonzero(loans.month_index == month) for month in np.unique(loans.month_index)]
    bad = int(loans.bad.sum())

    def recall(name: str, share: float) -> float:
        score = loans.scores[name]
        caught = (selected_share(score[rows], round(share * len(rows))) @ loans.bad[rows] for rows in months)
        return float(sum(caught)) / bad

    informative = [name for name, score in loans.scores.items() if bad and not is_uninformative(score)]
    return GainsCurves(
        VISITED_SHARES, {name: tuple(recall(name, share) for share in VISITED_SHARES) for name in informative}
    )


def gains_figure(report: EvaluationReport) -> Figure:
    """The gains curves, with the rules' own number of visits as a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5))
    axes = figure.add_subplot()
    curves, everyone = report.gains, report.everyone
    for name, recall in curves.recall.items() if curves else ():
        is_model = name == "model"
        label, width = compared_model_words(name).en, 2.5 if is_model else 1.0
        axes.plot([0, *VISITED_SHARES], [0, *recall], label=label, linewidth=width, zorder=3 if is_model else 2)
    axes.axvline(everyone.visits / max(everyone.loans, 1), color="0.6", linestyle="--", label="visits of the rules")
    axes.set_xlabel("share of each month's loans visited")
    axes.set_ylabel("share of the bad loans found (recall)")
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return with_whole_labels(figure)


def reliability_figure(report: EvaluationReport) -> Figure:
    """The share gone bad over the mean probability, by bins of about equal size, and the line where they agree."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5))
    axes, points = figure.add_subplot(), report.calibration.curve
    predicted, observed = [point.predicted for point in points], [point.observed for point in points]
    most = max(*predicted, *observed, 0.01)
    axes.plot([0, most], [0, most], color="0.6", linestyle="--", label="agreement")
    axes.plot(predicted, observed, marker="o", label="bins of loans")
    axes.set_xlabel("mean probability")
    axes.set_ylabel("share gone bad")
    axes.legend()
    return with_whole_labels(figure)
