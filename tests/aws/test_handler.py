"""The handler on the AWS wire (moto): settings, discovery, secrets, policies, messages, payload."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from key_rotation import handler
from key_rotation.domain.model import placeholder_id, version_id
from key_rotation.domain.settings import SettingsError
from key_rotation.notify.response import RotationFailedError
from key_rotation.run.payload import PayloadError
from tests.aws.account import ACCOUNT_ID, PATH, REGION, Account, sts_for


def actions(response: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["user"], row["action"]) for row in response["users"]]


def changed_nothing(account: Account, name: str, key_id: str) -> bool:
    secrets = account.client("secretsmanager").list_secrets()["SecretList"]
    return account.statuses(name) == {key_id: "Active"} and not secrets


# -- a rotation ------------------------------------------------------------------------------------


def test_a_due_key_is_replaced_and_its_successor_works(account: Account) -> None:
    [old] = account.add_user("alice", 90)

    response = account.run()

    value = account.secret_value()
    assert account.statuses() == {old: "Inactive", value["AccessKeyId"]: "Active"}
    assert actions(response) == [
        ("alice", "rotate"),
        ("alice", "announce"),
        ("alice", "disable"),
    ]
    new = sts_for(value["AccessKeyId"], value["SecretAccessKey"])
    assert new.get_caller_identity()["Arn"] == account.arn()


def test_the_secret_is_an_answer_of_a_credential_process(account: Account) -> None:
    account.add_user("alice", 90)

    account.run()

    value = account.secret_value()
    assert set(value) == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "UserName",
        "AccountId",
        "CreateDate",
    }
    assert (value["Version"], value["UserName"], value["AccountId"]) == (1, "alice", ACCOUNT_ID)
    assert value["CreateDate"] == "2026-06-01T12:00:00Z"


def test_the_version_id_tells_which_key_the_secret_holds(account: Account) -> None:
    account.add_user("alice", 90)

    account.run()

    secret = account.client("secretsmanager").describe_secret(SecretId=account.secret_name())
    assert secret["VersionIdsToStages"] == {
        version_id(account.secret_value()["AccessKeyId"]): ["AWSCURRENT"]
    }


def test_the_owner_may_read_the_secret_and_everybody_else_is_denied(account: Account) -> None:
    reader = "arn:aws:iam::999999999999:role/deploy"
    account.set_parameter("secret_reader_arns", json.dumps([reader]))
    account.add_user("alice", 90, path="/team/")

    account.run()

    answer = account.client("secretsmanager").get_resource_policy(SecretId=account.secret_name())
    allow, deny = json.loads(answer["ResourcePolicy"])["Statement"]
    root, owner = (f"arn:aws:iam::{ACCOUNT_ID}:{name}" for name in ("root", "user/team/alice"))
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"AWS": [owner, reader, root]})
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    user_id = account.client("iam").get_user(UserName="alice")["User"]["UserId"]
    assert deny["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": [reader]},
        "StringNotEquals": {"aws:userid": user_id},
    }


def test_a_secret_made_on_demand_carries_the_tags_of_the_settings(account: Account) -> None:
    account.add_user("alice", 90)

    account.run()

    tags = account.secret_tags()
    assert (tags["team"], tags["managed-by"]) == ("platform", "key-rotation")
    user_id = account.client("iam").get_user(UserName="alice")["User"]["UserId"]
    assert tags["user-id"] == user_id


def test_a_secret_from_terraform_is_used(account: Account) -> None:
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(),
        Tags=[{"Key": "access-key-rotation:managed-by", "Value": "key-rotation"}],
    )
    [old] = account.add_user("alice", 90)

    account.run()

    assert account.statuses()[old] == "Inactive"


def test_a_foreign_secret_of_that_name_blocks(account: Account) -> None:
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(), SecretString="somebody's"
    )
    [old] = account.add_user("alice", 90)

    response = account.run()

    [row] = response["users"]
    assert (row["action"], row["reason"]) == ("block", "unmanaged_secret")
    [digest] = account.messages("operators")
    assert digest["lines"] == [
        {
            "event": "blocked",
            "user": "alice",
            "access_key_id": old,
            "reason": "unmanaged_secret",
            "secret_arn": None,
            "text": f"alice: key {old} cannot be replaced: a secret of the same name exists that "
            f"this rotation did not make. {old} was never used",
        }
    ]
    assert account.secret_tags() == {}
    assert account.messages("alice") == []
    assert account.statuses() == {old: "Active"}
    value = account.client("secretsmanager").get_secret_value(SecretId=account.secret_name())
    assert value["SecretString"] == "somebody's"
    for _ in range(6):
        account.pass_days(1)
        account.run()
    assert account.messages("operators") == []
    account.pass_days(1)
    account.run()
    assert len(account.messages("operators")) == 1


def test_a_secret_pending_deletion_is_restored(account: Account) -> None:
    account.add_user("alice", 90)
    account.run()
    account.client("secretsmanager").delete_secret(SecretId=account.secret_name())
    account.pass_days(2)

    response = account.run()

    assert actions(response) == [("alice", "prepare")]
    assert account.secret_value()["UserName"] == "alice"


def test_a_policy_that_somebody_changed_is_put_back_before_the_old_key_goes(
    account: Account,
) -> None:
    [old] = account.add_user("alice", 90, password=False)
    account.run()
    secrets = account.client("secretsmanager")
    ours = secrets.get_resource_policy(SecretId=account.secret_name())["ResourcePolicy"]
    foreign = ours.replace("user/alice", "user/mallory")
    secrets.put_resource_policy(SecretId=account.secret_name(), ResourcePolicy=foreign)
    account.pass_days(7)
    account.use_new_key()  # mallory may have read it

    first = account.run()

    assert secrets.get_resource_policy(SecretId=account.secret_name())["ResourcePolicy"] == ours
    assert actions(first) == [("alice", "defer")]
    assert actions(account.run()) == [("alice", "announce")]  # and the week begins again
    account.pass_days(7)
    account.run()
    assert account.statuses()[old] == "Inactive"


def test_a_run_is_measured(account: Account) -> None:
    account.add_user("alice", 90)

    account.run()

    metrics = account.client("cloudwatch").list_metrics(Namespace="AccessKeyRotation")["Metrics"]
    names = {metric["MetricName"] for metric in metrics}
    assert {"KeysRotated", "UsersFailed", "ManagedUsers", "RunSeconds", "ApiCalls"} <= names
    assert {dimension["Value"] for metric in metrics for dimension in metric["Dimensions"]} == {
        "key-rotation"
    }


HEALTH: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[1] / "samples" / "health_exposed_key.json").read_text()
)


TOKEN = "6f1c2d0e-0000-4000-8000-000000000000"


def exposed(key_id: str, code: str = "AWS_RISK_CREDENTIALS_EXPOSED") -> dict[str, Any]:
    """The event that AWS Health sends of this key, as the module's rule hands it over."""
    entities = {"affectedEntities": [{"entityValue": key_id}], "eventTypeCode": code}
    event = HEALTH | {"detail": HEALTH["detail"] | entities}
    return {"rule_token": TOKEN, "aws_health": event}


