"""The first key of a user in a run: made once, in which order, and what is said of it.

When it is made is in `test_first_key.py`, what a request does is in `test_first_key_requests.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.model import Audience, Event, Grant, version_id
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.ports import UnprotectedSecretError
from key_rotation.run.payload import Payload
from key_rotation.run.run import Rotation
from tests.unit.builders import ALICE, NO_SECRET, intent, key, secret, settings, stamp, user
from tests.unit.fakes import FakeAccount, TooManyRequestsError
from tests.unit.test_first_key import FIRST, PLACEHOLDER, holding
from tests.unit.watched_run import CHANGES


def run(
    account: FakeAccount, payload: Payload | None = None, request_id: str = "this", **changes: Any
) -> Report:
    chosen = settings(**FIRST | changes)
    return Rotation(account.world(), chosen, payload or Payload(), request_id).run()


def rows(report: Report) -> list[tuple[str, str, str | None]]:
    return [(row.action, row.reason, row.access_key_id) for row in report.rows]


def newcomer(**facts: Any) -> FakeAccount:
    account = FakeAccount()
    account.add(user(**facts))
    return account


def test_is_made_stored_tried_and_announced_in_this_order() -> None:
    account = newcomer()

    report = run(account)

    assert [call for call in account.calls if call in CHANGES | {"works"}] == [
        "prepare",
        "record_intent",
        "create",
        "store",
        "works",
        "notify",
        "record",
        "notify_operators",
    ]
    assert account.statuses() == {"NEW1": "Active"}
    assert rows(report) == [("rotate", "first_key", None), ("announce", "first_key", "NEW1")]
    assert [row.detail for row in report.rows] == [
        "first key NEW1",
        "first key NEW1 is in the secret",
    ]
    assert account.secrets["alice"].announced == stamp("NEW1")
    assert account.measures["KeysRotated"] == 1


def test_the_mail_is_a_welcome() -> None:
    account = newcomer()

    run(account)

    [(name, event, message)] = account.notified
    assert (name, event) == ("alice", Event.ROTATED)
    assert "was replaced" not in message.subject
    assert message.data["reason"] == "first_key"
    assert message.data["superseded_access_key_id"] is None
    assert "secret of" not in message.body()


def test_programs_hear_of_it_as_of_a_rotation() -> None:
    account = newcomer()

    run(account)

    [event] = account.events
    assert (event.detail_type, event.reason) == ("Access Key Rotated", "first_key")
    assert event.access_key_id == "NEW1"


def test_a_second_run_makes_no_second_one() -> None:
    account = newcomer()
    run(account)

    for _ in range(3):
        account.clock.time += timedelta(days=1)
        assert rows(run(account)) == []
    assert account.made == 1


def test_a_key_that_somebody_deleted_does_not_come_again() -> None:
    account = newcomer()
    run(account)
    account.users["alice"] = replace(account.users["alice"], keys=())

    for _ in range(3):
        account.clock.time += timedelta(days=1)
        assert rows(run(account)) == []
    assert account.made == 1


def test_it_is_replaced_as_any_other_when_it_is_due() -> None:
    account = newcomer()
    run(account)
    account.clock.time += timedelta(days=90)

    assert [row[:2] for row in rows(run(account))] == [
        ("rotate", "key_too_old"),
        ("announce", "key_too_old"),
        ("disable", "superseded"),
    ]


def test_a_dry_run_shows_it_and_makes_none() -> None:
    account = newcomer()

    report = run(account, Payload(dry_run=True))

    assert rows(report) == [("rotate", "first_key", None), ("announce", "first_key", None)]
    assert account.made == 0


def test_it_counts_among_the_rotations_of_a_run() -> None:
    account = newcomer()
    account.add(user(key("B", 90)), "bob")

    report = run(account, max_rotations_per_run=1)

    assert account.statuses("bob")["B"] == "Inactive"
    assert account.statuses() == {}
    assert ("defer", "rotation_limit", None) in rows(report)


def test_an_owner_without_a_subscription_is_passed_on_by_the_operators() -> None:
    account = newcomer(audience=Audience.OPERATOR)

    report = run(account)

    assert account.notified == []
    text = " ".join(account.digests[0].text.split())
    assert (
        "alice: first key NEW1 is in the secret. No confirmed subscription: please pass it on"
        in (text)
    )
    assert account.secrets["alice"].announced == stamp("NEW1")
    assert "pass it on" in str(report.rows[-1].detail)


def test_a_block_is_a_line_in_the_digest_of_each_run_and_no_event() -> None:
    account = newcomer(password=False)
    run(account)
    account.clock.time += timedelta(days=1)

    report = run(account)

    assert len(account.digests) == 2
    assert account.measures["UsersBlocked"] == 1
    assert rows(report) == [("block", "nobody_can_fetch", None)]
    text = " ".join(account.digests[0].text.split())
    assert "alice: the first key cannot be made: nobody could fetch it" in text
    assert (account.notified, account.events, account.made) == ([], [], 0)


def test_a_secret_whose_tag_alone_is_a_predecessors_is_not_emptied() -> None:
    """Whoever may tag it could otherwise have a first key made for somebody who had one."""
    account = newcomer(secret=secret("GONE", user_id="AIDAFORGED"))
    account.grants["alice"] = Grant(ALICE.id, ALICE.arn, frozenset())

    report = run(account)

    assert rows(report) == [("block", "secret_not_protected", None)]
    assert "somebody changed the tag" in str(report.rows[0].detail)
    assert version_id("GONE") in account.secrets["alice"].versions
    assert account.made == 0


def test_a_predecessors_secret_that_was_emptied_is_taken_over_though_the_tag_is_not_written() -> (
    None
):
    account = newcomer(secret=replace(holding(PLACEHOLDER), user_id="AIDAPREDECESSOR"))
    account.grants["alice"] = Grant(ALICE.id, ALICE.arn, frozenset())

    assert rows(run(account))[0] == ("rotate", "first_key", None)


def test_a_secret_that_cannot_be_protected_gets_no_key() -> None:
    account = newcomer()
    account.foreign_policies.add("alice")
    account.policies_read_otherwise = True
    account.fail("secure", UnprotectedSecretError("its policy cannot be written"))

    report = run(account)

    assert rows(report) == [("block", "secret_not_protected", None)]
    assert account.made == 0
    assert "the first key cannot be made" in " ".join(account.digests[0].text.split())


# -- two at the same time --------------------------------------------------------------------------


def test_another_run_that_has_just_written_its_intent_is_left_alone() -> None:
    account = newcomer()
    other = intent(request_id="another", seconds=1)
    account.before("describe", lambda: None, lambda: _write_intent(account, other))

    report = run(account)

    assert account.made == 0
    assert [(row.action, row.reason) for row in report.rows] == [("defer", "concurrent_change")]
    assert account.secrets["alice"].intent == other


@pytest.mark.parametrize("change", [{"kms_key_id": "alias/x"}, {"replica_regions": ("eu-west-2",)}])
def test_a_secret_that_somebody_has_just_put_elsewhere_gets_no_key(change: dict[str, Any]) -> None:
    account = newcomer()

    def put_elsewhere() -> None:
        account.secrets["alice"] = replace(account.secrets["alice"], **change)

    account.before("describe", lambda: None, put_elsewhere)

    report = run(account)

    assert account.made == 0
    assert [(row.action, row.reason) for row in report.rows] == [("defer", "concurrent_change")]


def _write_intent(account: FakeAccount, other: Any) -> None:
    account.secrets["alice"] = replace(account.secrets["alice"], intent=other)


def test_a_key_that_somebody_has_just_made_is_the_only_one() -> None:
    account = newcomer()
    account.before("keys", lambda: None, lambda: account.add_key(key("P")))

    report = run(account)

    assert account.made == 0
    assert account.statuses() == {"P": "Active"}
    assert [(row.action, row.reason) for row in report.rows] == [("defer", "concurrent_change")]
    assert account.secrets["alice"].intent is None


def test_a_throttle_right_before_the_create_leaves_no_key_and_the_next_run_makes_it() -> None:
    account = newcomer()
    account.fail("keys", None, TooManyRequestsError())

    run(account)
    assert account.made == 0
    account.clock.time += timedelta(minutes=20)
    run(account)

    assert account.statuses() == {"NEW1": "Active"}


def test_a_failure_is_that_users_alone() -> None:
    account = newcomer()
    account.add(user(key("B", 90)), "bob")
    account.fail("create", None, RuntimeError("no answer"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.statuses("bob")["B"] == "Inactive"


def test_a_user_without_a_secret_and_one_with_a_placeholder_end_alike() -> None:
    with_placeholder = newcomer(secret=holding(PLACEHOLDER))
    without = newcomer(secret=NO_SECRET)
    for account in (with_placeholder, without):
        run(account)

    assert with_placeholder.secrets["alice"].is_current("NEW1")
    assert without.secrets["alice"].is_current("NEW1")
