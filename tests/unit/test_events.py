"""What is sent to the event bus, and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from key_rotation.domain.model import Event, ManagedUser
from key_rotation.domain.settings import SettingsError
from key_rotation.notify.events import DETAIL_TYPES
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.ports import NotSentError
from key_rotation.run.payload import Emergency, Payload, Request
from key_rotation.run.run import Rotation
from tests.unit.builders import NOW, ago, inactive, key, secret, settings, stamp, user
from tests.unit.fakes import FakeAccount
from tests.unit.test_chat_card import SCHEMA as CARD_SCHEMA

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "event.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
REPLACED = secret("B", announced=stamp("B", 8))
REPLACED_LATELY = secret("B", "A", announced=stamp("B", 4))
REMINDED = secret("B", "A", announced=stamp("B", 7), notices={Event.REMINDED: stamp("A", 3)})
UNMOVED: dict[str, Any] = {"A": ago(50), "B": None}
MOVED: dict[str, Any] = {"A": ago(5), "B": ago(1)}


def run(
    users: dict[str, ManagedUser] | ManagedUser, payload: Payload | None = None, **changes: object
) -> tuple[FakeAccount, Report]:
    account = FakeAccount()
    for name, one in (users if isinstance(users, dict) else {"alice": users}).items():
        account.add(one, name)
    rotation = Rotation(account.world(), settings(**changes), payload or Payload(), "this-run")
    return account, rotation.run()


def notified(account: FakeAccount) -> list[tuple[str, str]]:
    return [(event.detail_type, event.access_key_id) for event in account.events]


@pytest.mark.parametrize(
    ("before", "changes", "events"),
    [
        pytest.param(user(key("A", 10)), {}, [], id="nothing"),
        pytest.param(user(key("A", 85)), {}, [("Access Key Warned", "A")], id="warned"),
        pytest.param(
            user(key("A", 90)),
            {},
            [("Access Key Rotated", "NEW1"), ("Access Key Disabled", "A")],
            id="rotated, old key off at once",
        ),
        pytest.param(
            user(key("A", 90)), {"grace_days": 4}, [("Access Key Rotated", "NEW1")], id="grace"
        ),
        pytest.param(
            user(key("A", 94), key("B", 4), secret=REPLACED_LATELY, used=UNMOVED, password=False),
            {},
            [("Access Key Reminded", "A")],
            id="reminded",
        ),
        pytest.param(
            user(key("A", 97), key("B", 7), secret=REMINDED, used=UNMOVED, password=False),
            {},
            [("Access Key Held", "A")],
            id="held: nobody has fetched the new key",
        ),
        pytest.param(
            user(key("A", 97), key("B", 7), secret=REMINDED, used=MOVED, password=False),
            {},
            [("Access Key Disabled", "A")],
            id="moved: no mail, but an event",
        ),
        pytest.param(
            user(key("A", 98), key("B", 8), secret=REPLACED),
            {},
            [("Access Key Disabled", "A")],
            id="grace is over",
        ),
        pytest.param(
            user(key("A", 98), key("B", 8), secret=REPLACED),
            {"hold_while_used_days": 3},
            [("Access Key Held", "A")],
            id="held",
        ),
        pytest.param(
            user(
                inactive("A", 130),
                key("B", 40),
                secret=secret("B", announced=stamp("B", 40), inactive_since=stamp("A", 31)),
            ),
            {},
            [("Access Key Deleted", "A")],
            id="deleted",
        ),
        pytest.param(
            user(key("A", 100), key("C", 20)), {}, [("Access Key Blocked", "A")], id="blocked"
        ),
        pytest.param(
            user(
                key("A", 100),
                key("C", 20),
                secret=secret(notices={Event.BLOCKED: stamp("A", 1)}),
            ),
            {},
            [],
            id="blocked, and notified yesterday",
        ),
        pytest.param(user(key("A", 90)), {"dry_run": True}, [], id="dry run"),
    ],
)
def test_each_transition_is_an_event(
    before: ManagedUser, changes: dict[str, Any], events: list[tuple[str, str]]
) -> None:
    account, _ = run(before, **changes)

    assert notified(account) == events
    for event in account.events:
        VALIDATOR.validate(event.detail())


def test_a_pipeline_finds_the_new_key() -> None:
    account, _ = run(user(key("A", 90)), grace_days=4)

    [event] = account.events
    assert event.time == NOW
    assert event.detail() == {
        "version": 1,
        "installation": "key-rotation",
        "run": "this-run",
        "account_id": "123456789012",
        "user": {
            "name": "alice",
            "id": "AIDAALICE",
            "arn": "arn:aws:iam::123456789012:user/alice",
        },
        "access_key_id": "NEW1",
        "superseded_access_key_id": "A",
        "superseded_key_until": "2026-06-05T12:00:00Z",
        "reason": "key_too_old",
        "note": None,
        "secret_arn": account.secrets["alice"].arn,
    }


def test_the_event_of_a_reminder_is_about_the_old_key() -> None:
    services = user(key("A", 94), key("B", 4), secret=REPLACED_LATELY, used=UNMOVED, password=False)

    account, _ = run(services)

    [event] = account.events
    assert (event.detail_type, event.time) == ("Access Key Reminded", NOW)
    assert event.detail() == {
        "version": 1,
        "installation": "key-rotation",
        "run": "this-run",
        "account_id": "123456789012",
        "user": {
            "name": "alice",
            "id": "AIDAALICE",
            "arn": "arn:aws:iam::123456789012:user/alice",
        },
        "access_key_id": "A",
        "superseded_access_key_id": None,
        "superseded_key_until": "2026-06-04T12:00:00Z",
        "reason": "not_fetched",
        "note": None,
        "secret_arn": account.secrets["alice"].arn,
    }


def test_no_event_holds_a_secret() -> None:
    account, _ = run({"alice": user(key("A", 90)), "bob": user(key("B", 85))})

    everything = json.dumps([event.detail() for event in account.events]) + repr(account.events)
    assert account.values["alice"] == "secret of NEW1"
    assert "secret of" not in everything


def test_the_reason_of_an_emergency_is_in_its_events() -> None:
    emergency = Emergency("alice", "A", "in a public repo")

    account, _ = run(user(key("A", 10)), Payload(emergency=emergency))

    assert sorted(notified(account)) == [
        ("Access Key Disabled", "A"),
        ("Access Key Rotated", "NEW1"),
    ]
    assert {(e.reason, e.note) for e in account.events} == {("emergency", emergency.note)}
    for event in account.events:
        VALIDATOR.validate(event.detail())
    assert len(account.events) == 2


def test_the_reason_of_a_request_is_in_the_event_of_its_rotation() -> None:
    request = Request(("alice",), "x" * 500)

    account, _ = run(user(key("A", 10), password=False), Payload(rotate=request))

    [event] = account.events
    assert (event.detail_type, event.reason) == ("Access Key Rotated", "requested")
    assert event.note == request.note
    VALIDATOR.validate(event.detail())


def test_ten_events_go_in_one_call() -> None:
    account, _ = run({f"u{number}": user(key(f"K{number}", 90)) for number in range(12)})

    assert len(account.events) == 24
    assert account.calls.count("send") == 3


def test_what_was_done_before_a_failure_is_told() -> None:
    account = FakeAccount()
    account.add(user(key("A", 90)))
    account.fail("disable", RuntimeError("throttled"))

    with pytest.raises(RotationFailedError):
        Rotation(account.world(), settings(), Payload(), "this-run").run()

    assert notified(account) == [("Access Key Rotated", "NEW1")]


def test_what_was_done_before_a_run_is_given_up_is_told() -> None:
    account = FakeAccount()
    account.add(user(key("A", 95)))
    account.add(user(key("B", 90)), "bob")
    account.before("create", lambda: None, lambda: account.fail("create", SettingsError("stop")))

    with pytest.raises(SettingsError):
        Rotation(account.world(), settings(), Payload(), "this-run").run()

    assert notified(account) == [("Access Key Rotated", "NEW1"), ("Access Key Disabled", "A")]


def refusing(*errors: Exception | None) -> FakeAccount:
    account = FakeAccount()
    for number in range(6):
        account.add(user(key(f"K{number}", 90)), f"u{number}")
    account.fail("send", *errors)
    return account


def test_a_batch_that_is_refused_is_tried_again_at_the_end() -> None:
    account = refusing(RuntimeError("throttled"))

    Rotation(account.world(), settings(), Payload(), "this-run").run()

    assert len(account.events) == 12


def test_events_that_are_not_taken_are_a_failure_but_of_nobodys_rotation() -> None:
    account = refusing(*[RuntimeError("no such bus")] * 3)

    with pytest.raises(RotationFailedError, match="no such bus") as failure:
        Rotation(account.world(), settings(), Payload(), "this-run").run()

    [row] = failure.value.report.failed
    assert (row.user, row.reason) == ("(operators)", "events_not_sent")
    assert account.measures["KeysRotated"] == 6
    assert account.measures["UsersFailed"] == 1


def test_a_refused_batch_does_not_hold_up_the_others() -> None:
    account = refusing(NotSentError("1 of 10"), NotSentError("still 1 of 10"))

    with pytest.raises(RotationFailedError):
        Rotation(account.world(), settings(), Payload(), "this-run").run()

    assert len(account.events) == 2


def test_a_bus_that_does_not_answer_is_not_asked_for_every_batch() -> None:
    account = refusing(*[RuntimeError("timed out")] * 10)

    with pytest.raises(RotationFailedError, match="timed out"):
        Rotation(account.world(), settings(), Payload(), "this-run").run()

    assert account.calls.count("send") == 2  # the first full batch, and once more at the end
    assert account.events == []


@pytest.mark.parametrize(
    ("change", "where", "problem"),
    [
        pytest.param({"version": 2}, "$.version", "1 was expected", id="another version"),
        pytest.param({"version": True}, "$.version", "1 was expected", id="true is not 1"),
        pytest.param(
            {"extra": 1},
            "$",
            "Additional properties are not allowed ('extra' was unexpected)",
            id="unknown field",
        ),
        pytest.param(
            {"access_key_id": None}, "$.access_key_id", "None is not of type 'string'", id="null"
        ),
        pytest.param(
            {"note": ""}, "$.note", "'' does not match '^[\\\\s\\\\S]{1,600}$'", id="empty note"
        ),
        pytest.param(
            {"user": {"name": "a", "id": "b"}},
            "$.user",
            "'arn' is a required property",
            id="inner field",
        ),
    ],
)
def test_the_schema_refuses(change: dict[str, Any], where: str, problem: str) -> None:
    account, _ = run(user(key("A", 85)))
    [event] = account.events

    [error] = VALIDATOR.iter_errors(event.detail() | change)
    assert (error.json_path, error.message) == (where, problem)


@pytest.mark.parametrize("schema", [SCHEMA, CARD_SCHEMA], ids=["event", "card"])
def test_a_schema_has_no_keyword_that_checks_nothing(schema: dict[str, Any]) -> None:
    """A misspelt keyword is valid JSON Schema, and ignored."""

    def keywords(schema: dict[str, Any]) -> set[str]:
        return set(schema).union(*map(keywords, schema.get("properties", {}).values()))

    Draft202012Validator.check_schema(schema)
    assert keywords(schema) <= {*VALIDATOR.VALIDATORS, "$schema", "title", "description"}


def test_the_schema_names_every_detail_type() -> None:
    for detail_type in DETAIL_TYPES.values():
        assert detail_type.removeprefix("Access Key ") in SCHEMA["description"]


def test_every_field_is_required() -> None:
    account, _ = run(user(key("A", 85)))

    [event] = account.events
    assert list(event.detail()) == SCHEMA["required"] == list(SCHEMA["properties"])
