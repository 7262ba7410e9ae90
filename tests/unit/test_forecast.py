"""What is said to come, for situations written down; against real runs it is held in tests/aws."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from key_rotation.domain.action import Fact, Needs, Verb
from key_rotation.domain.hand_over import HandOver
from key_rotation.domain.model import Audience, Event, ManagedUser, SecretState
from key_rotation.domain.settings import Settings
from key_rotation_cli.forecast import Due, Forecast, Step, forecast, moved
from tests.unit.builders import (
    ALICE,
    MANAGED,
    NOW,
    SETTINGS,
    ago,
    expired,
    inactive,
    intent,
    key,
    secret,
    settings,
    stamp,
    user,
)

PAIR = secret("B", "A", announced=stamp("B", 10))
PAIR_DISABLED = secret("B", "A", announced=stamp("B", 10), inactive_since=stamp("A", 10))


def service(used: dict[str, Any], days: float, **records: Any) -> ManagedUser:
    """A service whose key B was announced `days` ago, and which was reminded in its time."""
    reminded = {"notices": {Event.REMINDED: stamp("A", days - 4)}} if days > 4 else {}
    state = secret("B", "A", **({"announced": stamp("B", days)} | reminded | records))
    used = {"A": None, "B": None} | used
    return user(key("A", days + 90), key("B", days), used=used, secret=state, password=False)


def notified(user: ManagedUser, settings: Settings = SETTINGS, now: datetime = NOW) -> Forecast:
    outcome = forecast(user, settings, now)
    assert isinstance(outcome, Forecast)
    return outcome


def said(steps: tuple[Step, ...], now: datetime = NOW) -> str:
    """ "warn +3, rotate +10": the headline of each step and the days from now; "disable +6..29":
    the earliest and the latest."""
    return ", ".join(
        f"{step.verb.value} +"
        + ("" if step.once_moved is None else f"{_days(step.once_moved - now)}..")
        + _days(step.at - now)
        for step in steps
    )


def _days(time: timedelta) -> str:
    return f"{time / timedelta(days=1):.10g}"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(user(), "", id="no key: nothing ever"),
        pytest.param(user(inactive("A", 10)), "", id="one inactive key"),
        pytest.param(user(key("A", 0)), "warn +83, rotate +90", id="new key"),
        pytest.param(user(key("A", 79.5)), "warn +3.5, rotate +10.5", id="to the half day"),
        pytest.param(
            user(key("A", 85), secret=secret(warned=stamp("A", 2))), "rotate +5", id="warned"
        ),
        pytest.param(user(key("A", 95)), "rotate +0", id="due now"),
        pytest.param(
            user(key("A", 56), tags={"max-key-age-days": "61"}),
            "warn +0, rotate +5",
            id="shorter by its tag",
        ),
        pytest.param(
            user(key("A", 100), key("B", 10), secret=PAIR, tags={"grace-days": "14"}),
            "remind +0.5, disable +4, delete +34, warn +73, rotate +80",
            id="in grace: the whole cycle",
        ),
        pytest.param(
            user(key("A", 100), key("B", 10), secret=PAIR, tags={"hold-until": "2026-06-08"}),
            "disable +7.5, delete +37.5, warn +73, rotate +80",
            id="held until the end of a day",
        ),
        pytest.param(
            user(key("A", 100), key("B", 10), secret=PAIR, tags={"hold-until": "2027-01-01"}),
            "disable +20, delete +50, warn +73, rotate +80",
            id="held up to the ceiling",
        ),
        pytest.param(
            service({}, 1),
            "remind +2.5, disable +6..29, delete +59, warn +82, rotate +89",
            id="never moves: the whole cycle",
        ),
        pytest.param(
            user(inactive("A", 100), key("B", 10), secret=PAIR_DISABLED),
            "delete +20, warn +73, rotate +80",
            id="waiting to delete",
        ),
        pytest.param(
            user(inactive("A", 100), key("B", 10), secret=PAIR),
            "delete +30, warn +73, rotate +80",
            id="not on record yet: counted from the record of the next run",
        ),
        pytest.param(
            user(key("A", 60), key("B", 50)),
            "block +30",
            id="two active keys in use: blocked when the older is due",
        ),
        pytest.param(
            user(key("A", 60), key("B", 50), used={"A": None, "B": ago(10)}),
            "disable +0, warn +33, rotate +40",
            id="two active keys, one idle",
        ),
        pytest.param(
            user(key("A", 95), inactive("B", 40), secret=secret(inactive_since=stamp("B", 20))),
            "rotate +10",
            id="blocked until the slot is free: then deleted and rotated at once",
        ),
        pytest.param(user(key("A", 95), expired("B", 40)), "", id="blocked for good"),
        pytest.param(
            user(key("A", 80), audience=Audience.NOBODY), "block +3", id="no subscription later"
        ),
        pytest.param(
            user(
                key("A", 10),
                key("B", 0, minutes=30),
                secret=secret(intent=intent(0, "A", minutes=30)),
                used={"B": None},
            ),
            "disable +0, delete +0.25, warn +73, rotate +80",
            id="orphan",
        ),
    ],
)
def test_steps(subject: ManagedUser, expected: str) -> None:
    assert said(notified(subject).steps) == expected


# A service that has 7 days of grace, is reminded 3 and a half days before they end, and may keep
# its old key for 30 days.
@pytest.mark.parametrize(
    ("subject", "changes", "expected"),
    [
        pytest.param(
            service({}, 1),
            {},
            "remind +2.5, disable +6..29",
            id="not fetched",
        ),
        pytest.param(service({}, 10), {}, "disable +0..20", id="held, not fetched"),
        pytest.param(service({"A": ago(1)}, 10), {}, "disable +0..20", id="held, in use"),
        pytest.param(
            service({"A": ago(0.5), "B": ago(0.5)}, 1), {}, "remind +2.5, disable +6", id="moving"
        ),
        pytest.param(service({"B": ago(0.5)}, 1), {}, "disable +6", id="moved: not reminded"),
        pytest.param(service({"B": ago(0.5)}, 10), {}, "disable +0", id="moved, due"),
        pytest.param(
            service({}, 2, last_read=ago(1).date()), {}, "remind +1.5, disable +5", id="fetched"
        ),
        pytest.param(
            service({"A": ago(1)}, 2, last_read=ago(1).date()),
            {},
            "remind +1.5, disable +5..28",
            id="fetched, and in use",
        ),
        pytest.param(
            service({"A": ago(1)}, 10),
            {"hold_while_used_days": 3},
            "disable +2..20",
            id="held for its use, and beyond that until they have moved",
        ),
        pytest.param(
            service({"A": ago(1)}, 10),
            {"hold_while_used_days": 3, "hold_until_moved": False},
            "disable +2",
            id="held for its use",
        ),
        pytest.param(
            service({"A": ago(1)}, 10), {"hold_until_moved": False}, "disable +0", id="not held"
        ),
        pytest.param(
            service({"A": ago(1)}, 1),
            {"remind_before_days": 0},
            "disable +6..29",
            id="no reminders",
        ),
        pytest.param(
            service({}, 10, notices={}, last_read=ago(1).date()),
            {},
            "remind +0, disable +0..3",
            id="reminded late",
        ),
        pytest.param(
            service({"A": ago(1)}, 40),
            {},
            "disable +0..3",
            id="the ceiling is over, and nobody knows it yet",
        ),
        pytest.param(
            service({"A": ago(1)}, 28, notices={Event.ENDING: stamp("A", 0.5)}),
            {},
            "disable +0..2.5",
            id="the last notice was late",
        ),
        pytest.param(
            replace(service({"A": ago(0.5)}, 1), has_password=True),
            {"grace_days": 3},
            "remind +0, disable +2..29",
            id="a person with a grace, who still uses the old key",
        ),
        pytest.param(
            replace(service({}, 1), has_password=True),
            {"grace_days": 3},
            "remind +0, disable +2",
            id="a person with a grace",
        ),
        pytest.param(
            replace(service({}, 3.2, notices={}), has_password=True),
            {"grace_days": 2},
            "remind +0, disable +0..1",
            id="reminded late, in a grace of two days",
        ),
        pytest.param(
            replace(
                service({"A": ago(1)}, 1),
                tags=MANAGED | {"access-key-rotation:hold-until": "2026-06-20"},
            ),
            {},
            "disable +19.5..29",
            id="a tag holds it first",
        ),
    ],
)
def test_hand_over(subject: ManagedUser, changes: dict[str, Any], expected: str) -> None:
    steps = said(notified(subject, settings(**changes)).steps)

    assert steps.split(", delete")[0] == expected


@pytest.mark.parametrize("used", [None, ago()])
def test_who_has_moved_uses_the_new_key_after_the_old_one(used: datetime | None) -> None:
    """And not within the hour in which the function tries it."""
    pair = secret("B", "A", announced=stamp("B", minutes=10))
    keys = key("A", 90), key("B", minutes=10)
    fresh = user(*keys, used={"A": used, "B": None}, secret=pair)
    unread = replace(fresh, last_used=None)

    assert notified(moved(fresh, NOW)).hand_over is HandOver.MOVED
    assert moved(unread, NOW) is unread


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(user(key("A", 10)), "warn +73, rotate +80", id="used, and so it goes on"),
        pytest.param(
            user(key("A", 60), used={"A": ago(37)}), "warn +23, rotate +30", id="used lately"
        ),
        pytest.param(user(key("A", 60), used={"A": ago(40)}), "warn +0, disable +7", id="unused"),
        pytest.param(
            user(key("A", 88), used={"A": ago(40)}), "warn +0, disable +7", id="unused, nearly due"
        ),
        pytest.param(
            user(
                key("A", 60),
                used={"A": ago(40)},
                secret=secret(warned_unused=stamp("A", 2), works_until=stamp("A", -5)),
            ),
            "disable +5",
            id="warned",
        ),
        pytest.param(
            user(key("A", 50), used={"A": ago(40)}, tags={"hold-until": "2026-06-20"}),
            "warn +12.5, disable +19.5",
            id="held by a tag",
        ),
        pytest.param(
            user(
                key("A", 60),
                used={"A": ago(40)},
                tags={"disable-unused-after-days": "0"},
            ),
            "warn +23, rotate +30",
            id="kept for an emergency",
        ),
    ],
)
def test_unused(subject: ManagedUser, expected: str) -> None:
    assert said(notified(subject, settings(disable_unused_after_days=45)).steps) == expected


def test_the_last_use_is_asked_for_where_it_matters() -> None:
    bare = replace(user(key("A", 60)), last_used=None)
    by_report = replace(bare, reported_use=ago(1))
    wanted = settings(disable_unused_after_days=45)

    assert forecast(bare, wanted, NOW) == Needs(Fact.LAST_USED)
    assert isinstance(forecast(by_report, wanted, NOW), Forecast)
    assert isinstance(forecast(bare, SETTINGS, NOW), Forecast)


def test_instant_is_exact_to_the_second() -> None:
    now = NOW + timedelta(hours=5, minutes=17, seconds=3)
    steps = notified(user(key("A", 79.5)), now=now).steps

    assert steps[0].at == ago(79.5) + timedelta(days=83)


def test_present_is_what_a_run_would_decide_now() -> None:
    blocked = notified(user(key("A", 95), expired("B", 40)))

    assert blocked.is_blocked
    assert not notified(user(key("A", 95))).is_blocked


def test_next_about_each_key() -> None:
    pair = notified(user(key("A", 100), key("B", 10), secret=PAIR, tags={"grace-days": "14"}))

    assert pair.next_about("A") == Due(Verb.REMIND, NOW + timedelta(days=0.5))
    assert pair.disabled("A") == Due(Verb.DISABLE, NOW + timedelta(days=4))
    assert pair.next_about("B") == Due(Verb.WARN, NOW + timedelta(days=73))
    assert pair.next_about("C") is pair.disabled("C") is None


def test_a_held_key_is_due_twice() -> None:
    held = notified(service({"A": ago(1)}, 10))

    assert held.next_about("A") == Due(Verb.DISABLE, NOW, NOW + timedelta(days=20))
    assert held.coming()[0] == held.disabled("A")


def test_what_is_due_comes_in_the_order_of_the_earliest_days() -> None:
    """The newer key is warned about before the ceiling, and after the day on which it may go."""
    brisk = settings(max_key_age_days=30, max_overlap_days=29, warn_before_days=7)
    due = notified(service({"A": ago(1)}, 10), brisk).coming()

    assert [one.verb.value for one in due[:2]] == ["disable", "warn"]
    assert due[0].held_until == NOW + timedelta(days=19)


def test_longest_wait_follows_the_settings() -> None:
    long = settings(max_key_age_days=365)

    assert said(notified(user(key("A", 0)), long).steps) == "warn +358, rotate +365"


def test_facts_are_asked_for_one_by_one() -> None:
    bare = ManagedUser(ALICE, (key("A", 10),), MANAGED)

    assert forecast(bare, SETTINGS, NOW) == Needs(Fact.SECRET)


def test_an_unready_user_asks_for_no_more_than_is_needed() -> None:
    retired = ManagedUser(ALICE, (inactive("A", 10),), MANAGED)

    assert isinstance(forecast(retired, SETTINGS, NOW), Forecast)


def test_a_secret_in_deletion_is_restored_first() -> None:
    gone: SecretState = secret("A", pending_deletion=True, announced=stamp("A", 1))

    assert (
        said(notified(user(key("A", 1), secret=gone)).steps) == "prepare +0, warn +82, rotate +89"
    )
