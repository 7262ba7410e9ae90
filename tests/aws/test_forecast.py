"""What is forecast is what the runs do, on the AWS wire: nothing a minute before, and then that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.action import Verb
from key_rotation.domain.model import Event, ManagedUser
from key_rotation.domain.settings import parse_settings
from key_rotation.handler import world_of
from key_rotation_cli.forecast import Due, Forecast, Step, forecast
from tests.aws.account import PATH, Account

DAY = 86400
_UNSEEN = {"record", "forget", "hold"}


def foreseen(account: Account) -> Forecast:
    """What comes for alice, every fact read through the product's own adapters."""
    settings = parse_settings(account.parameters, PATH)
    world = world_of(account.clients, settings, account.clock)
    directory = world.directory
    [alice] = directory.scan().managed
    keys = directory.keys(alice.ref)
    user = ManagedUser(
        alice.ref,
        keys,
        alice.tags,
        world.secrets.describe(alice.ref),
        {key.id: directory.last_used(key) for key in keys},
        directory.has_password(alice.ref),
        world.notifier.audience(alice.ref, Event.ROTATED),
    )
    outcome = forecast(user, settings, account.clock.now())
    assert isinstance(outcome, Forecast)
    return outcome


def _verbs(rows: list[dict[str, Any]]) -> set[str]:
    return {row["action"] for row in rows} - _UNSEEN


@pytest.mark.parametrize(
    ("password", "tags"),
    [
        pytest.param(True, {}, id="person"),
        pytest.param(False, {"max-key-age-days": "61"}, id="service, shorter"),
        pytest.param(True, {"grace-days": "10"}, id="person, grace"),
        pytest.param(True, {"grace-days": "2"}, id="person, grace shorter than the notice"),
        pytest.param(False, {"hold-until": "2026-07-20"}, id="service, hold"),
    ],
)
def test_forecast_comes_true(account: Account, password: bool, tags: dict[str, str]) -> None:
    overrides = {f"access-key-rotation:{name}": value for name, value in tags.items()}
    account.add_user("alice", 60, password=password, tags=overrides)
    rotations = 0
    while rotations < 2:
        for step in foreseen(account).steps:
            _wait_for(account, step)
            notified = {action.verb.value for action in step.decision.actions}
            assert _verbs(account.run()["users"]) == notified - _UNSEEN
            rotations += "rotate" in notified


@pytest.mark.parametrize("tags", [{}, {"hold-until": "2026-07-01"}], ids=["unused", "held"])
def test_the_end_of_an_unused_key_comes_true(account: Account, tags: dict[str, str]) -> None:
    account.parameters["disable_unused_after_days"] = "45"
    account.set_parameter("disable_unused_after_days", "45")
    overrides = {f"access-key-rotation:{name}": value for name, value in tags.items()}
    [key] = account.add_user("alice", 40, tags=overrides)
    done = []
    while steps := foreseen(account).steps:
        _wait_for(account, steps[0])
        done.append(account.run()["users"][-1])

    assert [(row["action"], row["reason"]) for row in done] == [
        ("warn", "unused"),
        ("disable", "unused"),
    ]
    assert account.statuses() == {key: "Inactive"}


def test_a_service_that_never_reacts(account: Account) -> None:
    """It still uses the old key. Every day the forecast says how long that may stay on."""
    [old] = account.add_user("alice", 90, password=False)
    account.use(old)
    rotated = account.clock.now()
    account.run()
    ceiling = rotated + timedelta(days=30)
    done: list[tuple[int, str, str]] = []
    endings: list[int] = []
    while account.statuses()[old] == "Active":
        account.pass_days(1)
        now = account.clock.now()
        if now < ceiling:
            account.use(old)
            earliest = max(now, rotated + timedelta(days=7))
            until = Due(Verb.DISABLE, earliest, ceiling)
            # A day that a last notice named is kept.
            assert foreseen(account).disabled(old) == (
                Due(Verb.DISABLE, ceiling) if endings else until
            )
        day = (now - rotated).days
        done += [(day, row["action"], row["reason"]) for row in account.run()["users"]]
        lines = [line for digest in account.messages("operators") for line in digest["lines"]]
        endings += [day for line in lines if line["event"] == "ending"]

    assert done == [
        (4, "remind", "not_fetched"),
        *((day, "hold", "still_in_use") for day in range(7, 30)),
        (30, "disable", "overlap_ceiling"),
    ]
    assert endings == [26]


@pytest.mark.parametrize("day", [1, 5, 10, 28], ids=lambda day: f"moves on day {day}")
def test_the_earliest_day_comes_true(account: Account, day: int) -> None:
    [old] = account.add_user("alice", 90, password=False)
    account.run()
    new = account.secret_value()["AccessKeyId"]
    for _ in range(day - 1):
        account.pass_days(1)
        account.run()
    account.pass_days(1)
    gone = foreseen(account).disabled(old)
    assert gone is not None
    assert (gone.held_until is None) == (day > 26)  # when the last notice names the day
    account.use(new)

    assert foreseen(account).disabled(old) == Due(Verb.DISABLE, gone.at)
    if (wait := (gone.at - account.clock.now()).total_seconds()) > 60:
        account.pass_days(seconds=wait - 60)
        assert _verbs(account.run()["users"]) == set(), "a minute early"
        account.pass_days(seconds=60)
    account.run()
    assert account.statuses()[old] == "Inactive"


def _wait_for(account: Account, step: Step) -> None:
    """Until the step is due. Nothing is done before, by a run a day where the key is held,
    which is when a run says something beforehand, and by a run a minute before."""
    if step.at <= account.clock.now():
        return
    while step.once_moved is not None and _until(account, step) > DAY:
        account.pass_days(1)
        assert _verbs(account.run()["users"]) == set(), "days early"
    if _until(account, step) > 60:
        account.pass_days(seconds=_until(account, step) - 60)
    assert _verbs(account.run()["users"]) == set(), "a minute early"
    account.pass_days(seconds=_until(account, step))


def _until(account: Account, step: Step) -> float:
    return (step.at - account.clock.now()).total_seconds()
