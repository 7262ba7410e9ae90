"""CloudTrail's event history, asked which calls an access key made.

`LookupEvents` has the management events of one region, for 90 days, newest first, 50 a page:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnectedError

from key_rotation.aws.errors import code, is_definite
from key_rotation.aws.rate_limiter import RateLimiter
from key_rotation.ports import Clock

from ..aws_errors import AWS_ERRORS, describe
from .trail import Call, call_of

KEPT_DAYS = 90
# The quota of an account in one region, which all who look there share.
_PER_SECOND = 2
# Seconds before a page that was throttled, or lost on its way, is asked for again.
_PAUSES = (1, 2, 4, 8)
# The answers of a region that is not enabled, however good the credentials are.
_NOT_KNOWN_THERE = ("InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException")

ShowProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Period:
    """So many days until then."""

    until: datetime
    days: int

    @property
    def since(self) -> datetime:
        return self.until - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the history of one region has of one key, newest first.

    `error` says why it is not whole; `calls` is what was read until then.
    """

    region: str
    access_key_id: str
    calls: tuple[Call, ...]
    error: str | None = None

    @property
    def back_to(self) -> datetime | None:
        """The time of the oldest call that was read."""
        return self.calls[-1].at if self.calls else None


class History:
    """The event history of a region: `client` is CloudTrail's there, and retries nothing itself."""

    def __init__(self, client: Any, region: str, clock: Clock) -> None:
        self._client = client
        self._region = region
        self._clock = clock
        self._limiter = RateLimiter(_PER_SECOND, clock)

    def read(
        self, access_key_id: str, period: Period, reached: Callable[[datetime], None]
    ) -> Reading:
        """The calls of a key. `reached` gets the oldest time read so far, after each page."""
        calls: list[Call] = []
        error: str | None = None
        try:
            for page in self._pages(access_key_id, period):
                calls += [call_of(event, self._region) for event in page.get("Events", [])]
                if calls:
                    reached(calls[-1].at)
        except AWS_ERRORS as failure:
            error = _why(failure)
        return Reading(self._region, access_key_id, tuple(calls), error)

    def _pages(self, access_key_id: str, period: Period) -> Iterator[Mapping[str, Any]]:
        """A token is good for the same attribute and times only. An empty page is not always the
        last one."""
        asked: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "AccessKeyId", "AttributeValue": access_key_id}],
            "StartTime": period.since,
            "EndTime": period.until,
        }
        while True:
            page = self._page(asked)
            yield page
            if not page.get("NextToken"):
                return
            asked["NextToken"] = page["NextToken"]

    def _page(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        for pause in _PAUSES:
            try:
                return self._ask(asked)
            except ClientError as error:
                if is_definite(error):
                    raise
            except (HTTPClientError, NotConnectedError):
                pass  # tried again, as a throttle is
            self._clock.sleep(pause)
        return self._ask(asked)

    def _ask(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._limiter.wait()
        page: Mapping[str, Any] = self._client.lookup_events(**asked)
        return page


def read_all(
    histories: Sequence[History], key_ids: Sequence[str], period: Period, progress: ShowProgress
) -> list[Reading]:
    """Each key in each region; `progress` gets how many days are read, and of how many.

    One after the other: what takes long is one busy region, whose quota several threads would
    share, and whoever interrupts waits for none of them.
    """
    total = len(histories) * len(key_ids) * period.days
    readings: list[Reading] = []
    for history in histories:
        for key_id in key_ids:
            done = len(readings) * period.days

            def reached(at: datetime, done: int = done) -> None:
                progress(done + (period.until - at).days, total)

            progress(done, total)
            readings.append(history.read(key_id, period, reached))
    progress(total, total)
    return readings


def _why(error: Exception) -> str:
    if isinstance(error, ClientError) and code(error) in _NOT_KNOWN_THERE:
        return f"{describe(error)} (is the region enabled in this account?)"
    return describe(error)
