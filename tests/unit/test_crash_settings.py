"""The table of settings that the crash harness changes: it is whole, and each is met in each kind
of trial, by situations in which the setting is really other than the default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from moto.iam.models import iam_backends

from key_rotation.domain.settings import Settings
from tests.aws.account import ACCOUNT_ID, PARAMETERS, Account
from tests.crash.branches import beginning, end, in_a_branch
from tests.crash.obeyed import Obeyed
from tests.crash.points import KINDS
from tests.crash.promises import Promise
from tests.crash.runs import BY_NAME
from tests.crash.settings_acts import takes_settings_back
from tests.crash.settings_read import is_managed, options, parameter
from tests.crash.settings_table import NOBODY_SUBSCRIBES, NOT_TRIED, SCENARIOS, TABLE

# The other kinds are of a few situations each, and choose these by what they try.
OF_SETTINGS = {
    "faults": ("faults",),
    "overlaps": ("overlaps",),
    "people": ("people",),
    "lags": ("lags", "late-lists", "late-reports"),
}
OF_SITUATIONS = sorted({name for scenarios in TABLE.values() for name in scenarios})


@pytest.fixture(scope="module", autouse=True)
def _no_account_stays_open() -> Iterator[None]:
    yield
    end()


def test_each_setting_is_in_the_table_or_there_is_a_reason() -> None:
    settings = {field.name for field in fields(Settings) if "parse" in field.metadata}
    assert {name for name in TABLE if name in settings} | set(NOT_TRIED) == settings
    assert not TABLE.keys() & NOT_TRIED.keys()


def test_each_situation_of_a_setting_is_in_the_table() -> None:
    assert set(SCENARIOS) <= set(OF_SITUATIONS) <= set(BY_NAME)


@pytest.fixture(scope="module")
def points() -> dict[str, dict[str, int]]:
    """How many points there are of each kind, by situation."""
    return {
        name: {
            trial: sum(len(list(KINDS[kind](name))) for kind in kinds)
            for trial, kinds in OF_SETTINGS.items()
        }
        for name in OF_SITUATIONS
    }


@pytest.mark.parametrize("kind", OF_SETTINGS)
def test_each_setting_is_met_in_each_kind(kind: str, points: dict[str, dict[str, int]]) -> None:
    empty = [
        setting
        for setting, scenarios in TABLE.items()
        if not any(points[scenario][kind] for scenario in scenarios)
    ]
    assert empty == []


def _is_changed(setting: str, account: Account, names: tuple[str, ...]) -> bool:
    """Whether the situation left this setting other than the default."""
    kind, _, name = setting.rpartition(" ")
    if setting == "the time of a run":
        return account.clock.remaining() < account.clock.left
    if kind == "tag":
        return any(f"access-key-rotation:{name}" in _tags(user) for user in names)
    if kind == "option":
        return any(name in options(user) for user in names)
    return parameter(setting) != PARAMETERS[setting]


def _tags(user: str) -> dict[str, Any]:
    iam = iam_backends[ACCOUNT_ID]["aws"]
    tags: dict[str, Any] = iam.tagger.get_tag_dict_for_resource(iam.users[user].arn)
    return tags


@pytest.mark.parametrize("setting", TABLE)
def test_a_situation_of_a_setting_has_it(setting: str) -> None:
    for scenario in TABLE[setting]:
        account, ledger, _ = beginning(scenario)
        is_of_its_change = "removed" in scenario or scenario == NOBODY_SUBSCRIBES
        assert is_of_its_change or _is_changed(setting, account, ledger.names), scenario


def test_a_person_takes_all_of_them_back() -> None:
    def changed_after_it() -> list[str]:
        account, ledger, _ = beginning("unused, kept by tag")
        takes_settings_back(account, ledger)
        return [name for name in TABLE if _is_changed(name, account, ledger.names)]

    beginning("unused, kept by tag")
    assert in_a_branch(changed_after_it) == []


# -- what the ledger sees of them ------------------------------------------------------------------


def _broken(scenario: str, act: Any) -> list[Promise]:
    """What it says of a handler that does this in this situation."""
    account, _, _ = beginning(scenario)

    def play() -> list[Promise]:
        obeyed = Obeyed(account)
        obeyed.begin_run()
        return [promise for call in act(account) for promise, _ in obeyed.after(call, is_managed)]

    return in_a_branch(play)


def _makes_a_key(*names: str) -> Any:
    def act(account: Account) -> Any:
        for name in names:
            account.add_key(name)
            yield "iam:CreateAccessKey"

    return act


@pytest.mark.parametrize(
    ("scenario", "names", "promises"),
    [
        ("due, a grace of a day", ["alice"], []),
        ("due, a dry run", ["alice"], [Promise.HELD_BACK]),
        ("due, beside an exempt user", ["bob"], [Promise.UNTAGGED]),
        ("due, two users, one rotation a run", ["alice", "bob"], [Promise.HELD_BACK]),
        ("due, two users, little time", ["alice", "bob"], [Promise.HELD_BACK]),
    ],
)
def test_what_is_not_obeyed_is_seen(
    scenario: str, names: list[str], promises: list[Promise]
) -> None:
    assert _broken(scenario, _makes_a_key(*names)) == promises


@pytest.mark.parametrize(
    ("scenario", "days", "is_early"),
    [
        ("due, a grace of two weeks", 13.9, True),
        ("due, a grace of two weeks", 14, False),
        ("due, a grace by tag", 13.9, True),
        ("due, a grace by tag", 14, False),
        ("due, a grace of a day", 0.9, True),
        ("due, a grace of a day", 1, False),
        ("superseded, held by tag", 0, True),
        ("superseded, held by tag", 9, False),
    ],
)
def test_a_key_that_goes_too_early_is_seen(scenario: str, days: float, is_early: bool) -> None:
    def play() -> list[Promise]:
        account, ledger, _ = beginning(scenario)
        if len(account.statuses()) == 1:
            account.add_key()
        account.pass_days(days)
        old, new = ledger.keys("alice").values()
        return [promise for promise, _ in Obeyed(account).too_early("alice", old, new)]

    beginning(scenario)
    assert in_a_branch(play) == [Promise.HELD_BACK] * is_early


@pytest.mark.parametrize(
    ("uses", "late", "is_early"),
    [
        ([0.4], 0, False),  # IAM may not show it yet
        ([1.0], 0, True),
        ([2.9], 0, True),
        ([3.1], 0, False),
        ([1.0, 0.4], 0, True),
        ([1.0], 1.2, False),
        ([2.0, 1.0], 1.2, True),
    ],
)
def test_a_use_that_is_seen_holds_a_key_for_the_days_of_the_setting(
    uses: list[float], late: float, is_early: bool
) -> None:
    def play() -> list[Promise]:
        account, ledger, _ = beginning("superseded, still in use")
        old, new = ledger.keys("alice").values()
        old.last_used = None
        for days_ago in uses:
            account.use(old.access_key_id, days_ago=days_ago)
        obeyed = Obeyed(account)
        obeyed.uses_late = timedelta(days=late)
        return [promise for promise, _ in obeyed.too_early("alice", old, new)]

    beginning("superseded, still in use")
    assert in_a_branch(play) == [Promise.HELD_BACK] * is_early