@pytest.fixture
def account(account: Account) -> Account:
    account.rule_token = TOKEN
    return account


def test_a_key_that_aws_found_exposed_is_replaced_and_off(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "key_rotation")
    account.add_user("bob", 10)
    [leaked] = account.add_user("alice", 10)

    report = account.run(exposed(leaked, "AWS_RISK_IAM_QUARANTINE"))

    verbs = ("record", "rotate", "disable", "announce")
    assert actions(report) == [("alice", verb) for verb in verbs]
    assert account.statuses()[leaked] == "Inactive"
    [rotated] = [m for m in account.messages("alice") if m["event"] == "rotated"]
    assert rotated["reason"].startswith(
        "Reason: AWS Health reported it as AWS_RISK_IAM_QUARANTINE. AWS may have attached a policy"
    )
    done = [record for record in caplog.records if record.getMessage() == "done"]
    assert {record.note for record in done} == {rotated["reason"]}  # type: ignore[attr-defined]
    changed = [vars(one) for one in caplog.records if one.getMessage() == "key changed"]
    assert [(line["action"], line["by"], line["event_id"]) for line in changed] == [
        ("create", "aws.health", HEALTH["id"]),
        ("disable", "aws.health", HEALTH["id"]),
    ]
    assert account.run(exposed(leaked))["counts"] == {}


