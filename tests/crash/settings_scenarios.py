"""The situations in which a setting other than the default, or a tag of the user, decides."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.aws.account import Account
from tests.crash.beginnings import (
    aged,
    due,
    due_again,
    one_idle,
    service_user,
    since_a_rotation,
    two_users,
)
from tests.crash.hand_over_scenarios import not_fetched, rotated
from tests.crash.scenario import Owner, Scenario, Unheld

READER = "arn:aws:iam::999999999999:role/deploy"
EXEMPT = {"key": "access-key-rotation", "value": "exempt"}
_OVERRIDE = "access-key-rotation:"
# Days after the run that is tried, for a key whose end is two weeks away.
_TWO_WEEKS = (1, 4, 10, 11, 14, 15, 46, 47)


def _grace_by_tag(account: Account) -> Unheld:
    account.add_user("alice", 90, tags={f"{_OVERRIDE}grace-days": "14"})
    return set()


def _age_by_tag(account: Account) -> Unheld:
    account.add_user("alice", 70, tags={f"{_OVERRIDE}max-key-age-days": "65"})
    return set()


def _held_by_tag(account: Account) -> Unheld:
    """Its owner was reminded, and somebody asked for another week on the last day of the grace."""
    unheld = rotated(account, 4, 7)
    until = (account.clock.now() + timedelta(days=7)).date()
    tag = {"Key": f"{_OVERRIDE}hold-until", "Value": str(until)}
    account.client("iam").tag_user(UserName="alice", Tags=[tag])
    return unheld


def _kept_by_tag(account: Account) -> Unheld:
    """Nobody uses it, and it is kept for an emergency. Not to be warned of in the days after."""
    account.add_user("alice", 44, tags={f"{_OVERRIDE}disable-unused-after-days": "0"})
    return set()


def _nobody_subscribes(account: Account) -> Unheld:
    account.unsubscribe("alice")
    account.unsubscribe("operators")
    return due(account)


def _little_time(account: Account) -> Unheld:
    """The owners are notified through the operators, and time is kept for who waits for that: so
    the first user leaves none for the second."""
    account.unsubscribe("alice")
    account.add_user("alice", 95)
    account.add_user("bob", 90)
    account.clock.ends = account.clock.now() + timedelta(seconds=61)
    return set()


def _low_ceiling(account: Account) -> Unheld:
    """On the day of the last notice, four days before the ceiling."""
    return rotated(account, 4, 7, 10)


def _beside_an_exempt_user(account: Account) -> Unheld:
    due(account)
    account.add_user("bob", 400, managed="exempt")
    return set()


OF_SETTINGS = (
    Scenario(
        "due, a service with a reader",
        service_user,
        parameters={"secret_reader_arns": json.dumps([READER])},
    ),
    Scenario(
        "due, a grace of a day",
        due,
        parameters={"grace_days": "1", "remind_before_days": "0"},
    ),
    Scenario("due, a grace of two weeks", due, parameters={"grace_days": "14"}, days=_TWO_WEEKS),
    Scenario(
        "due, a service with two weeks to fetch",
        service_user,
        parameters={"min_grace_days_without_console": "14"},
        days=_TWO_WEEKS,
    ),
    Scenario("due, a grace by tag", _grace_by_tag, days=_TWO_WEEKS),
    Scenario("due, early by tag", _age_by_tag),
    Scenario("superseded, held by tag", _held_by_tag, days=(1, 4, 8, 9, 12, 13, 44, 45)),
    Scenario(
        "superseded, nobody is waited for",
        not_fetched,
        parameters={"hold_until_moved": "false"},
        owner=Owner.SLEEPS,
        days=(1, 8, 31, 32),
    ),
    Scenario(
        "superseded, a low ceiling",
        _low_ceiling,
        parameters={"max_overlap_days": "14"},
        owner=Owner.SLEEPS,
        days=(1, 3, 4, 6, 36, 37),
    ),
    Scenario(
        "superseded, deleted after a day",
        since_a_rotation(1),
        parameters={"delete_after_days": "1"},
    ),
    Scenario(
        "two active, one idle for twenty days",
        one_idle(60, 50, days=22),
        parameters={"idle_after_days": "20"},
    ),
    Scenario(
        "unused, kept by tag",
        _kept_by_tag,
        parameters={"disable_unused_after_days": "45"},
        owner=Owner.SLEEPS,
        days=(1, 2, 8, 9),
    ),
    Scenario("to be warned, without warnings", aged(85), parameters={"warn_before_days": "0"}),
    Scenario(
        "due, nobody has to subscribe",
        _nobody_subscribes,
        parameters={"require_confirmed_subscription": "false"},
    ),
    Scenario("due, nobody subscribes", _nobody_subscribes, days=(1, 8, 9)),
    Scenario("due again, no bulk discovery", due_again, parameters={"bulk_discovery": "false"}),
    Scenario(
        "due, two users, one rotation a run",
        two_users,
        users=("alice", "bob"),
        parameters={"max_rotations_per_run": "1"},
    ),
    Scenario(
        "due, two users, little time",
        _little_time,
        users=("alice", "bob"),
        parameters={"max_iam_writes_per_second": "1"},
    ),
    Scenario("due, a dry run", due, parameters={"dry_run": "true"}, days=(1, 2, 8, 9)),
    Scenario(
        "due, beside an exempt user",
        _beside_an_exempt_user,
        users=("alice", "bob"),
        parameters={"coverage_exempt_tag": json.dumps(EXEMPT)},
    ),
)
