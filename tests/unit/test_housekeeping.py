"""Secrets that no rotation looks at: the table of decisions, and a run that carries them out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.model import OwnedSecret, UserIds
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.run.housekeeping import SecretAction, decide
from key_rotation.run.payload import Emergency, Payload
from key_rotation.run.run import Rotation
from key_rotation.run.weekly import WEEKDAY
from tests.unit.builders import ALICE, NOW, OWN_KEY, SECRET_ARN, ago, intent, key, settings, user
from tests.unit.fakes import FakeAccount

GONE, UNMANAGED, UNREAD = "AIDAGONE", "AIDAUNMARKED", "AIDAUNREAD"


PEOPLE = UserIds(
    {ALICE.id: ALICE} | {id_: FakeAccount.unmanaged_user(id_) for id_ in (UNMANAGED, UNREAD)},
    frozenset({ALICE.id}),
    frozenset({UNMANAGED}),
)


def owned(
    user_id: str | None = GONE, gone_days: float | None = None, **changes: Any
) -> OwnedSecret:
    gone_since = None if gone_days is None else ago(gone_days)
    changes = {"kms_key_id": OWN_KEY, **changes}
    return OwnedSecret("iam-access-key/gone", SECRET_ARN, user_id, gone_since, **changes)


def unmanaged(user_id: str = UNMANAGED, **records: Any) -> OwnedSecret:
    return owned(user_id, **records)


@pytest.mark.parametrize(
    ("secret", "fate"),
    [
        pytest.param(owned(ALICE.id), SecretAction.KEEP, id="of a user who is there"),
        pytest.param(owned(ALICE.id, 40), SecretAction.FORGET, id="of a user who is there again"),
        pytest.param(owned(None), SecretAction.KEEP, id="of nobody yet"),
        pytest.param(owned(None, 40), SecretAction.KEEP, id="of nobody, on record"),
        pytest.param(owned(), SecretAction.REPORT, id="gone, and not on record"),
        pytest.param(owned(gone_days=0), SecretAction.KEEP, id="just reported"),
        pytest.param(owned(gone_days=29.99), SecretAction.KEEP, id="a moment before"),
        pytest.param(owned(gone_days=30), SecretAction.RETIRE, id="long enough"),
        pytest.param(owned(gone_days=400), SecretAction.RETIRE, id="for a year"),
        pytest.param(
            owned(pending_deletion=True), SecretAction.KEEP, id="to be deleted, not on record"
        ),
        pytest.param(
            owned(gone_days=40, pending_deletion=True), SecretAction.KEEP, id="to be deleted"
        ),
        pytest.param(owned(provided=True), SecretAction.REPORT, id="made by Terraform"),
        pytest.param(
            owned(gone_days=40, provided=True), SecretAction.KEEP, id="Terraform's, for long"
        ),
        pytest.param(
            owned(ALICE.id, pending_deletion=True),
            SecretAction.RESTORE,
            id="to be deleted, of a managed one",
        ),
        pytest.param(
            owned(UNREAD, pending_deletion=True),
            SecretAction.KEEP,
            id="to be deleted, tags not read",
        ),
        pytest.param(
            owned(UNMANAGED, pending_deletion=True),
            SecretAction.KEEP,
            id="to be deleted, not managed",
        ),
        pytest.param(unmanaged(), SecretAction.KEEP, id="not managed, never rotated"),
        pytest.param(unmanaged(announced=ago(3)), SecretAction.LEFT, id="not managed, in grace"),
        pytest.param(
            unmanaged(intent=intent(3, "A")), SecretAction.LEFT, id="not managed, a run died"
        ),
        pytest.param(
            unmanaged(intent=intent(3, "A"), announced=ago(3), inactive_since=ago(3)),
            SecretAction.KEEP,
            id="not managed, all done",
        ),
        pytest.param(
            unmanaged(intent=intent(3, "A"), announced=ago(3)),
            SecretAction.LEFT,
            id="not managed, in grace, by all records",
        ),
        pytest.param(
            unmanaged(intent=intent(3), announced=ago(3)),
            SecretAction.KEEP,
            id="not managed, has a first key",
        ),
        pytest.param(
            unmanaged(intent=intent(3)),
            SecretAction.LEFT,
            id="not managed, a run died over a first key",
        ),
        pytest.param(
            unmanaged(intent=intent(3), announced=ago(30)),
            SecretAction.LEFT,
            id="not managed, a run died over a first key, after another was announced",
        ),
        pytest.param(
            unmanaged(announced=ago(3), inactive_since=ago(90)),
            SecretAction.LEFT,
            id="not managed, in grace, not for the first time",
        ),
        pytest.param(
            unmanaged(announced=ago(30), inactive_since=ago(20), intent=intent(1, "A")),
            SecretAction.LEFT,
            id="not managed, a later run died",
        ),
        pytest.param(
            unmanaged(announced=ago(30), blocked=ago(7)),
            SecretAction.KEEP,
            id="not managed, reported",
        ),
        pytest.param(
            unmanaged(announced=ago(3), blocked=ago(7)),
            SecretAction.LEFT,
            id="not managed, reported before",
        ),
        pytest.param(
            unmanaged(ALICE.id, announced=ago(3)), SecretAction.KEEP, id="in grace, managed"
        ),
        pytest.param(
            unmanaged(UNREAD, announced=ago(3)), SecretAction.KEEP, id="in grace, tags not read"
        ),
    ],
)
def test_fate(secret: OwnedSecret, fate: SecretAction) -> None:
    assert decide(secret, PEOPLE, settings(), NOW) is fate


def account_with(*secrets: OwnedSecret) -> FakeAccount:
    account = FakeAccount()
    account.add(user(key("A", 10)))
    account.owned = {secret.name: secret for secret in secrets}
    return account


def run(account: FakeAccount, payload: Payload | None = None, **changes: object) -> Report:
    return Rotation(account.world(), settings(**changes), payload or Payload(), "this-run").run()


def test_now_is_the_day_on_which_it_looks() -> None:
    assert NOW.weekday() == WEEKDAY


def test_gone_is_reported_first_and_retired_later() -> None:
    account = account_with(owned())

    first = run(account)

    assert account.owned["iam-access-key/gone"].gone_since == NOW
    assert [(row.user, row.action, row.reason) for row in first.rows] == [
        ("gone", "report", "user_deleted")
    ]
    assert "is scheduled for deletion after 2026-07-01" in account.digests[0].text.replace(
        "\n  ", " "
    )
    assert account.retired == []

    for _ in range(4):
        account.clock.time += timedelta(days=7)
        run(account)
    assert (account.retired, len(account.digests)) == ([], 1)

    account.clock.time += timedelta(days=7)
    last = run(account)
    assert account.retired == ["iam-access-key/gone"]
    assert [row.reason for row in last.rows] == ["secret_deletion_scheduled"]
    assert "can be restored for 30 days" in account.digests[1].text.replace("\n  ", " ")

    account.clock.time += timedelta(days=7)
    assert run(account).rows == ()


@pytest.mark.parametrize(
    ("payload", "days"),
    [
        pytest.param(Payload(users=("alice",)), 0, id="named users"),
        pytest.param(Payload(emergency=Emergency("alice", "A", "x")), 0, id="emergency"),
        pytest.param(Payload(), 1, id="another day of the week"),
    ],
)
def test_nobody_looks(payload: Payload, days: int) -> None:
    account = account_with(owned(gone_days=40))
    account.clock.time += timedelta(days=days)

    run(account, payload)

    assert "all" not in account.calls


def test_nobody_is_gone_where_that_is_not_wanted() -> None:
    account = account_with(owned(gone_days=40))

    assert run(account, deleted_user_secret_retention_days=0).rows == ()
    assert "confirmed" not in account.calls


def test_an_unmanaged_or_renamed_user_keeps_the_secret() -> None:
    account = account_with(owned(UNMANAGED, gone_days=40), owned(ALICE.id))
    account.unmanaged_ids = frozenset({UNMANAGED})

    assert run(account).rows == ()
    assert account.retired == []


def test_a_user_who_is_back_is_taken_off_the_record() -> None:
    account = account_with(owned(ALICE.id, gone_days=3))

    run(account)

    assert account.owned["iam-access-key/gone"].gone_since is None
    assert account.digests == []


def test_the_list_is_no_ground_to_act() -> None:
    account = account_with(owned(ALICE.id))
    account.listed_secrets = [owned(gone_days=40)]

    run(account)

    assert account.retired == []


def test_a_secret_that_is_not_there_any_more_is_left() -> None:
    account = account_with()
    account.listed_secrets = [owned(gone_days=40)]

    assert run(account).rows == ()


def test_a_secret_that_came_to_a_new_user_meanwhile_is_restored() -> None:
    account = account_with(owned(gone_days=40))
    new = replace(owned(gone_days=None), user_id="AIDANEW")
    account.before("retire", lambda: account.owned.update({new.name: new}))

    run(account)

    assert not account.owned[new.name].pending_deletion
    assert account.owned[new.name].user_id == "AIDANEW"


def test_a_dry_run_says_what_it_would_do() -> None:
    account = account_with(owned(gone_days=40))

    report = run(account, dry_run=True)

    assert [(row.reason, row.detail) for row in report.rows] == [
        ("secret_deletion_scheduled", "dry run")
    ]
    assert (account.retired, account.digests) == ([], [])


def test_a_dry_run_forgets_nothing() -> None:
    account = account_with(owned(ALICE.id, gone_days=3))

    assert run(account, dry_run=True).rows == ()
    assert account.owned["iam-access-key/gone"].gone_since == ago(3)


def test_terraforms_secret_is_reported_and_kept() -> None:
    account = account_with(owned(provided=True))

    run(account)

    assert "take the user out of `users`" in account.digests[0].text.replace("\n  ", " ")


def test_what_was_not_done_is_not_told() -> None:
    account = account_with(owned(gone_days=40))
    account.fail("retire", RuntimeError("denied"))

    with pytest.raises(RotationFailedError, match="denied"):
        run(account)

    assert account.digests == []


def test_a_secret_of_a_managed_user_that_was_to_be_deleted_is_restored() -> None:
    account = account_with(owned(ALICE.id, pending_deletion=True))

    report = run(account)

    assert not account.owned["iam-access-key/gone"].pending_deletion
    assert [(row.action, row.reason) for row in report.rows] == [
        ("prepare", "secret_pending_deletion")
    ]
    assert "is restored" in account.digests[0].text

    assert run(account).rows == ()


def test_a_rotation_that_lost_its_user_is_reported_once() -> None:
    account = account_with(unmanaged(announced=ago(3)))
    account.unmanaged_ids = frozenset({UNMANAGED})

    report = run(account)

    assert [(row.user, row.action, row.reason) for row in report.rows] == [
        ("gone", "report", "rotation_abandoned")
    ]
    assert "Blocked, waiting for a person" in account.digests[0].text

    account.clock.time += timedelta(days=7)
    assert run(account).rows == ()
    assert len(account.digests) == 1


def test_whose_tags_could_not_be_read_may_be_marked() -> None:
    account = account_with(unmanaged(announced=ago(3)))
    account.unmanaged_ids = frozenset({UNMANAGED})
    account.add(user(key("B", 10)), "bob")
    account.unread["bob"] = RuntimeError("denied")

    with pytest.raises(RotationFailedError) as failure:
        run(account)

    assert [row.reason for row in failure.value.report.rows] == ["error"]


def test_one_secret_that_cannot_be_deleted_does_not_stop_the_others() -> None:
    one, two = (
        replace(owned(gone_days=40), name=f"iam-access-key/{name}") for name in ("one", "two")
    )
    account = account_with(one, two)
    account.fail("retire", RuntimeError("it has replicas"))

    with pytest.raises(
        RotationFailedError, match="one: housekeeping_failed: RuntimeError: it has"
    ) as failure:
        run(account)

    assert account.retired == ["iam-access-key/two"]
    [row] = failure.value.report.failed
    assert (row.user, row.reason) == ("one", "housekeeping_failed")


def test_the_house_waits_when_time_is_short() -> None:
    account = account_with(owned(gone_days=40))
    account.clock.left = timedelta(seconds=30)

    run(account)

    assert account.retired == []


def test_a_failure_is_one_of_the_house_and_of_no_user() -> None:
    account = account_with(owned(gone_days=40))
    account.add(user(key("B", 90)), "bob")
    account.fail("all", RuntimeError("throttled"))

    with pytest.raises(RotationFailedError) as failure:
        run(account)

    [row] = failure.value.report.failed
    assert (row.user, row.reason) == ("(operators)", "housekeeping_failed")
    assert account.measures["KeysRotated"] == 1
