"""The Lambda handler: the only place that reads the environment and builds clients."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import botocore.session
from botocore.config import Config

from .aws.bus import EventBus
from .aws.calls import CallCounter
from .aws.credential_report import IamCredentialReports
from .aws.directory import IamDirectory
from .aws.errors import is_throttle
from .aws.keys import IamKeys
from .aws.metrics import RunMetrics
from .aws.notifier import TopicNotifier
from .aws.owned_secrets import InstallationSecrets
from .aws.parameters import read_parameters, settings_from
from .aws.rate_limiter import RateLimiter
from .aws.secrets import UserSecrets
from .domain.pins import VARIABLE, check_pins, parse_pins
from .domain.settings import Settings, SettingsError
from .ports import Clock, Directory, World
from .run.payload import Emergency, Payload, PayloadError, parse_payload
from .run.run import Rotation

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

# Users that a run works on at the same time.
MAX_WORKERS = 16
# Retries back off for up to half a minute in total; other threads carry on.
_CLIENT = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 6},
    max_pool_connections=MAX_WORKERS,
)
# For CreateAccessKey: sent again, it could make a second key, or one too late for its intent.
# IamKeys.create itself retries what was surely refused.
_NO_RETRIES = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"total_max_attempts": 1},
    max_pool_connections=MAX_WORKERS,
)
# For the trial of a new key: the rotation repeats it for as long as IAM may need.
_TRIAL = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})
_making_a_client = Lock()  # sessions are not thread-safe


class Context(Protocol):
    """The parts of the Lambda context that we use."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Environment:
    """What Terraform tells the function. `path` is where the settings are in SSM. `pins` are the
    hashes of those that only Terraform may change; None for whoever cannot see them, such as a dry
    run of the command line. `rule_token` is what the rule of `rotate_exposed_keys` adds to its
    events; empty without it."""

    path: str
    pins: Mapping[str, str] | None = None
    rule_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Clients:
    """Where clients come from, made when first asked for. `of` takes the name of a service;
    `sts_for` signs with the given key pair. `calls` counts what they call."""

    of: Callable[[str], Any]
    iam_without_retries: Callable[[], IAMClient]
    sts_for: Callable[[str, str], STSClient]
    calls: CallCounter = field(default_factory=CallCounter)


