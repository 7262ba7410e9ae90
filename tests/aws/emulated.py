"""The benchmark's emulated account on the real botocore. Unlike moto it knows pages, and a
credential report that takes its time."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from bench.account import CONFIG_PATH, REGION
from bench.account import Account as Emulated
from bench.cell import subscriptions
from bench.emulator import Emulator, RefusedError, is_mutating
from bench.population import Population
from key_rotation.handler import Clients, Environment, run
from tests.aws.account import START
from tests.defaults import default_parameters


class Clock:
    """Stands still but for sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def elapsed(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def remaining(self) -> timedelta:
        return timedelta(minutes=15)


class Wire(Emulator):
    """`refuse` says which call of an operation is refused: the number of it, or -1 for each."""

    def __init__(
        self, population: Population, refuse: dict[str, int], report_seconds: float = 2
    ) -> None:
        self.clock = Clock()
        account: Emulated = population.account(START)
        account.parameters = default_parameters()
        account.subscriptions = subscriptions()
        super().__init__(account, self.clock, 0, report_seconds)  # type: ignore[arg-type]
        self._refuse = refuse
        self.session = boto3.session.Session("testing", "testing", region_name=REGION)
        events: Any = self.session.events
        events.register("before-send", self.answer)
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return self.session.client(service, config=once)  # type: ignore[call-overload]

    def _admit(self, service: str, name: str) -> None:
        super()._admit(service, name)
        if self._refuse.get(name) in (-1, self.calls[f"{service}:{name}"]):
            raise RefusedError("ServiceFailure", 500)

    def run(self) -> dict[str, Any]:
        def sts_for(key_id: str, secret: str) -> Any:
            return self.session.client(
                "sts", aws_access_key_id=key_id, aws_secret_access_key=secret
            )

        clients = Clients(self.client, lambda: self.client("iam"), sts_for)
        return run({}, Environment(CONFIG_PATH), "request", clients, self.clock)

    def changed(self) -> set[str]:
        return {name for name in self.calls if is_mutating(name)}
