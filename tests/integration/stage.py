"""What the tests of the deployed function play with: settings, messages, users, the schedule."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from tests.stage.account import Account, HeldKey, give_key, give_password
from tests.stage.example import FIRES_WITHIN
from tests.stage.listeners import Channel, EventQueue, Queue, make_queue
from tests.stage.runs import Failure, invoke, wait_for_report

USER_TAG = {"Key": "access-key-rotation", "Value": "enabled"}
ROTATED = "Access Key Rotated"


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
class TopicQueue:
    """A queue that is subscribed to the topic, as a program would be."""

    queue: Queue

    def receive(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 10) -> Any:
        """The next message that is wanted, with its attributes; those before it are dropped.

        Raises TimeoutError if none comes.
        """
        for message in self.queue.messages(seconds):
            published = _published(json.loads(message["Body"]))
            if wanted(published):
                return published
        raise TimeoutError(f"no such message within {seconds:.0f} s")


@dataclass
class Stage:
    """examples/complete, deployed; `held` are the keys that its users were given."""

    account: Account
    outputs: Mapping[str, Any]
    held: Mapping[str, Sequence[HeldKey]]
    confirmed: Sequence[str]
    queue: TopicQueue
    channel: Channel
    events: EventQueue
    schedule: Schedule
    signed_in: tuple[HeldKey, str]  # it-alice's, with her password
    planned: dict[str, Any] = field(default_factory=dict)  # what a dry run said before
    after_the_plan: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
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
        for message in self.dead_letters.messages(seconds):
            return message
        raise TimeoutError(f"no event in the dead-letter queue within {seconds:.0f} s")

    @cached_property
    def dead_letters(self) -> Queue:
        name = self.outputs["dead_letter_queue_arn"].rpartition(":")[2]
        return Queue(self.account, self.account.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def secret(self, user: str) -> dict[str, Any]:
        """What a reader of the user's secret gets."""
        return self.account.secret_value(f"{self.outputs['secret_name_prefix']}{user}")

    def statuses(self) -> dict[str, dict[str, str]]:
        """The status of each key, by the example's users."""
        return {user: self.account.statuses(user) for user in self.held}

    def hire(
        self, name: str, *key_ages: float, password: bool = True, managed: bool = True
    ) -> Person:
        """A new user with active keys of the given ages in days, managed or not."""
        account = self.account
        account.iam.create_user(UserName=name, Tags=[USER_TAG] if managed else [])  # type: ignore[list-item]
        if password:
            give_password(account, name)
        return Person(self, name, [give_key(account, name, age) for age in key_ages])

    def forge(self, detail: Mapping[str, Any]) -> None:
        """Puts the event of a rotation on the bus, as anybody could who may put events."""
        entry = {
            "Source": "iam-access-key-rotation",
            "DetailType": ROTATED,
            "Detail": json.dumps(detail),
        }
        answer = self.account.events.put_events(Entries=[entry])  # type: ignore[list-item]
        assert answer["FailedEntryCount"] == 0

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


def subscribe_queue(account: Account, topic_arn: str, name: str) -> TopicQueue:
    """A new queue that gets all that is published to the topic."""
    queue = make_queue(account, name)
    account.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue.arn)
    return TopicQueue(queue)


def wait_for_the_schedule(stage: Stage) -> dict[str, Any]:
    """The report of the first run that was no dry run; nobody but the schedule has started any."""
    report = wait_for_report(stage.account, stage.function, FIRES_WITHIN)
    assert report is not None, f"the schedule did not fire within {FIRES_WITHIN:.0f} s"
    return report


def _published(envelope: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {name: given["Value"] for name, given in envelope["MessageAttributes"].items()}
    return {
        "subject": envelope["Subject"],
        "attributes": attributes,
        **json.loads(envelope["Message"]),
    }
