"""What hypothesis draws: settings that are accepted, users in any state, tags that people write."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import product
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
from key_rotation.domain.user_options import UserOptions
from tests.unit.builders import (
    ALICE,
    MANAGED,
    NAME,
    NO_SECRET,
    NOW,
    SETTINGS,
    secret,
    settings,
    uses,
)

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
    warn_before = draw(st.integers(0, min(14, max_age - 1)))
    soonest = max(1, warn_before) + 1
    changes: dict[str, Any] = {
        "max_key_age_days": max_age,
        "warn_before_days": warn_before,
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
        "disable_unused_after_days": draw(
            st.just(0) | st.sampled_from([*range(soonest, max_age + 1)] or [0])
        ),
        "max_rotations_per_run": draw(st.sampled_from([0, 0, 1])),
        "require_confirmed_subscription": draw(st.booleans()),
        "secret_reader_arns": draw(st.sampled_from([(), (), (READER,)])),
        "user_options": draw(
            st.sampled_from(
                [
                    {},
                    {},
                    {"alice": UserOptions((READER,)), "bob": UserOptions(first_key=True)},
                    {"alice": UserOptions(first_key=True)},
                ]
            )
        ),
    }
    return settings(**changes)


@cache
def managed_tags() -> st.SearchStrategy[dict[str, str]]:
    """The tag of a managed user, and the override tags that people write: good ones, bad ones,
    dates around NOW."""
    days = st.integers(-100, 500).map(lambda n: f"{NOW + timedelta(days=n):%Y-%m-%d}")
    numbers = st.integers(0, 100).map(str) | st.sampled_from(["", "none", "-1"])
    prefix = f"{SETTINGS.user_tag.key}:"
    return st.fixed_dictionaries(
        {key: st.just(value) for key, value in MANAGED.items()},
        optional={
            f"{prefix}grace-days": numbers,
            f"{prefix}max-key-age-days": numbers,
            f"{prefix}disable-unused-after-days": numbers,
            f"{prefix}hold-until": days | days.map(lambda day: f"{day} A") | st.just("soon"),
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
        "warned_unused": STAMPS,
        "inactive_since": STAMPS,
        "works_until": st.none()
        | st.builds(Stamp, KEY_IDS, st.integers(-40, 20).map(lambda days: NOW - timedelta(days))),
        "leaked": st.sampled_from([(), (), (), ("A",), ("B",), ("A", "B")]),
        "notices": st.fixed_dictionaries(
            {},
            optional={
                event: st.builds(Stamp, KEY_IDS, TIMES)
                for event in (Event.HELD, Event.BLOCKED, Event.REMINDED, Event.ENDING)
            },
        ),
        "last_read": st.none() | st.integers(-1, 60).map(lambda days: NOW.date() - timedelta(days)),
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
            announced = min(notified, NOW)
            records |= {"announced": Stamp(newest.id, announced), "user_id": ALICE.id}
            if draw(st.booleans()):  # around the day that counts
                records["last_read"] = announced.date() + timedelta(draw(st.integers(-1, 1)))
    state = secret(current, previous, **records)
    return ManagedUser(
        ALICE,
        keys,
        draw(managed_tags()),
        draw(st.sampled_from([state, state, state, NO_SECRET])),
        uses({key.id: max(used, key.created) if (used := draw(USES)) else None for key in keys}),
        draw(st.booleans()),
        draw(st.sampled_from(Audience)),
    )


# Where a hand-over is, and how long ago each key was last used.
TURNS = ("reminder", "end of the grace", "last notice", "ceiling")
OLD_USES = ("before", "announced", "yesterday", "today")
NEW_USES = (None, "tried", "announced", "today")
HAND_OVERS = tuple(product(TURNS, OLD_USES, NEW_USES))


@st.composite
def hand_overs(
    draw: st.DrawFn, turn: str, old_use: str, new_use: str | None
) -> tuple[ManagedUser, Settings]:
    """A user whose new key B was announced and whose old key A still works, and the settings."""
    chosen: Settings = draw(accepted_settings())
    grace = max(chosen.grace_days, chosen.min_grace_days_without_console)
    notice = max(1, chosen.remind_before_days)
    days = {
        "reminder": grace - chosen.remind_before_days,
        "end of the grace": grace,
        "last notice": chosen.max_overlap_days - notice,
        "ceiling": chosen.max_overlap_days,
    }[turn]
    age = timedelta(days, hours=draw(st.integers(-18, 18)))
    new = AccessKey("B", KeyStatus.ACTIVE, NOW - max(age, timedelta(hours=1)))
    old = AccessKey("A", KeyStatus.ACTIVE, new.created - timedelta(draw(st.integers(1, 100))))
    announced = min(NOW, new.created + timedelta(hours=draw(st.sampled_from([0, 0, 0, 30, 100]))))
    moments = {
        "before": new.created - timedelta(1),
        "tried": new.created,
        "announced": announced,
        "in time": NOW - timedelta(notice, hours=1),
        "yesterday": NOW - timedelta(1),
        "today": NOW,
    }

    def around(moment: str | None) -> datetime | None:
        if moment is None:
            return None
        return min(NOW, moments[moment] + timedelta(minutes=draw(st.integers(-100, 100))))

    said = st.sampled_from([None, "today", "yesterday", "in time", "in time"])
    stamps = {e: around(draw(said)) for e in (Event.REMINDED, Event.HELD, Event.ENDING)}
    last_read = around(draw(st.sampled_from([None, "before", "announced", "today"])))
    last_used = uses({"A": around(old_use), "B": around(new_use)})
    if last_used["A"] and draw(st.booleans()):
        last_used["A"] = replace(last_used["A"], service="secretsmanager")
        last_read = draw(st.sampled_from([last_read, last_used["A"].time]))
    ends = st.sampled_from([announced + timedelta(grace), NOW, NOW + timedelta(1)])
    works_until = draw(st.none() | st.builds(Stamp, st.just("A"), ends))
    state = secret(
        "B",
        draw(st.sampled_from(["A", "A", None])),
        announced=Stamp("B", announced),
        works_until=works_until,
        notices={event: Stamp("A", time) for event, time in stamps.items() if time},
        last_read=last_read.date() if last_read else None,
    )
    user = ManagedUser(
        ALICE,
        (old, new),
        draw(st.just(MANAGED) | managed_tags()),
        state,
        last_used,
        draw(st.sampled_from([False, False, True])),
        draw(st.sampled_from([Audience.USER] * 4 + [Audience.OPERATOR, Audience.NOBODY])),
    )
    return user, chosen


@st.composite
def unused_keys(draw: st.DrawFn) -> tuple[ManagedUser, Settings]:
    """A user whose only active key B was not used for about as long as the settings ask for, and
    the settings; some have an inactive key A, too."""
    chosen: Settings = draw(accepted_settings().filter(lambda s: s.disable_unused_after_days > 0))
    days = timedelta(chosen.disable_unused_after_days)
    ahead = timedelta(max(1, chosen.warn_before_days))
    near = st.integers(-18, 18).map(lambda hours: timedelta(hours=hours))
    unused = draw(
        st.sampled_from([days - ahead, days, days, days, days + ahead, days + 3 * ahead])
    ) + draw(near)
    since = NOW - max(unused, timedelta(hours=1))
    was_used = draw(st.booleans())
    created = since - timedelta(draw(st.integers(0, 60))) if was_used else since
    keys = [AccessKey("B", KeyStatus.ACTIVE, created)]
    if draw(st.booleans()):
        status = draw(st.sampled_from([KeyStatus.INACTIVE, KeyStatus.EXPIRED]))
        keys.insert(0, AccessKey("A", status, created - timedelta(draw(st.integers(1, 90)))))
    told = st.sampled_from([ahead, ahead, ahead, ahead * 2, days, timedelta(0)])
    later = st.sampled_from([timedelta(0), timedelta(hours=1)]) | near
    warned = draw(st.builds(lambda ago, later: NOW - ago - later, told, later) | st.none())
    ends = draw(st.sampled_from([None, None, NOW - ahead, NOW, NOW + ahead]))
    announced = draw(st.none() | st.sampled_from([created, since]))
    state = secret(
        "B" if announced else None,
        announced=Stamp("B", announced) if announced else None,
        warned_unused=Stamp(draw(st.sampled_from(["B", "B", "B", "A"])), warned)
        if warned
        else None,
        works_until=Stamp("B", ends) if ends else None,
        inactive_since=draw(st.none() | st.builds(Stamp, st.sampled_from(["A", "B"]), TIMES)),
        leaked=draw(st.sampled_from([(), (), (), ("B",)])),
    )
    user = ManagedUser(
        ALICE,
        tuple(keys),
        draw(st.just(MANAGED) | managed_tags()),
        state,
        uses({"A": None, "B": since if was_used else None}),
        draw(st.booleans()),
        draw(st.sampled_from([Audience.USER] * 3 + [Audience.OPERATOR, Audience.NOBODY])),
    )
    return user, chosen
