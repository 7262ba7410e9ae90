"""The beginnings that many situations share: users with keys, before the run that is tried."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.scenario import Unheld


def due(account: Account) -> Unheld:
    account.add_user("alice", 90)
    return set()


def due_again(account: Account) -> Unheld:
    """The steady state: the secret and its policy are there, the slot is free."""
    account.add_user("alice", 90)
    account.run()
    account.pass_days(31)
    account.run()
    account.pass_days(59)
    return set()


def service_user(account: Account) -> Unheld:
    account.add_user("alice", 90, password=False)
    return set()


def two_users(account: Account) -> Unheld:
    account.subscribe("bob", user="bob", audience="user")
    account.add_user("alice", 95)
    account.add_user("bob", 90)
    return set()
