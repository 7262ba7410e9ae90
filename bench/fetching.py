"""How long an owner's program waits for its key: `key-fetch` beside the AWS CLI.

Each in fresh processes, in turns, on a server of this process that answers GetSecretValue at once;
the median of each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.unit.secret_server import secret_server

from .account import ACCOUNT_ID, REGION

ROOT = Path(__file__).resolve().parent.parent
AWS_CLI = ROOT / "build" / "awscli" / "bin" / "aws"
TRIES = 9
_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:iam-access-key/alice-AbCdEf"
_KEY = {"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x" * 40}
_KEY_FETCH = [sys.executable, "-m", "key_fetch"]


@dataclass(frozen=True)
class Fetching:
    """Seconds on this machine; what counts are their differences. `calls_of_a_pull` are those of
    one that finds nothing new."""

    aws: float
    process: float
    pull: float
    calls_of_a_pull: int

    @property
    def ratio(self) -> float:
        return self.process / self.aws


def measure() -> Fetching:
    with TemporaryDirectory() as home, secret_server(_KEY) as server:
        credentials = Path(home) / "credentials"
        credentials.write_text(
            f"[alice]\naws_access_key_id = {_KEY['AccessKeyId']}\n"
            f"aws_secret_access_key = {_KEY['SecretAccessKey']}\n"
        )
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "cli"),
            "AWS_ENDPOINT_URL": server.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        whose = ["--secret-id", _ARN, "--profile", "alice"]
        commands: dict[str, Sequence[str]] = {
            "aws": [str(AWS_CLI), "secretsmanager", "get-secret-value", *whose],
            "process": [*_KEY_FETCH, "process", *whose],
            "pull": [*_KEY_FETCH, "pull", *whose],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(TRIES):
            for name, command in commands.items():
                before = len(server.calls)
                times[name].append(_time(command, environment))
                of_last = len(server.calls) - before  # that of a pull, in the end
    seconds = {name: median(taken) for name, taken in times.items()}
    return Fetching(**seconds, calls_of_a_pull=of_last)


def _time(command: Sequence[str], environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)  # noqa: S603
    return time.perf_counter() - began
