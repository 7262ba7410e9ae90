"""What an action leaves, as the policy, a run and the forecast share it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from key_rotation.domain.action import Action, Reason, Verb
from key_rotation.domain.after import after, with_new_key
from key_rotation.domain.model import Event, ManagedUser, SecretState, Stamp
from tests.unit.builders import NOW, inactive, intent, key, secret, settings, user

SETTINGS = settings()
OLD, NEW = key("OLD", 90), key("NEW", 1)
ABSENT = SecretState("iam-access-key/alice")


def left(subject: ManagedUser, verb: Verb, reason: Reason = Reason.SUPERSEDED) -> ManagedUser:
    return after(subject, Action(verb, reason, "OLD"), SETTINGS, NOW)


@pytest.mark.parametrize(
    ("verb", "record"),
    [
        (Verb.ANNOUNCE, "announced"),
        (Verb.WARN, "warned"),
        (Verb.RECORD, "inactive_since"),
        (Verb.DISABLE, "inactive_since"),
    ],
)
def test_it_is_on_record(verb: Verb, record: str) -> None:
    state = left(user(OLD, NEW, secret=secret()), verb).secret

    assert getattr(state, record) == Stamp("OLD", NOW)


def test_a_disabled_key_is_inactive_and_the_other_stays() -> None:
    assert left(user(OLD, NEW, secret=secret()), Verb.DISABLE).keys == (inactive("OLD", 90), NEW)


def test_a_deleted_key_is_gone_whatever_is_known_of_the_secret() -> None:
    assert left(user(OLD, NEW), Verb.DELETE).keys == (NEW,)


def test_a_forgotten_record_is_gone() -> None:
    state = secret(inactive_since=Stamp("OLD", NOW))

    assert left(user(OLD, secret=state), Verb.FORGET).secret == replace(state, inactive_since=None)


def test_a_new_key_is_the_users() -> None:
    assert with_new_key(user(OLD), NEW).keys == (OLD, NEW)


@pytest.mark.parametrize("verb", [Verb.PREPARE, Verb.WARN, Verb.RECORD, Verb.DISABLE])
def test_a_secret_that_was_not_there_is_made(verb: Verb) -> None:
    state = left(user(OLD, secret=ABSENT), verb).secret

    assert state is not None
    assert (state.exists, state.managed_by, state.user_id) == (
        True,
        SETTINGS.name,
        user(OLD).ref.id,
    )


def test_a_predecessors_secret_stays_the_predecessors_after_a_disable() -> None:
    """Nothing has emptied it yet, so what it records must not count for this user."""
    state = secret(user_id="AIDAPREDECESSOR")
    disabled, warned = (left(user(OLD, secret=state), v).secret for v in (Verb.DISABLE, Verb.WARN))

    assert disabled is not None
    assert disabled.user_id == "AIDAPREDECESSOR"
    assert warned is not None
    assert warned.user_id == user(OLD).ref.id


@pytest.mark.parametrize("other", [NEW, inactive("NEW", 1)], ids=["both active", "one active"])
def test_a_restored_secret_was_announced_in_vain_while_both_keys_work(other: object) -> None:
    state = secret("NEW", pending_deletion=True, announced=Stamp("NEW", NOW), intent=intent(1))
    restored = left(
        user(OLD, other, secret=state),  # type: ignore[arg-type]
        Verb.PREPARE,
        Reason.SECRET_PENDING_DELETION,
    ).secret

    assert restored is not None
    assert not restored.pending_deletion
    assert (restored.announced, restored.intent) == (
        (None, None) if other is NEW else (state.announced, state.intent)
    )


@pytest.mark.parametrize(
    "state",
    [
        secret("OLD", pending_deletion=True, announced=Stamp("OLD", NOW)),
        secret("OLD", pending_deletion=True, announced=Stamp("NEW", NOW)),
    ],
    ids=["the older key", "a key that is not in it"],
)
def test_any_other_announcement_stands(state: SecretState) -> None:
    """Without it the newer key could look like an orphan, though its owner may have fetched it."""
    subject = user(OLD, NEW, secret=state)
    restored = left(subject, Verb.PREPARE, Reason.SECRET_PENDING_DELETION).secret

    assert restored is not None
    assert restored.announced == state.announced


@pytest.mark.parametrize(
    ("grace", "days"),
    [
        pytest.param(7, 3, id="a reminder names a day so far ahead"),
        pytest.param(3, 2, id="and never one beyond the user's own grace"),
    ],
)
def test_a_late_reminder_names_the_end(grace: int, days: int) -> None:
    subject = user(OLD, NEW, secret=secret(), tags={"grace-days": str(grace)})
    state = left(subject, Verb.REMIND, Reason.FETCHED).secret

    assert state is not None
    assert state.works_until == Stamp("OLD", NOW + timedelta(days=days))
    assert state.notices == {Event.REMINDED: Stamp("OLD", NOW)}
