"""Reading CloudTrail's event history, on botocore's model of `LookupEvents`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from key_rotation_cli.usage.lookup import History, Period, Reading, read_all
from tests.aws.account import SESSION
from tests.unit.builders import NOW, ago
from tests.unit.fakes import FakeClock

KEY, OTHER_KEY = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"
REGION = "eu-west-1"
PERIOD = Period(NOW, 90)
_ONCE = Config(retries={"total_max_attempts": 1})


class Trail:
    """CloudTrail in one region, whose answers are queued; `asked` is when each was asked for."""

    def __init__(self, clock: FakeClock, region: str = REGION) -> None:
        self.asked: list[datetime] = []
        self._clock = clock
        self.client = SESSION.client("cloudtrail", region, config=_ONCE)
        self._stub = Stubber(self.client)
        self._stub.activate()
        self.client.meta.events.register_first("before-parameter-build", self._note)
        self.history = History(self.client, region, clock)

    def answer(
        self, *ages: float, token: str | None = None, then: str | None = None, key: str = KEY
    ) -> None:
        """A page of calls of these ages in days, to the token; `then` is that of the next page."""
        page: dict[str, Any] = {
            "Events": [
                {"EventId": f"{key}-{age}", "EventTime": ago(age), "CloudTrailEvent": "{}"}
                for age in ages
            ]
        }
        self._stub.add_response(
            "lookup_events",
            page | ({"NextToken": then} if then else {}),
            {
                "LookupAttributes": [{"AttributeKey": "AccessKeyId", "AttributeValue": key}],
                "StartTime": ago(90),
                "EndTime": NOW,
                **({"NextToken": token} if token else {}),
            },
        )

    def refuse(self, code: str, times: int = 1, status: int = 400) -> None:
        for _ in range(times):
            self._stub.add_client_error("lookup_events", code, "no", status)

    def read(self) -> Reading:
        found = self.history.read(KEY, PERIOD, lambda _at: None)
        self._stub.assert_no_pending_responses()
        return found

    @property
    def pauses(self) -> list[float]:
        """Seconds between the calls."""
        return [(later - sooner).total_seconds() for sooner, later in pairwise(self.asked)]

    def _note(self, **_: Any) -> None:
        self.asked.append(self._clock.now())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def trail(clock: FakeClock) -> Trail:
    return Trail(clock)


def ages(found: Reading) -> list[float]:
    return [(NOW - call.at) / timedelta(days=1) for call in found.calls]


def test_an_account_without_history(trail: Trail) -> None:
    trail.answer()

    assert trail.read() == Reading(REGION, KEY, ())


def test_every_page_is_read_with_the_same_times_two_a_second(trail: Trail) -> None:
    trail.answer(1, 2, then="a")
    trail.answer(then="b", token="a")  # an empty page is not the last one
    trail.answer(3, token="b")

    found = trail.read()

    assert ages(found) == [1, 2, 3]
    assert found.error is None
    assert trail.pauses == [0.5, 0.5]


def test_keys_of_one_region_share_its_quota(trail: Trail) -> None:
    for key in (KEY, OTHER_KEY):
        trail.answer(1, then="a", key=key)
        trail.answer(2, token="a", key=key)

    read_all([trail.history], [KEY, OTHER_KEY], PERIOD, lambda _done, _total: None)

    assert trail.pauses == [0.5, 0.5, 0.5]


def test_regions_do_not_wait_for_each_other(clock: FakeClock) -> None:
    trails = [Trail(clock, region) for region in ("eu-west-1", "us-east-1")]
    for trail in trails:
        trail.answer(1)

    read_all([trail.history for trail in trails], [KEY], PERIOD, lambda _done, _total: None)

    assert clock.slept == 0


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 400), ("InternalFailure", 500), ("ServiceUnavailable", 503)],
)
def test_a_throttled_page_is_asked_for_again_ever_later(
    trail: Trail, code: str, status: int
) -> None:
    trail.answer(1, then="a")
    trail.refuse(code, times=3, status=status)
    trail.answer(2, token="a")

    found = trail.read()

    assert (ages(found), found.error) == ([1, 2], None)
    assert trail.pauses == [0.5, 1, 2, 4]


def test_a_throttle_that_does_not_end_does(trail: Trail) -> None:
    trail.answer(1, 2, then="a")
    trail.refuse("ThrottlingException", times=5)

    found = trail.read()

    assert ages(found) == [1, 2]
    assert found.back_to == ago(2)
    assert "ThrottlingException" in str(found.error)
    assert trail.pauses == [0.5, 1, 2, 4, 8]


@contextmanager
def lost(trail: Trail, *errors: Exception) -> Iterator[None]:
    """The first calls end so, on the network."""
    left = list(errors)

    def lose(**_: Any) -> None:
        if left:
            raise left.pop(0)

    trail.client.meta.events.register("before-parameter-build", lose)
    yield
    assert left == []


def test_a_page_that_the_network_lost_is_asked_for_again(trail: Trail) -> None:
    trail.answer(1)
    with lost(
        trail, ReadTimeoutError(endpoint_url="https://x"), EndpointConnectionError(endpoint_url="x")
    ):
        found = trail.read()

    assert (ages(found), found.error) == ([1], None)
    assert trail.pauses == [1, 2]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("AccessDeniedException", False),
        ("ExpiredTokenException", False),
        ("InvalidNextTokenException", False),
        ("UnrecognizedClientException", True),
        ("OptInRequired", True),
    ],
)
def test_a_refusal_is_final_and_keeps_what_was_read(trail: Trail, code: str, hint: bool) -> None:
    trail.answer(1, then="a")
    trail.refuse(code)

    found = trail.read()

    assert ages(found) == [1]
    assert code in str(found.error)
    assert ("is the region enabled" in str(found.error)) is hint
    assert trail.pauses == [0.5]


def test_a_refused_region_does_not_hide_the_others(clock: FakeClock) -> None:
    refusing, answering = Trail(clock, "eu-west-1"), Trail(clock, "us-east-1")
    refusing.refuse("AccessDeniedException")
    answering.answer(1)

    first, second = read_all(
        [refusing.history, answering.history], [KEY], PERIOD, lambda _done, _total: None
    )

    assert (first.region, first.calls, first.back_to) == ("eu-west-1", (), None)
    assert "AccessDeniedException" in str(first.error)
    assert (second.region, ages(second), second.error) == ("us-east-1", [1], None)


def test_progress_goes_by_the_days_that_are_read(clock: FakeClock) -> None:
    trails = [Trail(clock, region) for region in ("eu-west-1", "us-east-1")]
    trails[0].answer(1, 30.5, then="a")
    trails[0].answer(75, token="a")
    trails[1].refuse("AccessDeniedException")
    seen: list[tuple[int, int]] = []

    read_all(
        [trail.history for trail in trails],
        [KEY],
        PERIOD,
        lambda done, total: seen.append((done, total)),
    )

    assert seen == [(0, 180), (30, 180), (75, 180), (90, 180), (180, 180)]
