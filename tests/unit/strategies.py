"""What hypothesis draws: settings that are accepted, users in any state, tags that people write."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from key_rotation.domain.model import (
    AccessKey,
    Audience,
    Event,
    Intent,
    KeyStatus,
    ManagedUser,
    Stamp,
)
from key_rotation.domain.settings import Settings
from tests.unit.builders import ALICE, NAME, NO_SECRET, NOW, SETTINGS, secret, settings, uses

READER = "arn:aws:iam::123456789012:role/reader"


@st.composite
def accepted_settings(draw: st.DrawFn) -> Settings:
    """Settings that keep the rules across settings."""
    overlap, delete_after = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    max_age = overlap + delete_after + draw(st.integers(1, 60))
    grace = draw(st.sampled_from([0, overlap]) | st.integers(0, overlap))
    least_grace = draw(st.integers(1, overlap))
    shortest = min(grace or least_grace, least_grace)
    room = overlap - max(grace, least_grace)
    hold_until_moved = room > 0 and draw(st.booleans())
    changes: dict[str, Any] = {
        "max_key_age_days": max_age,
        "warn_before_days": draw(st.integers(0, min(14, max_age - 1))),
        "grace_days": grace,
        "min_grace_days_without_console": least_grace,
        "remind_before_days": draw(
            st.integers(0, min(shortest - 1, room if hold_until_moved else overlap))
        ),
        "hold_until_moved": hold_until_moved,
        "hold_while_used_days": draw(st.just(0) | st.integers(0, overlap)),
        "max_overlap_days": overlap,
        "delete_after_days": delete_after,
        "idle_after_days": draw(st.integers(1, 60)),
        "max_rotations_per_run": draw(st.sampled_from([0, 0, 1])),
        "require_confirmed_subscription": draw(st.booleans()),
        "secret_reader_arns": draw(st.sampled_from([(), (READER,)])),
    }
    return settings(**changes)


@cache
def override_tags() -> st.SearchStrategy[dict[str, str]]:
    """The override tags that people write: good ones, bad ones, dates around NOW."""
    days = st.integers(-100, 500).map(lambda n: f"{NOW + timedelta(days=n):%Y-%m-%d}")
    numbers = st.integers(0, 100).map(str) | st.sampled_from(["", "none", "-1"])
    prefix = f"{SETTINGS.user_tag.key}:"
    return st.fixed_dictionaries(
        {},
        optional={
            f"{prefix}grace-days": numbers,
            f"{prefix}max-key-age-days": numbers,
            f"{prefix}hold-until": days | st.just("soon"),
        },
    )


AGES = st.one_of(
    st.integers(0, 60).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(-1, 96).map(lambda hours: timedelta(hours=hours)),
    st.integers(0, 200).map(lambda days: timedelta(days=days)),
)
TIMES = AGES.map(lambda age: NOW - age)


STATUSES = st.sampled_from([KeyStatus.ACTIVE] * 3 + [KeyStatus.INACTIVE] * 2 + [KeyStatus.EXPIRED])


def _keys(*ids: str) -> st.SearchStrategy[tuple[AccessKey, ...]]:
    return st.tuples(*(st.builds(AccessKey, st.just(id_), STATUSES, TIMES) for id_ in ids))


KEYS = st.one_of(_keys(), _keys("A"), *[_keys("A", "B")] * 4, _keys("A", "B", "C"))
USES = st.none() | TIMES
KEY_IDS = st.sampled_from(["A", "B", "GONE"])
STAMPS = st.none() | st.builds(Stamp, KEY_IDS, TIMES)
RECORDS = st.fixed_dictionaries(
    {
        "pending_deletion": st.sampled_from([False, False, True]),
        "managed_by": st.sampled_from([NAME, NAME, NAME, "somebody"]),
        "user_id": st.sampled_from([ALICE.id, ALICE.id, "AIDAPREDECESSOR"]),
        "intent": st.none() | st.builds(Intent, TIMES, st.just("run"), st.frozensets(KEY_IDS)),
        "announced": STAMPS,
        "warned": STAMPS,
        "inactive_since": STAMPS,
        "works_until": st.none()
        | st.builds(Stamp, KEY_IDS, st.integers(-40, 20).map(lambda days: NOW - timedelta(days))),
        "leaked": st.sampled_from([(), (), (), ("A",), ("B",), ("A", "B")]),
        "notices": st.fixed_dictionaries(
            {},
            optional={
                event: st.builds(Stamp, KEY_IDS, TIMES) for event in (Event.HELD, Event.BLOCKED)
            },
        ),
    }
)


@st.composite
def users(draw: st.DrawFn) -> ManagedUser:
    """A user in any state, also in those that no history leads to."""
    keys: tuple[AccessKey, ...] = draw(KEYS)
    records: dict[str, Any] = dict(draw(RECORDS))
    current, previous = draw(KEY_IDS), draw(KEY_IDS)
    past: str = draw(st.sampled_from(["any", "a run that died", "a rotation"]))
    if keys and past != "any":
        newest = max(keys, key=lambda key: key.created)
        others = frozenset(key.id for key in keys) - {newest.id}
        before = newest.created - timedelta(seconds=draw(st.integers(0, 61)))
        records["intent"] = Intent(before, "run", others)
        if past == "a rotation":
            current, previous = newest.id, "GONE"
            notified = newest.created + abs(draw(AGES))
            records |= {"announced": Stamp(newest.id, min(notified, NOW)), "user_id": ALICE.id}
    state = secret(current, previous, **records)
    return ManagedUser(
        ALICE,
        keys,
        draw(override_tags()),
        draw(st.sampled_from([state, state, state, NO_SECRET])),
        uses({key.id: max(used, key.created) if (used := draw(USES)) else None for key in keys}),
        draw(st.booleans()),
        draw(st.sampled_from(Audience)),
    )
