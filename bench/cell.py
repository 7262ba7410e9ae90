"""One measurement in a process of its own: `python -m bench.cell CELL PARAMETERS`.

Both are JSON: a `Cell`, and the parameters of the installation. Prints the result as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from importlib import import_module
from types import SimpleNamespace
from unittest.mock import patch

import botocore.handlers

from key_rotation.domain.user_options import options_sha256

from .account import REGION, TOPIC_ARN
from .clock import Clock, latest
from .emulator import Emulator, is_mutating
from .population import Population

PRODUCT, PLAIN_LOOP = "bench.product:handler", "bench.plain_loop:handler"


@dataclass(frozen=True)
class Cell:
    """What is measured. `throttle_every`: each so-many-th call is refused; 0 for none.

    `until_done` repeats the run until nothing is deferred, each with a fresh budget. `is_monday`
    measures a Monday, on which the product looks at every secret; otherwise any other day.
    `own_readers`: each user has an option, a reader of their own.
    """

    handler: str
    users: int
    due: int
    managed: bool = True
    latency: float = 0.05
    throttle_every: int = 0
    budget: float = 900.0
    until_done: bool = False
    is_monday: bool = False
    own_readers: bool = False

    @property
    def report_seconds(self) -> float:
        """AWS says nothing of how long a credential report takes; this is an assumption."""
        return max(2.0, self.users / 1000)


@dataclass(frozen=True)
class Result:
    """One cell's numbers. `seconds` are those of a Lambda; `peak_megabytes` includes the emulated
    account; `lost` are due keys that no run replaced and no run deferred."""

    cell: Cell
    calls: dict[str, int]
    seconds: float
    peak_megabytes: float
    runs: int
    rotated: int
    deferred: int
    failed: int
    lost: int
    announced: int
    throttled: int
    most_iam_writes_in_a_second: int

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @property
    def mutating(self) -> int:
        return sum(number for name, number in self.calls.items() if is_mutating(name))


def measure(cell: Cell, parameters: dict[str, str]) -> Result:
    os.environ |= {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
    }
    started = latest(is_monday=cell.is_monday)
    population = Population(cell.users, cell.due, cell.managed, cell.own_readers)
    account = population.account(started)
    written = options_sha256(account.user_options)
    account.parameters = parameters | {"user_options_sha256": written}
    account.subscriptions = subscriptions()
    module, name = cell.handler.split(":")
    calls: Counter[str] = Counter()
    seconds, runs, deferred, failed, throttled, most = 0.0, 0, 0, 0, 0, 0
    current: list[Emulator] = []
    botocore.handlers.BUILTIN_HANDLERS.append(
        ("before-send", lambda request, **kwargs: current[-1].answer(request, **kwargs))
    )
    handler = getattr(import_module(module), name)
    while True:
        runs += 1
        clock = Clock(started, cell.budget)
        emulator = Emulator(account, clock, cell.latency, cell.report_seconds, cell.throttle_every)
        current.append(emulator)
        account.report_ready_at = None
        with (
            patch("time.sleep", clock.sleep),
            patch("botocore.endpoint.time", SimpleNamespace(sleep=clock.sleep)),
        ):
            answer = handler({}, _Context(f"run-{runs}", clock))
        seconds += clock.elapsed()
        calls += emulator.calls
        deferred, failed = answer.get("deferred", 0), answer.get("failed", 0)
        throttled += emulator.throttled
        most = max(most, emulator.most_iam_writes_in_a_second)
        started = clock.now()
        if not (cell.until_done and deferred) or runs == 50:
            break
    return Result(
        cell=cell,
        calls=dict(sorted(calls.items())),
        seconds=seconds,
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        runs=runs,
        rotated=account.keys_made,
        deferred=deferred,
        failed=failed,
        lost=len(account.due(started)) - deferred,
        announced=account.announced,
        throttled=throttled,
        most_iam_writes_in_a_second=most,
    )


@dataclass
class _Context:
    """The Lambda context, with the benchmark's clock for those who know of it."""

    aws_request_id: str
    clock: Clock

    def get_remaining_time_in_millis(self) -> int:
        return int(self.clock.remaining().total_seconds() * 1000)


def subscriptions() -> list[dict[str, str]]:
    """A queue that takes every user's messages, and the operators."""
    return [
        {
            "SubscriptionArn": f"{TOPIC_ARN}:{audience}",
            "FilterPolicy": json.dumps({"audience": [audience]}),
            "PendingConfirmation": "false",
        }
        for audience in ("user", "operator")
    ]


def parsed(text: str) -> Result:
    """A result as the process of a cell prints it."""
    fields = json.loads(text)
    return Result(**fields | {"cell": Cell(**fields["cell"])})


def main() -> None:
    cell, parameters = map(json.loads, sys.argv[1:])
    json.dump(asdict(measure(Cell(**cell), parameters)), sys.stdout)


if __name__ == "__main__":
    main()
