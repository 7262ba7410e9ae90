"""Draws docs/images/dashboard.svg: the dashboard as it would look after 90 days of an example.

The layout, titles, metrics, colours and limits are read from dashboard.json.tftpl, the file that
Terraform makes the dashboard of; only the numbers are made up, below. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "dashboard.json.tftpl"
TARGET = ROOT / "docs" / "images" / "dashboard.svg"

UNIT = 56  # pixels of one of the 24 columns, and of a row
GAP = 8
DAYS = 90
THICK = 'stroke-width="2" stroke-linejoin="round"'
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd")
TEXT, FAINT, LINE, GOOD, BAD = "#16191f", "#687078", "#d5dbdb", "#1d8102", "#d13212"

ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:access-key-rotation"
ALARMS = ("dead-letters", "errors", "key-overdue", "no-run")
FILLED_IN = {
    "name": "access-key-rotation",
    "region": "eu-west-1",
    "namespace": "AccessKeyRotation",
    "queue": "access-key-rotation-dead-letters",
    "log_group": "/aws/lambda/access-key-rotation",
    "limit_days": "90",
    "alarm_days": "104",
    "timeout": "900",
    "waiting_hours": "48",
    "alarm_arns": json.dumps([f"{ARN}-{name}" for name in ALARMS]),
}

# -- the example -----------------------------------------------------------------------------------
# 40 users are managed on the first day and rotated at 5 a day. Two services are blocked from day 20
# until somebody looks, on day 40; another one since day 84.

ROTATED = {**dict.fromkeys(range(8), 5), 31: 1, 40: 2, 58: 2, 70: 1, 83: 1}
FAILED = (12, 55)


def blocked(day: int) -> int:
    return 2 if 20 <= day < 40 else int(day >= 84)


def rotated(day: int) -> int:
    return ROTATED.get(day, 0)


def oldest(day: int) -> int:
    if day < 8:
        return 212 - 17 * day
    if day < 40:
        return 78 + day - 8
    return 97 if day >= 84 else 60 + (day - 40) * 37 // 44


SERIES: dict[str, Callable[[int], float]] = {
    "KeysOverLimit": lambda day: max(0, 35 - 5 * day) if day < 8 else blocked(day),
    "ManagedUsers": lambda day: 40 if day < 50 else 42,
    "OldestActiveKeyDays": oldest,
    "Invocations": lambda day: 2 if day in FAILED else 1,
    "Errors": lambda day: int(day in FAILED),
    "ApproximateNumberOfMessagesVisible": lambda _: 0,
    "RunSeconds": lambda day: 9 + 2.2 * rotated(day) + day % 3 * 0.5,
    "ApiCalls": lambda day: 48 + 12 * rotated(day) + 4 * (day % 3),
    "KeysRotated": rotated,
    "KeysDisabled": lambda day: rotated(day - 7),
    "KeysDeleted": lambda day: rotated(day - 37),
    "UsersWarned": lambda day: rotated(day + 7) if day > 8 else 0,
    "UsersBlocked": blocked,
    "UsersHeld": lambda day: int(45 <= day < 61),
    "UsersDeferred": lambda day: max(0, 35 - 5 * day),
    "UsersFailed": lambda day: int(day in FAILED),
}
TABLES: dict[str, list[tuple[str, ...]]] = {
    "Blocked or held in the last 48 hours": [
        ("last_seen", "user", "action", "why", "key"),
        ("06-01 06:00", "legacy-import", "block", "two_active_keys_due", "AKIAI44QH8DHBEXAMPLE"),
    ],
    "Failed, as last seen": [
        ("last_seen", "user", "error"),
        ("04-28 06:00", "dave", "ClientError: ThrottlingException: Rate exceeded"),
        ("03-16 06:00", "carol", "ReadTimeoutError: Read timeout on endpoint URL"),
    ],
}


# -- drawing ---------------------------------------------------------------------------------------


class Box(NamedTuple):
    """A place on the canvas, in pixels."""

    x: float
    y: float
    width: float
    height: float


class Line(NamedTuple):
    """One metric of a widget."""

    label: str
    colour: str
    values: list[float]
    right: bool


def main() -> None:
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(drawn())


def drawn() -> str:
    """The whole dashboard as SVG."""
    widgets = json.loads(Template(TEMPLATE.read_text()).substitute(FILLED_IN))["widgets"]
    width = 24 * UNIT
    height = max(w["y"] + w["height"] for w in widgets) * UNIT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="Helvetica, Arial, sans-serif">',
        rect(Box(0, 0, width, height), "#f2f3f3"),
    ]
    for widget in widgets:
        place = Box(*(widget[side] * UNIT for side in ("x", "y", "width", "height")))
        place = Box(place.x + GAP / 2, place.y + GAP / 2, place.width - GAP, place.height - GAP)
        parts.append(rect(place, "white", LINE))
        parts.extend(inside(widget, place))
    return "\n".join([*parts, "</svg>", ""])


def inside(widget: dict[str, Any], place: Box) -> Iterable[str]:
    properties = widget["properties"]
    if widget["type"] == "text":
        heading = properties["markdown"].lstrip("# ")
        yield text(place.x + 14, place.y + place.height / 2 + 7, heading, 20, TEXT, bold=True)
        return
    yield text(place.x + 14, place.y + 24, properties["title"], 14, TEXT, bold=True)
    body = Box(place.x + 14, place.y + 40, place.width - 28, place.height - 54)
    if widget["type"] == "alarm":
        yield from alarms(properties["alarms"], body)
    elif widget["type"] == "log":
        yield from table(TABLES[properties["title"]], body)
    elif properties["view"] == "singleValue":
        yield from single_values(lines(properties), body)
    else:
        yield from time_series(properties, body)


def lines(properties: dict[str, Any]) -> list[Line]:
    found = []
    for number, (_, metric, _, _, options) in enumerate(properties["metrics"]):
        values = [SERIES[metric](day) for day in range(DAYS)]
        colour = options.get("color", COLOURS[number])
        found.append(Line(options["label"], colour, values, options.get("yAxis") == "right"))
    return found


def single_values(metrics: Sequence[Line], body: Box) -> Iterable[str]:
    for metric in metrics:
        middle = body.y + body.height / 2
        yield text(body.x + 6, middle + 22, f"{metric.values[-1]:g}", 64, TEXT)
        yield square(body.x + 6, middle + 56, metric.colour)
        yield text(body.x + 26, middle + 66, metric.label, 13, FAINT)


def alarms(arns: Sequence[str], body: Box) -> Iterable[str]:
    for number, arn in enumerate(arns):
        y = body.y + number * 46
        yield rect(Box(body.x, y, body.width, 38), "#f7fbf5", GOOD)
        yield text(body.x + 12, y + 24, arn.rsplit(":", 1)[1], 14, TEXT)
        yield text(body.x + body.width - 12, y + 24, "OK", 14, GOOD, bold=True, anchor="end")


def table(rows: Sequence[Sequence[str]], body: Box) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    scale = min(9.0, body.width / (sum(widths) + 2 * len(widths)))
    for number, row in enumerate(rows):
        y, x = body.y + 18 + number * 30, body.x
        for cell, width in zip(row, widths, strict=True):
            yield text(x, y, cell, 12.5, FAINT if number == 0 else TEXT, bold=number == 0)
            x += (width + 2) * scale
        yield stroke(body.x, y + 10, body.x + body.width, y + 10, LINE)


def time_series(properties: dict[str, Any], body: Box) -> Iterable[str]:
    metrics = lines(properties)
    limits = properties.get("annotations", {}).get("horizontal", [])
    stacked = properties.get("stacked", False)
    has_right = any(metric.right for metric in metrics)
    plot = Box(body.x + 36, body.y + 6, body.width - 36 - 36 * has_right, body.height - 56)
    left = [metric.values for metric in metrics if not metric.right]
    tops = [sum(day) for day in zip(*left, strict=True)] if stacked else [max(v) for v in left]
    # A limit far above everything is out of sight in CloudWatch, too.
    near = [limit["value"] for limit in limits if limit["value"] < 4 * max(tops)]
    top = nice(max([*tops, *near, 1]))
    right_top = nice(max([1, *(max(m.values) for m in metrics if m.right)]))
    yield from axis(plot, top, plot.x - 8, "end")
    if has_right:
        yield from axis(plot, right_top, plot.x + plot.width + 8, "start")
    below = [0.0] * DAYS
    for metric in metrics:
        if stacked:
            yield from bars(metric, below, plot, top)
            below = [low + value for low, value in zip(below, metric.values, strict=True)]
        else:
            points = curve(metric.values, plot, right_top if metric.right else top)
            yield f'<polyline points="{points}" fill="none" stroke="{metric.colour}" {THICK}/>'
    for number, limit in enumerate(limits):
        if limit["value"] in near:
            y = plot.y + plot.height * (1 - limit["value"] / top)
            yield stroke(plot.x, y, plot.x + plot.width, y, limit["color"], dashed=True)
            x = plot.x + plot.width - 4 - 60 * number
            yield text(x, y - 4, limit["label"], 11, limit["color"], anchor="end")
    x = plot.x
    for metric in metrics:
        yield square(x, body.y + body.height - 12, metric.colour)
        yield text(x + 16, body.y + body.height - 2, metric.label, 12, FAINT)
        x += 30 + 7.2 * len(metric.label)


def axis(plot: Box, top: float, x: float, anchor: str) -> Iterable[str]:
    for part in (0, 0.5, 1):
        y = plot.y + plot.height * (1 - part)
        yield stroke(plot.x, y, plot.x + plot.width, y, "#eaeded")
        yield text(x, y + 4, f"{top * part:g}", 11, FAINT, anchor=anchor)
    for day in (0, 30, 60, 89):
        label = "today" if day == 89 else f"-{90 - day} d"
        place = plot.x + plot.width * day / (DAYS - 1)
        yield text(place, plot.y + plot.height + 16, label, 11, FAINT, anchor="middle")


def bars(metric: Line, below: Sequence[float], plot: Box, top: float) -> Iterable[str]:
    step = plot.width / DAYS
    for day, (low, value) in enumerate(zip(below, metric.values, strict=True)):
        if value:
            height = plot.height * value / top
            y = plot.y + plot.height * (1 - low / top) - height
            yield rect(Box(plot.x + day * step, y, step * 0.85, height), metric.colour)


def curve(values: Sequence[float], plot: Box, top: float) -> str:
    return " ".join(
        f"{plot.x + plot.width * day / (DAYS - 1):.1f},"
        f"{plot.y + plot.height * (1 - value / top):.1f}"
        for day, value in enumerate(values)
    )


def nice(value: float) -> float:
    """The end of an axis that holds the value."""
    return next(top for top in (2, 4, 10, 20, 50, 100, 150, 250, 500, 1000, 2000) if top >= value)


def rect(box: Box, fill: str, border: str = "none") -> str:
    sides = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    return f'<rect {sides} fill="{fill}" stroke="{border}"/>'


def square(x: float, y: float, fill: str) -> str:
    return rect(Box(x, y, 11, 11), fill)


def stroke(x1: float, y1: float, x2: float, y2: float, colour: str, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}"{dashes}/>'


def text(
    x: float,
    y: float,
    words: str,
    size: float,
    colour: str,
    *,
    bold: bool = False,
    anchor: str = "start",
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}"{weight}>{escape(words)}</text>'
    )


if __name__ == "__main__":
    main()
