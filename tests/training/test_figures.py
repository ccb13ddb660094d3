"""Figures for analysts: every label lies on the picture, and no household's value is written on one."""

from __future__ import annotations

from datetime import date

import matplotlib as mpl
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from features.catalog import MODEL_COLUMNS
from models.bundle import Bundle
from tests.models.frames import fitted_bundle, random_frame
from tests.training.evaluation.frames import evaluated_loans_of
from training.evaluation.curves import gains_curves, gains_figure, reliability_figure
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.report import EvaluationSettings
from training.figure_labels import with_whole_labels
from training.global_reasons import reason_figures
from training.plots import reason_plots

mpl.use("Agg")
DAYS = pl.Series("as_of", [date(2025, 11, 30), date(2025, 12, 31)] * 200)
SAMPLE = random_frame(400, 41).with_columns(DAYS).sort("as_of", maintain_order=True)
LOANS = evaluated_loans_of([0.9, 0.8, 0.6, 0.3, 0.2, 0.1], [0, 2, 0, 1, 0, 0], [1, 0, 1, 1, 0, 0])


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return fitted_bundle()


def labels_outside(figure: Figure) -> list[str]:
    """The texts drawn that reach beyond the edge of the picture; ticks beyond their axis are not drawn."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    edge, renderer = figure.bbox, canvas.get_renderer()  # type: ignore[no-untyped-call]
    undrawn = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        undrawn |= {
            label
            for tick in axis.get_major_ticks()
            if not low <= tick.get_loc() <= high
            for label in (tick.label1, tick.label2)
        }
    outside = []
    for label in figure.findobj(Text):
        assert isinstance(label, Text)
        box = label.get_window_extent(renderer)
        is_drawn = label.get_visible() and label.get_text().strip() and label not in undrawn
        if is_drawn and (box.x0 < edge.x0 or box.y0 < edge.y0 or box.x1 > edge.x1 or box.y1 > edge.y1):
            outside.append(label.get_text())
    return outside


def test_a_label_beyond_the_edge_is_seen_and_gets_room() -> None:
    figure = Figure(figsize=(2, 2))
    figure.add_subplot().set_ylabel("a name of a feature that is far too long for so small a picture")
    assert labels_outside(figure)
    assert labels_outside(with_whole_labels(figure)) == []


@pytest.mark.filterwarnings("ignore")  # shap's own, on import
def test_the_labels_of_all_reasons_are_whole(bundle: Bundle) -> None:
    figures = {**reason_plots(bundle, SAMPLE), **dict(reason_figures(bundle, SAMPLE))}
    assert len(figures) > 6
    assert {name: labels_outside(figure) for name, figure in figures.items()} == {name: [] for name in figures}


@pytest.mark.filterwarnings("ignore")  # shap's own, on import
def test_the_riskiest_loans_picture_has_names_and_contributions_and_no_value(bundle: Bundle) -> None:
    labels = [label.get_text() for label in reason_plots(bundle, SAMPLE)["riskiest.png"].findobj(Text)]
    names = {column.name for column in MODEL_COLUMNS}
    assert names & set(labels)
    assert [label for label in labels if label.endswith(tuple(names)) and label not in names] == []


@pytest.mark.parametrize("draw", [gains_figure, reliability_figure])
def test_the_labels_of_the_curves_are_whole(draw: object) -> None:
    assert callable(draw)
    assert labels_outside(draw(evaluate_loans(LOANS, EvaluationSettings(draws=20)))) == []


def test_the_gains_are_the_bad_loans_among_the_riskiest() -> None:
    gains = gains_curves(LOANS)
    recall = dict(zip(gains.shares, gains.recall["model"], strict=True))
    assert (recall[0.35], recall[0.5], recall[1.0]) == pytest.approx((1 / 3, 2 / 3, 1.0))
    assert list(gains.recall["model"]) == sorted(gains.recall["model"])


def test_a_county_without_bad_loans_has_no_gains() -> None:
    assert gains_curves(evaluated_loans_of([0.9, 0.1], [1, 0], [0, 0])).recall == {}
