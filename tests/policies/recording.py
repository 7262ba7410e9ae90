"""Every situation of the crash harness, and a few more, with the handler's calls on record.

Each is followed for as long as something happens to its users. Some are repeated with each call
refused in turn, for what the handler does then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tests.aws.account import Account, an_account
from tests.crash.scenario import Scenario
from tests.crash.scenarios import SCENARIOS
from tests.crash.wire import Died, Fault, Tap, retries_without_waiting, tapped
from tests.policies.names import ALICE_ARN, OWN_READERS, READERS
from tests.policies.question import Document, Question
from tests.policies.recorder import Recorder


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
    iam = account.client("iam")
    for key_id in account.statuses("bob"):
        iam.delete_access_key(UserName="bob", AccessKeyId=key_id)
    iam.delete_login_profile(UserName="bob")
    iam.delete_user(UserName="bob")
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


MORE = (
    Scenario("due, the secret moved and replicated", _moved_and_replicated),
    Scenario("a secret whose user is gone", _user_gone),
    Scenario("due, with readers", _with_readers),
    Scenario("superseded, enabled again", _seen_active_again),
    Scenario("due, the secret is another installation's", _made_by_another),
    Scenario("due, a name with a comma", _named_with_a_comma, users=("a,b+c",)),
    Scenario(
        "due, without the bulk read",
        lambda account: set(account.add_user("alice", 90)) and set(),
        parameters={"bulk_discovery": "false"},
    ),
    Scenario("a dry run", lambda account: set(account.add_user("alice", 90)) and set()),
)
# Of these every call is refused once.
REFUSED = ("due, the first time", "superseded, the grace is over")
# Days later when what was begun goes on: the grace is over, the old key is to be deleted.
DAYS = (8, 40)


def recorded() -> tuple[list[Question], dict[str, Document]]:
    """The handler's requests, and the policy of a secret as it wrote it last, by scenario.

    Raises LookupError for a call whose resource is named in a way that the recorder does not know.
    """
    recorder = Recorder()
    for scenario in (*SCENARIOS, *MORE):
        _record(recorder, scenario)
    for scenario in SCENARIOS:
        if scenario.name in REFUSED:
            calls = _record(recorder, scenario, ())
            for at in range(calls):
                _record(recorder, scenario, (), Tap(Fault.DENIED, at))
    if recorder.problems:
        raise LookupError(f"calls that cannot be put on record: {set(recorder.problems)}")
    return recorder.questions, recorder.secret_policies


def _record(
    recorder: Recorder, scenario: Scenario, days: Sequence[int] = DAYS, tap: Tap | None = None
) -> int:
    """The number of calls of the scenario's own run."""
    recorder.scenario = f"{scenario.name}, a call refused" if tap else scenario.name
    tap = tap or Tap()
    with an_account() as account, retries_without_waiting(account.clock):
        account.clients = recorder.clients
        for name, value in scenario.parameters.items():
            account.set_parameter(name, value)
        scenario.set_up(account)
        payload: Any = scenario.payload(account)
        if scenario.name == "a dry run":
            payload = {"dry_run": True}
        with tapped(tap), suppress(Exception, Died):
            account.run(payload)
        passed = 0
        for day in days:
            account.pass_days(day - passed)
            passed = day
            with suppress(Exception):
                account.run()
    return len(tap.calls)
