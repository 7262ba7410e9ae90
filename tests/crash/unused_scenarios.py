"""The situations of a key that nobody uses."""

from __future__ import annotations

from functools import partial

from tests.aws.account import Account
from tests.crash.beginnings import aged
from tests.crash.scenario import Owner, Scenario, Unheld

_FORTY_FIVE = {"disable_unused_after_days": "45"}
_BULK_READS = ("iam:GetAccountAuthorizationDetails", "iam:GetCredentialReport")


def _warned(account: Account, password: bool = True) -> Unheld:
    account.add_user("alice", 38, password=password)
    account.run()
    account.pass_days(7)
    return set()


def _beside_an_inactive_key(account: Account) -> Unheld:
    """Nobody has fetched what the rotation made, and the old key waits to be deleted."""
    [old] = account.add_user("alice", 90)
    account.use(old)
    account.run()
    account.pass_days(38)
    account.run()
    account.pass_days(7)
    return {account.secret_value()["AccessKeyId"]}


def _switched_on(account: Account) -> Unheld:
    """It was disabled as unused, and the next day somebody enabled it. No credential report says
    so: the record alone."""
    _warned(account)
    account.run()
    account.pass_days(1)
    for key_id in account.statuses():
        account.set_status(key_id, "Active")
    return set()


def _used_since(account: Account) -> Unheld:
    """By its day the key would go. No credential report says that it is in use again."""
    _warned(account)
    for key_id in account.statuses():
        account.use(key_id, days_ago=1)
    return set()


OF_UNUSED = (
    Scenario("unused, to be warned", aged(50), parameters=_FORTY_FIVE, owner=Owner.SLEEPS),
    Scenario(
        "unused, on its day",
        partial(_warned, password=False),
        parameters=_FORTY_FIVE,
        owner=Owner.SLEEPS,
        days=(1, 30, 46, 61, 90, 91),
    ),
    Scenario(
        "unused, beside an inactive key",
        _beside_an_inactive_key,
        parameters=_FORTY_FIVE | {"delete_after_days": "50"},
        owner=Owner.SLEEPS,
    ),
    Scenario(
        "unused, switched on again",
        _switched_on,
        parameters=_FORTY_FIVE,
        owner=Owner.SLEEPS,
        denied=_BULK_READS,
    ),
    Scenario(
        "unused, used since the warning", _used_since, parameters=_FORTY_FIVE, denied=_BULK_READS
    ),
)
