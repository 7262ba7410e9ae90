"""The Lambda handler: the only place that reads the environment and builds clients."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

from .aws.directory import IamDirectory
from .aws.keys import IamKeys
from .aws.metrics import RunMetrics
from .aws.notifier import TopicNotifier
from .aws.parameters import read_parameters
from .aws.secrets import UserSecrets
from .payload import parse_payload
from .ports import Clock, World
from .rotation import Rotation
from .settings import Settings, SettingsError, parse_settings

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

# An attempt must fail soon enough for a key to be created within 60 s of its intent.
_CLIENT = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
)
# A new key is tried again by the rotation itself, which knows how long.
_TRIAL = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})


class Context(Protocol):
    """What is used of the Lambda context object."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True)
class Clients:
    """Where clients come from: one by its service's name, and STS as the owner of a key."""

    of: Callable[[str], Any]
    sts_for: Callable[[str, str], STSClient]


class LambdaClock:
    """The `Clock` port on the machine's time and the Lambda's clock."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def remaining(self) -> timedelta:
        return timedelta(milliseconds=self._context.get_remaining_time_in_millis())


def lambda_handler(event: object, context: Context) -> dict[str, Any]:
    """One run. Returns the response documented in docs/architecture.md.

    Raises PayloadError or SettingsError before the first change, RotationFailedError after all
    users were served when some failed.
    """
    logging.getLogger("key_rotation").setLevel(logging.INFO)
    path = os.environ.get("CONFIG_PATH", "")
    if not path:
        raise SettingsError("the environment variable CONFIG_PATH is missing")
    clients = Clients(_client, _sts_for)
    return run(event, path, context.aws_request_id, clients, LambdaClock(context))


def run(
    event: object, path: str, request_id: str, clients: Clients, clock: Clock
) -> dict[str, Any]:
    """One run on these clients and this clock; `path` is where the settings are."""
    payload = parse_payload(event)
    settings = parse_settings(read_parameters(clients.of("ssm"), path), path)
    world = world_of(clients, settings, clock)
    return Rotation(world, settings, payload, request_id).run().response()


def world_of(clients: Clients, settings: Settings, clock: Clock) -> World:
    """The ports of one run, or of anybody who looks at what a run would see."""
    iam = clients.of("iam")
    return World(
        directory=IamDirectory(iam, settings.user_tag),
        keys=IamKeys(iam, clients.sts_for),
        secrets=UserSecrets(clients.of("secretsmanager"), settings),
        notifier=TopicNotifier(clients.of("sns"), settings.topic_arn),
        metrics=RunMetrics(clients.of("cloudwatch"), settings.name),
        clock=clock,
    )


@cache
def _session() -> boto3.session.Session:
    """One session a process: it keeps the service models that clients are built from."""
    return boto3.session.Session()


@cache
def _client(service: str) -> Any:
    """One client per service and process: a warm start builds none."""
    return _session().client(service, config=_CLIENT)  # type: ignore[call-overload]


def _sts_for(access_key_id: str, secret_access_key: str) -> STSClient:
    return _session().client(
        "sts",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=_TRIAL,
    )
