"""What a quiet run imports and builds, beside a handler that makes one boto3 client.

Each in fresh processes, in turns; the median of each. It is processor time: a start waits for
little else, and what another program does meanwhile does not count.

Lambda unpacks the zip into /var/task, which nobody can write to: so the product is imported from
unpacked sources that are compiled each time. boto3 is compiled already, as in Lambda's runtime.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from .account import REGION

PACKAGE = Path(__file__).resolve().parent.parent / "lambda" / "package.zip"
TRIES = 15

_ONE_CLIENT = "import boto3; boto3.client('iam')"
# tests/aws/test_cold_start.py holds that a quiet run loads and makes no more.
CLIENTS = ("ssm", "iam", "cloudwatch")
_QUIET_RUN = f"from key_rotation import handler; [handler._client(s) for s in {CLIENTS}]"
# Without credentials here, each client would look for some, also on the network.
_OF_LAMBDA = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_SESSION_TOKEN": "benchmark",
}
_TIMED = "import time; began = time.process_time(); {work}; print(time.process_time() - began)"


@dataclass(frozen=True)
class ColdStart:
    """Seconds of a processor of this machine; what counts is their ratio."""

    one_client: float
    quiet_run: float

    @property
    def ratio(self) -> float:
        return self.quiet_run / self.one_client


def measure() -> ColdStart:
    times: dict[str, list[float]] = {_ONE_CLIENT: [], _QUIET_RUN: []}
    with TemporaryDirectory() as task, ZipFile(PACKAGE) as package:
        package.extractall(task)
        for _ in range(TRIES):
            for work, taken in times.items():
                taken.append(_time(work, task))
    return ColdStart(median(times[_ONE_CLIENT]), median(times[_QUIET_RUN]))


def _time(work: str, task: str) -> float:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-B", "-c", _TIMED.format(work=work)],
        env={**os.environ, **_OF_LAMBDA, "PYTHONPATH": task},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
