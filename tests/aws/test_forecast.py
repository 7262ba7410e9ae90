"""What is forecast is what the runs do, on the AWS wire: nothing a minute before, and then that."""

from __future__ import annotations

from typing import Any

import pytest

from key_rotation.domain.model import Event, ManagedUser
from key_rotation.domain.settings import parse_settings
from key_rotation.handler import world_of
from key_rotation_cli.forecast import Forecast, Step, forecast
from tests.aws.account import PATH, Account

_UNSEEN = {"record", "forget", "hold"}


def foreseen(account: Account) -> tuple[Step, ...]:
    """The steps for alice, every fact read through the product's own adapters."""
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
    return outcome.steps


def _verbs(rows: list[dict[str, Any]]) -> set[str]:
    return {row["action"] for row in rows} - _UNSEEN


@pytest.mark.parametrize(
    ("password", "tags"),
    [
        pytest.param(True, {}, id="person"),
        pytest.param(False, {"max-key-age-days": "61"}, id="service, shorter"),
        pytest.param(True, {"grace-days": "10"}, id="person, grace"),
        pytest.param(False, {"hold-until": "2026-07-20"}, id="service, hold"),
    ],
)
def test_forecast_comes_true(account: Account, password: bool, tags: dict[str, str]) -> None:
    overrides = {f"access-key-rotation:{name}": value for name, value in tags.items()}
    account.add_user("alice", 60, password=password, tags=overrides)
    rotations = 0
    while rotations < 2:
        for step in foreseen(account):
            if step.at > account.clock.now():
                account.pass_days(seconds=_until(account, step) - 60)
                assert _verbs(account.run()["users"]) == set(), "a minute early"
            account.pass_days(seconds=max(_until(account, step), 0))
            notified = {action.verb.value for action in step.decision.actions}
            assert _verbs(account.run()["users"]) == notified - _UNSEEN
            rotations += "rotate" in notified


def _until(account: Account, step: Step) -> float:
    return (step.at - account.clock.now()).total_seconds()
