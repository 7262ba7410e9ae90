"""Draws docs/images/timeline-light.svg and timeline-dark.svg: a key's life, by the defaults.

`make docs` runs it; tests/unit/test_timeline.py fails if the pictures are of other defaults.
"""

from __future__ import annotations

import logging
from hashlib import sha256
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import hcl2
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
# text, quiet text, then the bars: the old key works, both work, held, disabled, the new key works
THEMES = {
    "light": ("#1f2328", "#656d76", "#0969da", "#9a6700", "#bc4c00", "#6e7781", "#1a7f37"),
    "dark": ("#e6edf3", "#8d96a0", "#1f6feb", "#9e6a03", "#bd561d", "#484f58", "#238636"),
}
# The width of a day, by what begins: little happens before the warning, much in the grace.
QUIET, WARNED, GRACE, AFTERWARDS = 0.2, 1.0, 1.7, 0.65
_STYLE: dict[Any, Any] = {
    "font.sans-serif": ["Helvetica Neue", "Helvetica", "Arial", "DejaVu Sans", "sans-serif"],
    "font.size": 11,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "timeline",
}


def settings() -> dict[str, int]:
    """The defaults that the picture shows."""
    names = {"max_key_age_days", "warn_before_days", "grace_days", "delete_after_days"}
    names |= {"min_grace_days_without_console", "remind_before_days", "max_overlap_days"}
    found: dict[str, int] = {}
    for block in hcl2.loads((ROOT / "variables.tf").read_text())["variable"]:
        for quoted, body in block.items():
            if (name := quoted.strip('"')) in names:
                found[name] = body["default"]
    return found


def drawn_from() -> str:
    """What the picture depends on; it is in the picture, as its description."""
    shown = ", ".join(f"{name} = {value}" for name, value in sorted(settings().items()))
    return f"{shown}; script {sha256(Path(__file__).read_bytes()).hexdigest()[:12]}"


def draw(theme: str) -> str:
    """The SVG."""
    text = StringIO()
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # not all are installed
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 3.7))
        axes = figure.add_axes((0.2, 0.02, 0.79, 0.96))
        _draw_life(axes, settings(), *THEMES[theme])
        about = {"Date": None, "Creator": None, "Title": "The life of an access key"}
        figure.savefig(
            text, format="svg", transparent=True, metadata={**about, "Description": drawn_from()}
        )
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _draw_life(axes: Axes, of: dict[str, int], *colours: str) -> None:
    ink, quiet, works, both, held, disabled, new = colours
    due, kept = of["max_key_age_days"], of["delete_after_days"]
    warned, ceiling = due - of["warn_before_days"], due + of["max_overlap_days"]
    with_console, without = of["grace_days"], of["min_grace_days_without_console"]
    grace = due + max(with_console, without)
    reminded = grace - of["remind_before_days"]
    # who, until when both keys work, until when the old one is held
    rows = (
        ("with a console password", due + with_console, due + with_console),
        ("without, moves in time", grace, grace),
        ("without, does not move", grace, ceiling),
    )
    end = ceiling + kept + 12
    steps = ((0, QUIET), (warned, WARNED), (due, GRACE), (grace, AFTERWARDS), (end, 0.0))

    def x(day: float) -> float:
        return sum(
            (min(max(day, first), last) - first) * width
            for (first, width), (last, _) in pairwise(steps)
        )

    def bar(row: int, first: float, last: float, colour: str, label: str) -> None:
        axes.barh(row, x(last) - x(first), left=x(first), height=0.6, color=colour)
        if first < last:
            middle = (x(first) + x(last)) / 2
            axes.text(middle, row, label, color="white", ha="center", va="center_baseline")

    def name(row: int, text: str, whose: str) -> None:
        axes.text(-1, row + 0.07, text, color=ink, ha="right", weight="bold")
        axes.text(-1, row - 0.26, whose, color=quiet, ha="right", fontsize=10)

    axes.set(xlim=(0, x(end)), ylim=(-0.9, 4.5))
    axes.set_axis_off()
    days = {0, warned, due, reminded}
    for row, (whose, shared, off) in zip((3, 2, 1), rows, strict=True):
        name(row, "Old key", whose)
        bar(row, 0, due, works, "works")
        bar(row, due, shared, both, "both work")
        bar(row, shared, off, held, "left on: held")
        bar(row, off, off + kept, disabled, "disabled")
        axes.text(x(off + kept) + 0.6, row, "deleted", color=ink, va="center_baseline")
        days |= {shared, off, off + kept}
    name(0, "New key", "in the user's secret")
    bar(0, due, end, new, f"works; is rotated on day {2 * due}")
    axes.text(-1, -0.8, "day", color=quiet, ha="right", fontsize=10)
    for day in days:
        axes.vlines(x(day), -0.5, 3.6, quiet, "dotted", linewidth=0.8, zorder=0, clip_on=False)
        axes.text(x(day), -0.8, str(day), color=quiet, ha="center", fontsize=10)
    axes.plot(x(reminded), 1.19, "v", color="white", markersize=6)
    for day, height, side, label in (
        (0, 4.1, "left", "key created"),
        (warned, 3.72, "right", "owner warned"),
        (due, 4.1, "left", "new key created and stored, owner notified"),
        (reminded, 3.72, "left", "owner reminded, unless moved"),
    ):
        axes.text(x(day), height, label, color=ink, ha=side, weight="bold")


def main() -> None:
    for theme in THEMES:
        (IMAGES / f"timeline-{theme}.svg").write_text(draw(theme))


if __name__ == "__main__":
    main()
