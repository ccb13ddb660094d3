"""Room for the labels of a figure: those of plots with long names of features reach beyond its edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARGIN = 0.1
"""Inches around everything that is drawn."""


def with_whole_labels(figure: Figure) -> Figure:
    """The figure, enlarged until everything drawn lies on it; axes keep their size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    drawn, (width, height) = figure.get_tightbbox(renderer), figure.get_size_inches()
    left, bottom = max(_MARGIN - drawn.x0, 0.0), max(_MARGIN - drawn.y0, 0.0)
    right, top = max(drawn.x1 + _MARGIN - width, 0.0), max(drawn.y1 + _MARGIN - height, 0.0)
    wider, higher = width + left + right, height + bottom + top
    positions = [axes.get_position().frozen() for axes in figure.axes]
    figure.set_size_inches(wider, higher)
    for axes, old in zip(figure.axes, positions, strict=True):
        x, y = (old.x0 * width + left) / wider, (old.y0 * height + bottom) / higher
        axes.set_position((x, y, old.width * width / wider, old.height * height / higher))
    return figure
