"""What an operator is told of a rotation that they asked for: what became of each user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from key_rotation.notify.response import Report, Row
from key_rotation_cli.rotate import Told, at_stake, question, told
from tests.unit.builders import NOW

OLD, NEW = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"
ROTATE = Row("alice", "rotate", "requested", OLD, f"new key {NEW}")
ANNOUNCE = Row("alice", "announce", "requested", NEW, f"new key {NEW} is in the secret")
DISABLE = Row("alice", "disable", "superseded", OLD, f"key {OLD} is disabled")
NO_GRACE = (ROTATE, ANNOUNCE, DISABLE)
FIRST = (
    Row("alice", "rotate", "first_key", None, f"first key {NEW}"),
    Row("alice", "announce", "first_key", NEW, f"first key {NEW} is in the secret"),
)


def response(*rows: Row, dry_run: bool = False) -> Mapping[str, Any]:
    return Report(dry_run, NOW, 1, rows).response()


def report(reason: str, detail: str) -> Row:
    return Row("alice", "report", reason, None, detail)


@pytest.mark.parametrize(
    ("rows", "text", "is_well"),
    [
        pytest.param(
            NO_GRACE, f"alice is rotated: new key {NEW} is in the secret", True, id="rotated"
        ),
        pytest.param(
            [ROTATE, Row("alice", "defer", "throttled", None, "the next run goes on")],
            f"alice: new key {NEW}; a later run announces it",
            True,
            id="not announced yet",
        ),
        pytest.param(
            FIRST, f"alice has a key now: first key {NEW} is in the secret", True, id="first key"
        ),
        pytest.param(
            [Row("alice", "block", "nobody_can_fetch", None, "the first key cannot be made")],
            "alice is not rotated: the first key cannot be made: nobody could fetch it: the user "
            "has no console password, and no reader is named (reader_arns of this user, or "
            "secret_reader_arns)",
            False,
            id="no first key",
        ),
        pytest.param(
            [Row("alice", "block", "slot_taken", OLD, "key … cannot be replaced")],
            f"alice is not rotated: key {OLD} cannot be replaced: IAM allows two keys, and the "
            "other one is an inactive key",
            False,
            id="blocked",
        ),
        pytest.param(
            [report("rotated_today", "not rotated: the key in the secret is less than a day old")],
            "alice: not rotated: the key in the secret is less than a day old",
            True,
            id="asked for again",
        ),
        pytest.param(
            [
                report("malformed_override", "override tag ignored: x"),
                report("not_managed", "not rotated: user 'alice' is not an IAM user"),
            ],
            "alice: not rotated: user 'alice' is not an IAM user",
            False,
            id="not managed",
        ),
        pytest.param(
            [
                Row("alice", "hold", "hold_until", OLD, "key … is left on"),
                report("hold_until", "not rotated: an earlier rotation is not over"),
            ],
            "alice: not rotated: an earlier rotation is not over",
            False,
            id="held",
        ),
        pytest.param(
            [Row("alice", "defer", "rotation_limit", None, "max_rotations_per_run is 1")],
            "alice: max_rotations_per_run is 1",
            False,
            id="over the limit",
        ),
        pytest.param([], "alice: the answer does not say what became of it", False, id="no word"),
    ],
)
def test_one_user(rows: list[Row], text: str, is_well: bool) -> None:
    assert told(response(*rows), ["alice"]) == [Told(text, is_well)]


def test_of_a_dry_run() -> None:
    planned = response(*NO_GRACE, dry_run=True)
    blocked = response(Row("alice", "block", "slot_taken", OLD, "dry run"), dry_run=True)

    assert told(planned, ["alice"]) == [Told("alice would be rotated", True)]
    first = response(*FIRST, dry_run=True)
    assert told(first, ["alice"]) == [Told("alice would get a first key", True)]
    [refused] = told(blocked, ["alice"])
    assert refused.text.startswith("alice is not rotated: ")
    assert not refused.is_well


def test_each_user_that_was_asked_for_in_that_order() -> None:
    found = told(response(*NO_GRACE, Row("(operators)", "report", "x")), ["bob", "alice"])

    assert [one.is_well for one in found] == [False, True]


def test_the_question_names_who_loses_the_old_key_at_once() -> None:
    in_grace = Row("build-agent", "rotate", "requested", OLD, "dry run")
    plan = response(*NO_GRACE, in_grace, dry_run=True)

    assert at_stake(plan) == {"alice": True, "build-agent": False}
    assert question(plan) == (
        "Rotate the key of alice, build-agent now? Without a grace, the old key stops working at "
        "once: alice."
    )
    assert question(response(in_grace)) == "Rotate the key of build-agent now?"
