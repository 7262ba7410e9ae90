"""What the tests of the deployed function play with: settings, messages, users, the schedule."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.stage.account import Account, HeldKey
from tests.stage.runs import Failure, invoke, wait_for_report

SCHEDULE_SECONDS = 150.0  # twice the schedule, and some


class Schedule:
    """The rule's target: taken away, no run comes between a test's steps."""

    def __init__(self, account: Account, outputs: Mapping[str, Any]) -> None:
        self._account = account
        self._rule = outputs["schedule_rule_arn"].rpartition("/")[2]
        self._targets: list[Any] = []

    def pause(self) -> None:
        self._targets = list(self._account.events.list_targets_by_rule(Rule=self._rule)["Targets"])
        ids = [target["Id"] for target in self._targets]
        self._account.events.remove_targets(Rule=self._rule, Ids=ids)

    def resume(self) -> None:
        """As it was: a plan must find no difference."""
        self._account.events.put_targets(Rule=self._rule, Targets=self._targets)


@dataclass(frozen=True)
class Queue:
    """A queue that is subscribed to the topic, as a program would be."""

    account: Account
    url: str
    bodies: list[str] = field(default_factory=list)  # all that came in

    def receive(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 10) -> Any:
        """The next message that is wanted, with its attributes; others are dropped.

        Raises TimeoutError if none comes.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.account.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            found = []
            for message in answer.get("Messages", []):
                self.bodies.append(message["Body"])
                self.account.sqs.delete_message(
                    QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"]
                )
                found.append(_published(json.loads(message["Body"])))
            for one in found:
                if wanted(one):
                    return one
        raise TimeoutError(f"no such message within {seconds:.0f} s")


@dataclass
class Stage:
    """examples/complete, deployed; `held` are the keys that its users were given."""

    account: Account
    outputs: Mapping[str, Any]
    held: Mapping[str, Sequence[HeldKey]]
    confirmed: Sequence[str]
    queue: Queue
    schedule: Schedule
    first_report: dict[str, Any] = field(default_factory=dict)
    answers: list[dict[str, Any] | Failure] = field(default_factory=list)
    keys_ever: dict[str, str] = field(default_factory=dict)  # and their secrets

    @property
    def function(self) -> str:
        return str(self.outputs["function_name"])

    def invoke(self, payload: Any = None) -> dict[str, Any] | Failure:
        self.answers.append(invoke(self.account, self.function, payload))
        self.note_keys()
        return self.answers[-1]

    def note_keys(self) -> None:
        """So that a key is still known when it is gone: its secret must be found nowhere."""
        self.keys_ever |= self.account.backdoor.secret_access_keys()

    def run(self, payload: Any = None) -> dict[str, Any]:
        """The response of a run that is to succeed."""
        answer = self.invoke(payload)
        assert isinstance(answer, dict), answer
        return answer

    def set(self, setting: str, value: str) -> None:
        name = f"{self.outputs['config_path']}/{setting}"
        self.account.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    @contextmanager
    def setting(self, setting: str, value: str | None) -> Iterator[None]:
        """Another value for a while; None takes the parameter away."""
        name = f"{self.outputs['config_path']}/{setting}"
        before = self.account.ssm.get_parameter(Name=name)["Parameter"]
        tags = self.account.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
        about = self.account.ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Values": [name]}]
        )["Parameters"][0]
        if value is None:
            self.account.ssm.delete_parameter(Name=name)
        else:
            self.set(setting, value)
        try:
            yield
        finally:
            if value is None:
                self.account.ssm.put_parameter(
                    Name=name,
                    Value=before["Value"],
                    Type="String",
                    Description=about["Description"],
                    Tags=tags["TagList"],
                )
            else:
                self.set(setting, before["Value"])

    def dead_letter(self, seconds: float = 30) -> Any:
        """The next event that could not be served. Raises TimeoutError if none comes."""
        name = self.outputs["dead_letter_queue_arn"].rpartition(":")[2]
        url = self.account.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.account.sqs.receive_message(
                QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                self.queue.bodies.append(json.dumps(message))
                self.account.sqs.delete_message(
                    QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]
                )
                return message
        raise TimeoutError(f"no event in the dead-letter queue within {seconds:.0f} s")

    def secret(self, user: str) -> dict[str, Any]:
        """What a reader of the user's secret gets."""
        name = f"{self.outputs['secret_name_prefix']}{user}"
        answer = self.account.secrets.get_secret_value(SecretId=name)
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value

    def secret_tags(self, user: str) -> dict[str, str]:
        name = f"{self.outputs['secret_name_prefix']}{user}"
        tags = self.account.secrets.describe_secret(SecretId=name)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags}


@dataclass(frozen=True)
class Person:
    """A user of one test."""

    stage: Stage
    name: str
    keys: Sequence[HeldKey]

    def statuses(self) -> dict[str, str]:
        return self.stage.account.statuses(self.name)

    def remove(self) -> None:
        iam = self.stage.account.iam
        for key_id in self.statuses():
            iam.delete_access_key(UserName=self.name, AccessKeyId=key_id)
        with contextlib.suppress(ClientError):
            iam.delete_login_profile(UserName=self.name)
        iam.delete_user(UserName=self.name)
        with contextlib.suppress(ClientError):
            self.stage.account.secrets.delete_secret(
                SecretId=f"{self.stage.outputs['secret_name_prefix']}{self.name}",
                ForceDeleteWithoutRecovery=True,
            )


def subscribe_queue(account: Account, topic_arn: str, name: str) -> Queue:
    """A new queue that gets all that is published to the topic."""
    url = account.sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    account.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    return Queue(account, url)


def wait_for_the_schedule(stage: Stage) -> dict[str, Any]:
    """The report of the first run that was no dry run; nobody but the schedule has started any."""
    report = wait_for_report(stage.account, stage.function, SCHEDULE_SECONDS)
    assert report is not None, f"the schedule did not fire within {SCHEDULE_SECONDS:.0f} s"
    return report


def _published(envelope: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {name: given["Value"] for name, given in envelope["MessageAttributes"].items()}
    return {
        "subject": envelope["Subject"],
        "attributes": attributes,
        **json.loads(envelope["Message"]),
    }
