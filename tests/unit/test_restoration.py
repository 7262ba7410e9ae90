"""Which superseded key may be switched on again, until when, and which may not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from key_rotation.domain.action import Fact, Needs
from key_rotation.domain.model import Event, ManagedUser, SecretState
from key_rotation.domain.settings import Settings
from key_rotation_cli.restoration import NotRestorableError, Restoration, restoration
from tests.unit.builders import (
    ALICE,
    NOW,
    SETTINGS,
    ago,
    expired,
    inactive,
    intent,
    key,
    secret,
    settings,
    stamp,
    user,
)


def pair(days: float, **changes: object) -> SecretState:
    """The secret of a user whose key A was replaced by B so long ago, and disabled then."""
    records: dict[str, object] = {
        "announced": stamp("B", days),
        "inactive_since": stamp("A", days),
    }
    return secret("B", "A", **(records | changes))  # type: ignore[arg-type]


def superseded(days: float, **tags: str) -> ManagedUser:
    return user(
        inactive("A", days + 90),
        key("B", days),
        secret=pair(days),
        tags={name.replace("_", "-"): value for name, value in tags.items()},
    )


def unmoved(days: float, **records: object) -> ManagedUser:
    """A service that still needs the old key, which was disabled at the end of its grace."""
    records = {"inactive_since": stamp("A", days - 7)} | records
    used = {"A": ago(days - 6), "B": None}
    state = pair(days, **records)
    return user(inactive("A", days + 90), key("B", days), secret=state, used=used, password=False)


def found(
    subject: ManagedUser, until: date | None = None, limits: Settings = SETTINGS
) -> Restoration:
    outcome = restoration(subject, limits, NOW, until)
    assert isinstance(outcome, Restoration)
    return outcome


def refusal(subject: ManagedUser, until: date | None = None, limits: Settings = SETTINGS) -> str:
    with pytest.raises(NotRestorableError) as refused:
        restoration(subject, limits, NOW, until)
    return str(refused.value)


def test_held_for_as_long_as_the_settings_allow() -> None:
    it = found(superseded(10))

    assert (it.key, it.successor) == (inactive("A", 100), key("B", 10))
    assert it.off_again == ago(10) + timedelta(days=30)
    assert it.hold_until == it.off_again.date()
    assert (it.tag, it.value) == ("access-key-rotation:hold-until", "2026-06-21 A")
    assert it.suspicion is None


def test_held_until_the_end_of_the_day_that_is_asked_for() -> None:
    it = found(superseded(10), date(2026, 6, 4))

    assert it.hold_until == date(2026, 6, 4)
    assert it.off_again == datetime(2026, 6, 5, tzinfo=UTC)


def test_a_day_beyond_the_ceiling_is_cut_short() -> None:
    it = found(superseded(10), date(2027, 1, 1))

    assert it.off_again == ago(10) + timedelta(days=30)
    assert it.hold_until == it.off_again.date()


def test_a_ceiling_at_midnight_needs_no_further_day() -> None:
    made = datetime(2026, 5, 21, tzinfo=UTC)
    days = (NOW - made) / timedelta(days=1)

    assert found(superseded(days)).hold_until == date(2026, 6, 19)


@pytest.mark.parametrize("value", ["2026-12-31", "2026-12-31 A"])
def test_a_longer_hold_that_is_set_already_stays(value: str) -> None:
    it = found(superseded(10, hold_until=value))

    assert it.hold_until == date(2026, 12, 31)
    assert (it.value, it.is_to_be_tagged) == (value, False)


def test_a_hold_of_another_key_is_replaced() -> None:
    it = found(superseded(10, hold_until="2026-12-31 Z"))

    assert (it.value, it.is_to_be_tagged) == ("2026-06-21 A", True)


def test_a_day_that_is_asked_for_takes_the_place_of_a_later_one() -> None:
    it = found(superseded(10, hold_until="2026-12-31"), date(2026, 6, 4))

    assert it.hold_until == date(2026, 6, 4)


def test_the_case_of_a_tag_that_is_there_does_not_matter() -> None:
    subject = superseded(10)
    subject = ManagedUser(
        subject.ref,
        subject.keys,
        dict(subject.tags) | {"Access-Key-Rotation:Hold-Until": "2020-01-01"},
        subject.secret,
        subject.last_used,
        subject.has_password,
        subject.audience,
    )

    assert found(subject).off_again == ago(10) + timedelta(days=30)


def test_a_key_that_is_on_already_is_held_longer() -> None:
    subject = user(key("A", 100), key("B", 10), secret=pair(10, inactive_since=None))

    assert found(subject).off_again == ago(10) + timedelta(days=30)


def test_in_a_grace_longer_than_the_day_asked_for_the_grace_counts() -> None:
    subject = user(inactive("A", 100), key("B", 10), secret=pair(10), tags={"grace-days": "20"})

    assert found(subject, date(2026, 6, 2)).off_again == ago(10) + timedelta(days=20)


def test_who_has_not_moved_keeps_it_longer_than_asked_for() -> None:
    it = found(unmoved(10), date(2026, 6, 4))

    assert it.hold_until == date(2026, 6, 4)
    assert it.once_moved == datetime(2026, 6, 5, tzinfo=UTC)
    assert it.off_again == ago(10) + timedelta(days=30)


def test_who_has_moved_does_not() -> None:
    assert found(superseded(10), date(2026, 6, 4)).once_moved is None


@pytest.mark.parametrize("days", [26.5, 29, 30, 50])
def test_the_last_notice_gives_days_beyond_the_ceiling(days: float) -> None:
    """The next run says for the last time that the key goes."""
    it = found(unmoved(days))

    assert it.off_again == max(ago(days) + timedelta(days=30), NOW + timedelta(days=3))
    assert it.hold_until == (it.off_again - timedelta(seconds=1)).date()
    assert it.once_moved == (max(NOW, ago(days) + timedelta(days=30)) if days != 26.5 else None)


@pytest.mark.parametrize(
    ("days", "said", "until"),
    [
        pytest.param(31, 5, "until 2026-05-31 12:00 UTC", id="said in time"),
        pytest.param(35, 3, "until 2026-06-01 12:00 UTC", id="said late"),
    ],
)
def test_the_last_notice_is_given_once(days: float, said: float, until: str) -> None:
    text = refusal(unmoved(days, notices={Event.ENDING: stamp("A", said)}))

    assert until in text
    assert "max_overlap_days (30)" in text


def test_a_run_may_remind_of_a_key_that_is_in_its_grace() -> None:
    it = found(unmoved(4, inactive_since=stamp("A", 1)))

    assert it.suspicion is not None
    assert it.off_again == ago(4) + timedelta(days=30)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        pytest.param(superseded(30), "max_overlap_days (30)", id="ceiling reached"),
        pytest.param(superseded(30), "would disable A again at once", id="says what would be"),
        pytest.param(user(), "has no key", id="no key"),
        pytest.param(user(key("A", 10)), "has one key", id="deleted already"),
        pytest.param(
            user(inactive("A", 100), key("B", 10), key("C", 5), secret=pair(10)),
            "has 3 keys",
            id="more than IAM shows",
        ),
        pytest.param(user(expired("A", 100), key("B", 10), secret=pair(10)), "expired"),
        pytest.param(
            user(inactive("A", 100), key("B", 10)),
            "does not count as replaced by B",
            id="a person's",
        ),
        pytest.param(
            user(inactive("A", 100), inactive("B", 10), secret=pair(10)),
            "does not count as replaced by B",
            id="the successor is off",
        ),
        pytest.param(
            user(
                inactive("A", 90),
                key("B", 0, minutes=5),
                secret=secret("B", "A", intent=intent(0, "A", minutes=5)),
            ),
            "try again in 20 minutes",
            id="a run is at work",
        ),
    ],
)
def test_refused(subject: ManagedUser, words: str) -> None:
    assert words in refusal(subject)


@pytest.mark.parametrize("subject", [superseded(10), unmoved(10), unmoved(2)])
def test_a_day_that_is_over_is_refused(subject: ManagedUser) -> None:
    assert "2026-05-31 is over" in refusal(subject, date(2026, 5, 31))


def test_today_is_not_over() -> None:
    assert found(superseded(10), NOW.date()).off_again == datetime(2026, 6, 2, tzinfo=UTC)


def test_a_higher_ceiling_helps() -> None:
    assert found(superseded(30), limits=settings(max_overlap_days=40)).off_again == ago(
        30
    ) + timedelta(days=40)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        pytest.param(
            user(inactive("A", 50), key("B", 10), secret=pair(10)),
            "replaced 40 days old, before its limit of 90",
            id="replaced young",
        ),
        pytest.param(
            user(inactive("A", 100), key("B", 10), secret=pair(10, leaked=["A"])),
            "A was reported as leaked",
            id="on record, and overdue when it was replaced",
        ),
        pytest.param(
            user(
                inactive("A", 100),
                key("B", 10),
                secret=pair(10, inactive_since=stamp("A", 8)),
                password=False,
            ),
            "disabled on 2026-05-24, before its time was over",
            id="disabled in its grace",
        ),
        pytest.param(
            unmoved(6, inactive_since=stamp("A", 2.5), last_read=ago(1).date()),
            "disabled on 2026-05-30, before its time was over",
            id="disabled on the day of the reminder",
        ),
        pytest.param(
            user(
                inactive("A", 100),
                key("B", 10),
                secret=pair(10, inactive_since=stamp("A", 5)),
                tags={"hold-until": "2026-06-20"},
            ),
            "before its time was over",
            id="disabled although held",
        ),
    ],
)
def test_what_an_emergency_does_is_noticed(subject: ManagedUser, words: str) -> None:
    suspicion = found(subject).suspicion

    assert suspicion is not None
    assert words in suspicion


def test_a_service_whose_grace_was_over_is_not_suspicious() -> None:
    subject = user(
        inactive("A", 100),
        key("B", 10),
        secret=pair(10, inactive_since=stamp("A", 3)),
        password=False,
    )

    assert found(subject).suspicion is None


@pytest.mark.parametrize(
    "records",
    [
        pytest.param({}, id="which was not seen to need it then"),
        pytest.param({"inactive_since": stamp("A", 0.5)}, id="while it was held"),
    ],
)
def test_nor_is_one_that_has_not_moved(records: dict[str, object]) -> None:
    assert found(unmoved(10, **records)).suspicion is None


def test_facts_are_asked_for() -> None:
    bare = ManagedUser(ALICE, (inactive("A", 100), key("B", 10)), {})

    assert restoration(bare, SETTINGS, NOW, None) == Needs(Fact.SECRET)