def test_nobody_but_the_rule_can_send_an_event_of_aws_health(account: Account) -> None:
    [leaked] = account.add_user("alice", 10)

    for event in (exposed(leaked)["aws_health"], exposed(leaked) | {"rule_token": "guessed"}):
        with pytest.raises(PayloadError, match="from the module's own rule only"):
            account.run(event)

    assert account.statuses()[leaked] == "Active"


def test_an_emergency_without_a_user_finds_whose_key_it_is(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    [leaked] = account.add_user("alice", 10)

    caplog.set_level("INFO", "key_rotation")
    caller = "arn:aws:sts::123456789012:assumed-role/operators/bob"
    named = {"access_key_id": leaked, "reason": "leaked"}

    account.run({"emergency": named, "requested_by": caller})

    assert account.statuses()[leaked] == "Inactive"
    changed = [vars(one) for one in caplog.records if one.getMessage() == "key changed"]
    assert {line["by"] for line in changed} == {caller}


def test_an_exposed_key_of_nobody_is_an_error(account: Account) -> None:
    with pytest.raises(PayloadError, match="there is no access key AKIA"):
        account.run(exposed("AKIA" + "A" * 16))


def test_an_exposed_key_of_an_unmanaged_user_is_an_error(account: Account) -> None:
    [leaked] = account.add_user("erin", 10, managed=None)

    with pytest.raises(PayloadError, match="'erin' of the payload is not an IAM user"):
        account.run(exposed(leaked))


def test_an_exposed_key_is_no_success_while_nothing_may_be_done(account: Account) -> None:
    [leaked] = account.add_user("alice", 10)
    account.set_parameter("dry_run", "true")

    with pytest.raises(PayloadError, match="dry_run is set"):
        account.run(exposed(leaked))

    asked = {"dry_run": True, "emergency": {"access_key_id": leaked, "reason": "leaked"}}
    assert account.run(asked)["counts"] == dict.fromkeys(
        ("announce", "disable", "record", "rotate"), 1
    )


def test_the_calls_of_a_run_are_counted(account: Account) -> None:
    made: list[str] = []

    def note(event_name: str, **_: Any) -> None:
        made.append(event_name)

    def measured() -> float:
        now = account.clock.now()
        [point] = account.client("cloudwatch").get_metric_statistics(
            Namespace="AccessKeyRotation",
            MetricName="ApiCalls",
            Dimensions=[{"Name": "Installation", "Value": "key-rotation"}],
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        total: float = point["Sum"]
        return total

    services = ("ssm", "iam", "secretsmanager", "sns", "cloudwatch", "events")
    for service in services:
        account.client(service).meta.events.register("before-call", note)
    account.add_user("alice", 85)
    for _ in range(2):  # a warm function has counted before
        made.clear()
        account.run()
        counted = len(made)
        assert measured() == counted > 5
        account.pass_days(1)
    for service in services:
        account.client(service).meta.events.unregister("before-call", note)


def test_a_user_created_again_gets_nothing_of_the_predecessor(account: Account) -> None:
    account.add_user("alice", 90)
    account.run()
    predecessors = account.secret_value()["AccessKeyId"]
    account.delete_user()
    account.add_user("alice", 85)

    account.run()

    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        assert "AccessKeyId" not in account.secret_value(stage=stage)
    secret = account.client("secretsmanager").describe_secret(SecretId=account.secret_name())
    assert not secret["VersionIdsToStages"].get(version_id(predecessors))
    user_id = account.client("iam").get_user(UserName="alice")["User"]["UserId"]
    assert account.secret_tags()["policy-for"].startswith(user_id)
    assert (
        "intent" not in account.secret_tags()
    )  # or a key of this user's could look like an orphan


def _lose_the_tag(account: Account) -> None:
    account.untag_secret("user-id")


def _lose_tag_and_policy(account: Account) -> None:
    _lose_the_tag(account)
    account.client("secretsmanager").delete_resource_policy(SecretId=account.secret_name())


def _lose_tag_and_be_deleted(account: Account) -> None:
    _lose_the_tag(account)
    account.client("secretsmanager").delete_secret(SecretId=account.secret_name())


def _forge_the_tag(account: Account) -> None:
    """Once the week's look has shut a secret whose owner is gone."""
    account.pass_days(7)
    account.run()
    user_id = account.client("iam").get_user(UserName="alice")["User"]["UserId"]
    account.client("secretsmanager").tag_resource(
        SecretId=account.secret_name(),
        Tags=[{"Key": "access-key-rotation:user-id", "Value": user_id}],
    )


@pytest.mark.parametrize("age", [0, 85, 90])
@pytest.mark.parametrize(
    "tamper", [_lose_the_tag, _lose_tag_and_policy, _lose_tag_and_be_deleted, _forge_the_tag]
)
def test_a_tag_that_is_gone_or_forged_gives_a_successor_nothing(
    account: Account, tamper: Callable[[Account], None], age: int
) -> None:
    """Whether the successor's key is young, to be warned about or due, and also on a Monday."""
    account.add_user("alice", 90)
    account.run()
    predecessors = account.secret_value()["AccessKeyId"]
    account.delete_user()
    account.add_user("alice")
    tamper(account)
    account.add_key(days=age)
    secrets = account.client("secretsmanager")
    user_id = account.client("iam").get_user(UserName="alice")["User"]["UserId"]

    for _ in range(8):
        account.run()
        account.pass_days(1)
        secret = secrets.describe_secret(SecretId=account.secret_name())
        policy = secrets.get_resource_policy(SecretId=account.secret_name())
        if user_id in policy.get("ResourcePolicy", ""):
            assert not secret["VersionIdsToStages"].get(version_id(predecessors))


def test_a_placeholder_is_no_key(account: Account) -> None:
    account.add_user("alice", 85)

    account.run()

    value = account.secret_value()
    assert value["UserName"] == "alice"
    assert "SecretAccessKey" not in value


def test_the_label_of_a_placeholder_is_the_present_users(account: Account) -> None:
    account.add_user("alice", 85)
    account.run()
    account.delete_user()
    account.add_user("alice", 85)

    account.run()

    secret = account.client("secretsmanager").describe_secret(SecretId=account.secret_name())
    user_id = account.client("iam").get_user(UserName="alice")["User"]["UserId"]
    labelled = {i for i, at in secret["VersionIdsToStages"].items() if "PLACEHOLDER" in at}
    assert labelled == {placeholder_id(user_id, 2)}


def _in_the_middle_of(account: Account, operation: str, act: Callable[[], object]) -> None:
    """Does it before the first such call, as another run or a person might."""
    acts = [act]

    def handler(**_: Any) -> None:
        if acts:
            acts.pop()()

    account.intercept(f"before-call.secrets-manager.{operation}", handler)


@pytest.mark.parametrize("in_a_predecessors_secret", [False, True])
def test_no_placeholder_is_put_over_a_key(account: Account, in_a_predecessors_secret: bool) -> None:
    if in_a_predecessors_secret:
        account.add_user("alice", 90)
        account.run()
        account.delete_user()
    [leaked] = account.add_user("alice", 85)
    _in_the_middle_of(account, "PutSecretValue", lambda: account.run(exposed(leaked)))

    account.run()

    assert account.statuses()[leaked] == "Inactive"
    assert account.statuses()[account.secret_value()["AccessKeyId"]] == "Active"


def test_a_name_with_a_comma(account: Account) -> None:
    account.subscribe("comma", user="a,b+c", audience="user")
    account.add_user("a,b+c", 90)

    account.run()

    assert account.secret_value("a+2Cb+2Bc")["UserName"] == "a,b+c"


# -- discovery -------------------------------------------------------------------------------------


def test_unmanaged_users_are_not_touched(account: Account) -> None:
    [bob] = account.add_user("bob", 400, managed=None)
    [carol] = account.add_user("carol", 400, managed="Enabled")

    response = account.run()

    assert account.statuses("bob") == {bob: "Active"}
    assert account.statuses("carol") == {carol: "Active"}
    assert response["scanned"] == 0
    row, of_account = response["users"]
    assert of_account["reason"] == "unmanaged_users"
    assert (row["user"], row["action"], row["reason"]) == (
        "carol",
        "report",
        "unexpected_tag_value",
    )


def test_tag_keys_are_compared_without_regard_to_case(account: Account) -> None:
    [key] = account.add_user("alice", 61, managed=None, tags={"Access-Key-Rotation": "enabled"})
    account.client("iam").tag_user(
        UserName="alice", Tags=[{"Key": "ACCESS-KEY-ROTATION:Max-Key-Age-Days", "Value": "61"}]
    )

    account.run()

    assert account.statuses()[key] == "Inactive"


# -- messages --------------------------------------------------------------------------------------


def test_what_programs_get(account: Account) -> None:
    [old] = account.add_user("alice", 90, password=False)

    account.run()

    [message] = account.messages("alice")
    assert message["event"] == "rotated"
    assert (message["user"], message["account_id"]) == ("alice", ACCOUNT_ID)
    assert message["access_key_id"] == account.secret_value()["AccessKeyId"]
    assert message["superseded_access_key_id"] == old
    assert message["superseded_key_until"] == "2026-06-08T12:00:00Z"
    assert message["secret_arn"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:")
    [digest] = account.messages("operators")
    assert [line["event"] for line in digest["lines"]] == ["rotated"]


def test_an_unconfirmed_subscription_is_no_listener(account: Account) -> None:
    account.client("sns").subscribe(
        TopicArn=account.topic_arn,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:alice",
        Attributes={"FilterPolicy": '{"user": ["bob"]}'},
    )
    account.add_user("bob", 90)
    sns = account.client("sns")
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=account.topic_arn)["Subscriptions"]
    [bobs] = [
        s["SubscriptionArn"]
        for s in subscriptions
        if "bob"
        in sns.get_subscription_attributes(SubscriptionArn=s["SubscriptionArn"])["Attributes"].get(
            "FilterPolicy", ""
        )
    ]
    sns.unsubscribe(SubscriptionArn=bobs)

    account.run()

    [digest] = account.messages("operators")
    assert "please pass it on" in digest["lines"][0]["text"]


def test_a_settled_account_is_quiet(account: Account) -> None:
    account.add_user("alice", 90)
    account.run()
    account.messages("alice")
    account.messages("operators")
    account.pass_days(1)

    response = account.run()

    assert response["users"] == []
    assert account.messages("alice") == account.messages("operators") == []


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("max_key_age_days", "ninety", "must be a whole number"),
        ("dry_run", "yes", "must be true or false"),
        ("user_tag", "enabled", "must be JSON"),
        ("warn_before_days", "90", "must be less than max_key_age_days"),
    ],
)
def test_a_bad_setting_stops_the_run_and_names_the_parameter(
    account: Account, name: str, value: str, problem: str
) -> None:
    [key] = account.add_user("alice", 90)
    account.set_parameter(name, value)

    with pytest.raises(SettingsError, match=f"parameter {PATH}/{name} .*{problem}"):
        account.run()

    assert changed_nothing(account, "alice", key)


