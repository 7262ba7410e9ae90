"""Users who are settled by the credential report: not read, and never taken for more than that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from key_rotation.domain.action import Verb
from key_rotation.domain.credential_report import CredentialReport, Row, Slot
from key_rotation.domain.model import ManagedUser
from key_rotation.domain.settings import Settings
from key_rotation_cli.account import UserStatus, read_all
from key_rotation_cli.forecast import Forecast, forecast
from key_rotation_cli.settled import forecast_settled
from tests.unit.builders import (
    NOW,
    SETTINGS,
    ago,
    credential_report_of,
    inactive,
    key,
    secret,
    settings,
    stamp,
    user,
)
from tests.unit.fakes import FakeAccount


def account_of(**users: ManagedUser) -> FakeAccount:
    account = FakeAccount()
    for name, each in users.items():
        account.add(each, name)
    return account


def read(
    account: FakeAccount,
    report: CredentialReport,
    now: datetime = NOW,
    chosen: Settings = SETTINGS,
) -> tuple[dict[str, UserStatus], list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    statuses, unread = read_all(
        account.world(),
        chosen,
        account.scan(),
        now,
        lambda done, of: progress.append((done, of)),
        report,
    )
    assert unread == []
    return {each.name: each for each in statuses}, progress


def report_of(account: FakeAccount) -> CredentialReport:
    return credential_report_of(account.users.values(), ago(hours=4))


def reported(subject: ManagedUser) -> tuple[ManagedUser, Row]:
    """The user and the row, as the prefilter hands them on."""
    row = credential_report_of([subject], NOW).rows[subject.ref.name]
    active = [replace(each, id="") for each in subject.keys if each.is_active]
    return replace(subject, keys=tuple(active)), row


def test_only_users_who_may_need_attention_are_read() -> None:
    account = account_of(
        alice=user(key("A", 10)), bob=user(key("B", 95)), carol=user(), dave=user(key("D", 1))
    )

    found, progress = read(account, report_of(account))

    assert list(found) == ["alice", "bob", "carol", "dave"]
    assert account.calls.count("keys") == 2
    assert progress == [(0, 2), (1, 2), (2, 2)]
    assert {name: each.from_report for name, each in found.items()} == {
        "alice": True,
        "bob": False,
        "carol": True,
        "dave": False,
    }


def test_nobody_is_read_if_all_are_settled() -> None:
    account = account_of(**{f"user{n}": user(key(f"K{n}", 10 + n)) for n in range(50)})

    found, _ = read(account, report_of(account))

    assert len(found) == 50
    assert account.calls == ["scan"]


def test_a_settled_user_is_shown_as_the_report_has_them() -> None:
    account = account_of(alice=user(key("A", 10)))

    [alice] = read(account, report_of(account))[0].values()

    assert [(k.id, k.created) for k in alice.keys] == [("", ago(10))]
    assert (alice.state, alice.reason) == ("ok", "not_due")
    first = alice.forecast.coming()[0]
    assert (first.verb, first.at) == (Verb.WARN, ago(10) + timedelta(days=83))
    assert alice.forecast.next_about("") == first


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        pytest.param((), "no_key", id="none"),
        pytest.param((inactive("A", 40),), "not_active", id="inactive"),
    ],
)
def test_a_settled_user_without_an_active_key(keys: Any, reason: str) -> None:
    account = account_of(alice=user(*keys))

    [alice] = read(account, report_of(account))[0].values()

    assert (alice.keys, alice.state, alice.reason) == ([], "ok", reason)
    assert alice.forecast.coming() == []


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(user(key("A", 10)), id="not in the report"),
        pytest.param(replace(user(key("A", 10)), created=ago(5)), id="of another user"),
    ],
)
def test_a_user_whom_the_report_does_not_know_is_read(subject: ManagedUser) -> None:
    account = account_of(alice=subject)
    known = credential_report_of([user(key("A", 10))], NOW).rows["alice"]
    rows = {} if subject.created == ago(1000) else {"alice": known}

    [alice] = read(account, CredentialReport(NOW, rows))[0].values()

    assert not alice.from_report
    assert [k.id for k in alice.keys] == ["A"]


def test_on_the_day_on_which_runs_look_at_everybody_settled_users_stay_settled() -> None:
    """The command line reads everybody if asked to: `--exact`."""
    account = account_of(alice=user(key("A", 10)))
    the_28th = NOW.replace(day=28)

    [alice] = read(account, credential_report_of(account.users.values(), the_28th), the_28th)[
        0
    ].values()

    assert alice.from_report


@pytest.mark.parametrize("warn_before_days", [0, 7])
@pytest.mark.parametrize("tags", [{}, {"max-key-age-days": "70"}])
@pytest.mark.parametrize("days", [4, 30.3, 62])
def test_what_comes_is_what_a_user_who_is_read_would_get(
    days: float, tags: dict[str, str], warn_before_days: int
) -> None:
    chosen = settings(warn_before_days=warn_before_days)
    state = secret("A", announced=stamp("A", days))
    subject = user(key("A", days), secret=state, tags=tags)

    exact = forecast(subject, chosen, NOW)
    settled = forecast_settled(*reported(subject), chosen)

    assert isinstance(exact, Forecast)
    assert settled.present == exact.present
    assert [(d.verb, d.at) for d in settled.coming()] == [(d.verb, d.at) for d in exact.coming()]


@pytest.mark.parametrize("warn_before_days", [0, 7])
@given(days=st.floats(0, 200), report_hours=st.floats(0, 4))
def test_no_settled_key_is_over_its_limit_by_its_date(
    warn_before_days: int, days: float, report_hours: float
) -> None:
    """However old the report: it has dates, and the age is that of now."""
    chosen = settings(warn_before_days=warn_before_days)
    account = account_of(alice=user(key("A", days), tags={"max-key-age-days": "70"}))
    rows = credential_report_of(account.users.values(), NOW).rows
    report = CredentialReport(ago(hours=report_hours), rows)

    [alice] = read(account, report, NOW, chosen)[0].values()

    over = any(alice.is_over_limit(each, NOW) for each in alice.keys)
    assert over == (days > 70)
    assert not (over and alice.from_report)


def test_a_key_that_was_switched_on_and_not_used_since_is_read() -> None:
    """Its date in the report is younger than its last use, so it is older than the date."""
    subject = user(key("A", 300))
    assert subject.created is not None
    row = Row(subject.created, (Slot(True, ago(20), ago(30)), Slot()))
    account = account_of(alice=subject)

    [alice] = read(account, CredentialReport(NOW, {"alice": row}))[0].values()

    assert not alice.from_report
    assert alice.is_over_limit(alice.keys[0], NOW)
