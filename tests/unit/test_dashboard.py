"""The picture of the dashboard, and the template that it and Terraform are made from."""

from __future__ import annotations

import json
from string import Template

from scripts.draw_dashboard import FILLED_IN, SERIES, TARGET, TEMPLATE, drawn

from key_rotation.notify.metrics import gauges
from key_rotation.notify.response import Report
from tests.unit.builders import NOW, settings

WIDGETS = json.loads(Template(TEMPLATE.read_text()).substitute(FILLED_IN))["widgets"]


def test_the_picture_is_of_this_dashboard() -> None:
    assert TARGET.read_text() == drawn(), "run: make docs"


def test_every_metric_of_ours_is_sent_by_a_run() -> None:
    report = Report(False, NOW, 0, ())
    sent = {measure.name for measure in report.measures(NOW - NOW) + gauges([], settings(), NOW)}
    shown = {
        metric[1]
        for widget in WIDGETS
        for metric in widget["properties"].get("metrics", [])
        if metric[0] == "AccessKeyRotation"
    }

    assert shown == sent | {"ApiCalls"}
    assert shown <= set(SERIES)


def test_widgets_lie_side_by_side() -> None:
    cells = [
        (x, y)
        for widget in WIDGETS
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert len(cells) == len(set(cells)), "two widgets overlap"
    assert all(0 <= x < 24 for x, _ in cells)
