"""The report's last twelve months: what is counted, what is shown, and what the log cannot know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from key_rotation_cli.history.changes import KeyChange
from key_rotation_cli.history.log_group import History, LogGroup
from key_rotation_cli.report.charts import by_month
from key_rotation_cli.report.compliance import Compliance
from key_rotation_cli.report.page import page
from key_rotation_cli.report.past import Past, read_past
from tests.unit.builders import ACCOUNT, NOW, ago, inactive, key, secret, stamp, user
from tests.unit.history_sample import history_sample
from tests.unit.sample import account_status, nobodys, sample, status
from tests.unit.test_history import FineLogs
from tests.unit.test_report_page import Tags

GROUP = LogGroup("/aws/lambda/key-rotation", ACCOUNT, ago(400), None)


def change(
    days: float, action: str = "create", reason: str = "key_too_old", **rest: Any
) -> KeyChange:
    run = rest.pop("run", f"run {days}")
    return KeyChange(ago(days), "alice", "AIDA", f"K{days}", action, reason, run, **rest)


def past(*changes: KeyChange, since: float = 365, group: LogGroup = GROUP) -> Past:
    ordered = tuple(sorted(changes, key=lambda one: one.at))
    return Past(History(group, ago(since), NOW, ordered, (ago(1),)))


def shown(found: Past) -> str:
    text = page(Compliance(sample(), nobodys(sample())), found)
    Tags(text)
    return " ".join(text.split())


def test_what_was_rotated_is_counted_by_month() -> None:
    months = past(
        change(0.1), change(1), change(31), change(32, reason="emergency"), change(364)
    ).months()

    counted = {f"{one.start:%Y-%m}": (one.rotations, one.emergencies) for one in months}
    assert len(counted) == 13
    assert {month: many for month, many in counted.items() if many[0]} == {
        "2025-06": (1, 0),
        "2026-04": (1, 1),
        "2026-05": (2, 0),
        "2026-06": (1, 0),
    }


def test_the_first_moment_of_a_month_is_in_it() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    months = past(replace(change(1), at=at), replace(change(1), at=at - timedelta(seconds=1)))

    assert [one.rotations for one in months.months()][-3:] == [1, 1, 0]


def test_an_emergency_is_shown_as_one_and_its_disable_too() -> None:
    found = past(
        change(5, reason="emergency", run="e", by="aws.health", event_id="5b53b920"),
        change(5, "disable", "emergency", run="e"),
        change(6, "disable", "superseded"),
    )

    assert [one.action for one in found.changes] == ["disable", "create"]
    assert (found.emergencies, len(found.rotations)) == (1, 1)
    text = shown(found)
    assert "1 key made by the function and 1 run for an emergency" in text
    assert text.count('<span class="badge bad">emergency</span>') == 2
    assert "AWS Health, event 5b53b920" in text


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        pytest.param(past(), None, id="all of the year"),
        pytest.param(
            past(since=30, group=replace(GROUP, retention_days=30)),
            "The log knows nothing before 2026-05-02 12:00 UTC.",
            id="a short retention",
        ),
        pytest.param(
            past(since=90),
            "Read back to 2026-03-03 12:00 UTC only, since the log takes so many calls to read",
            id="not all was read",
        ),
    ],
)
def test_the_bound_of_what_the_log_knows_is_said(found: Past, sentence: str | None) -> None:
    text = shown(found)

    assert "The log has 1 run of this time." in text
    if sentence is None:
        assert "knows nothing" not in text
        assert "Read back" not in text
    else:
        assert sentence in text


def test_a_month_that_was_not_read_has_no_number() -> None:
    chart = by_month(past(change(5), since=40))

    assert "March 2026: not known" in chart
    assert "April 2026: 0 keys made, as far as known" in chart
    assert "May 2026: 1 key made<" in chart
    assert "July 2025: 0 keys" not in chart


class Logs(FineLogs):
    """With the log group, too."""

    def get_paginator(self, name: str) -> Any:
        return super().get_paginator(name) if name == "filter_log_events" else Groups()


class Groups:
    def paginate(self, logGroupNamePrefix: str) -> list[dict[str, Any]]:  # noqa: N803
        arn = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{logGroupNamePrefix}"
        made = int(ago(400).timestamp() * 1000)
        group = {"logGroupName": logGroupNamePrefix, "arn": arn, "creationTime": made}
        return [{"logGroups": [group]}]


def test_a_log_of_which_nothing_was_read_is_no_evidence() -> None:
    found = read_past(Logs([], days=0.01), "key-rotation", NOW)

    assert found.history is None
    text = shown(found)
    assert "do not reach over the last day of the log; key-rotation history reads all" in text
    assert "0 keys made" not in text
    assert "did not run" not in text


def test_what_was_read_of_a_log_of_fine_pages_is_kept() -> None:
    found = read_past(Logs([]), "key-rotation", NOW)

    assert found.history is not None
    assert found.history.since <= ago(18)
    assert "takes so many calls to read: key-rotation history reads all" in shown(found)


def test_a_log_that_is_not_readable_is_said_plainly() -> None:
    text = shown(Past(None, "AccessDeniedException: no"))

    assert '<span class="badge warn">not readable</span> AccessDeniedException: no' in text
    assert "logs:DescribeLogGroups and logs:FilterLogEvents" in text
    assert "Keys made by month" not in text


def test_the_list_is_bounded_and_says_how_many_more_there_are() -> None:
    text = shown(past(*(change(number / 1000) for number in range(1, 251))))

    assert text.count("<code>K0.") == 200
    assert "50 more, the earliest: key-rotation history --csv has all." in text
    assert "<code>K0.001</code>" in text


def test_what_others_wrote_is_escaped() -> None:
    hostile = '<script>alert("x")</script>'
    text = shown(past(change(1, note=f"Reason, as given by whoever asked: {hostile}", by=hostile)))

    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_chart_marks_where_the_log_begins() -> None:
    assert "known from here" in by_month(Past(history_sample()))


def test_what_is_due_reads_as_future() -> None:
    due = account_status(status("alice", user(key("A", 86))))
    text = page(Compliance(due, nobodys(due)))

    assert "<td>will be replaced</td>" in text
    assert "<td>replaced</td>" not in text


def test_a_leaked_key_is_on_record_as_disabled_in_an_emergency() -> None:
    pair = secret("B", "A", announced=stamp("B", 3), inactive_since=stamp("A", 3), leaked=("A",))
    found = account_status(status("alice", user(inactive("A", 10), key("B", 3), secret=pair)))

    said = {(one.access_key_id, one.what) for one in Compliance(found, nobodys(found)).past()}

    assert said == {("A", "disabled in an emergency"), ("B", "rotated")}
