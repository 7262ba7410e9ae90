"""The situations in which somebody had the user's name before, and their secret is still there."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.scenario import Scenario, Unheld


def _had_by_another(account: Account) -> None:
    """Somebody of the name alice got a key, and was deleted."""
    account.add_user("alice", 90)
    account.run()
    account.delete_user()


def _created_again(account: Account) -> Unheld:
    _had_by_another(account)
    account.pass_days(1)
    account.add_user("alice", 90)
    return set()


def _untagged(account: Account) -> Unheld:
    unheld = _created_again(account)
    account.untag_secret("user-id")
    return unheld


def _shut_and_untagged(account: Account) -> Unheld:
    """On a Monday; the one before, the secret was shut since its owner is gone. Nothing is due."""
    _had_by_another(account)
    account.pass_days(7)
    account.run()
    account.add_user("alice", 10)
    account.untag_secret("user-id")
    account.pass_days(7)
    return set()


OF_PREDECESSORS = (
    Scenario("a user created again", _created_again),
    Scenario("a user created again, due, the tag is gone", _untagged),
    Scenario("a user created again, not due, the tag is gone", _shut_and_untagged),
)
