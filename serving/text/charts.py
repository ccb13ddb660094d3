"""Charts drawn on the server as SVG: attributes alone, so that they print everywhere; each can be read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

INK, SOFT, LINE = "#1c2024", "#5a626b", "#d8dde2"
LIGHT_COLOURS = {"red": "#b3261e", "yellow": "#e6b800", "green": "#2a8a3e"}
_FONT = "Noto Sans CJK SC, Microsoft YaHei, sans-serif"
_ROW, _LABEL, _VALUE, _WIDTH = 26, 150, 110, 720


@dataclass(frozen=True)
class BarSegment:
    """A stretch of a bar: how long, what colour, what it is called."""

    value: float
    colour: str
    label: str


@dataclass(frozen=True)
class Bar:
    """A labelled bar of one or more parts; `said` stands at its end."""

    label: str
    segments: tuple[BarSegment, ...]
    caption: str


def bar_chart(rows: Sequence[Bar], title: str) -> Markup:
    """Horizontal bars on one scale, the longest over the whole width."""
    longest = max((sum(part.value for part in bar.segments) for bar in rows), default=0) or 1
    scale = (_WIDTH - _LABEL - _VALUE) / longest
    drawn = Markup("").join(_bar(bar, place * _ROW, scale) for place, bar in enumerate(rows))
    return _picture(drawn, title, max(len(rows), 1) * _ROW)


def _bar(bar: Bar, top: int, scale: float) -> Markup:
    parts, left = [], float(_LABEL)
    for part in bar.segments:
        width = part.value * scale
        parts.append(
            Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" fill="{}"><title>{}</title></rect>').format(
                left, top + 5, width, _ROW - 10, part.colour, part.label
            )
        )
        left += width
    return (
        _said(bar.label, _LABEL - 8, top, "end") + Markup("").join(parts) + _said(bar.caption, left + 6, top, "start")
    )


def _said(text: str, x: float, top: int, anchor: str, colour: str = INK) -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{}" font-size="12" font-family="{}" fill="{}" text-anchor="{}">{}</text>'
    ).format(x, top + 17, _FONT, colour, anchor, text)


@dataclass(frozen=True)
class LineSeries:
    """A value a month; None where there is none, and the line is broken there."""

    label: str
    colour: str
    values: tuple[float | None, ...]


_HEIGHT, _LEFT, _BELOW = 180, 60, 30


def line_chart(
    series: Sequence[LineSeries], months: Sequence[str], title: str, number_format: str = "{:.1%}"
) -> Markup:
    """Lines over months, from nought to the highest value."""
    highest = max((value for line in series for value in line.values if value is not None), default=0) or 1
    step = (_WIDTH - _LEFT - 20) / max(len(months) - 1, 1)
    axis = Markup('<line x1="{0}" y1="{1}" x2="{2}" y2="{1}" stroke="{3}"/>').format(_LEFT, _HEIGHT, _WIDTH, LINE)
    drawn = [
        axis,
        _said(number_format.format(highest), _LEFT - 6, -5, "end", SOFT),
        _said("0", _LEFT - 6, _HEIGHT - 13, "end", SOFT),
    ]
    drawn += [_line(line, step, highest) for line in series]
    drawn += [_said(months[at], _LEFT + at * step, _HEIGHT, _anchor(at, months), SOFT) for at in _shown(len(months))]
    drawn += [
        _said(line.label, _LEFT + 8 + 170 * place, _HEIGHT + 22, "start", line.colour)
        for place, line in enumerate(series)
    ]
    return _picture(Markup("").join(drawn), title, _HEIGHT + _BELOW + 20)


def _shown(months: int) -> list[int]:
    """The first, the middle and the last: more do not fit side by side."""
    return sorted({0, months // 2, months - 1}) if months > 0 else []


def _anchor(at: int, months: Sequence[str]) -> str:
    return "start" if at == 0 else "end" if at == len(months) - 1 else "middle"


def _line(line: LineSeries, step: float, highest: float) -> Markup:
    points = [
        (_LEFT + at * step, _HEIGHT - value / highest * (_HEIGHT - 20))
        for at, value in enumerate(line.values)
        if value is not None
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = Markup("").join(
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>').format(x, y, line.colour) for x, y in points
    )
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>').format(path, line.colour) + dots


def _picture(drawn: Markup, title: str, height: int) -> Markup:
    return Markup('<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        _WIDTH, height, title, drawn
    )
