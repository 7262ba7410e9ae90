"""Situations that the crash harness has no use for, in which the handler makes further calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.aws.account import Account
from tests.crash.scenario import Scenario
from tests.policies.names import ALICE_ARN, BUS_ELSEWHERE_ARN, OWN_READERS, READERS

_HEALTH = Path(__file__).resolve().parents[1] / "samples" / "health_exposed_key.json"
_TOKEN = "6f1c2d0e-0000-4000-8000-000000000000"


def _due(account: Account) -> set[str]:
    account.add_user("alice", 90)
    return set()


def _with_readers(account: Account) -> set[str]:
    iam = account.client("iam")
    iam.create_role(RoleName="deploy", Path="/team/", AssumeRolePolicyDocument="{}")
    iam.create_user(UserName="break-glass")
    account.set_parameter("secret_reader_arns", json.dumps(READERS))
    account.set_user_options({"alice": {"reader_arns": OWN_READERS}})
    account.add_user("alice", 90, path="/team/")
    assert account.arn() == ALICE_ARN
    return set()


def _seen_active_again(account: Account) -> set[str]:
    [old] = account.add_user("alice", 90)
    account.run()
    account.set_status(old, "Active")
    return set()


def _made_by_another(account: Account) -> set[str]:
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(),
        Tags=[{"Key": "access-key-rotation:managed-by", "Value": "another"}],
    )
    account.add_user("alice", 90)
    return set()


def _named_with_a_comma(account: Account) -> set[str]:
    account.subscribe("comma", user="a,b+c", audience="user")
    account.add_user("a,b+c", 90)
    return set()


def _user_gone(account: Account) -> set[str]:
    """A secret is left whose user is on record as gone for long."""
    account.add_user("bob", 90)
    account.run()
    user_id = account.secret_tags("bob")["user-id"]
    account.delete_user("bob")
    tag = {
        "Key": "access-key-rotation:user-gone-since",
        "Value": f"{user_id} 2026-01-01T00:00:00Z",
    }
    account.client("secretsmanager").tag_resource(SecretId=account.secret_name("bob"), Tags=[tag])
    return set()


def _moved_and_replicated(account: Account) -> set[str]:
    """Somebody chose another key for the secret, and had it copied to another region."""
    account.add_user("alice", 90)
    account.run()
    secrets, name = account.client("secretsmanager"), account.secret_name()
    secrets.update_secret(SecretId=name, KmsKeyId="alias/somebodys")
    secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": "us-east-1"}])
    account.pass_days(90)
    return set()


def _user_just_gone(account: Account) -> set[str]:
    _user_gone(account)
    tag = "access-key-rotation:user-gone-since"
    account.client("secretsmanager").untag_resource(
        SecretId=account.secret_name("bob"), TagKeys=[tag]
    )
    return set()


def _user_back(account: Account) -> set[str]:
    """On record as gone, and there all the same: somebody forged the tag, or a list lagged."""
    _settled(account)
    gone = {
        "Key": "access-key-rotation:user-gone-since",
        "Value": f"{account.secret_tags()['user-id']} 2026-01-01T00:00:00Z",
    }
    account.client("secretsmanager").tag_resource(SecretId=account.secret_name(), Tags=[gone])
    return set()


def _deleted_by_a_person(account: Account) -> set[str]:
    """The secret of a user whose keys are not due: no rotation looks at it."""
    _settled(account)
    account.client("secretsmanager").delete_secret(SecretId=account.secret_name())
    return set()


def _no_more_managed(account: Account) -> set[str]:
    """In the middle of a rotation: both keys are active."""
    account.add_user("alice", 90, password=False)
    account.run()
    account.pass_days(7)
    account.client("iam").untag_user(UserName="alice", TagKeys=["access-key-rotation"])
    return set()


def _settled(account: Account) -> None:
    """A week after a rotation, on a Monday: the run that is tried looks at every secret."""
    account.add_user("alice", 90)
    account.run()
    account.pass_days(7)


def _exposed(account: Account) -> set[str]:
    """AWS names the key and not the user: the run looks up whose it is."""
    account.rule_token = _TOKEN
    account.add_user("alice", 10)
    return set()


def _reported(account: Account) -> dict[str, Any]:
    event = json.loads(_HEALTH.read_text())
    [key_id] = account.statuses()
    event["detail"]["affectedEntities"] = [{"entityValue": key_id}]
    return {"rule_token": _TOKEN, "aws_health": event}


MORE = (
    Scenario("due, the secret moved and replicated", _moved_and_replicated),
    Scenario("a secret whose user is gone", _user_gone),
    Scenario("a secret whose user is gone since today", _user_just_gone),
    Scenario("a secret whose user is back", _user_back),
    Scenario("a secret deleted by a person", _deleted_by_a_person),
    Scenario("a secret of a user who is no more managed", _no_more_managed),
    Scenario("exposed, as AWS Health reported", _exposed, _reported),
    Scenario("due, with readers", _with_readers),
    Scenario("superseded, enabled again", _seen_active_again),
    Scenario("due, the secret is another installation's", _made_by_another),
    Scenario("due, a name with a comma", _named_with_a_comma, users=("a,b+c",)),
    Scenario(
        "due, without the bulk read",
        _due,
        parameters={"bulk_discovery": "false"},
    ),
    Scenario("a dry run", _due, lambda _account: {"dry_run": True}),
)

# An installation that leaves out all that can be left out: no readers, no options of users, no
# alarms, no deletion of secrets. Its users are read one by one, and its events go to the bus of
# another account. What happens in it:
BARE_SETTINGS = {
    "bulk_discovery": "false",
    "deleted_user_secret_retention_days": "0",
    "event_bus_arn": BUS_ELSEWHERE_ARN,
}
BARE = (
    "due, the first time",
    "due, the secret moved and replicated",
    "the pair's secret is pending deletion",
    "unused, switched on again",
)
