"""How far the owner of a superseded key is, as status, plan and report say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.action import Fact, Needs
from key_rotation.domain.hand_over import HandOver, state_of
from key_rotation.domain.model import ManagedUser
from key_rotation.run.payload import Payload
from key_rotation.run.run import Rotation
from tests.unit.builders import (
    ALICE,
    NOW,
    SETTINGS,
    ago,
    expired,
    inactive,
    key,
    secret,
    stamp,
    user,
)
from tests.unit.fakes import FakeAccount

SECOND = timedelta(seconds=1)


def pair(used: dict[str, Any] | None = None, **records: Any) -> ManagedUser:
    """A, and B that was announced in its place 5 days ago."""
    state = secret("B", "A", **({"announced": stamp("B", 5)} | records))
    return user(
        key("A", 95), key("B", 5), secret=state, used={"A": ago(1), "B": None} | (used or {})
    )


@pytest.mark.parametrize(
    ("subject", "state"),
    [
        pytest.param(pair(), HandOver.NOT_FETCHED, id="nothing is seen"),
        pytest.param(pair(last_read=ago(4).date()), HandOver.FETCHED, id="read"),
        pytest.param(pair(last_read=ago(5).date()), HandOver.NOT_FETCHED, id="read that day"),
        pytest.param(pair({"B": ago(1) + SECOND}), HandOver.MOVING, id="both"),
        pytest.param(pair({"B": ago(1, hours=-1)}), HandOver.MOVED, id="an hour after the old one"),
        pytest.param(
            pair({"B": ago(1, hours=-1) - SECOND}), HandOver.MOVING, id="within an hour of it"
        ),
        pytest.param(pair({"A": None, "B": ago(1)}), HandOver.MOVED, id="the old one never"),
        pytest.param(pair({"B": ago(5, minutes=-59)}), HandOver.NOT_FETCHED, id="our trial"),
    ],
)
def test_state(subject: ManagedUser, state: HandOver) -> None:
    assert state_of(subject, SETTINGS, NOW) is state


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(user(), id="no key"),
        pytest.param(user(key("A", 10)), id="one key"),
        pytest.param(user(key("A", 95), key("B", 5)), id="two of their own"),
        pytest.param(pair(announced=None), id="not announced"),
        pytest.param(pair(announced=stamp("X", 5)), id="another one was announced"),
        pytest.param(pair(announced=stamp("A", 5)), id="the older one was announced"),
        pytest.param(pair(managed_by="another"), id="of another installation"),
        pytest.param(pair(user_id="AIDAPREDECESSOR"), id="a predecessor's"),
        pytest.param(pair(pending_deletion=True), id="pending deletion"),
        pytest.param(
            user(inactive("A", 95), key("B", 5), secret=secret("B", "A", announced=stamp("B", 5))),
            id="disabled already",
        ),
        pytest.param(
            user(key("A", 95), expired("B", 5), secret=secret("B", "A", announced=stamp("B", 5))),
            id="the successor is expired",
        ),
    ],
)
def test_nobody_is_handing_over(subject: ManagedUser) -> None:
    assert state_of(subject, SETTINGS, NOW) is None


def test_it_asks_for_what_it_needs_and_nothing_of_settled_users() -> None:
    subject = pair()

    assert state_of(replace(subject, secret=None), SETTINGS, NOW) == Needs(Fact.SECRET)
    assert state_of(replace(subject, last_used=None), SETTINGS, NOW) == Needs(Fact.LAST_USED)
    for keys in ((), (key("A", 95),), (inactive("A", 95), key("B", 5))):
        assert state_of(ManagedUser(ALICE, keys), SETTINGS, NOW) is None


# -- in a dry run ----------------------------------------------------------------------------------


def test_a_dry_run_says_it_of_the_old_key() -> None:
    state = replace(
        pair(announced=stamp("B", 10), inactive_since=stamp("B", 1)), has_password=False
    )
    account = FakeAccount()
    account.add(state)

    planned = Rotation(account.world(), SETTINGS, Payload(dry_run=True), "this").run().rows

    seen = "not fetched, last used on 2026-05-31 12:00 UTC by s3 in eu-west-1"
    assert [(row.action, row.access_key_id, row.detail) for row in planned] == [
        ("forget", "B", "dry run"),
        ("hold", "A", f"dry run: {seen}"),
    ]
