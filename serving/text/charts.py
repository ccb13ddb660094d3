"""Charts as SVG with attributes only, so that they print everywhere, and a title that can be read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from models.light import CODES, LIGHT_WORDS
from serving.months.light_history import MonthLight
from serving.text.page_words import Language

INK, SOFT, LINE, BLUE = "#1c2024", "#5a626b", "#d8dde2", "#17466e"
LIGHT_COLOURS = {"red": "#b3261e", "yellow": "#e6b800", "green": "#2a8a3e"}
_FONT = "Noto Sans CJK SC, Microsoft YaHei, sans-serif"
_WIDTH = 720
"""Of bar and line charts, in pixels, as all sizes here."""
_BAR_HEIGHT, _BAR_LABEL_WIDTH, _BAR_CAPTION_WIDTH = 26, 150, 110
_PLOT_HEIGHT, _PLOT_LEFT, _PLOT_BELOW, _SERIES_LABEL_WIDTH = 180, 60, 50, 170
_LAMP_STEP, _LAMP_LEVEL, _LAMP_TOP, _LAMP_LEFT = 28, 22, 14, 60
_SPARKLINE_WIDTH, _SPARKLINE_HEIGHT = 160, 36
_CALIBRATION_SIZE, _CALIBRATION_LEFT = 260, 44
_NO_ATTRIBUTES = Markup("")
Point = tuple[float, float]


@dataclass(frozen=True)
class BarSegment:
    """A stretch of a bar: its length in the unit of the chart, its colour, and the text of its tooltip."""

    value: float
    colour: str
    label: str


@dataclass(frozen=True)
class Bar:
    """A bar of one or more segments, with a label before it and a caption at its end."""

    label: str
    segments: tuple[BarSegment, ...]
    caption: str


@dataclass(frozen=True)
class LineSeries:
    """A line over months; it leaves out the months whose value is None."""

    label: str
    colour: str
    values: tuple[float | None, ...]


def bar_chart(rows: Sequence[Bar], title: str) -> Markup:
    """Horizontal bars on one scale; the longest has the whole width."""
    longest = max((sum(segment.value for segment in bar.segments) for bar in rows), default=0) or 1
    scale = (_WIDTH - _BAR_LABEL_WIDTH - _BAR_CAPTION_WIDTH) / longest
    drawn = Markup("")
    for number, bar in enumerate(rows):
        top, x = number * _BAR_HEIGHT, float(_BAR_LABEL_WIDTH)
        drawn += _text(bar.label, _BAR_LABEL_WIDTH - 8, top + 17, "end")
        for segment in bar.segments:
            width = segment.value * scale
            drawn += Markup(
                '<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" fill="{}"><title>{}</title></rect>'
            ).format(x, top + 5, width, _BAR_HEIGHT - 10, segment.colour, segment.label)
            x += width
        drawn += _text(bar.caption, x + 6, top + 17, "start")
    return _picture(drawn, title, _WIDTH, max(len(rows), 1) * _BAR_HEIGHT)


def line_chart(
    series: Sequence[LineSeries], months: Sequence[str], title: str, number_format: str = "{:.1%}"
) -> Markup:
    """Lines over months, from zero to the highest value, which is written in `number_format`."""
    highest = max((value for line in series for value in line.values if value is not None), default=0) or 1
    step = (_WIDTH - _PLOT_LEFT - 20) / max(len(months) - 1, 1)
    drawn = _line((_PLOT_LEFT, _PLOT_HEIGHT), (_WIDTH, _PLOT_HEIGHT), LINE)
    drawn += _text(number_format.format(highest), _PLOT_LEFT - 6, 12, "end", SOFT)
    drawn += _text("0", _PLOT_LEFT - 6, _PLOT_HEIGHT + 4, "end", SOFT)
    for line in series:
        points = [
            (_PLOT_LEFT + at * step, _PLOT_HEIGHT - value / highest * (_PLOT_HEIGHT - 20))
            for at, value in enumerate(line.values)
            if value is not None
        ]
        drawn += _polyline(points, line.colour)
        drawn += Markup("").join(_circle(point, 3, line.colour) for point in points)
    last = len(months) - 1
    for at in sorted({0, len(months) // 2, last}) if months else ():  # more do not fit side by side
        anchor = "start" if at == 0 else "end" if at == last else "middle"
        drawn += _text(months[at], _PLOT_LEFT + at * step, _PLOT_HEIGHT + 17, anchor, SOFT)
    for number, line in enumerate(series):
        x = _PLOT_LEFT + 8 + _SERIES_LABEL_WIDTH * number
        drawn += _text(line.label, x, _PLOT_HEIGHT + 39, "start", line.colour)
    return _picture(drawn, title, _WIDTH, _PLOT_HEIGHT + _PLOT_BELOW)


def light_history_chart(months: Sequence[MonthLight], language: Language) -> Markup:
    """A loan's light by month, the worse the higher: red a square, yellow a diamond, green a circle.

    The lights are joined by lines, which are broken at months that did not list the loan.
    """
    points = [(_LAMP_LEFT + 16 + at * _LAMP_STEP, month) for at, month in enumerate(months)]
    width = max(_LAMP_LEFT + 32 + len(months) * _LAMP_STEP, 260)
    height = _LAMP_TOP + len(CODES) * _LAMP_LEVEL + 16
    drawn = Markup("")
    for code in CODES:
        y = _lamp_height(code)
        drawn += _line((_LAMP_LEFT, y), (width, y), LINE)
        drawn += _text(getattr(LIGHT_WORDS[code], language), _LAMP_LEFT - 8, float(y + 4), "end", SOFT)
    for (x, month), (next_x, next_month) in pairwise(points):
        if month.light and next_month.light:
            drawn += _line((x, _lamp_height(month.light)), (next_x, _lamp_height(next_month.light)), SOFT)
    drawn += Markup("").join(_lamp(x, month.light) for x, month in points if month.light)
    day_y = float(height - 2)
    if points:
        first_x = points[0][0] - 8
        drawn += _text(f"{months[0].as_of:%Y-%m}", first_x, day_y, "start", SOFT)
        if len(points) > 1:
            drawn += _text(f"{months[-1].as_of:%Y-%m}", max(points[-1][0] + 8, first_x + 108), day_y, "end", SOFT)
    lights = (
        f"{month.as_of:%Y-%m} {'–' if month.light is None else getattr(LIGHT_WORDS[month.light], language)}"
        for month in months
    )
    return _picture(drawn, ", ".join(lights), width, height)


def _lamp_height(code: str) -> int:
    return _LAMP_TOP + (len(CODES) - 1 - CODES.index(code)) * _LAMP_LEVEL


def _lamp(x: int, code: str) -> Markup:
    y, colour = _lamp_height(code), LIGHT_COLOURS[code]
    if code == "green":
        return _circle((x, y), 6, colour)
    rotation = Markup(' transform="rotate(45 {} {})"').format(x, y) if code == "yellow" else Markup("")
    return Markup('<rect x="{}" y="{}" width="11" height="11" fill="{}" stroke="{}"{}/>').format(
        x - 5.5, y - 5.5, colour, INK if code == "yellow" else colour, rotation
    )


def sparkline(values: Sequence[float | None], title: str, top: float | None = None) -> Markup:
    """A line over months from zero to the highest value, broken at missing values; a dot marks the last value.

    top: the value at the upper end, where several lines are to be compared.
    """
    width, height = _SPARKLINE_WIDTH, _SPARKLINE_HEIGHT
    highest = top or max((value for value in values if value is not None), default=0) or 1
    step = (width - 12) / max(len(values) - 1, 1)
    points = [
        (6 + at * step, height - 4 - value / highest * (height - 10)) if value is not None else None
        for at, value in enumerate(values)
    ]
    drawn = _line((0, height - 3), (width, height - 3), LINE)
    for start, end in pairwise(points):
        if start and end:
            drawn += _line(start, end, BLUE, Markup(' stroke-width="2"'))
    if points and points[-1]:
        drawn += _circle(points[-1], 3.5, BLUE)
    return _picture(drawn, title, width, height)


def calibration_chart(points: Sequence[Point], title: str, x_label: str, y_label: str) -> Markup:
    """Observed over predicted share, with the diagonal on which they agree; both axes from zero to the highest share.

    points: (predicted, observed), by predicted share.
    """
    size, x_axis = _CALIBRATION_SIZE, _CALIBRATION_LEFT
    highest = max((value for point in points for value in point), default=0) or 1
    positions = [
        (x_axis + predicted / highest * size, 10 + size - observed / highest * size) for predicted, observed in points
    ]
    drawn = Markup('<rect x="{}" y="10" width="{}" height="{}" fill="none" stroke="{}"/>').format(
        x_axis, size, size, LINE
    )
    diagonal = (float(x_axis), 10.0 + size), (float(x_axis + size), 10.0)
    drawn += _line(*diagonal, SOFT, Markup(' stroke-dasharray="4 4"'))
    drawn += _polyline(positions, BLUE)
    drawn += Markup("").join(_circle(position, 4, BLUE) for position in positions)
    drawn += _text("0", x_axis - 6, 14.0 + size, "end", SOFT)
    drawn += _text(f"{highest:.0%}", x_axis - 6, 20.0, "end", SOFT)
    drawn += _text(f"{highest:.0%}", x_axis + size, 26.0 + size, "end", SOFT)
    drawn += _text(x_label, x_axis + size / 2, 42.0 + size, "middle", SOFT)
    drawn += Markup('<g transform="rotate(-90 14 {0})">{1}</g>').format(
        10 + size / 2, _text(y_label, 14, 14 + size / 2, "middle", SOFT)
    )
    return _picture(drawn, title, x_axis + size + 10, size + 50)


def _text(text: str, x: float, y: float, anchor: str, colour: str = INK) -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{}" font-size="12" font-family="{}" fill="{}" text-anchor="{}">{}</text>'
    ).format(x, _number(y), _FONT, colour, anchor, text)


def _line(start: Point, end: Point, colour: str, attributes: Markup = _NO_ATTRIBUTES) -> Markup:
    coordinates = (_number(value) for value in (*start, *end))
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}"{}/>').format(*coordinates, colour, attributes)


def _polyline(points: Sequence[Point], colour: str) -> Markup:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>').format(path, colour)


def _circle(centre: Point, radius: float, colour: str) -> Markup:
    x, y = centre
    return Markup('<circle cx="{}" cy="{}" r="{}" fill="{}"/>').format(_number(x), _number(y), radius, colour)


def _number(value: float) -> str:
    """Whole numbers as they are, others with one decimal."""
    return str(value) if isinstance(value, int) else f"{value:.1f}"


def _picture(drawn: Markup, title: str, width: int, height: int) -> Markup:
    return Markup('<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        width, height, title, drawn
    )
