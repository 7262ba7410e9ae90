"""The ceiling on IAM writes: evenly spread, and no faster."""

from __future__ import annotations

from datetime import timedelta

from key_rotation.aws.rate_limiter import RateLimiter
from tests.unit.fakes import FakeClock


def test_turns_are_spread_over_the_second() -> None:
    clock = FakeClock()
    began = clock.now()
    ceiling = RateLimiter(20, clock)
    turns = []
    for _ in range(60):
        ceiling.wait()
        turns.append(clock.now() - began)

    assert turns == [timedelta(seconds=number / 20) for number in range(60)]


def test_whoever_comes_late_does_not_wait_and_saves_nothing_up() -> None:
    clock = FakeClock()
    ceiling = RateLimiter(2, clock)
    ceiling.wait()
    clock.time += timedelta(minutes=10)

    slept = []
    for _ in range(3):
        before = clock.slept
        ceiling.wait()
        slept.append(clock.slept - before)

    assert slept == [0, 0.5, 0.5]
