"""What is said to come, for situations written down; against real runs it is held in tests/aws."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from key_rotation.domain.action import Fact, Needs, Verb
from key_rotation.domain.model import Audience, ManagedUser, SecretState
from key_rotation.domain.settings import Settings
from key_rotation_cli.forecast import Forecast, Step, forecast
from tests.unit.builders import (
    ALICE,
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


def notified(user: ManagedUser, settings: Settings = SETTINGS, now: datetime = NOW) -> Forecast:
    outcome = forecast(user, settings, now)
    assert isinstance(outcome, Forecast)
    return outcome


def said(steps: tuple[Step, ...], now: datetime = NOW) -> str:
    """ "warn +3, rotate +10": the headline of each step and the days from now."""
    return ", ".join(f"{step.verb.value} +{_days(step.at - now)}" for step in steps)


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
            "disable +4, delete +34, warn +73, rotate +80",
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

    assert pair.next_about("A") == (NOW + timedelta(days=4), Verb.DISABLE)
    assert pair.next_about("B") == (NOW + timedelta(days=73), Verb.WARN)
    assert pair.next_about("C") is None


def test_longest_wait_follows_the_settings() -> None:
    long = settings(max_key_age_days=365)

    assert said(notified(user(key("A", 0)), long).steps) == "warn +358, rotate +365"


def test_facts_are_asked_for_one_by_one() -> None:
    bare = ManagedUser(ALICE, (key("A", 10),), {"access-key-rotation": "enabled"})

    assert forecast(bare, SETTINGS, NOW) == Needs(Fact.SECRET)


def test_an_unready_user_asks_for_no_more_than_is_needed() -> None:
    retired = ManagedUser(ALICE, (inactive("A", 10),), {"access-key-rotation": "enabled"})

    assert isinstance(forecast(retired, SETTINGS, NOW), Forecast)


def test_a_secret_in_deletion_is_restored_first() -> None:
    gone: SecretState = secret("A", pending_deletion=True, announced=stamp("A", 1))

    assert (
        said(notified(user(key("A", 1), secret=gone)).steps) == "prepare +0, warn +82, rotate +89"
    )
