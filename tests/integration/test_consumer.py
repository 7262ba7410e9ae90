"""modules/consumer beside the deployed function: which events start it, and what it keeps."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stage.account import Account
from tests.stage.example import ROOT
from tests.stage.listeners import EventQueue, Queue, discard, make_function, printed
from tests.stage.runs import Failure, invoke, log_lines
from tests.stage.terraform import Terraform
from tests.stage.waiting import found_within

from .conftest import VARIABLES
from .stage import ROTATED, Stage

NAME = "it-consumer"
USER = "it-consumed"
SECONDS = 30.0
# It looks into the secret that it was given, and says what it was started with.
DELIVER = """\
import json
import os

import boto3


def handler(event, context):
    answer = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_ARN"])
    found = json.loads(answer["SecretString"])
    print(json.dumps({"event": event, "found": found["AccessKeyId"]}))
"""


@dataclass(frozen=True)
class Consumer:
    """The module, applied for a user who was warned; days later the rotation starts a function."""

    stage: Stage
    terraform: Terraform
    variables: dict[str, str]
    events: EventQueue

    @property
    def account(self) -> Account:
        return self.stage.account

    def started(self) -> list[dict[str, Any]]:
        """What the function said, each time that it ran."""
        return [said for said in printed(self.account, NAME) if "event" in said]

    def takes(self, event: dict[str, Any]) -> bool:
        """Whether the rule's pattern admits the event, as EventBridge tells it."""
        pattern = self.account.events.describe_rule(Name=NAME)["EventPattern"]
        answer = self.account.events.test_event_pattern(
            EventPattern=pattern, Event=json.dumps(event)
        )
        return answer["Result"]


@pytest.fixture(scope="module")
def consumer(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Consumer]:
    if any("delivered" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("delivery_begun")  # its apply begins, and waits meanwhile
    account, folder = stage.account, tmp_path_factory.mktemp("consumer")
    person = stage.hire(USER, 85)
    stage.run({"users": [USER]})  # a warning, with which the secret is made
    secret = account.secrets.describe_secret(
        SecretId=f"{stage.outputs['secret_name_prefix']}{USER}"
    )
    function_arn = make_function(account, NAME, DELIVER, {"SECRET_ARN": secret["ARN"]})
    terraform = Terraform(
        folder=ROOT / "modules" / "consumer",
        state=folder / "consumer.tfstate",
        data=folder / "terraform",
        environment=account.environment(),
    )
    variables = {
        "name": NAME,
        "user_name": USER,
        "secret_arn": secret["ARN"],
        "kms_key_arn": stage.outputs["kms_key_arn"],
        "function_arn": function_arn,
        "installation": VARIABLES["name"],
    }
    try:
        terraform.init()
        terraform.apply(**variables)
        yield Consumer(stage, terraform, variables, EventQueue(account, f"{NAME}-events"))
        terraform.destroy(**variables)
    finally:
        terraform.clean_up()
        discard(account, NAME)
        discard(account, f"{NAME}-events")
        person.remove()


@pytest.fixture(scope="module")
def sent(consumer: Consumer) -> list[dict[str, Any]]:
    """All events of a run that rotates the user's key, and of one that rotates somebody else's."""
    stage, account = consumer.stage, consumer.account
    other = stage.hire("it-not-consumed", 120)
    stage.run({"users": [other.name]})
    account.backdoor.let_days_pass(USER, f"{stage.outputs['secret_name_prefix']}{USER}", 7)
    stage.run({"users": [USER]})
    other.remove()
    return consumer.events.receive(4)


@pytest.fixture(scope="module")
def rotated(sent: list[dict[str, Any]]) -> dict[str, Any]:
    """The event of the user's rotation."""
    [found] = [event for event in sent if (event["detail-type"], _user(event)) == (ROTATED, USER)]
    return found


def test_a_second_plan_is_empty(consumer: Consumer) -> None:
    assert consumer.terraform.changes(**consumer.variables) == []


def test_the_rotation_of_that_user_starts_the_function_once(
    consumer: Consumer, sent: list[dict[str, Any]], rotated: dict[str, Any]
) -> None:
    assert sorted((_user(event), event["detail-type"]) for event in sent) == [
        (USER, "Access Key Disabled"),
        (USER, ROTATED),
        ("it-not-consumed", "Access Key Disabled"),
        ("it-not-consumed", ROTATED),
    ]

    [run] = found_within(SECONDS, consumer.started)

    assert run["event"]["detail"] == rotated["detail"]
    assert run["found"] == rotated["detail"]["access_key_id"]
    value = consumer.account.secret_value(rotated["detail"]["secret_arn"])
    assert run["found"] == value["AccessKeyId"]
    assert value["SecretAccessKey"] not in "\n".join(log_lines(consumer.account, NAME))


def test_the_rule_takes_of_all_that_is_sent_that_event_alone(
    consumer: Consumer, sent: list[dict[str, Any]], rotated: dict[str, Any]
) -> None:
    assert [event for event in sent if consumer.takes(event)] == [rotated]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("detail.user.name", "it-build-agent", id="another user"),
        pytest.param("detail.user.name", USER.upper(), id="another user, by case"),
        pytest.param("detail.installation", "another", id="another installation"),
        pytest.param("detail.secret_arn", "arn:aws:x:y:z:secret:other", id="another secret"),
        pytest.param("detail.secret_arn", None, id="no secret"),
        pytest.param("detail-type", "Access Key Warned", id="a warning"),
        pytest.param("detail-type", "Access Key Held", id="a hold"),
        pytest.param("source", "payroll", id="another source"),
        pytest.param("account", "444455556666", id="another account"),
    ],
)
def test_an_event_that_differs_is_not_taken(
    consumer: Consumer, rotated: dict[str, Any], path: str, value: str | None
) -> None:
    changed: Any = copy.deepcopy(rotated)
    place = changed
    *steps, last = path.split(".")
    for step in steps:
        place = place[step]
    assert place[last] != value
    place[last] = value

    assert not consumer.takes(changed)


