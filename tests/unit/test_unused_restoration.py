"""Which key that nobody used may be switched on again, and what becomes of it then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from key_rotation.domain.action import Fact, Needs
from key_rotation.domain.model import ManagedUser
from key_rotation.domain.settings import Settings
from key_rotation_cli.restoration import NotRestorableError, Restoration
from key_rotation_cli.unused_key import any_restoration
from tests.unit.builders import NOW, SETTINGS, ago, expired, inactive, key, secret, settings, stamp
from tests.unit.builders import user as a_user

WANTED = settings(disable_unused_after_days=45)
TAG = "access-key-rotation:hold-until"


def disabled(days: float = 3, used: float = 50, age: float = 60, **facts: Any) -> ManagedUser:
    """A user whose only key A was last used `used` days ago, and disabled `days` ago."""
    records = {"inactive_since": stamp("A", days)} | facts.pop("records", {})
    state = secret(**records)
    return a_user(inactive("A", age), used={"A": ago(used)}, secret=state, **facts)


def found(
    subject: ManagedUser, until: date | None = None, chosen: Settings = WANTED
) -> Restoration:
    outcome = any_restoration(subject, chosen, NOW, until)
    assert isinstance(outcome, Restoration)
    return outcome


def test_it_is_held_for_the_longest_overlap_and_goes_if_nobody_uses_it() -> None:
    it = found(disabled(age=53))

    assert (it.key.id, it.successor, it.suspicion) == ("A", None, None)
    assert (it.is_to_be_tagged, it.tag, it.value) == (True, TAG, "2026-07-01 A")
    assert it.off_again == datetime(2026, 7, 2, tzinfo=UTC)
    assert it.replaced_at is None


def test_it_is_held_until_the_day_that_is_asked_for() -> None:
    it = found(disabled(), date(2026, 6, 20))

    assert it.value == "2026-06-20 A"
    assert it.off_again == datetime(2026, 6, 21, tzinfo=UTC)


def test_until_today_it_still_works_for_the_days_of_the_warning() -> None:
    assert found(disabled(), NOW.date()).off_again == ago(-7)


def test_a_day_that_is_over_is_refused() -> None:
    with pytest.raises(NotRestorableError, match="is over"):
        any_restoration(disabled(), WANTED, NOW, date(2026, 5, 31))


def test_an_old_key_is_replaced_before() -> None:
    assert found(disabled(age=88)).replaced_at == ago(-2)


def test_who_is_exempt_by_now_needs_no_tag() -> None:
    it = found(disabled(tags={"disable-unused-after-days": "0"}))

    assert (it.is_to_be_tagged, it.off_again) == (False, None)


def test_twice_is_as_once() -> None:
    once = found(disabled(age=53))
    tags = {"hold-until": once.value}
    again = a_user(key("A", 53), used={"A": ago(50)}, secret=secret(), tags=tags)

    assert found(again) == replace(
        once, key=key("A", 53), is_to_be_tagged=False, suspicion=None, value=once.value
    )


def test_the_tag_of_another_key_is_replaced() -> None:
    it = found(disabled(age=53, tags={"hold-until": "2026-12-31 X"}))

    assert (it.is_to_be_tagged, it.value) == (True, "2026-07-01 A")


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        pytest.param(disabled(records={"leaked": ["A"]}), "reported as leaked", id="leaked"),
        pytest.param(
            disabled(records={"inactive_since": None}), "not disabled by this rotation", id="person"
        ),
        pytest.param(disabled(used=10), "not because nobody used it", id="in use until then"),
        pytest.param(disabled(days=20, used=50), "not because nobody used it", id="too early"),
    ],
)
def test_a_key_that_somebody_may_have_disabled_for_a_reason(subject: ManagedUser, why: str) -> None:
    suspicion = found(subject).suspicion

    assert suspicion is not None
    assert why in suspicion


def test_of_two_inactive_keys_the_one_that_was_disabled_last() -> None:
    keys = inactive("A", 140), inactive("B", 50)
    state = secret("B", "A", announced=stamp("B", 50), inactive_since=stamp("B", 2))
    both = a_user(*keys, used={"A": ago(50), "B": None}, secret=state)

    assert found(both).key.id == "B"
    assert found(both).suspicion is None


def test_without_a_record_the_newest_and_not_without_a_question() -> None:
    both = a_user(inactive("A", 140), inactive("B", 50), secret=secret())

    assert found(both).key.id == "B"
    assert found(both).suspicion is not None


def test_an_expired_key_stays_off() -> None:
    with pytest.raises(NotRestorableError, match="expired"):
        any_restoration(a_user(expired("A", 60), secret=secret()), WANTED, NOW, None)


def test_beside_an_active_key_it_is_the_superseded_one_or_none() -> None:
    with pytest.raises(NotRestorableError, match="one key"):
        any_restoration(a_user(key("A", 60)), WANTED, NOW, None)
    with pytest.raises(NotRestorableError, match="no key"):
        any_restoration(a_user(), WANTED, NOW, None)


def test_facts_are_asked_for_one_by_one() -> None:
    bare = replace(disabled(), secret=None, last_used=None)
    with_secret = replace(bare, secret=secret(inactive_since=stamp("A", 3)))

    assert any_restoration(bare, WANTED, NOW, None) == Needs(Fact.SECRET)
    assert any_restoration(with_secret, WANTED, NOW, None) == Needs(Fact.LAST_USED)


def test_with_the_setting_off_by_now_somebody_has_to_say_so() -> None:
    it = found(disabled(), chosen=SETTINGS)

    assert it.suspicion is not None
    assert (it.is_to_be_tagged, it.off_again) == (False, None)
