"""Whom the credential report lets alone: held to `decide` over the account as it really is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from key_rotation.domain.action import Decision
from key_rotation.domain.ages import RECENT
from key_rotation.domain.credential_report import Row, Slot
from key_rotation.domain.model import (
    AccessKey,
    Audience,
    KeyStatus,
    ManagedUser,
    SecretState,
    Stamp,
)
from key_rotation.domain.policy import decide
from key_rotation.domain.prefilter import FULL_LOOK_DAY, MARGIN, may_need_attention
from key_rotation.domain.settings import Settings
from tests.unit.builders import NO_SECRET, NOW, ago, intent, secret, settings, stamp, time_of, user

SINCE = ago(1000)
NO_KEY = Slot()


def active(days: float, used: float | None = None, **units: float) -> Slot:
    return Slot(True, ago(days, **units), None if used is None else ago(used))


def inactive(days: float | None, used: float | None = None) -> Slot:
    rotated = None if days is None else ago(days)
    return Slot(False, rotated, None if used is None else ago(used))


def looked_at(
    first: Slot, second: Slot = NO_KEY, tags: dict[str, str] | None = None, **changes: object
) -> bool:
    row = Row(SINCE, (first, second))
    return may_need_attention(user(tags=tags), row, settings(**changes), NOW)


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        pytest.param((active(60, used=37.9), NO_KEY), False, id="used late enough"),
        pytest.param((active(60, used=37.96), NO_KEY), True, id="unused, by the margin"),
        pytest.param((active(60, used=45), NO_KEY), True, id="unused"),
        pytest.param((active(10), NO_KEY), True, id="never used: perhaps switched on again then"),
        pytest.param((inactive(60, used=50), NO_KEY), False, id="disabled"),
    ],
)
def test_who_may_be_unused_is_looked_at(slots: tuple[Slot, Slot], expected: bool) -> None:
    assert looked_at(*slots, disable_unused_after_days=45) is expected
    assert not looked_at(*slots)


def test_a_key_kept_for_an_emergency_is_not_looked_at() -> None:
    tags = {"disable-unused-after-days": "0"}

    assert looked_at(active(60), disable_unused_after_days=45)
    assert not looked_at(active(60), tags=tags, disable_unused_after_days=45)


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        pytest.param((NO_KEY, NO_KEY), False, id="no key"),
        pytest.param((active(10), NO_KEY), False, id="young"),
        pytest.param((NO_KEY, active(10)), False, id="young, in the second slot"),
        pytest.param((active(2), NO_KEY), True, id="recent: a run may have died over it"),
        pytest.param((active(RECENT.days, hours=1), NO_KEY), False, id="not recent any more"),
        pytest.param((active(RECENT.days, minutes=59), NO_KEY), True, id="recent, by the margin"),
        pytest.param((active(-1), NO_KEY), True, id="from the future"),
        pytest.param((active(82.9), NO_KEY), False, id="just before the warning window"),
        pytest.param((active(82.96), NO_KEY), True, id="the window, by the margin"),
        pytest.param((active(83), NO_KEY), True, id="in the warning window"),
        pytest.param((active(400), NO_KEY), True, id="overdue"),
        pytest.param((Slot(True), NO_KEY), True, id="active, nobody knows since when"),
        pytest.param((active(10, used=11), NO_KEY), True, id="used before: switched on again"),
        pytest.param((active(10, used=10.03), NO_KEY), False, id="used first in that hour"),
        pytest.param((active(50), active(20)), True, id="two active"),
        pytest.param((active(20), inactive(110)), False, id="superseded, waiting"),
        pytest.param((inactive(110), active(20)), False, id="superseded, the other way round"),
        pytest.param((active(30), inactive(120)), True, id="superseded, to be deleted"),
        pytest.param((active(30), inactive(None, used=31)), True, id="… its age unknown"),
        pytest.param((active(30), inactive(None)), False, id="… nothing shows that it exists"),
        pytest.param((inactive(50), NO_KEY), False, id="none active"),
        pytest.param((inactive(1), NO_KEY), True, id="none active, one recent"),
    ],
)
def test_table(slots: tuple[Slot, Slot], expected: bool) -> None:
    assert looked_at(*slots) is expected


def test_a_shorter_limit_by_tag_is_respected() -> None:
    assert not looked_at(active(54))
    assert looked_at(active(54), tags={"max-key-age-days": "61"})


def test_a_malformed_tag_exempts_from_nothing() -> None:
    assert looked_at(active(83), tags={"max-key-age-days": "never"})


def test_with_a_shorter_life_the_other_key_is_put_on_record_in_time() -> None:
    assert looked_at(active(24), inactive(100), tags={"max-key-age-days": "61"})


def test_who_is_not_in_the_survey_is_looked_at() -> None:
    assert may_need_attention(user(), None, settings(), NOW)


def test_who_was_created_again_is_looked_at() -> None:
    row = Row(ago(999), (active(10), NO_KEY))

    assert may_need_attention(user(), row, settings(), NOW)


def test_on_one_day_of_a_month_everybody_is_looked_at() -> None:
    row = Row(SINCE, (active(10), NO_KEY))

    days = [NOW + timedelta(days=days) for days in range(31)]
    [day] = [day for day in days if may_need_attention(user(), row, settings(), day)]

    assert day.day == FULL_LOOK_DAY


# -- held to the table of decisions ----------------------------------------------------------------

AGES = st.one_of(
    st.integers(0, 100 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    st.sampled_from([timedelta(days=days) for days in (0, 3, 7, 30, 37, 53, 83, 90, 97, 200)]),
)
ONE_OF_TWO_ACTIVE = [
    pair
    for pair in product(KeyStatus, repeat=2)
    if [status is KeyStatus.ACTIVE for status in pair].count(True) == 1
]
OTHERS = [(), *product(KeyStatus), *(set(product(KeyStatus, repeat=2)) - set(ONE_OF_TWO_ACTIVE))]
SETTINGS = st.builds(
    settings,
    warn_before_days=st.sampled_from([0, 7, 20]),
    grace_days=st.sampled_from([0, 5]),
    hold_while_used_days=st.sampled_from([0, 3]),
    delete_after_days=st.sampled_from([1, 30, 50]),
    disable_unused_after_days=st.sampled_from([0, 0, 37, 45, 90]),
    require_confirmed_subscription=st.booleans(),
)
TAGS = st.sampled_from(
    [
        {},
        {"max-key-age-days": "70"},
        {"max-key-age-days": "85"},
        {"disable-unused-after-days": "0"},
        {"disable-unused-after-days": "60"},
        {"hold-until": f"{NOW + timedelta(days=5):%Y-%m-%d}"},
    ]
)


@st.composite
def secrets(draw: st.DrawFn) -> SecretState:
    if draw(st.booleans()):
        return NO_SECRET
    ids = st.sampled_from([None, "A", "B"])

    def stamped() -> Stamp | None:
        key_id = draw(ids)
        return stamp(key_id, draw(AGES) / timedelta(days=1)) if key_id else None

    return secret(
        draw(ids),
        managed_by=draw(st.sampled_from(["key-rotation", "somebody"])),
        pending_deletion=draw(st.booleans()),
        intent=draw(st.none() | AGES.map(lambda age: intent(age / timedelta(days=1)))),
        announced=stamped(),
        warned=stamped(),
        warned_unused=stamped(),
        inactive_since=stamped(),
    )


def uses(key: AccessKey) -> st.SearchStrategy[datetime | None]:
    """Never, or some time since it was created."""
    share = st.floats(0, 1)
    return st.none() | share.map(lambda part: key.created + part * (NOW - key.created))


@st.composite
def marked_users(draw: st.DrawFn, statuses: Sequence[tuple[KeyStatus, ...]]) -> ManagedUser:
    ids = iter("AB")
    keys = [
        AccessKey(next(ids), status, NOW - draw(AGES)) for status in draw(st.sampled_from(statuses))
    ]
    return user(
        *keys,
        secret=draw(secrets()),
        used={key.id: draw(uses(key)) for key in keys},
        password=draw(st.booleans()),
        audience=draw(st.sampled_from(Audience)),
        tags=draw(TAGS),
    )


def reported(managed: ManagedUser, *, ages_of_inactive: bool, first: int) -> Row:
    """The report about this user. AWS documents no age for a key that is not active; it has been
    seen to give one."""
    slots = [
        Slot(
            key.is_active,
            key.created if key.is_active or ages_of_inactive else None,
            time_of((managed.last_used or {}).get(key.id)),
        )
        for key in managed.keys
    ]
    one, two = (*slots, NO_KEY, NO_KEY)[:2]
    return Row(SINCE, (one, two) if first == 0 else (two, one))


def acts(managed: ManagedUser, chosen: Settings, now: datetime) -> bool:
    outcome = decide(managed, chosen, now)
    assert isinstance(outcome, Decision)
    return bool(outcome.actions)


@given(
    marked_users(OTHERS),
    SETTINGS,
    st.booleans(),
    st.sampled_from([0, 1]),
    st.timedeltas(timedelta(0), timedelta(hours=4)),
)
@example(
    user(AccessKey("A", KeyStatus.ACTIVE, ago(89, hours=23))),
    settings(warn_before_days=0),
    True,
    0,
    timedelta(hours=1),
)
def test_whoever_has_something_due_is_looked_at(
    managed: ManagedUser, chosen: Settings, ages_of_inactive: bool, first: int, old: timedelta
) -> None:
    """By any report of the last 4 hours, whatever time of the run it is decided at."""
    row = reported(managed, ages_of_inactive=ages_of_inactive, first=first)
    now = NOW + old
    decided_at = now + MARGIN / 4

    if ages_of_inactive or any(key.is_active for key in managed.keys):
        assert may_need_attention(managed, row, chosen, now) >= acts(managed, chosen, decided_at)


@given(marked_users(ONE_OF_TWO_ACTIVE), SETTINGS, st.sampled_from([0, 1]))
def test_beside_an_inactive_key_nothing_is_due_but_in_these_days(
    managed: ManagedUser, chosen: Settings, first: int
) -> None:
    """What waits is what a run that found the key recent has put right already: the record, the
    secret. From the day on which a superseded key may be deleted, all is seen again."""
    [active_key] = [key for key in managed.keys if key.is_active]
    row = reported(managed, ages_of_inactive=True, first=first)
    age = NOW - active_key.created
    waits = RECENT + MARGIN <= age < timedelta(days=chosen.delete_after_days) - MARGIN

    looks = may_need_attention(managed, row, chosen, NOW)

    assert looks or waits or not acts(managed, chosen, NOW)
    full_look = NOW.replace(day=FULL_LOOK_DAY)
    assert may_need_attention(managed, row, chosen, full_look)


@given(AGES, st.timedeltas(timedelta(0), RECENT))
def test_a_key_that_was_switched_on_again_is_looked_at_in_the_days_after(
    age: timedelta, ago_: timedelta
) -> None:
    """Its age in the report begins again then."""
    row = Row(SINCE, (Slot(True, NOW - min(age, ago_), NOW), NO_KEY))

    assert may_need_attention(user(), row, settings(), NOW)