def test_a_missing_setting(account: Account) -> None:
    [key] = account.add_user("alice", 90)
    account.client("ssm").delete_parameter(Name=f"{PATH}/topic_arn")

    with pytest.raises(SettingsError, match=f"parameter {PATH}/topic_arn is missing"):
        account.run()

    assert changed_nothing(account, "alice", key)


def test_a_dead_reader(account: Account) -> None:
    [key] = account.add_user("alice", 90)
    account.set_parameter("secret_reader_arns", f'["arn:aws:iam::{ACCOUNT_ID}:role/gone"]')

    with pytest.raises(SettingsError, match=r"secret_reader_arns names .*role/gone"):
        account.run()

    assert changed_nothing(account, "alice", key)


def test_living_readers(account: Account) -> None:
    iam = account.client("iam")
    role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument="{}", Path="/ci/")
    reader = iam.create_user(UserName="reader")
    readers = [role["Role"]["Arn"], reader["User"]["Arn"]]
    account.set_parameter("secret_reader_arns", json.dumps(readers))
    [old] = account.add_user("alice", 90, password=False)

    account.run()

    assert account.statuses()[old] == "Inactive"


@pytest.mark.parametrize(
    ("payload", "culprit"),
    [
        ({"dryrun": True}, "dryrun"),
        ({"dry_run": "true"}, "dry_run"),
        ({"users": "alice"}, "users"),
        ({"users": ["nobody"]}, "nobody"),
        ({"users": ["bob"]}, "bob"),
        ({"emergency": {"user": "alice"}}, r"emergency\.access_key_id"),
        ({"rotate": {"users": ["alice"]}}, r"rotate\.reason"),
        (
            {"emergency": {"user": "bob", "access_key_id": "AKIA" + "A" * 16, "reason": "x"}},
            "bob",
        ),
    ],
)
def test_a_bad_payload_changes_nothing(account: Account, payload: Any, culprit: str) -> None:
    [key] = account.add_user("alice", 90)
    account.add_user("bob", 90, managed=None)

    with pytest.raises(PayloadError, match=culprit):
        account.run(payload)

    assert changed_nothing(account, "alice", key)


