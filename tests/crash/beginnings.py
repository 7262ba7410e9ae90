"""The beginnings that many situations share: users with keys, before the run that is tried."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.scenario import SetUp, Unheld


def aged(days: float) -> SetUp:
    """A key of this age."""

    def set_up(account: Account) -> Unheld:
        account.add_user("alice", days)
        return set()

    return set_up


due = aged(90)


def since_a_rotation(days: float) -> SetUp:
    """The first one was so long ago, and no run came since."""

    def set_up(account: Account) -> Unheld:
        due(account)
        account.run()
        account.pass_days(days)
        return set()

    return set_up


def one_idle(*ages: float, days: float) -> SetUp:
    """Of two keys of these ages the older one was not used for so long."""

    def set_up(account: Account) -> Unheld:
        idle, used = account.add_user("alice", *ages)
        account.use(idle, days_ago=days)
        account.use(used, days_ago=1)
        return set()

    return set_up


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