def test_a_forged_event_is_a_hint_and_no_more(consumer: Consumer, rotated: dict[str, Any]) -> None:
    """Whoever may put events can start the function. It looks into the secret that it was given."""
    consumer.stage.forge(rotated["detail"] | {"access_key_id": "AKIAFORGED"})

    def started() -> list[dict[str, Any]]:
        return [
            run
            for run in consumer.started()
            if run["event"]["detail"]["access_key_id"] == "AKIAFORGED"
        ]

    [run] = found_within(SECONDS, started)

    assert run["found"] == rotated["detail"]["access_key_id"]


def test_the_queue_keeps_what_the_function_fails_on_too(
    consumer: Consumer, rotated: dict[str, Any]
) -> None:
    """As README.md says. What EventBridge could not deliver, LocalStack forgets."""
    outputs = consumer.terraform.outputs()
    consumer.account.functions.update_function_configuration(
        FunctionName=NAME,
        DeadLetterConfig={"TargetArn": outputs["dead_letter_queue_arn"]},
        Environment={"Variables": {}},  # without the ARN of the secret
    )
    consumer.account.functions.get_waiter("function_updated_v2").wait(FunctionName=NAME)
    assert isinstance(invoke(consumer.account, NAME), Failure)

    queue = Queue(consumer.account, outputs["dead_letter_queue_url"])
    kept = None
    for _ in range(4):  # right after an update, LocalStack may hand an event to the former version
        consumer.stage.forge(rotated["detail"])
        if kept := next(queue.messages(SECONDS / 2), None):
            break

    assert kept is not None
    assert json.loads(kept["Body"])["detail"] == rotated["detail"]


def _user(event: dict[str, Any]) -> str:
    name: str = event["detail"]["user"]["name"]
    return name