def test_without_a_config_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFIG_PATH", raising=False)

    class Context:
        aws_request_id = "request"

        def get_remaining_time_in_millis(self) -> int:
            return 900_000

    with pytest.raises(SettingsError, match="CONFIG_PATH"):
        handler.lambda_handler({}, Context())


def test_the_real_entry_point(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    [old] = account.add_user("alice", 90)

    class Context:
        aws_request_id = "request"

        def get_remaining_time_in_millis(self) -> int:
            return 900_000

    response = handler.lambda_handler({}, Context())

    assert response["counts"] == {"announce": 1, "disable": 1, "rotate": 1}
    assert account.statuses()[old] == "Inactive"


def test_no_log_level_makes_the_libraries_write_a_secret_down(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    account.add_user("alice", 90)
    caplog.set_level(logging.DEBUG)  # as Lambda sets the root logger

    class Context:
        aws_request_id = "request"

        def get_remaining_time_in_millis(self) -> int:
            return 900_000

    handler.lambda_handler({}, Context())

    said = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "run finished" in said
    assert account.secret_value()["SecretAccessKey"] not in said


def test_a_failed_user_ends_the_run_in_an_error_after_the_others(
    account: Account, request: pytest.FixtureRequest
) -> None:
    [alices] = account.add_user("alice", 95)
    [bobs] = account.add_user("bob", 90)
    account.subscribe("bob", user="bob", audience="user")
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(),
        Tags=[{"Key": "access-key-rotation:managed-by", "Value": "key-rotation"}],
    )
    events = account.clients.iam_without_retries().meta.events

    def deny(params: Any, **_: Any) -> None:
        if params["UserName"] == "alice":
            raise RuntimeError("AccessDenied")

    events.register("provide-client-params.iam.CreateAccessKey", deny)
    request.addfinalizer(
        lambda: events.unregister("provide-client-params.iam.CreateAccessKey", deny)
    )

    with pytest.raises(RotationFailedError, match="alice"):
        account.run()

    assert account.statuses("alice") == {alices: "Active"}
    assert account.statuses("bob")[bobs] == "Inactive"


def test_a_user_moved_to_another_path_can_read_the_secret_before_the_old_key_goes(
    account: Account,
) -> None:
    account.add_user("alice", 90, password=False, path="/old/")
    account.run()
    iam, secrets = account.client("iam"), account.client("secretsmanager")
    iam.update_user(UserName="alice", NewPath="/new/")
    mark = {"Key": "access-key-rotation", "Value": "enabled"}
    iam.tag_user(UserName="alice", Tags=[mark])  # moto loses it with the path

    account.pass_days(7)
    account.use_new_key()
    report = account.run()

    policy = secrets.get_resource_policy(SecretId=account.secret_name())["ResourcePolicy"]
    assert account.arn() in policy
    assert [row["reason"] for row in report["users"]] == ["concurrent_change"]
    assert list(account.statuses().values()) == ["Active", "Active"]

    account.pass_days(1)
    assert [row["action"] for row in account.run()["users"]] == ["announce"]
    account.pass_days(7)
    account.run()
    assert sorted(account.statuses().values()) == ["Active", "Inactive"]
