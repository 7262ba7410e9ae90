"""Draws docs/images/timeline-light.svg and timeline-dark.svg: a key's life, by the defaults.

`make docs` runs it; tests/unit/test_timeline.py fails if the pictures are of other defaults.
"""

from __future__ import annotations

import logging
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import hcl2
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
# text, quiet text, then the bars: the old key works, both work, disabled, the new key works
THEMES = {
    "light": ("#1f2328", "#656d76", "#0969da", "#9a6700", "#6e7781", "#1a7f37"),
    "dark": ("#e6edf3", "#8d96a0", "#1f6feb", "#9e6a03", "#484f58", "#238636"),
}
SQUEEZED = 0.25  # the width of a day before the warning, when nothing happens
_STYLE: dict[Any, Any] = {
    "font.sans-serif": ["Helvetica Neue", "Helvetica", "Arial", "DejaVu Sans", "sans-serif"],
    "font.size": 11,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "timeline",
}


def settings() -> dict[str, int]:
    """The defaults that the picture shows."""
    names = {"max_key_age_days", "warn_before_days", "grace_days", "delete_after_days"}
    names |= {"min_grace_days_without_console"}
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
        figure = Figure(figsize=(9.6, 2.9))
        axes = figure.add_axes((0.2, 0.02, 0.79, 0.96))
        _draw_life(axes, settings(), *THEMES[theme])
        about = {"Date": None, "Creator": None, "Title": "The life of an access key"}
        figure.savefig(
            text, format="svg", transparent=True, metadata={**about, "Description": drawn_from()}
        )
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _draw_life(axes: Axes, of: dict[str, int], *colours: str) -> None:
    ink, quiet, works, both, disabled, new = colours
    due, kept = of["max_key_age_days"], of["delete_after_days"]
    warned = due - of["warn_before_days"]
    with_console, without = of["grace_days"], of["min_grace_days_without_console"]
    rows = (
        ("Old key", "user with console password", with_console),
        ("Old key", "user without", max(with_console, without)),
    )
    end = due + max(grace for *_, grace in rows) + kept + 7

    def x(day: float) -> float:
        return min(day, warned) * SQUEEZED + max(0, day - warned)

    def bar(row: int, first: float, last: float, colour: str, label: str) -> None:
        axes.barh(row, x(last) - x(first), left=x(first), height=0.6, color=colour)
        if first < last:
            middle = (x(first) + x(last)) / 2
            axes.text(middle, row, label, color="white", ha="center", va="center_baseline")

    def name(row: int, text: str, whose: str) -> None:
        axes.text(-1, row + 0.07, text, color=ink, ha="right", weight="bold")
        axes.text(-1, row - 0.26, whose, color=quiet, ha="right", fontsize=10)

    axes.set(xlim=(0, x(end)), ylim=(-0.9, 3.2))
    axes.set_axis_off()
    days = {0, warned, due}
    for row, (text, whose, grace) in zip((2, 1), rows, strict=True):
        name(row, text, whose)
        off = due + grace
        bar(row, 0, due, works, "works")
        bar(row, due, off, both, "both work")
        bar(row, off, off + kept, disabled, "disabled, can be enabled again")
        axes.text(x(off + kept) + 0.6, row, "deleted", color=ink, va="center_baseline")
        days |= {off, off + kept}
    name(0, "New key", "in the user's secret")
    bar(0, due, end, new, f"works; is rotated on day {2 * due}")
    for day in days:
        axes.vlines(x(day), -0.5, 2.6, quiet, "dotted", linewidth=0.8, zorder=0, clip_on=False)
        axes.text(x(day), -0.8, f"day {day}", color=quiet, ha="center", fontsize=10)
    notified = "new key created and stored, owner notified"
    for day, label in ((0, "key created"), (warned, "owner warned"), (due, notified)):
        side = "right" if day == warned else "left"
        axes.text(x(day), 2.75, label, color=ink, ha=side, weight="bold")


def main() -> None:
    for theme in THEMES:
        (IMAGES / f"timeline-{theme}.svg").write_text(draw(theme))


if __name__ == "__main__":
    main()
