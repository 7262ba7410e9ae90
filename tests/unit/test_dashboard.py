"""The template of the dashboard that Terraform fills in."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from key_rotation.domain.coverage import Coverage
from key_rotation.notify.coverage import coverage_measures
from key_rotation.notify.metrics import gauges
from key_rotation.notify.response import Report
from tests.unit.builders import NOW, settings

TEMPLATE = Path(__file__).resolve().parents[2] / "dashboard.json.tftpl"
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
    "alarm_arns": "[]",
}
WIDGETS = json.loads(Template(TEMPLATE.read_text()).substitute(FILLED_IN))["widgets"]


def test_every_metric_of_ours_is_sent_by_a_run() -> None:
    report = Report(False, NOW, 0, ())
    measures = [
        *report.measures(NOW - NOW),
        *gauges([], settings(), NOW),
        *coverage_measures(Coverage()),
    ]
    sent = {measure.name for measure in measures}
    shown = {
        metric[1]
        for widget in WIDGETS
        for metric in widget["properties"].get("metrics", [])
        if metric[0] == "AccessKeyRotation"
    }

    assert shown == sent | {"ApiCalls"}


def test_widgets_lie_side_by_side() -> None:
    cells = [
        (x, y)
        for widget in WIDGETS
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert len(cells) == len(set(cells)), "two widgets overlap"
    assert all(0 <= x < 24 for x, _ in cells)
