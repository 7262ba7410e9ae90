"""The records on a secret: what was written is read back, and what cannot be read is absent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from key_rotation.aws import records
from key_rotation.domain.model import Event, Intent, Stamp

TIME = datetime(2026, 6, 1, 12, 30, 15, tzinfo=UTC)
REQUEST = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
KEYS = ("AKIAI44QH8DHBEXAMPLE", "AKIAIOSFODNN7EXAMPLE")
# "Tag restrictions" in the Secrets Manager user guide.
TAG_VALUE = re.compile(r"[A-Za-z0-9 _./=+\-@:]{0,256}")

times = st.datetimes(
    min_value=datetime(1970, 1, 1),
    max_value=datetime(9999, 12, 31),
    timezones=st.just(UTC),
).map(lambda time: time.replace(microsecond=0))
key_ids = st.from_regex(r"[A-Z0-9]{16,20}", fullmatch=True)


@hypothesis_settings(deadline=None)
@given(key_id=key_ids, time=times)
def test_stamp_is_read_back_and_fits_a_tag(key_id: str, time: datetime) -> None:
    text = records.write_stamp(Stamp(key_id, time))

    assert records.read_stamp(text) == Stamp(key_id, time)
    assert TAG_VALUE.fullmatch(text)


@hypothesis_settings(deadline=None)
@given(time=times, request=st.uuids().map(str), present=st.frozensets(key_ids, max_size=2))
def test_intent_is_read_back_and_fits_a_tag(
    time: datetime, request: str, present: frozenset[str]
) -> None:
    text = records.write_intent(Intent(time, request, present))

    assert records.read_intent(text) == Intent(time, request, present)
    assert TAG_VALUE.fullmatch(text)


@pytest.mark.parametrize(
    ("time", "written"),
    [
        pytest.param(TIME, "2026-06-01T12:30:15Z", id="UTC"),
        pytest.param(
            TIME.astimezone(timezone(timedelta(hours=-5))), "2026-06-01T12:30:15Z", id="elsewhere"
        ),
        pytest.param(
            TIME.replace(microsecond=999_999), "2026-06-01T12:30:15Z", id="fractions are cut"
        ),
    ],
)
def test_times_are_written_in_utc(time: datetime, written: str) -> None:
    assert records.write_stamp(Stamp(KEYS[0], time)) == f"{KEYS[0]} {written}"
    intent = Intent(time, REQUEST, frozenset(KEYS))
    assert records.write_intent(intent) == f"{written} {REQUEST} {KEYS[0]} {KEYS[1]}"


def test_keys_of_an_intent_are_written_in_one_order() -> None:
    many = [f"AKIA{number:016}" for number in range(20)]
    text = records.write_intent(Intent(TIME, REQUEST, frozenset(many)))

    assert text.split()[2:] == many


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="no tag"),
        pytest.param("", id="empty"),
        pytest.param(KEYS[0], id="no time"),
        pytest.param("2026-06-01T12:30:15Z", id="no key"),
        pytest.param(f"{KEYS[0]} yesterday", id="no date"),
        pytest.param(f"{KEYS[0]} 2026-06-31T12:30:15Z", id="no such day"),
        pytest.param(f"{KEYS[0]} 2026-06-01T12:30:15", id="no time zone"),
        pytest.param(f"{KEYS[0]} 2026-06-01T12:30:15+02:00", id="another time zone"),
        pytest.param(f"{KEYS[0]} 2026-06-01T12:30:15Z more", id="more than a stamp"),
        pytest.param(f"2026-06-01T12:30:15Z {KEYS[0]}", id="the wrong way round"),
    ],
)
def test_unreadable_stamp_is_absent(text: str | None) -> None:
    assert records.read_stamp(text) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="no tag"),
        pytest.param("", id="empty"),
        pytest.param("2026-06-01T12:30:15Z", id="no request"),
        pytest.param(f"{REQUEST} {KEYS[0]}", id="no time"),
        pytest.param(f"2026-13-01T12:30:15Z {REQUEST}", id="no such month"),
        pytest.param(f"{REQUEST} 2026-06-01T12:30:15Z", id="the wrong way round"),
    ],
)
def test_unreadable_intent_is_absent(text: str | None) -> None:
    assert records.read_intent(text) is None


def test_intent_without_keys_is_an_intent() -> None:
    assert records.read_intent(f"2026-06-01T12:30:15Z {REQUEST}") == Intent(
        TIME, REQUEST, frozenset()
    )


def test_notices_are_kept_apart_by_event() -> None:
    tags = {
        "access-key-rotation:notice-held": f"{KEYS[0]} 2026-06-01T12:30:15Z",
        "access-key-rotation:notice-blocked": f"{KEYS[1]} 2026-06-01T12:30:15Z",
        "access-key-rotation:notice-failed": "unreadable",
        "access-key-rotation:notice-rotated": f"{KEYS[0]} 2026-06-01T12:30:15Z",
        "notice-held": f"{KEYS[1]} 2026-06-01T12:30:15Z",
    }

    assert records.read_notices(tags) == {
        Event.HELD: Stamp(KEYS[0], TIME),
        Event.BLOCKED: Stamp(KEYS[1], TIME),
    }


@pytest.mark.parametrize("event", [Event.HELD, Event.BLOCKED, Event.FAILED])
def test_notice_is_read_from_where_it_is_written(event: Event) -> None:
    stamp = Stamp(KEYS[0], TIME)

    assert records.read_notices({records.notice_key(event): records.write_stamp(stamp)}) == {
        event: stamp
    }


def test_each_record_has_a_tag_of_its_own_under_the_documented_prefix() -> None:
    # Part of the public contract: a renamed tag would make a rotation forget what it did.
    assert [
        f"access-key-rotation:{name}"
        for name in (
            *("managed-by", "user-id", "policy-for", "intent"),
            *("announced", "warned", "inactive-since"),
        )
    ] == [
        records.MANAGED_BY,
        records.USER_ID,
        records.POLICY_FOR,
        records.INTENT,
        records.ANNOUNCED,
        records.WARNED,
        records.INACTIVE_SINCE,
    ]
