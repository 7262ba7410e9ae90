"""What listens beside people: programs that read a queue, and a chat channel."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from .account import Account
from .runs import log_lines
from .waiting import found_within

_SOURCE = "iam-access-key-rotation"
_SECONDS = 20.0  # both are delivered in the background
# Stands for Amazon Q Developer, which no emulator has: a function gets the same rendering.
_CHANNEL = """\
def handler(event, context):
    for record in event["Records"]:
        print(record["Sns"]["Message"])
"""


@dataclass(frozen=True)
class Queue:
    """A queue that a program reads; `bodies` are all messages that came in, as JSON."""

    account: Account
    url: str
    bodies: list[str] = field(default_factory=list)
    _unread: list[Any] = field(default_factory=list)

    @cached_property
    def arn(self) -> str:
        answer = self.account.sqs.get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["QueueArn"]
        )
        return answer["Attributes"]["QueueArn"]

    def messages(self, seconds: float) -> Iterator[Any]:
        """Each message as it comes, until the time is up. Nobody gets it again."""
        deadline = time.monotonic() + seconds
        while True:
            while self._unread:
                yield self._unread.pop(0)
            if time.monotonic() > deadline:
                return
            answer = self.account.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
            )
            for message in answer.get("Messages", []):
                self.bodies.append(json.dumps(message))
                self._unread.append(message)
                self.account.sqs.delete_message(
                    QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"]
                )

    def all_bodies(self) -> str:
        """All messages so far, those that nobody has read yet among them."""
        for _message in self.messages(1):
            pass
        return "\n".join(self.bodies)


def make_queue(account: Account, name: str) -> Queue:
    return Queue(account, account.sqs.create_queue(QueueName=name)["QueueUrl"])


class EventQueue:
    """A queue that a rule of the same name sends the function's events to."""

    def __init__(self, account: Account, name: str) -> None:
        self.queue = make_queue(account, name)
        account.events.put_rule(Name=name, EventPattern=json.dumps({"source": [_SOURCE]}))
        target = {"Id": "queue", "Arn": self.queue.arn}
        account.events.put_targets(Rule=name, Targets=[target])  # type: ignore[list-item]

    def receive(self, number: int) -> list[dict[str, Any]]:
        """So many events as EventBridge sends them, or fewer if they do not come in time."""
        found = (json.loads(message["Body"]) for message in self.queue.messages(_SECONDS))
        return list(islice(found, number))


class Channel:
    """A chat channel that gets what the topic sends to one user."""

    def __init__(self, account: Account, name: str, topic_arn: str, user: str) -> None:
        self._account, self._name = account, name
        function_arn = make_function(account, name, _CHANNEL)
        account.functions.add_permission(
            FunctionName=name,
            StatementId="topic",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=topic_arn,
        )
        account.sns.subscribe(
            TopicArn=topic_arn,
            Protocol="lambda",
            Endpoint=function_arn,
            Attributes={"FilterPolicy": json.dumps({"user": [user]})},
        )

    def cards(self) -> list[dict[str, Any]]:
        """The cards that came in, oldest first, as soon as there is one; [] if none comes."""
        return found_within(_SECONDS, lambda: printed(self._account, self._name))


def printed(account: Account, function: str) -> list[dict[str, Any]]:
    """The objects that a function has printed as JSON, a line each, oldest first."""
    try:
        lines = log_lines(account, function)
    except ClientError:  # no log group before it ran
        return []
    return [json.loads(line) for line in lines if line.startswith("{")]


def make_function(
    account: Account, name: str, code: str, environment: Mapping[str, str] | None = None
) -> str:
    """The ARN of a function, ready to run, of code that defines `handler`."""
    made = account.functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=f"arn:aws:iam::{account.id}:role/{name}",
        Code={"ZipFile": _zipped("index.py", code)},
        Environment={"Variables": environment or {}},
    )
    account.functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return made["FunctionArn"]


def discard(account: Account, name: str) -> None:
    """Leaves nothing of a queue and a channel of this name, whichever of their parts there are.

    A channel's subscription ends with the topic.
    """
    with suppress(ClientError):
        account.events.remove_targets(Rule=name, Ids=["queue"])
    with suppress(ClientError):
        account.events.delete_rule(Name=name)
    with suppress(ClientError):
        account.sqs.delete_queue(QueueUrl=account.sqs.get_queue_url(QueueName=name)["QueueUrl"])
    with suppress(ClientError):
        account.functions.delete_function(FunctionName=name)
    with suppress(ClientError):
        account.logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")


def _zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()
