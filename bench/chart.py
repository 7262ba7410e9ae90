"""Two curves over the number of users, on logarithmic axes, as an SVG that needs no library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 380, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 44, 46
_COLOURS = ("#1f77b4", "#d9622b", "#2a9d5c", "#8e5bb5", "#b8860b")
# Legible on a light and on a dark page: the viewer's own text colour where it is known.
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #444 }
  .title { font-weight: 600 }
  .grid { stroke: #8888; stroke-width: 0.5 }
  @media (prefers-color-scheme: dark) { text { fill: #ccc } }
"""


@dataclass(frozen=True)
class Curve:
    """One program: its points are (users, value)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One chart. `unit` is what its values are."""

    title: str
    unit: str
    curves: Sequence[Curve]


def draw(panels: Sequence[Panel]) -> str:
    """The SVG of the panels beside each other."""
    inner = "".join(
        f'<g transform="translate({number * _WIDTH},0)">{_panel(panel)}</g>'
        for number, panel in enumerate(panels)
    )
    width = _WIDTH * len(panels)
    names = ", ".join(panel.title for panel in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" '
        f'width="{width}" height="{_HEIGHT}" role="img" aria-label="{escape(names)}">'
        f"<style>{_STYLE}</style>{inner}</svg>\n"
    )


def _panel(panel: Panel) -> str:
    xs = [x for curve in panel.curves for x, _ in curve.points]
    ys = [y for curve in panel.curves for _, y in curve.points]
    across = _Axis(min(xs), max(xs), _LEFT, _WIDTH - _RIGHT)
    up = _Axis(10 ** floor(log10(min(ys))), 10 ** ceil(log10(max(ys))), _HEIGHT - _BOTTOM, _TOP)
    parts = [f'<text class="title" x="{_LEFT}" y="18">{escape(panel.title)}</text>']
    for power in range(floor(log10(up.low)), ceil(log10(up.high)) + 1):
        y = up.at(10.0**power)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        label = f"{10**power:,g}"
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{label}</text>')
    for x in sorted(set(xs)):
        parts.append(
            f'<text x="{across.at(x)}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">'
            f"{x:,g}</text>"
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">IAM users</text>')
    for number, curve in enumerate(panel.curves):
        parts.append(_curve(curve, panel.unit, _COLOURS[number % len(_COLOURS)], across, up))
    return "".join(parts)


def _curve(curve: Curve, unit: str, colour: str, across: _Axis, up: _Axis) -> str:
    places = [(across.at(x), up.at(y)) for x, y in curve.points]
    line = " ".join(f"{x},{y}" for x, y in places)
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}">'
        f"<title>{escape(curve.name)}: {value:,.0f} {unit} at {users:,g} users</title></circle>"
        for (x, y), (users, value) in zip(places, curve.points, strict=True)
    )
    x, y = places[-1]
    name = (
        f'<text x="{x}" y="{y - 8}" text-anchor="end" style="fill:{colour}">'
        f"{escape(curve.name)}: {curve.points[-1][1]:,.0f} {unit}</text>"
    )
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{name}'


@dataclass(frozen=True)
class _Axis:
    """From a value to a place on the page, by its logarithm."""

    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        share = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return round(self.first + share * (self.last - self.first), 1)
