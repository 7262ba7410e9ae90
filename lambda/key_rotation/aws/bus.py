"""Transitions as events on an EventBridge bus."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..notify.events import SOURCE, Transition
from ..ports import NotSentError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class EventBus:
    """The `Bus` port on an EventBridge client."""

    def __init__(self, client: Callable[[], EventBridgeClient], bus_arn: str) -> None:
        self._client = client
        self._bus_arn = bus_arn

    def send(self, transitions: Sequence[Transition]) -> None:
        answer = self._client().put_events(
            Entries=[
                {
                    "EventBusName": self._bus_arn,
                    "Source": SOURCE,
                    "DetailType": transition.detail_type,
                    "Time": transition.time,
                    "Resources": [transition.user.arn],
                    "Detail": json.dumps(transition.detail()),
                }
                for transition in transitions
            ]
        )
        # The call succeeds even if entries of it were refused.
        if answer["FailedEntryCount"]:
            codes = sorted({entry.get("ErrorCode", "") for entry in answer["Entries"]} - {""})
            raise NotSentError(
                f"{answer['FailedEntryCount']} of {len(transitions)} events were refused: "
                + ", ".join(codes)
            )
