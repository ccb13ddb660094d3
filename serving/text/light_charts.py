"""Small charts drawn on the server as SVG: shapes as well as colours, and words for whoever does not see them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from models.light import CODES, LIGHT_WORDS
from serving.months.light_history import MonthLight
from serving.text.charts import INK, LIGHT_COLOURS, LINE, SOFT
from serving.text.page_words import Language

_FONT = "Noto Sans CJK SC, Microsoft YaHei, sans-serif"
_STEP, _LEVEL, _TOP, _LABELS = 28, 22, 14, 60
_SPARK = (160, 36)
_CURVE, _EDGE = 260, 44


def light_history_chart(months: Sequence[MonthLight], language: Language) -> Markup:
    """A lamp a month, the worse the higher: red a square, yellow a diamond, green a circle."""
    points = [(_LABELS + 16 + at * _STEP, each) for at, each in enumerate(months)]
    width, height = max(_LABELS + 32 + len(months) * _STEP, 260), _TOP + 3 * _LEVEL + 16
    levels = Markup("").join(_level(code, width, language) for code in CODES)
    lamps = Markup("").join(_lamp(x, each.light) for x, each in points if each.light)
    ends = [points[0], points[-1]] if len(points) > 1 else points[:1]
    days = Markup("").join(
        _text(f"{each.as_of:%Y-%m}", x, height - 2, "start" if at == 0 else "end", SOFT)
        for at, (x, each) in enumerate(_apart(ends))
    )
    said = ", ".join(f"{each.as_of:%Y-%m} {_words(each.light, language)}" for each in months)
    return _picture(levels + _steps(points) + lamps + days, said, width, height)


def _apart(ends: Sequence[tuple[int, MonthLight]]) -> list[tuple[int, MonthLight]]:
    """The first day begins left of its lamp, the last ends right of its own."""
    if len(ends) < 2:
        return [(x - 8, each) for x, each in ends]
    (first, begun), (last, ended) = ends
    return [(first - 8, begun), (max(last + 8, first + 100), ended)]


def _level(code: str, width: int, language: Language) -> Markup:
    y = _height(code)
    line = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}"/>').format(_LABELS, y, width, y, LINE)
    return line + _text(getattr(LIGHT_WORDS[code], language), _LABELS - 8, y + 4, "end", SOFT)


def _height(code: str) -> int:
    return _TOP + (len(CODES) - 1 - CODES.index(code)) * _LEVEL


def _steps(points: Sequence[tuple[int, MonthLight]]) -> Markup:
    """From lamp to lamp; broken where a month did not list the loan."""
    drawn = Markup("")
    for (left, before), (right, after) in pairwise(points):
        if before.light and after.light:
            drawn += Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}"/>').format(
                left, _height(before.light), right, _height(after.light), SOFT
            )
    return drawn


def _lamp(x: int, code: str) -> Markup:
    y, colour = _height(code), LIGHT_COLOURS[code]
    if code == "green":
        return Markup('<circle cx="{}" cy="{}" r="6" fill="{}"/>').format(x, y, colour)
    turned = Markup(' transform="rotate(45 {} {})"').format(x, y) if code == "yellow" else Markup("")
    return Markup('<rect x="{}" y="{}" width="11" height="11" fill="{}" stroke="{}"{}/>').format(
        x - 5.5, y - 5.5, colour, INK if code == "yellow" else colour, turned
    )


def _words(code: str | None, language: Language) -> str:
    return "–" if code is None else str(getattr(LIGHT_WORDS[code], language))


def sparkline(values: Sequence[float | None], title: str) -> Markup:
    """A line over months from nought to its highest value, its end marked; broken where a value is missing."""
    width, height = _SPARK
    highest = max((value for value in values if value is not None), default=0) or 1
    step = (width - 12) / max(len(values) - 1, 1)
    points = [
        (6 + at * step, height - 4 - value / highest * (height - 10)) if value is not None else None
        for at, value in enumerate(values)
    ]
    lines = Markup("").join(
        Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="2"/>').format(
            *one, *two, "#17466e"
        )
        for one, two in pairwise(points)
        if one and two
    )
    floor = Markup('<line x1="0" y1="{0}" x2="{1}" y2="{0}" stroke="{2}"/>').format(height - 3, width, LINE)
    last = points[-1] if points else None
    end = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5" fill="#17466e"/>').format(*last) if last else Markup("")
    return _picture(floor + lines + end, title, width, height)


def calibration_chart(points: Sequence[tuple[float, float]], title: str, x_label: str, y_label: str) -> Markup:
    """Observed over predicted share, with the line on which they agree; both axes from nought to the highest share."""
    most = max((value for point in points for value in point), default=0) or 1
    size = _CURVE

    def at(predicted: float, observed: float) -> tuple[float, float]:
        return _EDGE + predicted / most * size, 10 + size - observed / most * size

    frame = Markup('<rect x="{}" y="10" width="{}" height="{}" fill="none" stroke="{}"/>').format(
        _EDGE, size, size, LINE
    )
    agree = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-dasharray="4 4"/>').format(
        *at(0, 0), *at(most, most), SOFT
    )
    placed = [at(*point) for point in points]
    line = Markup('<polyline points="{}" fill="none" stroke="#17466e" stroke-width="2"/>').format(
        " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    )
    dots = Markup("").join(
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="#17466e"/>').format(x, y) for x, y in placed
    )
    axes = (
        _text("0", _EDGE - 6, 14 + size, "end", SOFT)
        + _text(f"{most:.0%}", _EDGE - 6, 20, "end", SOFT)
        + _text(f"{most:.0%}", _EDGE + size, 26 + size, "end", SOFT)
        + _text(x_label, _EDGE + size / 2, 42 + size, "middle", SOFT)
        + Markup('<g transform="rotate(-90 14 {0})">{1}</g>').format(
            10 + size / 2, _text(y_label, 14, 14 + size / 2, "middle", SOFT)
        )
    )
    return _picture(frame + agree + line + dots + axes, title, _EDGE + size + 10, size + 50)


def _text(text: str, x: float, y: float, anchor: str, colour: str) -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" font-size="12" font-family="{}" fill="{}" text-anchor="{}">{}</text>'
    ).format(x, y, _FONT, colour, anchor, text)


def _picture(drawn: Markup, said: str, width: int, height: int) -> Markup:
    return Markup('<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        width, height, said, drawn
    )
