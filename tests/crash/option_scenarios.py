"""The situations in which an option of a single user decides."""

from __future__ import annotations

from tests.aws.account import Account
from tests.crash.deaths import died_at
from tests.crash.hand_over_scenarios import TO_THE_END, not_fetched
from tests.crash.scenario import Owner, Scenario, Unheld
from tests.crash.wire import Fault

OWN_READER = "arn:aws:iam::999999999999:role/of-alice"


def _own_reader_removed(account: Account) -> Unheld:
    """Weeks after a rotation, on a Thursday. The last option of all users goes, and so does its
    parameter."""
    account.set_user_options({"alice": {"reader_arns": [OWN_READER]}})
    account.add_user("alice", 90)
    account.run()
    account.pass_days(30)
    account.run()
    account.pass_days(1)
    account.set_user_options({})
    return set()


def _own_reader_added(account: Account) -> Unheld:
    """The message named a day, and a reader would end the grace before."""
    account.add_user("alice", 90, password=False)
    account.run()
    account.set_user_options({"alice": {"reader_arns": [OWN_READER]}})
    account.pass_days(1)
    return set()


def _reader_of_somebody_else(account: Account) -> Unheld:
    """Nobody but alice can fetch her new key, and she needs the old one for it. The options came
    after the rotation, which gave her a grace."""
    unheld = not_fetched(account)
    account.set_user_options({"bob": {"reader_arns": [OWN_READER]}})
    return unheld


def _own_reader_of_one(account: Account) -> Unheld:
    """Two services, of which only the first has somebody else who can fetch."""
    account.set_user_options(
        {"alice": {"reader_arns": [OWN_READER]}, "bob": {"smtp_regions": ["eu-west-1"]}}
    )
    account.subscribe("bob", user="bob", audience="user")
    account.add_user("alice", 95, password=False)
    account.add_user("bob", 90, password=False)
    return set()


def first_key(account: Account) -> Unheld:
    """A person who can sign in, and has no key."""
    account.set_user_options({"alice": {"first_key": True}})
    account.add_user("alice")
    return set()


def _first_key_of_a_service(account: Account) -> Unheld:
    """Its secret is from Terraform, and only a reader can fetch what will be in it."""
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(),
        KmsKeyId=account.parameters["kms_key_arn"],
        Tags=[{"Key": "access-key-rotation:managed-by", "Value": "key-rotation"}],
    )
    account.set_user_options({"alice": {"first_key": True, "reader_arns": [OWN_READER]}})
    account.add_user("alice", password=False)
    return set()


def _first_key_passed_on(account: Account) -> Unheld:
    account.unsubscribe()
    return first_key(account)


def _first_key_again(account: Account) -> Unheld:
    """It was made, used, and deleted by a person."""
    first_key(account)
    account.run()
    account.pass_days(3)
    for key_id in account.statuses():
        account.client("iam").delete_access_key(UserName="alice", AccessKeyId=key_id)
    account.pass_days(1)
    return set()


_STORE = "secretsmanager:PutSecretValue"
OF_OPTIONS = (
    Scenario("settled, an own reader removed", _own_reader_removed),
    Scenario("superseded, an own reader was added", _own_reader_added),
    Scenario(
        "superseded, not fetched, with a reader of somebody else",
        _reader_of_somebody_else,
        owner=Owner.SLEEPS,
        days=TO_THE_END,
    ),
    Scenario("due, one of two has an own reader", _own_reader_of_one, users=("alice", "bob")),
    Scenario("first key", first_key),
    Scenario("first key, of a service", _first_key_of_a_service),
    Scenario("first key, only operators subscribe", _first_key_passed_on),
    Scenario("first key, made and deleted", _first_key_again),
    Scenario("died before the store of a first key", died_at(first_key, _STORE, Fault.DIES_BEFORE)),
    Scenario("died after the store of a first key", died_at(first_key, _STORE, Fault.DIES_AFTER)),
    Scenario(
        "died before the store of a first key, a week ago",
        died_at(first_key, _STORE, Fault.DIES_BEFORE, days_ago=7),
    ),
    Scenario(
        "died after the store of a first key, a week ago",
        died_at(first_key, _STORE, Fault.DIES_AFTER, days_ago=7),
    ),
)
