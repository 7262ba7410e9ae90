"""The situations of an old key between its announcement and its end."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.scenario import Owner, Scenario, Unheld

# Most begin on one of these days after a rotation. A run on the first reminds who has not moved,
# one on the second is the first after the grace.
_REMINDED = 4
_GRACE_OVER = 7
# On this day the operators are told whom the ceiling cuts off, and on this one it does.
_LAST_NOTICE = 27
_CEILING = 31


def rotated(account: Account, *days: int) -> Unheld:
    """A service that had tried the placeholder just before its key was rotated, with runs on these
    days after that but the last one."""
    account.add_user("alice", 83, password=False)
    account.run()
    account.pass_days(7)
    account.read_secret()
    account.pass_days(minutes=5)
    account.run()
    passed = 0
    for day in days:
        account.pass_days(day - passed)
        passed = day
        if day != days[-1]:
            account.run()
    return {account.secret_value()["AccessKeyId"]}


def _reminder_due(account: Account) -> Unheld:
    return rotated(account, _REMINDED)


def _reminder_due_to_operators(account: Account) -> Unheld:
    account.unsubscribe()
    return rotated(account, _REMINDED)


def _reminder_missed(account: Account) -> Unheld:
    """Nobody ran it on its day; the owner has fetched the new key since, and does not use it."""
    rotated(account, _GRACE_OVER)
    account.read_secret()
    account.pass_days(1)
    return set()


def _hold_outlived_the_grace(account: Account) -> Unheld:
    """There is no grace, and for some days the old key's use has held it. Its owner may fetch the
    new key by password, and does not use it."""
    account.set_parameter("hold_while_used_days", "3")
    account.add_user("alice", 90)
    account.use(next(iter(account.statuses())), days_ago=1)
    account.run()
    account.pass_days(2)
    return set()


def not_fetched(account: Account) -> Unheld:
    return rotated(account, _REMINDED, _GRACE_OVER)


def _in_use(account: Account) -> Unheld:
    unheld = not_fetched(account)
    account.use(next(iter(account.statuses())), days_ago=1)
    return unheld


def _moved(account: Account) -> Unheld:
    [new] = rotated(account, _REMINDED - 1)
    account.read_secret()
    account.use(new)
    account.pass_days(1)
    account.run()
    account.pass_days(_GRACE_OVER - _REMINDED)
    return set()


def _last_notice_due(account: Account) -> Unheld:
    unheld = rotated(account, _REMINDED, _GRACE_OVER, _LAST_NOTICE)
    account.use(next(iter(account.statuses())), days_ago=1)
    return unheld


def _at_the_ceiling(account: Account) -> Unheld:
    return rotated(account, _REMINDED, _GRACE_OVER, _LAST_NOTICE, _CEILING)


# Days after the run that is tried. The last ones: the old key goes, it is deleted, and a day later.
_AFTER_A_REMINDER = (1, 4, 8, 36, 39, 40)
TO_THE_END = (1, 8, _LAST_NOTICE - _GRACE_OVER, 22, _CEILING - _GRACE_OVER, 55, 56)

HANDING_OVER = (
    Scenario("reminder due", _reminder_due, days=_AFTER_A_REMINDER),
    Scenario(
        "reminder due, only operators subscribe",
        _reminder_due_to_operators,
        days=_AFTER_A_REMINDER,
    ),
    Scenario("superseded, a reminder was missed", _reminder_missed, days=(1, 4, 36, 37)),
    Scenario("superseded, a hold outlived its grace", _hold_outlived_the_grace, days=(3, 35, 36)),
    Scenario("superseded, not fetched", not_fetched, owner=Owner.SLEEPS, days=TO_THE_END),
    Scenario("superseded, not moved", _in_use, owner=Owner.CLINGS, days=TO_THE_END),
    Scenario("superseded, moved", _moved, owner=Owner.MOVES, days=(1, 32, 33)),
    Scenario(
        "held, the last notice is due",
        _last_notice_due,
        owner=Owner.CLINGS,
        days=(3, 4, 6, 36, 37),
    ),
    Scenario("held, at its ceiling", _at_the_ceiling, owner=Owner.SLEEPS, days=(1, 32, 33)),
)
