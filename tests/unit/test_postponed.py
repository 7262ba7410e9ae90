"""What waits for the operators' digest, and when it waits for the next run instead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from key_rotation.domain.model import Audience, ManagedUser, OwnedSecret
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.ports import UnprotectedSecretError
from key_rotation.run.payload import Payload
from tests.unit.builders import OWN_KEY, SECRET_ARN, key, user
from tests.unit.fakes import FakeAccount
from tests.unit.test_run import run

UNREADABLE = RuntimeError("down")
UNPROTECTED = UnprotectedSecretError("denied")


def account_of(*managed: ManagedUser) -> FakeAccount:
    """On a Monday: a run over all users looks at every secret, after it has served the users and
    before it sends the digest. The first is alice."""
    account = FakeAccount()
    for name, one in zip(("alice", "bob"), managed, strict=False):
        account.add(one, name if name != "alice" else None)
        ref = account.users[name].ref
        arn = SECRET_ARN.replace("alice", name)
        owned = OwnedSecret(f"iam-access-key/{name}", arn, ref.id, kms_key_id=OWN_KEY)
        account.owned[owned.name] = owned
    return account


def due() -> ManagedUser:
    """Without a grace: the old key is disabled as soon as the operators were notified."""
    return user(key("A", 90), audience=Audience.OPERATOR)


def outcome(account: FakeAccount, payload: Payload | None = None) -> Report:
    """The report, also of a run that failed."""
    try:
        return run(account, payload)
    except RotationFailedError as failed:
        return failed.report


def rows(report: Report) -> list[tuple[str, str, str]]:
    return [(row.user, row.action, row.reason) for row in report.rows]


def cannot_be_seen(account: FakeAccount) -> None:
    """From the second look on: the first comes before the store."""
    account.fail("access", *[None] * len(account.users), UNREADABLE)


def cannot_be_put_right(account: FakeAccount) -> None:
    account.before("all", lambda: account.foreign_policies.add("alice"))
    account.fail("secure", UNPROTECTED)


@pytest.mark.parametrize("payload", [None, Payload(users=("alice",))], ids=["all", "alice"])
def test_the_old_key_stays_if_nobody_can_see_who_reads_the_new_one(payload: Payload | None) -> None:
    account = account_of(due())
    cannot_be_seen(account)

    report = outcome(account, payload)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    assert rows(report) == [
        ("alice", "fail", "housekeeping_failed"),
        ("alice", "rotate", "key_too_old"),
    ]
    assert account.digests == []  # it would say that the old key is disabled


def test_the_old_key_stays_if_the_owner_may_not_be_able_to_read() -> None:
    account = account_of(due())
    cannot_be_put_right(account)

    report = outcome(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    assert rows(report) == [
        ("alice", "block", "secret_not_protected"),
        ("alice", "rotate", "key_too_old"),
    ]
    [digest] = account.digests
    assert [line["event"] for line in digest.data["lines"]] == ["blocked"]


def test_the_next_run_announces_the_new_key_and_disables_the_old_one() -> None:
    account = account_of(due())
    cannot_be_seen(account)
    outcome(account)
    account.clock.time += timedelta(days=1)

    report = outcome(account)

    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}
    assert rows(report) == [
        ("alice", "announce", "not_announced"),
        ("alice", "disable", "superseded"),
    ]
    [digest] = account.digests
    assert "please pass it on" in digest.text


def test_nobody_else_waits_for_that() -> None:
    account = account_of(due(), due())
    cannot_be_seen(account)  # alice's

    outcome(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    assert account.statuses("bob") == {"A": "Inactive", "NEW2": "Active"}
    [digest] = account.digests
    assert [line["user"] for line in digest.data["lines"]] == ["bob"]


def test_a_warning_waits_as_well() -> None:
    account = account_of(user(key("A", 85), audience=Audience.OPERATOR))
    cannot_be_seen(account)

    outcome(account)

    assert account.digests == []
    assert account.secrets["alice"].warned is None

    account.clock.time += timedelta(days=1)
    assert ("alice", "warn", "warning_window") in rows(outcome(account))
