"""The invocation payload: what is understood, and which field is blamed for what is not."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from key_rotation.run.payload import (
    EXPOSED_KEY_CODES,
    Emergency,
    ExposedKey,
    Origin,
    Payload,
    PayloadError,
    Request,
    parse_payload,
)

KEY = "AKIAIOSFODNN7EXAMPLE"
EMERGENCY = {"user": "alice", "access_key_id": KEY, "reason": "leaked"}
NO_USERS: tuple[object, ...] = (None, [], "alice", {"alice": 1})


def emergency(**changes: object) -> dict[str, Any]:
    """An emergency with some fields changed; None takes a field away."""
    fields = {**EMERGENCY, **changes}
    return {"emergency": {name: value for name, value in fields.items() if value is not None}}


def rotate(**changes: object) -> dict[str, Any]:
    """A request with some fields changed; None takes a field away."""
    fields = {"users": ["alice"], "reason": "leaver", **changes}
    return {"rotate": {name: value for name, value in fields.items() if value is not None}}


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param({}, Payload(), id="the schedule: nothing"),
        pytest.param({"dry_run": True}, Payload(dry_run=True), id="dry run"),
        pytest.param({"dry_run": False}, Payload(), id="no dry run"),
        pytest.param({"users": ["alice"]}, Payload(users=("alice",)), id="one user"),
        pytest.param(
            {"users": ["b", "a", "b"], "dry_run": True},
            Payload(dry_run=True, users=("b", "a")),
            id="users in order, each once",
        ),
        pytest.param(
            {"users": ["A_1+2=3,4.5@6-7", "x" * 64]},
            Payload(users=("A_1+2=3,4.5@6-7", "x" * 64)),
            id="every character that IAM allows, and the longest name",
        ),
        pytest.param(
            emergency(), Payload(emergency=Emergency("alice", KEY, "leaked")), id="emergency"
        ),
        pytest.param(
            emergency(user=None), Payload(exposed=ExposedKey(KEY, "leaked")), id="whose is unknown"
        ),
        pytest.param(
            emergency(even_if_nobody_can_fetch=True),
            Payload(emergency=Emergency("alice", KEY, "leaked", even_if_nobody_can_fetch=True)),
            id="even if nobody can fetch",
        ),
        pytest.param(
            emergency(user=None, even_if_nobody_can_fetch=True),
            Payload(exposed=ExposedKey(KEY, "leaked", even_if_nobody_can_fetch=True)),
            id="even so, whose is unknown",
        ),
        pytest.param(
            emergency(user=None) | {"dry_run": True},
            Payload(dry_run=True, exposed=ExposedKey(KEY, "leaked")),
            id="whose is unknown, tried dry",
        ),
        pytest.param(
            emergency() | {"dry_run": True},
            Payload(dry_run=True, emergency=Emergency("alice", KEY, "leaked")),
            id="emergency tried dry",
        ),
        pytest.param(
            emergency(reason="x" * 500),
            Payload(emergency=Emergency("alice", KEY, "x" * 500)),
            id="longest reason",
        ),
        *(
            pytest.param(
                emergency(reason=reason),
                Payload(emergency=Emergency("alice", KEY, reason)),
                id=f"reason: {reason}",
            )
            for reason in (
                "e.g. pushed to a public repo. Bob saw it at 10.30",
                "ticket SEC-12, version 1.2.3, at 100%",
                "Schlüssel veröffentlicht: «leck»",
            )
        ),
        pytest.param(
            emergency(access_key_id="A" * 128),
            Payload(emergency=Emergency("alice", "A" * 128, "leaked")),
            id="longest key id",
        ),
        pytest.param(rotate(), Payload(rotate=Request(("alice",), "leaver")), id="rotate"),
        pytest.param(
            rotate(users=["b", "a", "b"]),
            Payload(rotate=Request(("b", "a"), "leaver")),
            id="rotate: users in order, each once",
        ),
        pytest.param(
            rotate(reason="x" * 500),
            Payload(rotate=Request(("alice",), "x" * 500)),
            id="rotate: longest reason",
        ),
        pytest.param(
            rotate() | {"dry_run": True},
            Payload(dry_run=True, rotate=Request(("alice",), "leaver")),
            id="rotate, tried dry",
        ),
    ],
)
def test_documented_payload_is_understood(event: object, payload: Payload) -> None:
    assert parse_payload(event) == payload


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        pytest.param(None, "the payload must be a JSON object, not NoneType", id="null"),
        pytest.param([], "the payload must be a JSON object, not list", id="list"),
        pytest.param("{}", "the payload must be a JSON object, not str", id="JSON in a string"),
        pytest.param(
            {"dryrun": True},
            "the payload has an unknown field 'dryrun'; known: dry_run, users, emergency, rotate",
            id="misspelt field",
        ),
        pytest.param(
            {"Dry_Run": True}, "the payload has an unknown field 'Dry_Run'", id="other case"
        ),
        pytest.param(
            {"source": "aws.events", "detail": {}},
            "the payload has an unknown field 'source'",
            id="an event of EventBridge's own",
        ),
        pytest.param({"dry_run": "true"}, "dry_run must be true or false", id="dry run as text"),
        pytest.param({"dry_run": 1}, "dry_run must be true or false, not 1", id="dry run as 1"),
        pytest.param({"dry_run": None}, "dry_run must be true or false", id="dry run null"),
        pytest.param({"users": []}, "users must be a list of IAM user names", id="no users"),
        pytest.param({"users": None}, "users must be a list of IAM user names", id="users null"),
        pytest.param({"users": "alice"}, "users must be a list", id="users as text"),
        pytest.param({"users": {"alice": 1}}, "users must be a list", id="users as an object"),
        pytest.param({"users": ["alice", 7]}, "users holds 7,", id="user is a number"),
        pytest.param({"users": [""]}, "users holds '',", id="user without a name"),
        pytest.param({"users": ["al ice"]}, "users holds 'al ice',", id="user with a space"),
        pytest.param({"users": ["*"]}, "users holds '*',", id="user is a pattern"),
        pytest.param({"users": ["alice\n"]}, "users holds 'alice\\n',", id="user with a newline"),
        pytest.param({"users": ["ålice"]}, "users holds 'ålice',", id="user not ASCII"),
        pytest.param({"users": ["x" * 65]}, f"users holds '{'x' * 65}',", id="user too long"),
        pytest.param({"emergency": None}, "emergency must be a JSON object", id="emergency null"),
        pytest.param({"emergency": KEY}, "emergency must be a JSON object", id="emergency as text"),
        pytest.param(emergency(why="x"), "emergency has an unknown field 'why'", id="unknown"),
        *(
            pytest.param(
                emergency(**{name: value}),
                f"emergency.{name} must be a text that is not empty",
                id=f"{name} {what}",
            )
            for name in EMERGENCY
            for what, value in (("missing", None), ("empty", ""), ("blank", " \n"), ("number", 7))
            if (name, what) != ("user", "missing")
        ),
        pytest.param(emergency(user="al ice"), "emergency.user is 'al ice',", id="bad user"),
        pytest.param(
            emergency(access_key_id="AKIA"), "emergency.access_key_id is 'AKIA',", id="short key id"
        ),
        pytest.param(
            emergency(access_key_id=f"{KEY}\n"),
            f"emergency.access_key_id is '{KEY}\\n',",
            id="key id with a newline",
        ),
        pytest.param(
            emergency(access_key_id="A" * 129),
            "emergency.access_key_id is 'AAA",
            id="key id too long",
        ),
        pytest.param(
            emergency(reason="x" * 501),
            "emergency.reason must not exceed 500 characters",
            id="reason too long",
        ),
        pytest.param(
            emergency(even_if_nobody_can_fetch="yes"),
            "emergency.even_if_nobody_can_fetch must be true or false, not 'yes'",
            id="flag as text",
        ),
        pytest.param(
            emergency() | {"users": ["alice"]},
            "users and emergency cannot be given together",
            id="both",
        ),
        pytest.param(
            rotate() | {"users": ["alice"]},
            "users and rotate cannot be given together",
            id="users and rotate",
        ),
        pytest.param(
            rotate() | emergency(),
            "emergency and rotate cannot be given together",
            id="emergency and rotate",
        ),
        pytest.param(
            rotate() | emergency(user=None),
            "emergency and rotate cannot be given together",
            id="emergency of a key of whomever, and rotate",
        ),
        pytest.param({"rotate": None}, "rotate must be a JSON object", id="rotate null"),
        pytest.param({"rotate": ["alice"]}, "rotate must be a JSON object", id="rotate as a list"),
        pytest.param(
            rotate(user="alice"),
            "rotate has an unknown field 'user'; known: users, reason",
            id="rotate: unknown field",
        ),
        *(
            pytest.param(
                rotate(users=users),
                "rotate.users must be a list of IAM user names",
                id=f"rotate: users are {users!r}",
            )
            for users in NO_USERS
        ),
        pytest.param(rotate(users=["*"]), "rotate.users holds '*',", id="rotate: a pattern"),
        pytest.param(rotate(users=["alice", 7]), "rotate.users holds 7,", id="rotate: a number"),
        *(
            pytest.param(
                rotate(reason=reason),
                "rotate.reason must be a text that is not empty",
                id=f"rotate: the reason is {reason!r}",
            )
            for reason in (None, "", " \n", 7)
        ),
        pytest.param(
            rotate(reason="x" * 501),
            "rotate.reason must not exceed 500 characters",
            id="rotate: reason too long",
        ),
        pytest.param(
            rotate(reason="left\nus"),
            "rotate.reason must be one line without control characters",
            id="rotate: reason of two lines",
        ),
        pytest.param(
            rotate(reason="see example.com"),
            "rotate.reason must not hold a link or an address, and 'example.com'",
            id="rotate: reason with a link",
        ),
        *(
            pytest.param(
                emergency(reason=f"leaked{separator}by mail"),
                "emergency.reason must be one line without control characters",
                id=f"reason with {separator!r}",
            )
            for separator in ("\n", "\r", "\t", "\x1b[31m", "\x00", "\u2028", "\u202e", "\u200b")
        ),
        *(
            pytest.param(
                emergency(reason=f"leaked, see {link} for help"),
                f"emergency.reason must not hold a link or an address, and {link!r}",
                id=f"reason with {link}",
            )
            for link in (
                "http://example.com/key",
                "HTTPS://EXAMPLE.COM",
                "hxxp://1.2.3.4",
                "//1.2.3.4/x",
                "www.example",
                "example.com",
                "sub.example-1.co.uk/path",
                "(example.com)",
                "пример.рф",
                "example\u3002com",
                "example\uff0ecom",
                "someone@example.com",
                "mailto:someone",
                "<https://example.com|click>",
                "[click](example.com)",
            )
        ),
    ],
)
def test_undocumented_payload_is_refused_by_its_field(event: object, problem: str) -> None:
    with pytest.raises(PayloadError) as refused:
        parse_payload(event)

    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    ("emergency", "note"),
    [
        (Emergency("alice", KEY, "leaked"), "Reason, as given by whoever asked: leaked"),
        (Emergency("alice", KEY, "Reason: AWS said so", by_aws_health=True), "Reason: AWS said so"),
    ],
)
def test_people_read_whose_words_a_reason_is(emergency: Emergency, note: str) -> None:
    assert emergency.note == note


def test_people_read_whose_words_the_reason_of_a_request_is() -> None:
    assert Request(("alice",), "leaver").note == "Reason, as given by whoever asked: leaver"


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        pytest.param(Payload(), None, id="all"),
        pytest.param(Payload(users=("bob", "alice")), ("bob", "alice"), id="users"),
        pytest.param(Payload(emergency=Emergency("bob", KEY, "leaked")), ("bob",), id="emergency"),
        pytest.param(Payload(rotate=Request(("bob", "alice"), "x")), ("bob", "alice"), id="rotate"),
    ],
)
def test_a_run_is_about_the_users_named(payload: Payload, named: tuple[str, ...] | None) -> None:
    assert payload.named == named


CALLER = "arn:aws:sts::123456789012:assumed-role/operators/alice@example.com"


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(CALLER, id="a role's session"),
        pytest.param("arn:aws:iam::123456789012:root", id="the root user"),
        pytest.param(f"arn:aws-cn:iam::123456789012:user/{'p' * 500}/alice", id="a long path"),
        pytest.param("arn:aws:iam::123456789012:user/~{a}/bob", id="all that a path may hold"),
    ],
)
@pytest.mark.parametrize("event", [{}, {"users": ["alice"]}, emergency(user=None), rotate()])
def test_the_caller_may_say_who_they_are(event: dict[str, Any], caller: str) -> None:
    stated = parse_payload(event | {"requested_by": caller})

    assert stated.requested_by == caller
    assert replace(stated, requested_by=None) == parse_payload(event)


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param("schedule", id="as if it were the schedule"),
        pytest.param("aws.health", id="as if it were AWS Health"),
        pytest.param("", id="empty"),
        pytest.param(f"{CALLER} and a word", id="a space"),
        pytest.param(f"{CALLER}\n", id="a second line"),
        pytest.param(f"arn:aws:iam::123456789012:user/{'x' * 600}", id="too long"),
        pytest.param("arn:aws:s3:::bucket", id="another service"),
        pytest.param([CALLER], id="no text"),
    ],
)
def test_a_caller_who_is_no_arn_is_refused(caller: object) -> None:
    with pytest.raises(PayloadError, match="requested_by must be the ARN that sts:GetCallerId"):
        parse_payload({"requested_by": caller})


@pytest.mark.parametrize(
    ("payload", "origin"),
    [
        pytest.param(Payload(), Origin("schedule"), id="a word of nobody: the schedule"),
        pytest.param(Payload(requested_by=CALLER), Origin(CALLER), id="a run by hand"),
        pytest.param(Payload(users=("alice",)), Origin(), id="named users, a word of nobody"),
        pytest.param(Payload(rotate=Request(("a",), "x")), Origin(), id="an old payload"),
        pytest.param(
            Payload(rotate=Request(("a",), "x"), requested_by=CALLER), Origin(CALLER), id="request"
        ),
        pytest.param(
            Payload(emergency=Emergency("a", KEY, "x"), requested_by=CALLER),
            Origin(CALLER),
            id="an emergency",
        ),
        pytest.param(
            Payload(emergency=Emergency("a", KEY, "x", by_aws_health=True), event_id="5b53b920"),
            Origin("aws.health", "5b53b920"),
            id="AWS Health",
        ),
    ],
)
def test_the_origin_of_a_run(payload: Payload, origin: Origin) -> None:
    assert payload.origin == origin


# -- AWS Health ------------------------------------------------------------------------------------

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
HEALTH = json.loads((SAMPLES / "health_exposed_key.json").read_text())
TOKEN = "6f1c2d0e-0000-4000-8000-000000000000"


def health(**detail: object) -> dict[str, Any]:
    """The sample, with parts of its detail changed; None takes one away."""
    event: dict[str, Any] = copy.deepcopy(HEALTH)
    event["detail"] |= detail
    event["detail"] = {name: part for name, part in event["detail"].items() if part is not None}
    return event


def by_the_rule(event: object) -> dict[str, Any]:
    """As the rule hands it over."""
    return {"rule_token": TOKEN, "aws_health": event}


@pytest.mark.parametrize("code", EXPOSED_KEY_CODES)
def test_an_event_of_aws_health_is_an_emergency(code: str) -> None:
    exposed = parse_payload(by_the_rule(health(eventTypeCode=code)), TOKEN).exposed

    assert exposed is not None
    assert (exposed.access_key_id, exposed.by_aws_health) == (KEY, True)
    assert exposed.even_if_nobody_can_fetch
    assert exposed.reason.startswith(f"Reason: AWS Health reported it as {code}. ")
    assert "AWSCompromisedKeyQuarantine" in exposed.reason


@pytest.mark.parametrize(
    ("event_id", "kept"),
    [
        (HEALTH["id"], HEALTH["id"]),
        *((odd, None) for odd in (None, 7, "", "two words", "x" * 65)),
    ],
)
def test_the_event_is_named_by_its_id_and_an_odd_id_hinders_nothing(
    event_id: object, kept: str | None
) -> None:
    payload = parse_payload(by_the_rule(health() | {"id": event_id}), TOKEN)

    assert payload.event_id == kept
    assert payload.exposed is not None


def test_no_text_of_the_event_reaches_anybody() -> None:
    texts = {"exposedUrl": "https://example.com", "userName": "eve"}

    with_texts = parse_payload(by_the_rule(health(eventMetadata=texts)), TOKEN)

    assert with_texts == parse_payload(by_the_rule(health(eventMetadata=None)), TOKEN)


@pytest.mark.parametrize(
    ("event", "token"),
    [
        pytest.param(HEALTH, TOKEN, id="as AWS sends it, without the rule"),
        pytest.param(HEALTH | {"rule_token": TOKEN}, TOKEN, id="with the token in another place"),
        pytest.param(by_the_rule(HEALTH) | {"rule_token": "guessed"}, TOKEN, id="a wrong token"),
        pytest.param(by_the_rule(HEALTH) | {"rule_token": None}, TOKEN, id="a token that is null"),
        pytest.param({"aws_health": HEALTH}, TOKEN, id="no token"),
        pytest.param({"aws_health": HEALTH, "rule_token": ""}, "", id="no rule, empty token"),
        pytest.param({"aws_health": HEALTH}, "", id="no rule, no token"),
        pytest.param(by_the_rule("x"), TOKEN, id="no event"),
    ],
)
def test_an_event_is_accepted_from_the_rule_only(event: object, token: str) -> None:
    with pytest.raises(PayloadError) as refused:
        parse_payload(event, token)

    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        pytest.param({"source": "aws.health"}, "eventTypeCode None", id="no detail"),
        pytest.param(
            health(eventTypeCode="AWS_RISK_ACCOUNT_CONSOLE_COMPROMISE"),
            "'AWS_RISK_ACCOUNT_CONSOLE_COMPROMISE', which is not one about an access key",
            id="another risk",
        ),
        pytest.param(health(eventTypeCode=["x"]), "eventTypeCode", id="no text"),
        pytest.param(health(affectedEntities=[]), "names 0 access keys", id="no key"),
        pytest.param(health(affectedEntities=None), "names 0 access keys", id="no entities"),
        pytest.param(
            health(affectedEntities=[{"entityValue": KEY}, {"entityValue": f"{KEY}2"}]),
            "names 2 access keys, not one: send an emergency for each",
            id="two keys",
        ),
        pytest.param(
            health(affectedEntities=[{"entityValue": "arn:aws:iam::123456789012:user/alice"}]),
            "not an access key id",
            id="a user",
        ),
        pytest.param(health(affectedEntities=["x"]), "not an access key id", id="no object"),
    ],
)
def test_an_event_that_does_not_say_which_key_is_refused(event: object, problem: str) -> None:
    with pytest.raises(PayloadError, match=problem):
        parse_payload(by_the_rule(event), TOKEN)
