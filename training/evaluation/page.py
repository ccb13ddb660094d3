"""The report as one HTML page, in Chinese or English: nothing beside it is needed to read it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from features.atomic_files import write_bytes
from features.messages import Words
from models.evaluation_words import contender, part
from training.evaluation.report import CurvePoint, Estimate, Group, InTheLarge, Lang, Report, Segment

_SALT: Any = {"svg.hashsalt": "county-lights", "svg.fonttype": "none"}
Part = TypeVar("Part", Segment, Group)
_NOT_ENOUGH = Words("数据不足", "not enough data")


def html(report: Report, lang: Lang) -> str:
    """The page; figures are inline SVG whose axes carry numbers alone, so that no font can fail them."""
    environment = Environment(
        loader=PackageLoader("training.evaluation", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.jinja").render(
        report=report,
        lang=lang,
        say=lambda zh, en: zh if lang == "zh" else en,
        told=lambda words: getattr(words, lang),
        name=lambda code: getattr(contender(code), lang),
        part=lambda by, code: getattr(part(by, code), lang),
        share=lambda value: _share(value, lang),
        between=lambda value: _between(value, lang),
        yuan=lambda value: _yuan(value, lang),
        number=lambda value: "-" if value is None else f"{value:.3f}",
        curve=_curve(report.calibration.curve),
        in_the_large=_in_the_large(report.calibration.in_the_large),
        parted=list(_parted(report.segments)),
        grouped=list(_parted(report.fairness)),
    )


def _parted(rows: Sequence[Part]) -> Iterator[tuple[str, list[Part]]]:
    for by, of in groupby(rows, key=lambda row: row.by):
        yield by, list(of)


def _share(value: float | None, lang: Lang) -> str:
    return getattr(_NOT_ENOUGH, lang) if value is None else f"{100 * value:.1f}%"


def _between(of: Estimate, lang: Lang) -> str:
    if of.value is None or of.low is None or of.high is None:
        return _share(of.value, lang)
    return f"{100 * of.value:.1f}% ({100 * of.low:.1f} – {100 * of.high:.1f})"


def _yuan(of: Estimate, lang: Lang) -> str:
    if of.value is None or of.low is None or of.high is None:
        return str(getattr(_NOT_ENOUGH, lang))
    return f"{of.value:,.0f} ({of.low:,.0f} – {of.high:,.0f})"


def _curve(points: Sequence[CurvePoint]) -> Markup:
    """Observed over predicted share, in percent, with the line on which they agree."""
    predicted, observed = ([100 * getattr(point, of) for point in points] for of in ("predicted", "observed"))
    figure = Figure(figsize=(4, 4))
    axes = figure.add_subplot()
    most = max(*predicted, *observed, 1.0)
    axes.plot([0, most], [0, most], color="0.6", linestyle="--")
    axes.plot(predicted, observed, marker="o", color="#1f5f8b")
    return _svg(figure)


def _in_the_large(months: Sequence[InTheLarge]) -> Markup:
    """Predicted (line) and observed (points) share of each month, in percent."""
    figure = Figure(figsize=(7, 3))
    axes = figure.add_subplot()
    days = [month.month[:7] for month in months]
    axes.plot(days, [100 * month.predicted for month in months], color="#1f5f8b")
    axes.plot(days, [100 * month.observed for month in months], "o", color="#b3372f")
    axes.tick_params(axis="x", rotation=60)
    return _svg(figure)


def _svg(figure: Figure) -> Markup:
    drawn = io.StringIO()
    with rc_context(_SALT):
        figure.savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704 - drawn from numbers and dates alone


def write_pages(report: Report, folder: Path) -> None:
    """`judgement.zh.html` and `judgement.en.html`, each whole or not at all."""
    for lang in get_args(Lang):
        write_bytes(html(report, lang).encode(), folder / f"judgement.{lang}.html")
