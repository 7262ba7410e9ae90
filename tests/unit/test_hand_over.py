"""The hand-over in runs: who is reminded, who is held, and what the operators know beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from key_rotation.domain.model import Audience, Event, KeyStatus, LastUse, Stamp
from key_rotation.domain.settings import Settings
from key_rotation.notify.response import Report, RotationFailedError, Row
from key_rotation.ports import ThrottledError
from key_rotation.run.payload import Payload
from key_rotation.run.run import Rotation
from tests.unit.builders import NOW, ago, key, secret, settings, stamp, user
from tests.unit.fakes import FakeAccount

ENDS = NOW + timedelta(days=3)


def run(account: FakeAccount, chosen: Settings | None = None) -> Report:
    return Rotation(account.world(), chosen or settings(), Payload(), "this").run()


def handing_over(days: float = 4, **facts: Any) -> FakeAccount:
    """A service whose new key B was announced `days` ago; nothing was seen since."""
    account = FakeAccount()
    records = {"announced": stamp("B", days)} | facts.pop("records", {})
    used = facts.pop("used", {"A": ago(50), "B": None})
    state = secret("B", "A", **records)
    subject = user(
        key("A", 90 + days), key("B", days), secret=state, used=used, password=False, **facts
    )
    account.add(subject)
    return account


def use(account: FakeAccount, key_id: str, service: str = "s3") -> None:
    subject = account.users["alice"]
    used = {**(subject.last_used or {}), key_id: LastUse(account.clock.time, service, "eu-west-1")}
    account.users["alice"] = replace(subject, last_used=used)


def events(account: FakeAccount) -> list[Event]:
    return [event for _, event, _ in account.notified]


def acted(report: Report) -> list[tuple[str, str]]:
    return [(row.action, row.reason) for row in report.rows]


def digest(account: FakeAccount) -> str:
    return "\n".join(message.text for message in account.digests)


# -- the reminder ----------------------------------------------------------------------------------


def test_who_has_not_moved_is_reminded_once_and_that_is_on_record() -> None:
    account = handing_over()

    reports = [run(account) for _ in range(2)]

    assert [acted(report) for report in reports] == [[("remind", "not_fetched")], []]
    assert events(account) == [Event.REMINDED]
    assert account.secrets["alice"].notices == {Event.REMINDED: Stamp("A", NOW)}
    assert account.secrets["alice"].works_until == Stamp("A", ENDS)
    assert "Reminded" in digest(account)
    [sent] = account.events
    assert (sent.detail_type, sent.superseded_key_until) == ("Access Key Reminded", ENDS)


def test_a_reminder_begins_with_what_was_seen_and_what_uses_the_old_key() -> None:
    account = handing_over(used={"A": ago(1), "B": None}, records={"last_read": ago(2).date()})

    run(account)

    [(_, _, message)] = account.notified
    assert " ".join(message.text.split()).startswith(
        "The new access key of the IAM user alice in the AWS account 123456789012 was fetched, but "
        "nothing uses it yet. The old key was last used on 2026-05-31 12:00 UTC by s3 in eu-west-1."
    )
    assert message.data["last_used"]["B"] is None
    assert message.data["superseded_key_until"] == "2026-06-04T12:00:00Z"
    assert message.data["superseded_key_held_until"] == "2026-06-27T12:00:00Z"


def test_a_reminder_that_was_not_sent_is_sent_by_the_next_run() -> None:
    account = handing_over()
    account.fail("notify", TimeoutError("no answer"))
    with pytest.raises(RotationFailedError):
        run(account)
    assert Event.REMINDED not in account.secrets["alice"].notices

    run(account)

    assert events(account) == [Event.REMINDED]


@pytest.mark.parametrize("audience", [Audience.USER, Audience.OPERATOR])
def test_a_throttled_record_does_not_repeat_the_reminder(audience: Audience) -> None:
    account = handing_over(audience=audience)
    account.fail("record", ThrottledError())

    run(account)

    assert events(account) == [Event.REMINDED] * (audience is Audience.USER)
    assert "1 reminded" in account.digests[0].text
    assert account.secrets["alice"].notices == {Event.REMINDED: Stamp("A", NOW)}


def test_the_operators_pass_a_reminder_on() -> None:
    account = handing_over(audience=Audience.OPERATOR)

    run(account)

    assert events(account) == []
    assert "please pass it on" in " ".join(digest(account).split())
    assert account.secrets["alice"].notices == {Event.REMINDED: Stamp("A", NOW)}


def test_a_reminder_whose_digest_was_not_sent_is_not_on_record() -> None:
    account = handing_over(audience=Audience.OPERATOR)
    account.fail("notify_operators", TimeoutError("no answer"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.secrets["alice"].notices == {}


@pytest.mark.parametrize("method", ["last_used", "describe"])
def test_what_cannot_be_read_is_no_evidence(method: str) -> None:
    account = handing_over(7, records={"notices": {Event.REMINDED: stamp("A", 3)}})
    account.fail(method, TimeoutError("no answer"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}
    assert account.notified == []


def test_who_goes_back_to_the_old_key_is_warned_of_the_end_that_a_message_named() -> None:
    """A person deleted the new key. The old one is overdue, and works until the announced day."""
    account = FakeAccount()
    state = secret("GONE", "A", announced=stamp("GONE", 4), works_until=stamp("A", -3))
    account.add(user(key("A", 94), secret=state, password=False))

    assert acted(run(account))[-1] == ("warn", "warning_window")

    [(_, _, message)] = account.notified
    assert message.data["rotation_due"] == "2026-06-04T12:00:00Z"
    assert account.secrets["alice"].works_until == Stamp("A", ENDS)


# -- holds -----------------------------------------------------------------------------------------


def test_nobody_loses_a_key_in_use_before_the_ceiling_and_the_operators_know_of_that() -> None:
    account = handing_over(0, records={"announced": stamp("B", 0)})
    seen: list[tuple[int, str]] = []
    for day in range(36):
        use(account, "A")
        seen += [(day, f"{row.action} {row.reason}") for row in run(account).rows if _tells(row)]
        account.clock.time += timedelta(days=1)

    assert seen == [
        (4, "remind not_fetched"),
        *((day, "hold still_in_use") for day in range(7, 30)),
        (30, "disable overlap_ceiling"),
    ]
    assert events(account) == [Event.REMINDED, *[Event.HELD] * 4, Event.DISABLED]
    assert account.secrets["alice"].notices[Event.ENDING] == Stamp("A", NOW + timedelta(days=26))
    assert "About to lose access" in digest(account)


def _tells(row: Row) -> bool:
    return row.action not in ("warn", "prepare")


def test_the_last_notice_is_on_record_only_once_the_operators_were_told() -> None:
    account = handing_over(27, used={"A": ago(1), "B": None})
    account.fail("notify_operators", TimeoutError("no answer"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert Event.ENDING not in account.secrets["alice"].notices
    assert events(account) == []

    run(account)

    assert account.secrets["alice"].notices[Event.ENDING] == Stamp("A", NOW)
    assert account.secrets["alice"].works_until == Stamp("A", NOW + timedelta(days=3))
    [(_, event, message)] = account.notified
    text = " ".join(message.text.split())
    assert (event, "This is the last notice" in text) == (Event.HELD, True)


def test_the_ceiling_waits_until_the_operators_have_known_for_days() -> None:
    account = handing_over(40, used={"A": ago(1), "B": None})
    disabled = []
    for _ in range(5):
        run(account)
        disabled.append(account.key("A").status is KeyStatus.INACTIVE)
        account.clock.time += timedelta(days=1)

    assert disabled == [False, False, False, True, True]


def test_who_moves_is_let_go_by_the_next_run_and_nothing_is_sent() -> None:
    account = handing_over(10, used={"A": ago(1), "B": None})
    run(account)
    account.notified.clear()
    account.clock.time += timedelta(days=1)
    use(account, "B")

    assert acted(run(account)) == [("disable", "moved")]
    assert account.notified == []
    assert "Disabled" in account.digests[-1].text


def test_who_only_tried_the_new_key_has_not_moved() -> None:
    """A host whose disk is full: key-fetch tries the new key each day, and cannot write it down."""
    account = handing_over(10, records={"notices": {Event.REMINDED: stamp("A", 6)}})
    use(account, "A", "sts")
    use(account, "B", "sts")

    assert acted(run(account)) == [("hold", "still_in_use")]


def test_who_assumes_roles_with_the_new_key_alone_has_moved() -> None:
    account = handing_over(10, records={"notices": {Event.REMINDED: stamp("A", 6)}})
    use(account, "A", "sts")
    account.clock.time += timedelta(days=1)
    use(account, "B", "sts")

    assert acted(run(account)) == [("disable", "moved")]


def test_a_read_of_the_secret_ends_the_wait_of_an_idle_service() -> None:
    account = handing_over(10, records={"notices": {Event.REMINDED: stamp("A", 6)}})
    assert acted(run(account)) == [("hold", "not_fetched")]

    state = account.secrets["alice"]
    account.secrets["alice"] = replace(state, last_read=date(2026, 5, 31))

    assert acted(run(account)) == [("disable", "superseded")]


# -- what it costs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "reads"),
    [
        pytest.param(2, 0, id="in the grace"),
        pytest.param(4, 2, id="on the day of the reminder"),
        pytest.param(5, 0, id="after it"),
        pytest.param(7, 2, id="at the end"),
    ],
)
def test_the_last_use_is_read_on_two_days(days: float, reads: int) -> None:
    account = handing_over(days, used={"A": ago(1), "B": None})

    run(account)

    assert account.calls.count("last_used") == reads
