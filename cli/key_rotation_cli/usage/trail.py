"""What CloudTrail's records say of the calls that an access key made: from where, by what, to what.

Of a record only these fields are taken, never the parameters of a call.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

type _Source = tuple[str | None, str | None, str | None, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One event. None is what its record does not say; `error` is the code of a refusal."""

    event_id: str
    at: datetime
    address: str | None
    agent: str | None
    service: str | None
    region: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Use:
    """The calls from one address, by one user agent, to one service in one region.

    `service` is the event source, as in `sts.amazonaws.com`. `calls` counts those that were
    refused, too; `refused` counts them by AWS's error code.
    """

    address: str | None
    agent: str | None
    service: str | None
    region: str
    first: datetime
    last: datetime
    calls: int
    refused: Mapping[str, int]


def call_of(event: Mapping[str, Any], region: str) -> Call:
    """An event of `LookupEvents` in this region. A record that cannot be read is a call, too."""
    record = _record(event.get("CloudTrailEvent"))
    return Call(
        event_id=event["EventId"],
        at=event["EventTime"].astimezone(UTC),
        address=_text(record, "sourceIPAddress"),
        agent=_text(record, "userAgent"),
        service=_text(record, "eventSource") or event.get("EventSource"),
        region=_text(record, "awsRegion") or region,
        error=_text(record, "errorCode"),
    )


def uses_of(calls: Iterable[Call]) -> list[Use]:
    """The calls in groups, the latest used first. An event that two regions show counts once."""
    groups: dict[_Source, list[Call]] = defaultdict(list)
    for call in {call.event_id: call for call in calls}.values():
        groups[call.address, call.agent, call.service, call.region].append(call)
    uses = [
        Use(
            *source,
            first=min(call.at for call in made),
            last=max(call.at for call in made),
            calls=len(made),
            refused=Counter(call.error for call in made if call.error is not None),
        )
        for source, made in sorted(groups.items(), key=lambda group: [str(s) for s in group[0]])
    ]
    return sorted(uses, key=lambda use: use.last, reverse=True)


def _record(text: str | None) -> Mapping[str, Any]:
    """The event as CloudTrail wrote it down; empty if that is no JSON object."""
    try:
        record = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _text(record: Mapping[str, Any], field: str) -> str | None:
    value = record.get(field)
    return value if isinstance(value, str) and value else None
