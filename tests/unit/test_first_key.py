"""The first key of a user: when it is made, that it is made once, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from key_rotation.domain.action import Decision, Fact, Needs, Reason
from key_rotation.domain.credential_report import Row, Slot
from key_rotation.domain.emergency import decide_emergency
from key_rotation.domain.hand_over import state_of
from key_rotation.domain.model import (
    Audience,
    ManagedUser,
    SecretState,
    placeholder_id,
    version_id,
)
from key_rotation.domain.policy import decide
from key_rotation.domain.prefilter import may_need_attention
from key_rotation.domain.user_options import UserOptions
from tests.unit.builders import (
    ALICE,
    NOW,
    ago,
    expired,
    inactive,
    intent,
    key,
    said,
    secret,
    settings,
    stamp,
    user,
)
from tests.unit.test_policy import Case

READER = "arn:aws:iam::123456789012:role/of-alice"
FIRST: dict[str, Any] = {"user_options": {"alice": UserOptions(first_key=True)}}
FIRST_WITH_READER: dict[str, Any] = {"user_options": {"alice": UserOptions((READER,), True)}}


def holding(*version_ids: str, **records: Any) -> SecretState:
    """The secret, with these versions; the last one is what a read returns."""
    versions = {id_: frozenset({"AWSPREVIOUS"}) for id_ in version_ids[:-1]}
    versions[version_ids[-1]] = frozenset({"AWSCURRENT"})
    return replace(secret(**records), versions=versions)


PLACEHOLDER = placeholder_id(ALICE.id, 1)

TABLE = [
    Case("no key, never one", user(), "rotate, announce", Reason.FIRST_KEY),
    Case(
        "… and a secret from Terraform",
        user(secret=secret(user_id=None)),
        "rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case(
        "… and a placeholder in it",
        user(secret=holding(PLACEHOLDER)),
        "rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case(
        "… and a predecessor's key in it",
        user(secret=secret("X", user_id="AIDAOLD", announced=stamp("X", 100))),
        "rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case(
        "… a predecessor's secret, emptied for this user",
        user(secret=holding(PLACEHOLDER, placeholder_id(ALICE.id, 2))),
        "rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case(
        "… after a person's key of which was warned",
        user(secret=holding(PLACEHOLDER, warned=stamp("P", 9), works_until=stamp("P", 2))),
        "rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case(
        "… the secret is pending deletion, and never held a key",
        user(secret=secret(pending_deletion=True)),
        "prepare, rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case("one active key", user(key("A", 40)), "", Reason.NOT_DUE),
    Case("one inactive key", user(inactive("A", 40)), "", Reason.NOT_ACTIVE),
    Case("one expired key", user(expired("A", 40)), "", Reason.NOT_ACTIVE),
    Case(
        "had one: it is in the secret",
        user(secret=secret("GONE", user_id=ALICE.id)),
        "",
        Reason.HAD_A_KEY,
    ),
    Case(
        "had one: it is in the secret, behind a placeholder",
        user(secret=holding(version_id("GONE"), PLACEHOLDER)),
        "",
        Reason.HAD_A_KEY,
    ),
    Case(
        "had one: somebody's value is in the secret",
        user(secret=holding("by hand")),
        "",
        Reason.HAD_A_KEY,
    ),
    Case(
        "had one: another user's placeholder is in the secret",
        user(secret=holding(placeholder_id("AIDABOB", 1))),
        "",
        Reason.HAD_A_KEY,
    ),
    Case(
        "had one: it was announced, whatever the secret holds now",
        user(secret=holding(PLACEHOLDER, announced=stamp("GONE", 100))),
        "",
        Reason.HAD_A_KEY,
    ),
    Case(
        "had one, and the secret is pending deletion: it is not restored for nothing",
        user(secret=secret("GONE", pending_deletion=True, announced=stamp("GONE", 100))),
        "",
        Reason.HAD_A_KEY,
    ),
    Case(
        "another run is at work",
        user(secret=secret(intent=intent(minutes=19))),
        "",
        Reason.IN_PROGRESS,
    ),
    Case(
        "another run died before it made a key",
        user(secret=secret(intent=intent(minutes=20))),
        "rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case(
        "another run died before it stored the key",
        user(key("B", minutes=20), secret=secret(intent=intent(minutes=20)), used={"B": None}),
        "disable B",
        Reason.ORPHAN,
    ),
    Case(
        "… which is deleted by now",
        user(
            inactive("B", 1),
            secret=secret(intent=intent(1), inactive_since=stamp("B", hours=6)),
            used={"B": None},
        ),
        "delete B, rotate, announce",
        Reason.FIRST_KEY,
    ),
    Case(
        "… after an earlier key of ours",
        user(
            inactive("B", 1),
            secret=secret(
                "GONE",
                intent=intent(1, "A"),
                inactive_since=stamp("B", hours=6),
                announced=stamp("GONE", 60),
            ),
            used={"B": None},
        ),
        "delete B",
        Reason.HAD_A_KEY,
    ),
    Case(
        "another run died before it announced the key",
        user(key("B", 1), secret=holding(PLACEHOLDER, version_id("B"), intent=intent(1))),
        "announce B",
        Reason.FIRST_KEY,
    ),
    Case(
        "… weeks ago: no second key keeps runs looking, so this one is looked at for long",
        user(key("B", 34), secret=holding(PLACEHOLDER, version_id("B"), intent=intent(34))),
        "announce B",
        Reason.FIRST_KEY,
    ),
    Case(
        "another run died weeks ago, before it stored the key",
        user(key("B", 34), secret=secret(intent=intent(34)), used={"B": None}),
        "disable B",
        Reason.ORPHAN,
    ),
    Case(
        "a settled user beside: nothing is read any more",
        replace(user(key("B", 35)), secret=None),
        "",
        Reason.NOT_DUE,
    ),
    Case(
        "… and the option is gone since",
        user(key("B", 1), secret=secret("B", intent=intent(1))),
        "announce B",
        Reason.FIRST_KEY,
        {"user_options": {}},
    ),
    Case(
        "… of a user who had keys before",
        user(key("B", 1), secret=secret("B", "A", intent=intent(1))),
        "announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "… and a person had made a key just before",
        user(
            key("P", 1, seconds=1),
            key("B", 1),
            secret=secret("B", intent=intent(1, seconds=2)),
        ),
        "announce B",
        Reason.FIRST_KEY,
    ),
    Case(
        "… or just after",
        user(key("B", 1, seconds=1), key("P", 1), secret=secret("B", intent=intent(1, seconds=2))),
        "announce B",
        Reason.FIRST_KEY,
    ),
    Case(
        "nobody would be notified",
        user(audience=Audience.NOBODY),
        "block silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case(
        "nobody would be notified, and nobody has to",
        user(audience=Audience.NOBODY),
        "rotate, announce",
        Reason.FIRST_KEY,
        {"require_confirmed_subscription": False},
    ),
    Case(
        "nobody could fetch it",
        user(password=False),
        "block",
        Reason.NOBODY_CAN_FETCH,
    ),
    Case(
        "a reader of all could",
        user(password=False),
        "rotate, announce",
        Reason.FIRST_KEY,
        {"secret_reader_arns": (READER,)},
    ),
    Case(
        "a reader of theirs could",
        user(password=False),
        "rotate, announce",
        Reason.FIRST_KEY,
        FIRST_WITH_READER,
    ),
    Case(
        "the secret of that name is another installation's",
        user(secret=secret(managed_by="somebody")),
        "block",
        Reason.UNMANAGED_SECRET,
    ),
    Case(
        "the secret of that name is not ours",
        user(secret=secret(managed_by=None)),
        "block",
        Reason.UNMANAGED_SECRET,
    ),
    Case("not wanted", user(), "", Reason.NO_KEY, {"user_options": {}}),
    Case(
        "wanted for somebody else",
        user(),
        "",
        Reason.NO_KEY,
        {"user_options": {"bob": UserOptions(first_key=True)}},
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.description) for case in TABLE])
def test_table(case: Case) -> None:
    decision = decide(case.user, settings(**FIRST | case.settings), NOW)

    assert isinstance(decision, Decision)
    assert (said(decision), decision.reason) == (case.actions, case.reason)


@pytest.mark.parametrize(
    ("unread", "fact"),
    [
        pytest.param({"secret": None}, Fact.SECRET, id="whether there was one"),
        pytest.param({"audience": None}, Fact.AUDIENCE, id="who is notified"),
        pytest.param({"has_password": None}, Fact.PASSWORD, id="whether it can be fetched"),
    ],
)
def test_asks_for_a_fact_it_needs(unread: dict[str, Any], fact: Fact) -> None:
    assert decide(replace(user(), **unread), settings(**FIRST), NOW) == Needs(fact)


def test_who_had_a_key_costs_no_more_than_a_look_at_the_secret() -> None:
    subject = replace(user(secret=secret("GONE")), has_password=None, audience=None, last_used=None)

    assert isinstance(decide(subject, settings(**FIRST), NOW), Decision)


# -- a key that a person makes at the same time ----------------------------------------------------


def beside_a_persons(days: float = 1, **records: Any) -> ManagedUser:
    """A person's key P is a moment older than the first key B, which was announced."""
    state = secret("B", intent=intent(days, seconds=2), announced=stamp("B", days), **records)
    return user(key("P", days, seconds=1), key("B", days), secret=state)


