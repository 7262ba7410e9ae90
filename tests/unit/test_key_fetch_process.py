"""The answer of a credential_process: which key, and until when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from key_fetch.failures import Exit, FetchError
from key_fetch.key import Key
from key_fetch.process import answer, not_within_itself
from tests.unit.pulling_host import ARN, NEW, OLD, SOMEBODY_ELSE, STRANGER, FakeAws

NOW = datetime(2026, 6, 1, 12, 30, 15, 999999, tzinfo=UTC)


def asked(aws: FakeAws, minutes: int = 60) -> dict[str, object]:
    found: dict[str, object] = json.loads(answer(aws, timedelta(minutes=minutes), NOW))
    return found


def document(key: Key, expiration: str) -> dict[str, object]:
    return {
        "Version": 1,
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Expiration": expiration,
    }


def test_the_key_of_the_secret_for_an_hour() -> None:
    aws = FakeAws()

    assert asked(aws) == document(NEW, "2026-06-01T13:30:15Z")
    assert aws.calls == ["secret, signed by the chain"]


@pytest.mark.parametrize(
    ("minutes", "expiration"), [(1, "2026-06-01T12:31:15Z"), (720, "2026-06-02T00:30:15Z")]
)
def test_for_as_long_as_is_asked(minutes: int, expiration: str) -> None:
    assert asked(FakeAws(), minutes) == document(NEW, expiration)


def test_the_key_that_signs_is_the_one_of_the_secret() -> None:
    aws = FakeAws(own=NEW)

    assert asked(aws) == document(NEW, "2026-06-01T13:30:15Z")
    assert aws.calls == ["secret, signed by the chain"]


def test_a_new_key_is_tried_before_it_takes_the_place_of_the_one_that_signs() -> None:
    aws = FakeAws(own=OLD)

    assert asked(aws) == document(NEW, "2026-06-01T13:30:15Z")
    assert aws.calls == ["secret, signed by the chain", f"identity of {NEW.id}"]


@pytest.mark.parametrize("user", [None, "build-agent"])
def test_while_it_is_refused_the_key_that_signs_goes_on_for_a_minute(user: str | None) -> None:
    aws = FakeAws(own=OLD, user=user, accepted_from={NEW.id: 30})

    assert asked(aws) == document(OLD, "2026-06-01T12:31:15Z")

    aws.clock.now = 30
    assert asked(aws) == document(NEW, "2026-06-01T13:30:15Z")


@pytest.mark.parametrize("reader", [SOMEBODY_ELSE, STRANGER])
def test_the_key_of_a_reader_is_no_answer(reader: object) -> None:
    aws = FakeAws(own=OLD, user="build-agent", accepted_from={NEW.id: 30})
    aws.owners[OLD.id] = reader  # type: ignore[assignment]

    with pytest.raises(FetchError) as failure:
        asked(aws)
    assert failure.value.status == Exit.NOT_ACCEPTED_YET

    if reader is SOMEBODY_ELSE:
        aws.clock.now = 30
        assert asked(aws) == document(NEW, "2026-06-01T13:30:15Z")


def test_a_key_of_another_account_is_refused() -> None:
    aws = FakeAws(own=OLD)
    aws.owners[NEW.id] = STRANGER

    with pytest.raises(FetchError, match=f"in the secret {ARN} belongs to") as failure:
        asked(aws)
    assert failure.value.status == Exit.UNUSABLE


def test_a_profile_that_signs_with_this_process_is_seen() -> None:
    environment = {"PATH": "/bin"}

    with not_within_itself(environment, ARN):
        inner = dict(environment)
        with not_within_itself(inner, "another"):
            pass
        with (
            pytest.raises(FetchError, match="started by itself") as failure,
            not_within_itself(inner, ARN),
        ):
            pass

    assert failure.value.status == Exit.SIGN_IN
    assert not environment.pop("KEY_FETCH_PROCESS")
    assert environment == {"PATH": "/bin"}
