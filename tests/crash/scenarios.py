"""The situations of the lifecycle table, each brought about by the handler's own earlier runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

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
from tests.crash.deaths import died_at
from tests.crash.hand_over_scenarios import HANDING_OVER
from tests.crash.option_scenarios import OF_OPTIONS, first_key
from tests.crash.predecessor_scenarios import OF_PREDECESSORS
from tests.crash.pull_scenarios import OF_PULLS, OF_PULLS_ALONE
from tests.crash.scenario import DAYS, Owner, Scenario, Unheld
from tests.crash.settings_scenarios import OF_SETTINGS, READER
from tests.crash.unused_scenarios import OF_UNUSED
from tests.crash.wire import Fault

# Whoever deletes the new key goes on with the old one up to the day that was announced. Then comes
# another rotation, whose reminder no run of these days sends in time.
_LONGER = (*DAYS, 44, 45)
_TAG = "access-key-rotation:"


def _nobody_but_operators(account: Account) -> Unheld:
    account.add_user("alice", 90)
    account.unsubscribe()
    return set()


def _from_terraform(account: Account) -> Unheld:
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(),
        KmsKeyId=account.parameters["kms_key_arn"],
        Tags=[{"Key": f"{_TAG}managed-by", "Value": "key-rotation"}],
    )
    return due(account)


def _warned_of(account: Account) -> Unheld:
    account.add_user("alice", 83)
    account.run()
    account.pass_days(7)
    return set()


def _prepared_by_somebody(account: Account) -> Unheld:
    """With the records of a warned user, and neither a policy nor our key."""
    _warned_of(account)
    secrets, name = account.client("secretsmanager"), account.secret_name()
    tags = secrets.describe_secret(SecretId=name)["Tags"]
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name=name, Tags=tags)
    return set()


def _settled(account: Account) -> None:
    """Weeks after a rotation, on a Thursday: only a change of readers is a reason to look."""
    account.add_user("alice", 90)
    account.run()
    account.pass_days(30)
    account.run()
    account.pass_days(1)


def _reader_removed(account: Account) -> Unheld:
    account.set_parameter("secret_reader_arns", json.dumps([READER]))
    _settled(account)
    account.set_parameter("secret_reader_arns", "[]")
    return set()


def _grace_over(account: Account) -> Unheld:
    """Somebody read the secret, and the owner was reminded: nothing holds the old key."""
    account.add_user("alice", 90, password=False)
    account.run()
    account.pass_days(1)
    account.read_secret()
    account.pass_days(3)
    account.run()
    account.pass_days(3)
    return set()


def _held(account: Account) -> Unheld:
    account.set_parameter("hold_while_used_days", "3")
    _grace_over(account)
    account.use(next(iter(account.statuses())))
    account.pass_days(1)
    return set()


def _on_again(account: Account) -> Unheld:
    """On record as inactive for so long that it might be deleted; since then somebody switched it
    on."""
    [old] = account.add_user("alice", 90)
    account.run()
    account.pass_days(31)
    account.set_status(old, "Active")
    return set()


def _two_active_and_due(account: Account) -> Unheld:
    for key_id in account.add_user("alice", 95, 20):
        account.use(key_id)
    return set()


def _slot_taken(account: Account) -> Unheld:
    first, _second = account.add_user("alice", 200, 90)
    account.set_status(first, "Inactive")
    return set()


def _orphan_waits(account: Account) -> Unheld:
    unheld = died_at(due, "secretsmanager:PutSecretValue", Fault.DIES_BEFORE)(account)
    account.run()
    account.pass_days(1)
    return unheld


def _secret_pending_deletion(account: Account) -> Unheld:
    _grace_over(account)
    account.client("secretsmanager").delete_secret(SecretId=account.secret_name())
    return set()


def _policy_changed(account: Account) -> Unheld:
    """The old key is the only one that its owner has: nobody but another could read the new one."""
    _grace_over(account)
    secrets = account.client("secretsmanager")
    ours = secrets.get_resource_policy(SecretId=account.secret_name())["ResourcePolicy"]
    secrets.put_resource_policy(
        SecretId=account.secret_name(), ResourcePolicy=ours.replace("user/alice", "user/mallory")
    )
    return {account.secret_value()["AccessKeyId"]}


def _value_changed(account: Account) -> Unheld:
    _grace_over(account)
    new = account.secret_value()["AccessKeyId"]
    account.client("secretsmanager").put_secret_value(
        SecretId=account.secret_name(), SecretString='{"note": "somebody was here"}'
    )
    return {new}


def _emergency(account: Account) -> dict[str, Any]:
    oldest = next(iter(account.statuses()))
    return {"emergency": {"user": "alice", "access_key_id": oldest, "reason": "leaked"}}


def _requested(_account: Account) -> dict[str, Any]:
    return {"rotate": {"users": ["alice"], "reason": "the supplier left"}}


def _young(account: Account) -> Unheld:
    """Not due in all the days that follow, nor to be warned of."""
    account.add_user("alice", 30)
    return set()


def _young_service(account: Account) -> Unheld:
    account.add_user("alice", 30, password=False)
    return set()


def _warned_lately(account: Account) -> Unheld:
    """The warning named a day that is four days away."""
    account.add_user("alice", 83)
    account.run()
    account.pass_days(3)
    return set()


def _requested_before(account: Account) -> Unheld:
    """Two hours ago; somebody has deleted the old key since, so that there is room."""
    [old] = account.add_user("alice", 30)
    account.run(_requested(account))
    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=old)
    account.pass_days(hours=2)
    return set()


def _came_back(account: Account) -> Unheld:
    """The key was replaced as leaked, on record as inactive, taken back, and used alone since."""
    [old] = account.add_user("alice", 5, password=False)
    emergency = {"user": "alice", "access_key_id": old, "reason": "a mistake"}
    account.run({"emergency": emergency | {"even_if_nobody_can_fetch": True}})
    account.untag_secret("leaked")
    account.set_status(old, "Active")
    new = account.secret_value()["AccessKeyId"]
    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=new)
    account.pass_days(85)
    return set()


def _leaked_and_on_again(account: Account) -> Unheld:
    [old] = account.add_user("alice", 40, tags={"access-key-rotation:hold-until": "2031-01-01"})
    account.run({"emergency": {"user": "alice", "access_key_id": old, "reason": "leaked"}})
    account.pass_days(1)
    account.set_status(old, "Active")
    return set()


def _leaked_and_nobody_can_fetch(account: Account) -> Unheld:
    """Somebody chose another KMS key for the secret before anybody fetched the new key."""
    _leaked_and_on_again(account)
    account.client("secretsmanager").update_secret(
        SecretId=account.secret_name(), KmsKeyId="alias/somebodys"
    )
    return {account.secret_value()["AccessKeyId"]}


def _reader_added(account: Account) -> Unheld:
    """The message named a day, and a reader would end the grace before."""
    account.add_user("alice", 90, password=False)
    account.run()
    role = account.client("iam").create_role(
        RoleName="deploy", Path="/team/", AssumeRolePolicyDocument="{}"
    )
    account.set_parameter("secret_reader_arns", json.dumps([role["Role"]["Arn"]]))
    account.pass_days(1)
    return set()


def _used_in_between(account: Account) -> Unheld:
    """Somebody switched the key on between two runs, used it, and switched it off again."""
    [old] = account.add_user("alice", 90)
    account.run()
    account.pass_days(28)
    account.use(old)
    account.pass_days(2)
    return set()


def _three_keys(account: Account) -> Unheld:
    """Two overlapping creates that IAM let through."""
    account.add_user("alice", 120, 110)
    account.add_key_beyond_the_limit("alice", 100)
    return set()


def _both_slots(account: Account) -> Unheld:
    account.add_user("alice", 50, 20)
    return set()


_BULK_READS = ("iam:GetAccountAuthorizationDetails", "iam:GetCredentialReport")

_BY_BULK = (
    Scenario("due, the first time", due),
    Scenario("due again", due_again),
    Scenario("due, a service user", service_user, days=_LONGER),
    Scenario("due, only operators subscribe", _nobody_but_operators),
    Scenario("due, the secret is from Terraform", _from_terraform),
    Scenario("due, warned of", _warned_of),
    Scenario("due, somebody prepared the secret", _prepared_by_somebody),
    Scenario("settled, a reader removed", _reader_removed),
    Scenario("superseded, the policy was changed", _policy_changed),
    Scenario("superseded, the value was changed", _value_changed),
    *HANDING_OVER,
    *OF_OPTIONS,
    *OF_UNUSED,
    *OF_SETTINGS,
    *OF_PULLS,
    Scenario("due, two users", two_users, users=("alice", "bob")),
    Scenario("due, a key that came back", _came_back, days=_LONGER),
    Scenario("to be warned", aged(85)),
    Scenario("superseded, the grace is over", _grace_over),
    Scenario("superseded, still in use", _held, owner=Owner.MOVES),
    Scenario("superseded, to be deleted", since_a_rotation(30)),
    Scenario("superseded, and on again", _on_again),
    Scenario("to be deleted, its successor due", since_a_rotation(90)),
    Scenario("two active, one idle", one_idle(80, 70, days=60)),
    Scenario("two active, due", _two_active_and_due),
    Scenario("due, the other slot taken", _slot_taken),
    Scenario("three keys", _three_keys),
    Scenario("leaked, and on again", _leaked_and_on_again, leaked=1),
    Scenario(
        "leaked, and its successor cannot be fetched",
        _leaked_and_nobody_can_fetch,
        leaked=1,
        owner=Owner.SLEEPS,
    ),
    Scenario("superseded, a reader was added", _reader_added),
    Scenario("to be deleted, used in between", _used_in_between),
    Scenario(
        "died before the store", died_at(due, "secretsmanager:PutSecretValue", Fault.DIES_BEFORE)
    ),
    Scenario(
        "died after the store", died_at(due, "secretsmanager:PutSecretValue", Fault.DIES_AFTER)
    ),
    Scenario("died after the create", died_at(due, "iam:CreateAccessKey", Fault.DIES_AFTER)),
    Scenario("died after the announcement", died_at(due, "sns:Publish", Fault.DIES_AFTER)),
    Scenario("an inactive orphan", _orphan_waits),
    *OF_PREDECESSORS,
    Scenario("the pair's secret is pending deletion", _secret_pending_deletion),
    Scenario("requested", _young, _requested),
    Scenario("requested, a service user", _young_service, _requested),
    Scenario("requested, warned of", _warned_lately, _requested),
    Scenario("requested, again within a day", _requested_before, _requested),
    Scenario("requested, a first key", first_key, _requested),
    Scenario("emergency, the only key", due, _emergency),
    Scenario("emergency, of a service", _young_service, _emergency),
    Scenario("emergency, both slots active", _both_slots, _emergency),
    Scenario("emergency, three keys", _three_keys, _emergency),
)
# Without a person these are as "due again" and "due, the secret is from Terraform".
OF_PEOPLE_ALONE = ("due, warned of", "due, somebody prepared the secret", *OF_PULLS_ALONE)
# The same, where everything must be read user by user.
_ONE_BY_ONE = (
    "due again",
    "superseded, the grace is over",
    "to be deleted, its successor due",
    "died before the store",
    "emergency, the only key",
)
SCENARIOS = (
    *_BY_BULK,
    *(
        replace(scenario, name=f"{scenario.name}, one by one", denied=_BULK_READS)
        for scenario in _BY_BULK
        if scenario.name in _ONE_BY_ONE
    ),
)
