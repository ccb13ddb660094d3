"""The evaluation report as one self-contained HTML page, in Chinese or English."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from features.atomic_files import write_bytes
from features.messages import Bilingual
from models.evaluation_words import FORETOLD_FIGURES, compared_model_words, group_words
from training.evaluation.report import (
    CalibrationInTheLarge,
    CurvePoint,
    Estimate,
    EvaluationReport,
    GroupFairness,
    Lang,
    SegmentMetrics,
)

_REPRODUCIBLE_SVG: Any = {"svg.hashsalt": "county-lights", "svg.fonttype": "none"}
Row = TypeVar("Row", SegmentMetrics, GroupFairness)
_NOT_ENOUGH = Bilingual("数据不足", "not enough data")


def report_html(report: EvaluationReport, lang: Lang) -> str:
    """The page; figures are inline SVG whose axes carry numbers alone, so that they need no font."""

    def share(value: float | None) -> str:
        return getattr(_NOT_ENOUGH, lang) if value is None else f"{100 * value:.1f}%"

    def interval(value: Estimate) -> str:
        if value.value is None or value.low is None or value.high is None:
            return share(value.value)
        return f"{100 * value.value:.1f}% ({100 * value.low:.1f} – {100 * value.high:.1f})"

    def yuan(value: Estimate) -> str:
        if value.value is None or value.low is None or value.high is None:
            return str(getattr(_NOT_ENOUGH, lang))
        return f"{value.value:,.0f} ({value.low:,.0f} – {value.high:,.0f})"

    return (
        page_environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            figures=FORETOLD_FIGURES,
            lang=lang,
            say=lambda zh, en: zh if lang == "zh" else en,
            text=lambda words: getattr(words, lang),
            model_name=lambda code: getattr(compared_model_words(code), lang),
            group_name=lambda by, code: getattr(group_words(by, code), lang),
            share=share,
            interval=interval,
            yuan=yuan,
            number=lambda value: "-" if value is None else f"{value:.3f}",
            curve=_calibration_curve_svg(report.calibration.curve),
            in_the_large=_monthly_calibration_svg(report.calibration.in_the_large),
            segment_tables=_grouped_by_dimension(report.segments),
            group_tables=_grouped_by_dimension(report.fairness),
        )
    )


def page_environment() -> Environment:
    """The environment of the pages of an evaluation, whose templates lie beside this module."""
    return Environment(
        loader=PackageLoader("training.evaluation", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _grouped_by_dimension(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    return [(by, list(of)) for by, of in groupby(rows, key=lambda row: row.by)]


def _calibration_curve_svg(points: Sequence[CurvePoint]) -> Markup:
    """Observed over predicted share in percent, with the diagonal on which they agree."""
    predicted, observed = ([100 * getattr(point, of) for point in points] for of in ("predicted", "observed"))
    figure = Figure(figsize=(4, 4))
    axes = figure.add_subplot()
    most = max(*predicted, *observed, 1.0)
    axes.plot([0, most], [0, most], color="0.6", linestyle="--")
    axes.plot(predicted, observed, marker="o", color="#1f5f8b")
    return _svg(figure)


def _monthly_calibration_svg(months: Sequence[CalibrationInTheLarge]) -> Markup:
    """Predicted (line) and observed (points) share of each month in percent."""
    figure = Figure(figsize=(7, 3))
    axes = figure.add_subplot()
    days = [month.month[:7] for month in months]
    axes.plot(days, [100 * month.predicted for month in months], color="#1f5f8b")
    axes.plot(days, [100 * month.observed for month in months], "o", color="#b3372f")
    axes.tick_params(axis="x", rotation=60)
    return _svg(figure)


def _svg(figure: Figure) -> Markup:
    buffer = io.StringIO()
    with rc_context(_REPRODUCIBLE_SVG):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704 - drawn from numbers and dates alone


def write_report_pages(report: EvaluationReport, folder: Path) -> None:
    """Write `judgement.zh.html` and `judgement.en.html` into the folder, each atomically."""
    for lang in get_args(Lang):
        write_bytes(report_html(report, lang).encode(), folder / f"judgement.{lang}.html")
