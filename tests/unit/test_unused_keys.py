"""A key that nobody uses: runs over days, and who is told what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.credential_report import CredentialReport, Row, Slot
from key_rotation.domain.model import Audience, Event, KeyStatus, LastUse
from key_rotation.notify.response import RotationFailedError
from tests.unit.builders import (
    NO_SECRET,
    NOW,
    ago,
    credential_report_of,
    inactive,
    key,
    secret,
    stamp,
    user,
)
from tests.unit.fakes import FakeAccount, TooManyRequestsError
from tests.unit.test_run import leaked, one_user, rows, run

WANTED: dict[str, Any] = {"disable_unused_after_days": 45}
WARN = [("prepare", "unused", "A"), ("warn", "unused", "A")]
DISABLE = [("disable", "unused", "A")]


def unused(days: float = 40, age: float = 60, **facts: Any) -> FakeAccount:
    return one_user(key("A", age), used={"A": ago(days)}, **facts)


def warned(days: float = 7, **records: Any) -> Any:
    records = {"warned_unused": stamp("A", days), "works_until": stamp("A", days - 7)} | records
    return secret(**records)


def days_pass(account: FakeAccount, days: int, **changes: Any) -> list[tuple[int, Any]]:
    """A run a day; what each did, if anything, by its day."""
    done = []
    for day in range(days):
        if found := rows(run(account, **(WANTED | changes))):
            done.append((day, found))
        account.clock.time += timedelta(days=1)
    return done


def use(account: FakeAccount, key_id: str = "A") -> None:
    alice = account.users["alice"]
    used = {**(alice.last_used or {}), key_id: LastUse(account.clock.time, "s3")}
    account.users["alice"] = replace(alice, last_used=used)


def messages(account: FakeAccount) -> list[tuple[Event, str]]:
    return [(event, message.data["reason"]) for _, event, message in account.notified]


# -- over days -------------------------------------------------------------------------------------


def test_it_is_warned_about_and_disabled_and_stays() -> None:
    account = unused(days=0, age=1)

    assert days_pass(account, 200) == [(38, WARN), (45, DISABLE)]
    assert account.statuses() == {"A": "Inactive"}
    assert messages(account) == [(Event.WARNED, "unused"), (Event.DISABLED, "unused")]
    assert [line["event"] for m in account.digests for line in m.data["lines"]] == [
        "warned",
        "disabled",
    ]


def test_nothing_of_it_happens_unless_somebody_wants_it() -> None:
    account = unused(days=0, age=10)

    assert days_pass(account, 70, disable_unused_after_days=0) == []


def test_whoever_uses_it_after_the_warning_keeps_it() -> None:
    account = unused(age=40)
    days_pass(account, 6)
    use(account)

    assert days_pass(account, 30) == []
    assert account.statuses() == {"A": "Active"}


def test_a_key_that_is_used_again_is_replaced_on_its_day() -> None:
    account = unused(days=40, age=86, password=False)

    assert days_pass(account, 5) == [(0, WARN)]
    use(account)
    assert days_pass(account, 3) == [
        (0, [("prepare", "warning_window", "A"), ("warn", "warning_window", "A")]),
        (2, [("rotate", "key_too_old", "A"), ("announce", "key_too_old", "NEW1")]),
    ]


def test_a_key_that_somebody_switches_on_is_warned_about_anew() -> None:
    account = unused(days=45, secret=warned())
    assert days_pass(account, 30, max_key_age_days=365) == [(0, DISABLE)]

    account.set_status("A", KeyStatus.ACTIVE)

    assert days_pass(account, 9, max_key_age_days=365) == [
        (0, [("forget", "seen_active", "A"), *WARN]),
        (7, DISABLE),
    ]


def test_a_key_of_two_that_was_disabled_for_another_reason_keeps_no_old_warning() -> None:
    account = one_user(
        key("A", 80),
        key("B", 30),
        used={"A": None, "B": ago(1)},
        secret=warned(),
    )
    assert rows(run(account, **WANTED)) == [("disable", "idle", "A")]

    assert account.secrets["alice"].warned_unused is None


def test_a_key_that_was_switched_off_and_on_during_its_warning_is_warned_about_anew() -> None:
    account = unused(days=45, secret=warned())
    on_again = Slot(True, last_rotated=ago(1), last_used=ago(45))
    created = account.users["alice"].created
    assert created is not None
    account.credential_report = CredentialReport(NOW, {"alice": Row(created, (on_again, Slot()))})

    assert rows(run(account, **WANTED)) == WARN


def test_a_key_that_was_never_used_is_no_younger_for_being_switched_on() -> None:
    account = one_user(key("A", 60), used={"A": None})
    created = account.users["alice"].created
    assert created is not None
    on_again = Slot(True, last_rotated=ago(5))
    account.credential_report = CredentialReport(NOW, {"alice": Row(created, (on_again, Slot()))})

    assert rows(run(account, **WANTED)) == WARN


def test_runs_once_a_month_are_enough() -> None:
    account = unused(days=40, age=60)
    assert rows(run(account, **WANTED)) == WARN

    account.clock.time += timedelta(days=31)

    assert rows(run(account, **WANTED)) == DISABLE


# -- who is told -----------------------------------------------------------------------------------


def test_an_owner_without_a_subscription_is_warned_through_the_operators() -> None:
    account = unused(audience=Audience.OPERATOR)

    assert rows(run(account, **WANTED)) == WARN

    assert account.notified == []
    [digest] = account.digests
    assert "is disabled on 2026-06-08, unless it is used" in " ".join(digest.text.split())
    assert "please pass it on" in " ".join(digest.text.split())
    assert account.secrets["alice"].warned_unused == stamp("A", 0)


@pytest.mark.parametrize("state", [NO_SECRET, warned()], ids=["to be warned", "to be disabled"])
def test_nothing_is_done_while_the_operators_cannot_be_told(state: Any) -> None:
    account = unused(days=45, audience=Audience.OPERATOR, secret=state)
    account.fail("notify_operators", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="digest_not_sent"):
        run(account, **WANTED)

    assert account.statuses() == {"A": "Active"}
    assert account.secrets["alice"].warned_unused == state.warned_unused


@pytest.mark.parametrize("state", [NO_SECRET, warned()], ids=["to be warned", "to be disabled"])
def test_nothing_is_done_of_which_nobody_would_hear(state: Any) -> None:
    account = unused(days=45, audience=Audience.NOBODY, secret=state)

    assert rows(run(account, **WANTED)) == [("block", "no_confirmed_subscription", "A")]

    assert account.statuses() == {"A": "Active"}
    assert "notify" not in account.calls


def test_nobody_is_left_without_a_key_and_a_word() -> None:
    """Who rotates without a confirmed subscription gets a new key for the old one; not here."""
    account = unused(days=45, audience=Audience.NOBODY, secret=warned())
    done = run(account, require_confirmed_subscription=False, **WANTED)

    assert rows(done) == [("block", "no_confirmed_subscription", "A")]
    assert account.statuses() == {"A": "Active"}


def test_the_warning_names_its_days() -> None:
    account = unused(days=38)
    run(account, **WANTED)

    [(_, event, message)] = account.notified
    assert event is Event.WARNED
    data = {name: message.data[name] for name in ("disable_due", "use_before", "rotation_due")}
    assert data == {
        "disable_due": "2026-06-08T12:00:00Z",
        "use_before": "2026-06-08T00:00:00Z",
        "rotation_due": None,
    }
    state = account.secrets["alice"]
    assert state.warned_unused == stamp("A", 0)
    assert state.works_until == stamp("A", -7)


def test_a_key_that_was_never_fetched_can_be_fetched_by_its_mail() -> None:
    state = secret("A", announced=stamp("A", 40))
    account = one_user(key("A", 40), used={"A": None}, secret=state)
    run(account, **WANTED)

    [(_, _, message)] = account.notified
    assert "It was never used." in " ".join(message.text.split())
    assert "get-secret-value" in message.text


def test_other_programs_hear_of_it() -> None:
    account = unused(days=45, secret=warned())
    run(account, **WANTED)

    [event] = account.events
    assert (event.detail_type, event.reason, event.access_key_id) == (
        "Access Key Disabled",
        "unused",
        "A",
    )


def test_a_dry_run_plans_it_and_does_nothing() -> None:
    account = unused(days=45, secret=warned())

    assert rows(run(account, dry_run=True, **WANTED)) == DISABLE
    assert account.statuses() == {"A": "Active"}


# -- what is not known, and what goes wrong --------------------------------------------------------


@pytest.mark.parametrize("state", [NO_SECRET, warned()], ids=["to be warned", "to be disabled"])
def test_a_last_use_that_cannot_be_read_is_no_disuse(state: Any) -> None:
    account = unused(days=45, secret=state)
    account.fail("last_used", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="alice: RuntimeError: down"):
        run(account, **WANTED)

    assert account.statuses() == {"A": "Active"}
    assert account.notified == []


def test_the_warning_is_off_the_record_before_the_key_is_disabled() -> None:
    """Should the run die in between, it is warned about anew: never disabled at once, once somebody
    has switched it on."""
    account = unused(days=45, secret=warned())
    run(account, **WANTED)

    calls = account.calls
    assert calls.index("notify") < calls.index("forget_unused_warning") < calls.index("disable")


def test_a_throttled_disable_leaves_the_key_on_and_warns_again() -> None:
    account = unused(days=45, secret=warned())
    account.fail("disable", TooManyRequestsError())

    assert ("warn", "unused", "A") in rows(run(account, **WANTED))
    assert account.statuses() == {"A": "Active"}


def test_a_disable_whose_answer_is_lost_is_recorded_and_said_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    account = unused(days=45, secret=warned())
    account.lose_answer("disable", RuntimeError("timed out"))

    with caplog.at_level("INFO"):
        assert rows(run(account, **WANTED)) == DISABLE

    assert account.statuses() == {"A": "Inactive"}
    assert account.secrets["alice"].inactive_since == stamp("A", 0)
    lines = [vars(record) for record in caplog.records if record.getMessage() == "key changed"]
    assert [line["action"] for line in lines] == ["disable"]


def test_a_disable_that_had_no_effect_is_a_failure() -> None:
    account = unused(days=45, secret=warned())
    account.fail("disable", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="alice: RuntimeError: down"):
        run(account, **WANTED)

    assert account.statuses() == {"A": "Active"}
    assert account.secrets["alice"].inactive_since is None


@pytest.mark.parametrize("before", ["keys", "notify", "disable"])
def test_a_key_that_another_run_begins_to_replace_stays_on(before: str) -> None:
    """That run has told its owner until when it works."""
    account = unused(days=45, secret=warned())

    def begin() -> None:
        account.before(before, lambda: account.add_key(key("B", 0)))

    account.before("keys", begin)  # the list that is decided on
    if before == "keys":
        [row] = run(account, **WANTED).rows
        assert row.detail == "not done: disable: B is active by now, so A stays"
    else:
        with pytest.raises(RotationFailedError, match="A was enabled again: B is active by now"):
            run(account, **WANTED)

    assert account.statuses() == {"A": "Active", "B": "Active"}
    assert account.secrets["alice"].inactive_since is None


def test_a_key_that_another_run_has_warned_about_anew_stays_on() -> None:
    """That run came after the old warning was off the record."""
    account = unused(days=45, secret=warned())

    def warn_again() -> None:
        state = account.secrets["alice"]
        account.secrets["alice"] = replace(state, warned_unused=stamp("A", 0))

    account.before("disable", warn_again)
    with pytest.raises(RotationFailedError, match="enabled again: its owner was warned of a later"):
        run(account, **WANTED)

    assert account.statuses() == {"A": "Active"}
    assert account.secrets["alice"].warned_unused == stamp("A", 0)


@pytest.mark.parametrize(
    "tag", [{"hold-until": "2026-06-20"}, {"disable-unused-after-days": "0"}], ids=str
)
def test_a_key_that_a_tag_keeps_since_the_tags_were_read_stays_on(tag: dict[str, str]) -> None:
    account = unused(days=45, secret=warned())
    tags = {f"access-key-rotation:{name}": value for name, value in tag.items()}
    account.before("keys", lambda: account.tag("alice", tags))

    report = run(account, **WANTED)

    assert account.statuses() == {"A": "Active"}
    assert rows(report) == [("defer", "concurrent_change", "A")]
    assert account.notified == []


def test_a_leaked_key_goes_before_its_old_warning_does() -> None:
    account = unused(days=45, secret=warned())
    account.fail("forget_unused_warning", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="RuntimeError: down"):
        run(account, leaked(), **WANTED)

    assert account.statuses()["A"] == "Inactive"


def test_an_inactive_key_beside_it_stays_when_it_goes() -> None:
    account = one_user(
        inactive("X", 140), key("A", 60), used={"A": ago(45)}, secret=warned(inactive_since=None)
    )

    assert days_pass(account, 100) == [(0, DISABLE)]
    assert account.statuses() == {"X": "Inactive", "A": "Inactive"}


# -- what it costs ---------------------------------------------------------------------------------


def calls_of(account: FakeAccount, **changes: Any) -> list[str]:
    account.calls.clear()
    account.credential_report = credential_report_of(account.users.values(), account.clock.time)
    run(account, **changes)
    return sorted(account.calls)


@pytest.mark.parametrize("day", [NOW, NOW.replace(day=28)], ids=["a day", "a full look"])
def test_a_settled_account_takes_no_call_more(day: Any) -> None:
    account = FakeAccount()
    account.clock.time = day
    for number in range(5):
        account.add(user(key(f"K{number}", 30 + number), used={f"K{number}": ago(2)}), f"u{number}")

    assert calls_of(account, **WANTED) == calls_of(account)


def test_who_is_unused_by_the_report_is_read_for_certain() -> None:
    account = FakeAccount()
    account.add(user(key("A", 60), used={"A": ago(40)}))
    account.add(user(key("B", 60), used={"B": ago(30)}), "bob")
    account.credential_report = credential_report_of(account.users.values(), NOW)
    alice = account.users["alice"]
    account.users["alice"] = replace(alice, last_used={"A": LastUse(ago(1))})  # since the report

    assert rows(run(account, **WANTED)) == []
    assert (account.calls.count("keys"), account.calls.count("last_used")) == (1, 1)
    assert "describe" not in account.calls
