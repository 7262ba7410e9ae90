"""`status` on what slips through: users who are not managed, and names that Terraform has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from key_rotation.domain.coverage import NotManaged, OtherUser
from key_rotation.domain.credential_report import Row, Slot
from key_rotation_cli import mismatches, unmanaged
from key_rotation_cli.account import AccountStatus
from key_rotation_cli.screen import Screen
from key_rotation_cli.status_document import as_document
from key_rotation_cli.status_table import show
from key_rotation_cli.subscriptions import Subscriptions
from tests.unit.builders import NO_SECRET, ago, credential_report_of, key, secret, settings, user
from tests.unit.sample import account_status, nobodys, status

OFF = Slot()
OLD, NEW = Slot(True, ago(400), ago(2)), Slot(True, ago(1))


def account(*others: OtherUser, rows: dict[str, Row] | None = None, **facts: Any) -> AccountStatus:
    """Alice is managed; of the others the credential report has these rows."""
    found = account_status(status("alice", user(key("A", 10), **facts)))
    report = found.credential_report
    assert report is not None
    return replace(
        found,
        scan=replace(found.scan, others=others),
        credential_report=replace(report, rows={**report.rows, **(rows or {})}),
    )


def with_both() -> AccountStatus:
    """Carol has an old key, dave a new one, erin is exempt."""
    others = (
        OtherUser("carol", ago(1000), NotManaged.NO_TAG),
        OtherUser("dave", ago(1000), NotManaged.UNEXPECTED_TAG_VALUE),
        OtherUser("erin", ago(1000), NotManaged.NO_TAG, exempt=True),
    )
    slots = {"carol": (OLD, OFF), "dave": (NEW, OFF), "erin": (OLD, OFF)}
    return account(*others, rows={name: Row(ago(1000), slots[name]) for name in slots})


def unread() -> AccountStatus:
    return replace(with_both(), credential_report=None)


def test_status_counts_them_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(with_both(), Screen())

    assert capsys.readouterr().out.splitlines()[-1] == (
        "2 users who are not managed have active keys, 1 key over the limit of 90 days, 1 new; 1 "
        "more exempt: --unmanaged"
    )


YOUNG = OtherUser("carol", ago(0), NotManaged.NO_TAG)


@pytest.mark.parametrize("found", [account(), account(YOUNG)], ids=["nobody", "too young"])
def test_nobody_is_no_line(found: AccountStatus) -> None:
    assert unmanaged.summed_up(found) == []


def test_an_unread_report_is_said_and_found() -> None:
    text = (
        "nobody knows how many users who are not managed have keys: the credential report could "
        "not be read"
    )

    assert unmanaged.summed_up(unread()) == [text]
    assert unmanaged.findings(unread(), 1) == [text]
    document = unmanaged.as_document(unread())
    assert (document["users_with_keys"], document["keys_over_limit"]) == (None, None)


def test_the_table_begins_with_the_new_ones(capsys: pytest.CaptureFixture[str]) -> None:
    unmanaged.show(with_both(), Screen())

    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["user", "keys", "since", "age", "last", "use", "over", "the", "limit", "new", "why"],
        ["dave", "1", "2026-05-31", "1+", "d", "never", "new", "unexpected", "tag", "value"],
        ["carol", "1", "2025-04-27", "400+", "d", "2026-05-30", "1", "not", "tagged"],
    ]
    assert "by the credential report of 2026-06-01 11:30 UTC" in lines[-1]


def test_programs_get_all_of_it() -> None:
    document = as_document(with_both(), nobodys(with_both()))["unmanaged"]

    assert {name: document[name] for name in document if name != "users"} == {
        "as_of": "2026-06-01T11:30:00Z",
        "users_with_keys": 2,
        "keys_over_limit": 1,
        "exempt": 1,
        "not_in_report": [],
        "unknown": None,
    }
    assert document["users"][1] == {
        "user": "carol",
        "reason": "not_tagged",
        "active_keys": 1,
        "since": "2025-04-27T12:00:00Z",
        "last_used": "2026-05-30T12:00:00Z",
        "keys_over_limit": 1,
        "new": False,
    }
    assert next(unmanaged.csv_rows(with_both())) == [
        *("dave", "unexpected_tag_value", 1, "2026-05-31T12:00:00Z", None, 0, "true")
    ]


@pytest.mark.parametrize(
    ("days", "slack", "found"), [(90.5, 1, 0), (90.5, 0, 1), (91.5, 1, 1), (10, 0, 0)]
)
def test_check_counts_keys_over_the_limit_by_more_than_the_slack(
    days: float, slack: int, found: int
) -> None:
    carol = OtherUser("carol", ago(1000), NotManaged.NO_TAG)
    rows = {"carol": Row(ago(1000), (Slot(True, ago(days)), OFF))}

    sentences = unmanaged.findings(account(carol, rows=rows), slack)

    assert len(sentences) == found
    if found:
        assert sentences == ["1 key of 1 user not managed over the limit of 90 days (--unmanaged)"]


def test_of_single_users_nothing_of_the_account_is_said() -> None:
    found = replace(with_both(), only=("alice",), named_in_vain={"zoe": "no such user"})

    assert unmanaged.summed_up(found) == []
    assert unmanaged.findings(found, 0) == []
    assert list(mismatches.mismatches(found)) == []


def test_names_in_vain_and_owners_without_a_subscription_are_noted_and_cut() -> None:
    found = replace(
        account(),
        named_in_vain={f"u{number:02}": "nobody" for number in range(30)},
        subscriptions=Subscriptions(unheard={"alice": "gone"}),
    )

    sentences = list(mismatches.mismatches(found))

    assert sentences[0] == "u00: nobody"
    assert sentences[25:] == ["and 5 more names in `users` (--json)", "alice: gone"]
    assert len(mismatches.as_document(found)["named_in_vain"]) == 30
    assert mismatches.as_document(found)["owners_without_subscription"] == {"alice": "gone"}


@pytest.mark.parametrize(
    ("state", "names", "lost"),
    [
        pytest.param(NO_SECRET, {"alice": False}, ["alice"], id="gone"),
        pytest.param(secret(), {"alice": False}, [], id="there"),
        pytest.param(NO_SECRET, {}, [], id="not one of Terraform's"),
    ],
)
def test_a_lost_secret_is_noted(state: Any, names: dict[str, bool], lost: list[str]) -> None:
    found = replace(account(secret=state), settings=settings(user_names=names))

    assert mismatches.as_document(found)["lost_secrets"] == lost
    assert any("alice: the secret" in each for each in mismatches.mismatches(found)) is bool(lost)


READER = "arn:aws:iam::123456789012:role/deploy"


@pytest.mark.parametrize(
    ("password", "changes", "alone"),
    [
        pytest.param(False, {}, ["alice"], id="neither"),
        pytest.param(True, {}, [], id="a password"),
        pytest.param(None, {}, [], id="not known"),
        pytest.param(False, {"secret_reader_arns": (READER,)}, [], id="a reader"),
    ],
)
def test_it_is_said_ahead_who_could_not_fetch_in_an_emergency(
    password: bool | None, changes: dict[str, Any], alone: list[str]
) -> None:
    one = user(key("A", 10))
    row = replace(credential_report_of([one], ago(0)).rows["alice"], has_password=password)
    found = replace(account(rows={"alice": row}), settings=settings(**changes))

    assert mismatches.as_document(found)["only_own_key_fetches"] == alone
    said = [each for each in mismatches.mismatches(found) if "in an emergency nobody" in each]
    assert len(said) == len(alone)