class LambdaClock:
    """The `Clock` port: system time, and the invocation's remaining time."""

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

    Raises PayloadError, SettingsError or DiscoveryError before the first change (see
    `Rotation.run` for the exception), RotationFailedError after all users were served when
    something failed.
    """
    logging.getLogger("key_rotation").setLevel(logging.INFO)
    # At INFO these log where they found credentials. At DEBUG, which the log level of the function
    # allows, they log request and response bodies: a new key with its secret.
    for library in ("boto3", "botocore", "urllib3"):
        logging.getLogger(library).setLevel(logging.WARNING)
    environment = read_environment(os.environ)
    clients = Clients(_client, _iam_without_retries, _sts_for, _calls())
    clock, request_id = LambdaClock(context), context.aws_request_id
    return run(event, environment, request_id, clients, clock, MAX_WORKERS)


def read_environment(variables: Mapping[str, str]) -> Environment:
    """Raises SettingsError if a variable is missing or wrong."""
    path = variables.get("CONFIG_PATH", "")
    if not path:
        raise SettingsError("the environment variable CONFIG_PATH is missing")
    return Environment(path, parse_pins(variables.get(VARIABLE)), variables.get("RULE_TOKEN", ""))


def run(
    event: object,
    environment: Environment,
    request_id: str,
    clients: Clients,
    clock: Clock,
    max_workers: int = 1,
) -> dict[str, Any]:
    """One run on these clients and this clock; at most `max_workers` users are worked on side by
    side. Raises what `lambda_handler` raises."""
    clients.calls.begin()
    payload = parse_payload(event, environment.rule_token)
    path, pins = environment.path, environment.pins
    ssm = clients.of("ssm")
    parameters = read_parameters(ssm, path)
    if pins is not None:
        check_pins(parameters.values, pins, path)
    settings = settings_from(ssm, parameters.values, path)
    world = world_of(clients, settings, clock, max_workers)
    payload = _resolve_exposed_key(payload, settings, world.directory)
    changed_at = parameters.access_changed_at
    rotation = Rotation(world, settings, payload, request_id, max_workers, changed_at)
    return rotation.run().response()


def world_of(clients: Clients, settings: Settings, clock: Clock, max_workers: int = 1) -> World:
    """The ports of one run; the command line uses them, too."""
    iam = clients.of("iam")
    rate_limiter = RateLimiter(settings.max_iam_writes_per_second, clock)
    return World(
        directory=IamDirectory(
            iam,
            settings.user_tag,
            settings.reach,
            settings.bulk_discovery,
            max_workers,
            settings.coverage_exempt_tag,
        ),
        credential_reports=IamCredentialReports(iam, clock),
        keys=IamKeys(iam, clients.iam_without_retries, clients.sts_for, rate_limiter, clock),
        secrets=UserSecrets(partial(clients.of, "secretsmanager"), settings, clock),
        owned_secrets=InstallationSecrets(partial(clients.of, "secretsmanager"), settings),
        notifier=TopicNotifier(
            partial(clients.of, "sns"),
            settings.topic_arn,
            max_workers,
            clock,
            settings.operator_emails,
        ),
        metrics=RunMetrics(partial(clients.of, "cloudwatch"), settings.name, clients.calls),
        bus=EventBus(partial(clients.of, "events"), settings.event_bus_arn),
        clock=clock,
        is_throttle=is_throttle,
    )


def _resolve_exposed_key(payload: Payload, settings: Settings, directory: Directory) -> Payload:
    """Looks up whose key was reported without a user name, and makes it an emergency of that user.

    Under the setting `dry_run` it is refused, unlike an emergency that names the user: most such
    reports are events of AWS Health. Nobody reads their response, so the run must fail visibly.
    """
    exposed = payload.exposed
    if exposed is None:
        return payload
    if settings.dry_run and not payload.dry_run:
        raise PayloadError(
            f"key {exposed.access_key_id} was reported ({exposed.reason}), but dry_run is set, so "
            "nothing is done: disable it by hand"
        )
    owner = directory.owner(exposed.access_key_id)
    if owner is None:
        raise PayloadError(f"there is no access key {exposed.access_key_id} in this account")
    emergency = Emergency(
        owner,
        exposed.access_key_id,
        exposed.reason,
        exposed.even_if_nobody_can_fetch,
        exposed.by_aws_health,
    )
    return replace(payload, exposed=None, emergency=emergency)


@cache
def _session() -> botocore.session.Session:
    """One session per process: it keeps the service models that clients are built from. It is
    botocore's, since boto3's would load what only its resources and S3 transfers need.

    What is loaded by now stays for good: frozen, it is not walked by each garbage collection."""
    gc.freeze()
    session = botocore.session.get_session()
    _calls().listen(session)
    return session


@cache
def _calls() -> CallCounter:
    return CallCounter()


_clients: dict[tuple[str, Config], Any] = {}


def _client(service: str, config: Config = _CLIENT) -> Any:
    """One client per service and configuration in a process: a warm start builds none."""
    with _making_a_client:
        if (service, config) not in _clients:
            _clients[service, config] = _session().create_client(service, config=config)
        return _clients[service, config]


def _iam_without_retries() -> IAMClient:
    client: IAMClient = _client("iam", _NO_RETRIES)
    return client


def _sts_for(access_key_id: str, secret_access_key: str) -> STSClient:
    with _making_a_client:
        client: Any = _session().create_client(
            "sts",
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            config=_TRIAL,
        )
    sts: STSClient = client
    return sts
