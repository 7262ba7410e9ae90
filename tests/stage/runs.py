"""The function's runs: started by hand, and read from its log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .account import Account


@dataclass(frozen=True)
class Failure:
    """What an invocation that ended in an error answers."""

    type: str
    message: str


def invoke(account: Account, function: str, payload: Any = None) -> dict[str, Any] | Failure:
    """Starts one run and waits for its answer."""
    answer = account.functions.invoke(
        FunctionName=function, Payload=json.dumps({} if payload is None else payload)
    )
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        return Failure(document["errorType"], document["errorMessage"])
    return document


def log_lines(account: Account, function: str) -> list[str]:
    """What is in the function's log group, oldest first."""
    group = f"/aws/lambda/{function}"
    pages = account.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    events = [event for page in pages for event in page["events"]]
    return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]


def reports(account: Account, function: str) -> Iterator[dict[str, Any]]:
    """The report of each run that changed things or could have (dry runs left out)."""
    for line in log_lines(account, function):
        if "run finished" not in line:
            continue
        entry = json.loads(line)
        if not entry["report"]["dry_run"]:
            yield entry["report"]


def wait_for_report(
    account: Account, function: str, seconds: float, tick: Any = None
) -> dict[str, Any] | None:
    """The first such report, None if there is none in time; `tick(seconds left)` meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        found = next(reports(account, function), None)
        left = deadline - time.monotonic()
        if found is not None or left < 0:
            return found
        if tick is not None:
            tick(left)
        time.sleep(0.5)
