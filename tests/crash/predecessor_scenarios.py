"""The situations in which somebody had the user's name before, and their secret is still there."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.scenario import Scenario, Unheld


def _had_by_another(account: Account) -> None:
    """Somebody of the name alice got a key, and was deleted."""
    account.add_user("alice", 90)
    account.run()
    iam = account.client("iam")
    for key_id in account.statuses():
        iam.delete_access_key(UserName="alice", AccessKeyId=key_id)
    iam.delete_login_profile(UserName="alice")
    iam.delete_user(UserName="alice")


def _loses_the_tag(account: Account) -> None:
    account.client("secretsmanager").untag_resource(
        SecretId=account.secret_name(), TagKeys=["access-key-rotation:user-id"]
    )


def _created_again(account: Account) -> Unheld:
    _had_by_another(account)
    account.pass_days(1)
    account.add_user("alice", 90)
    return set()


def _untagged(account: Account) -> Unheld:
    unheld = _created_again(account)
    _loses_the_tag(account)
    return unheld


def _shut_and_untagged(account: Account) -> Unheld:
    """On a Monday; the one before, the secret was shut since its owner is gone. Nothing is due."""
    _had_by_another(account)
    account.pass_days(7)
    account.run()
    account.add_user("alice", 10)
    _loses_the_tag(account)
    account.pass_days(7)
    return set()


OF_PREDECESSORS = (
    Scenario("a user created again", _created_again),
    Scenario("a user created again, due, the tag is gone", _untagged),
    Scenario("a user created again, not due, the tag is gone", _shut_and_untagged),
)
