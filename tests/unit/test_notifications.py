"""What owners, operators and the log are notified of a run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from key_rotation.domain.model import Audience, Event
from key_rotation.domain.settings import SettingsError
from key_rotation.notify.response import LOGGED_ROWS, Report, Row
from key_rotation.ports import UnknownPrincipalError, UnreachedOperator
from key_rotation.run.payload import Emergency, Payload
from tests.unit.builders import NOW, key, secret, stamp, user
from tests.unit.fakes import FakeAccount
from tests.unit.test_run import one_user, run


def test_the_gauges_know_users_who_got_no_turn() -> None:
    account = one_user(key("A", 200))
    account.add(user(key("B", 150)), "bob")
    account.clock.left = timedelta(seconds=59)

    run(account)

    assert account.measures["UsersDeferred"] == 2
    assert (account.measures["OldestActiveKeyDays"], account.measures["KeysOverLimit"]) == (200, 2)


def test_the_operators_read_the_reason_of_an_emergency() -> None:
    account = one_user(key("A", 10))
    emergency = Emergency("alice", "A", "pushed to a public repo")

    run(account, Payload(emergency=emergency))

    [digest] = account.digests
    told = "it was reported as leaked. Reason, as given by whoever asked: pushed to a public repo"
    assert told in " ".join(digest.text.split())


def test_what_was_done_before_a_dead_reader_was_found_is_told() -> None:
    account = FakeAccount()
    account.add(user(key("A", 91), audience=Audience.OPERATOR))
    account.add(user(key("B", 90)), "bob")
    account.add(user(key("C", 89)), "carol")
    refused_policy = UnknownPrincipalError("the policy was refused")
    account.fail("prepare", None, refused_policy, refused_policy)

    with pytest.raises(SettingsError) as refused:
        run(
            account,
            secret_reader_arns=(
                "arn:aws:iam::123456789012:role/here",
                "arn:aws:iam::999999999999:role/gone",
            ),
        )

    assert "/key-rotation/config/secret_reader_arns" in str(refused.value)
    assert "not known yet: arn:aws:iam::999999999999:role/gone (" in str(refused.value)
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}  # after the digest was sent
    assert len(account.digests) == 1
    assert account.statuses("bob") == {"B": "Active"}
    assert account.measures == {}  # the alarm on missing runs must see it


@pytest.mark.parametrize(
    ("in_secret", "notified"),
    [(True, "The other key is in the secret."), (False, "enabled again.")],
)
def test_an_idle_keys_owner_is_told_where_the_other_is(in_secret: bool, notified: str) -> None:
    holds = secret("A", announced=stamp("A", 60)) if in_secret else secret()
    account = one_user(key("A", 60), key("B", 50), secret=holds, used={"A": NOW, "B": None})

    run(account)

    [message] = [message for _, event, message in account.notified if event is Event.DISABLED]
    assert notified in " ".join(message.text.split())
    assert ("get-secret-value" in message.text) is in_secret


@pytest.mark.parametrize(
    ("announced", "current", "notified"),
    [
        (None, None, "a placeholder"),
        ("OLD", "OLD", "an earlier key"),
        ("OLD", None, "a placeholder"),
        ("A", "A", "your present key"),
    ],
)
def test_a_warning_says_what_is_in_the_secret(
    announced: str | None, current: str | None, notified: str
) -> None:
    on_record = stamp(announced, days=84) if announced else None
    account = one_user(key("A", 84), secret=secret(current, announced=on_record))

    run(account)

    [(_, event, message)] = account.notified
    assert event is Event.WARNED
    assert notified in message.text


def test_a_decision_to_do_nothing_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    in_grace = secret("B", announced=stamp("B", 5))
    account = one_user(key("A", 95), key("B", 5), secret=in_grace, password=False)
    account.add(user(key("C", 10)), "bob")

    run(account)

    found = [record for record in caplog.records if record.message == "decision"]
    assert [(record.__dict__["user"], record.__dict__["reason"]) for record in found] == [
        ("alice", "in_grace")
    ]


def test_the_rows_of_a_large_run_do_not_fit_into_a_line_of_the_log() -> None:
    rows_ = tuple(Row("alice", "warn", "warning_window") for _ in range(LOGGED_ROWS + 1))

    small, large = (Report(False, NOW, 1, some) for some in (rows_[1:], rows_))

    assert small.logged() == small.response()
    assert large.logged() == {k: v for k, v in large.response().items() if k != "users"}


def test_a_digest_names_the_operators_who_do_not_get_it() -> None:
    account = one_user(key("A", 90), audience=Audience.OPERATOR)
    account.unreached = [UnreachedOperator("ops@example.com", "has not confirmed")]

    report = run(account)

    [digest] = account.digests
    assert "Operators who do not get this digest:\n- ops@example.com has not con" in digest.text
    assert Row(
        "(operators)",
        "report",
        "no_confirmed_subscription",
        None,
        "ops@example.com has not confirmed",
    ) in list(report.rows)


def test_a_run_without_news_does_not_ask_who_would_hear_it() -> None:
    account = one_user(key("A", 10))
    account.unreached = [UnreachedOperator("ops@example.com", "has not confirmed")]

    run(account)

    assert account.digests == []
    assert "unreached_operators" not in account.calls
