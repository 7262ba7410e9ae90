"""Pulls: a host whose timer runs `key-fetch pull` is killed at a step of it, or pulls in the middle
of a run, late, or never; or AWS refuses the new key there for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.aws.account import Account
from tests.crash.branches import beginning, in_a_branch, undisturbed_calls
from tests.crash.ledger import Ledger
from tests.crash.pull_scenarios import OF_PULLS
from tests.crash.pulling_host import Death, PullingHost, Steps
from tests.crash.runs import BY_NAME, follow_up, invoke
from tests.crash.wire import Tap

_PULLED_LATE = "superseded, a host pulls late"


def _host(ledger: Ledger) -> PullingHost:
    assert ledger.host is not None
    return ledger.host


@dataclass(frozen=True)
class KilledPull:
    """The pull of that number (0 is after the run that is tried) is killed; the timer fires again
    after the next run."""

    scenario: str
    pull: int
    death: Death

    def __str__(self) -> str:
        return f"{self.scenario}: pull {self.pull} is killed {self.death}"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        _host(ledger).deaths[self.pull] = self.death
        invoke(account, ledger, Tap(), payload, "first")
        follow_up(account, ledger, self.scenario)


@dataclass(frozen=True)
class PullInARun:
    """The timer fires just before a call of the run, and next after the run of a later day."""

    scenario: str
    at: int

    def __str__(self) -> str:
        return f"{self.scenario}: a host pulls before call {self.at}"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        host = _host(ledger)
        host.is_on = False

        def before_call(number: int, _name: str) -> None:
            if number == self.at:
                host.is_on = True
                host.pull()
                host.is_on = False

        invoke(account, ledger, Tap(before_call=before_call), payload, "first")
        host.is_on = True
        follow_up(account, ledger, self.scenario)


@dataclass(frozen=True)
class LatePull:
    """The timer was off up to the run of a day (for good, if that is None): it fires just before
    that run, if the old key is there still, and after it and each that follows."""

    scenario: str
    day: int | None

    def __str__(self) -> str:
        return f"{self.scenario}: a host does not pull before day {self.day}"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        host = _host(ledger)
        host.is_on = False

        def pull() -> None:
            host.pull()
            host.is_on = host.works

        invoke(account, ledger, Tap(), payload, "first")
        acts = {} if self.day is None else {self.day: pull}
        follow_up(account, ledger, self.scenario, acts=acts)


@dataclass(frozen=True)
class RefusedPull:
    """AWS refuses a new key on the host for so long, when the run has long seen it accepted."""

    scenario: str
    seconds: int

    def __str__(self) -> str:
        return f"{self.scenario}: a new key is refused on the host for {self.seconds} s"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        _host(ledger).refused_for = timedelta(seconds=self.seconds)
        invoke(account, ledger, Tap(), payload, "first")
        follow_up(account, ledger, self.scenario)


PullPoint = KilledPull | PullInARun | LatePull | RefusedPull


def pull_points(name: str) -> list[PullPoint]:
    """A death at each step of each pull; a pull before each call of the run, before each of the
    days, and never."""
    if name not in {scenario.name for scenario in OF_PULLS}:
        return []
    late: list[PullPoint] = [LatePull(name, day) for day in (*BY_NAME[name].days, None)]
    in_a_run = [PullInARun(name, at) for at in range(len(undisturbed_calls(name)))]
    killed = [
        KilledPull(name, number, Death(on_disk, step))
        for number, steps in enumerate(_undisturbed_pulls(name))
        for on_disk, last in ((False, steps.calls), (True, steps.writes))
        for step in range(last)
    ]
    refused = [RefusedPull(name, seconds) for seconds in (1, 30, 59, 61, 600, 80_000)]
    return [*late, *in_a_run, *killed, *refused]


def _undisturbed_pulls(name: str) -> list[Steps]:
    """Those after the run that is tried and after each of the days."""
    account, ledger, payload = beginning(name)

    def play() -> list[Steps]:
        host = _host(ledger)
        host.counts = True
        invoke(account, ledger, Tap(), payload, "first")
        follow_up(account, ledger, name)
        return host.steps

    return in_a_branch(play)