def test_a_persons_key_is_not_superseded_by_a_first_key() -> None:
    decision = decide(beside_a_persons(), settings(**FIRST), NOW)

    assert isinstance(decision, Decision)
    assert (said(decision), decision.reason) == ("", Reason.TWO_ACTIVE)
    assert state_of(beside_a_persons(), settings(**FIRST), NOW) is None


def test_nor_is_it_deleted_as_a_superseded_one() -> None:
    state = secret(
        "B",
        intent=intent(40, seconds=2),
        announced=stamp("B", 40),
        inactive_since=stamp("P", 35),
    )
    subject = user(inactive("P", 40, seconds=1), key("B", 40), secret=state)

    decision = decide(subject, settings(**FIRST), NOW)

    assert isinstance(decision, Decision)
    assert said(decision) == ""


def test_a_first_key_of_another_run_is_superseded() -> None:
    """Two runs at the same time made one each. The secret tells: it held both."""
    state = secret("B", "A", intent=intent(1), announced=stamp("B", 1))
    subject = user(key("A", 1, seconds=1), key("B", 1), secret=state, used={"A": None, "B": ago(0)})

    assert state_of(subject, settings(**FIRST), NOW) is not None


def test_an_emergency_of_a_first_key_is_as_any_other() -> None:
    subject = user(key("B", 1), secret=secret("B", intent=intent(1), announced=stamp("B", 1)))

    decision = decide_emergency(subject, "B", settings(**FIRST), NOW)

    assert isinstance(decision, Decision)
    assert said(decision) == "record B, rotate B, disable B, announce"


# -- whom the credential report lets alone ---------------------------------------------------------


@pytest.mark.parametrize(
    ("slots", "options", "expected"),
    [
        pytest.param((Slot(), Slot()), FIRST, True, id="no key, wanted"),
        pytest.param((Slot(), Slot()), {}, False, id="no key, not wanted"),
        pytest.param((Slot(False, ago(40)), Slot()), FIRST, False, id="an inactive key"),
        pytest.param((Slot(True, ago(40)), Slot()), FIRST, False, id="an active key"),
    ],
)
def test_who_waits_for_a_first_key_is_looked_at(
    slots: tuple[Slot, Slot], options: dict[str, Any], expected: bool
) -> None:
    row = Row(ago(1000), slots)

    assert may_need_attention(user(), row, settings(**options), NOW) is expected
