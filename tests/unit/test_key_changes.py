"""The log of keys: one line for each change of a key, whoever asked, and whatever fails later."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from key_rotation.domain.model import KeyStatus
from key_rotation.notify.response import RotationFailedError
from key_rotation.ports import RefusedError
from key_rotation.run.key_changes import MESSAGE
from key_rotation.run.payload import Emergency, Payload, Request
from key_rotation.run.run import Rotation
from tests.unit.builders import inactive, key, secret, settings, stamp, user
from tests.unit.fakes import FakeAccount

PACKAGE = Path(__file__).resolve().parents[2] / "lambda" / "key_rotation"
CALLER = "arn:aws:sts::123456789012:assumed-role/operators/alice"
NOTE = "Reason, as given by whoever asked: the supplier left"
NOBODY = {"note": None, "by": None, "event_id": None, "replaces": None}
SCHEDULED = {**NOBODY, "by": "schedule"}
FIELDS = {"user", "user_id", "access_key_id", "action", "reason", "run", *NOBODY}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """Reads the lines written since it was last asked."""
    caplog.set_level("INFO", "key_rotation")

    def read() -> list[dict[str, Any]]:
        found = [vars(record) for record in caplog.records if record.getMessage() == MESSAGE]
        caplog.clear()
        return [{name: line[name] for name in FIELDS} for line in found]

    return read


def account_of(*keys: Any, **facts: Any) -> FakeAccount:
    account = FakeAccount()
    account.add(user(*keys, **facts))
    return account


def run(account: FakeAccount, payload: Payload | None = None, **changes: Any) -> None:
    Rotation(account.world(), settings(**changes), payload or Payload(), "this").run()


def line(key_id: str, action: str, reason: str, **rest: Any) -> dict[str, Any]:
    who = {"user": "alice", "user_id": "AIDAALICE", "run": "this"}
    return {**SCHEDULED, **who, "access_key_id": key_id, "action": action, "reason": reason, **rest}


def test_a_rotation_by_the_schedule(lines: Any) -> None:
    account = account_of(key("A", 90))

    run(account)

    assert lines() == [
        line("NEW1", "create", "key_too_old", replaces="A"),
        line("A", "disable", "superseded"),
    ]
    run(account)
    assert lines() == []


def test_a_deletion(lines: Any) -> None:
    account = account_of(key("A", 90))
    run(account)
    lines()
    account.clock.time += timedelta(days=31)

    run(account)

    assert lines() == [line("A", "delete", "superseded")]


def test_an_emergency_names_who_asked_as_stated(lines: Any) -> None:
    emergency = Emergency("alice", "A", "the supplier left")

    run(account_of(key("A", 10)), Payload(emergency=emergency, requested_by=CALLER))

    by_caller = {"by": CALLER, "note": NOTE}
    assert lines() == [
        line("NEW1", "create", "emergency", replaces="A", **by_caller),
        line("A", "disable", "emergency", **by_caller),
    ]


def test_an_event_of_aws_health_is_named_by_its_id(lines: Any) -> None:
    emergency = Emergency("alice", "A", "Reason: AWS said so", by_aws_health=True)

    run(account_of(key("A", 10)), Payload(emergency=emergency, event_id="5b53b920"))

    assert {(one["by"], one["event_id"], one["note"]) for one in lines()} == {
        ("aws.health", "5b53b920", "Reason: AWS said so")
    }


def test_a_request_without_a_caller_is_by_nobody_known(lines: Any) -> None:
    request = Request(("alice",), "the supplier left")

    run(account_of(key("A", 10)), Payload(rotate=request))

    created, disabled = lines()
    assert created == line("NEW1", "create", "requested", replaces="A", by=None, note=NOTE)
    assert disabled == line("A", "disable", "superseded", by=None)


def test_a_dry_run_changes_nothing_and_writes_none(lines: Any) -> None:
    run(account_of(key("A", 90)), Payload(dry_run=True))

    assert lines() == []


def test_a_created_key_has_its_line_although_the_run_fails_right_after(lines: Any) -> None:
    account = account_of(key("A", 90))
    account.fail("store", RuntimeError("no answer"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert lines() == [line("NEW1", "create", "key_too_old", replaces="A")]


def test_a_key_whose_value_was_refused_is_taken_back(lines: Any) -> None:
    account = account_of(key("A", 90))
    account.fail("store", RefusedError())

    with pytest.raises(RotationFailedError):
        run(account)

    assert lines() == [
        line("NEW1", "create", "key_too_old", replaces="A"),
        line("NEW1", "delete", "not_stored"),
    ]


def test_a_disable_has_its_line_although_its_record_fails(lines: Any) -> None:
    account = account_of(key("A", 90))
    account.fail("record", RuntimeError("no answer"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert lines()[1:] == [line("A", "disable", "superseded")]


def test_a_disable_that_is_undone_has_both_lines(lines: Any) -> None:
    account = account_of(key("A", 90))

    def new_key_goes_away() -> None:
        account.before("keys", lambda: account.set_status("NEW1", KeyStatus.INACTIVE))

    account.before("disable", new_key_goes_away)
    with pytest.raises(RotationFailedError, match="enabled again"):
        run(account)

    assert lines()[1:] == [line("A", "disable", "superseded"), line("A", "enable", "undone")]


def test_a_change_that_was_refused_has_none(lines: Any) -> None:
    account = account_of(key("A", 90))
    account.fail("create", RefusedError())

    with pytest.raises(RotationFailedError):
        run(account)

    assert lines() == []


def test_a_disable_whose_answer_was_lost_is_found_by_the_next_run(lines: Any) -> None:
    account = account_of(key("A", 90))
    account.lose_answer("disable", RuntimeError("no answer"))
    with pytest.raises(RotationFailedError):
        run(account)
    assert [one["action"] for one in lines()] == ["create"]

    run(account)

    assert lines() == [line("A", "found_inactive", "seen_inactive", by=None)]


def test_what_somebody_else_changed_is_by_nobody_known(lines: Any) -> None:
    account = account_of(key("A", 90))
    run(account)
    lines()
    account.set_status("A", KeyStatus.ACTIVE)

    run(account, grace_days=30)

    assert line("A", "found_active", "seen_active", by=None) in lines()


def test_a_record_of_a_leak_is_no_change_of_a_key(lines: Any) -> None:
    known = secret("B", announced=stamp("B", 10), inactive_since=stamp("A", 10))
    account = account_of(inactive("A", 20), key("B", 10), secret=known)

    run(account, Payload(emergency=Emergency("alice", "A", "x")))

    assert lines() == []


def test_a_line_holds_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "key_rotation")
    account = account_of(key("A", 90))

    run(account)

    values = list(account.values.values())
    assert values
    for record in caplog.records:
        said = json.dumps(vars(record), default=repr)
        assert not [value for value in values if value in said]


def test_a_key_is_changed_nowhere_else() -> None:
    """Whoever changes a key without a line hides it from the auditor."""
    change = re.compile(r"\bkeys\.(create|disable|enable|delete)\(")
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if change.search(path.read_text())
    }

    assert found == {"run/key_changes.py"}
