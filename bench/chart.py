"""Curves over the number of users, on logarithmic axes, as an SVG for a light or a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_COLOURS = ("#2f86d0", "#d9622b", "#2a9d5c", "#8e5bb5", "#b8860b")
_INK, _GRID = "#7d8590", "#7d859055"  # legible on white and on black
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "performance",
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _GRID,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


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
    """The SVG of the panels beside each other; the same numbers give the same text."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.2 * len(panels), 4), layout="constrained")
        places = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(places, panels, strict=True):
            _draw_panel(axes, panel)
        text = StringIO()
        figure.savefig(
            text, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _draw_panel(axes: Axes, panel: Panel) -> None:
    users = sorted({x for curve in panel.curves for x, _ in curve.points})
    axes.set_title(panel.title, loc="left", fontweight="bold", fontsize=12)
    axes.set_xlabel("IAM users")
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(users, [f"{x:,g}" for x in users])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.grid(axis="y", color=_GRID)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.margins(y=0.15)
    for number, curve in enumerate(panel.curves):
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(*zip(*curve.points, strict=True), color=colour, marker="o", linewidth=2)
        axes.annotate(
            f"{curve.name}: {curve.points[-1][1]:,.0f} {panel.unit}",
            curve.points[-1],
            xytext=(4, 9),
            textcoords="offset points",
            ha="right",
            color=colour,
        )
