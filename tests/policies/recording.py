"""Every situation of the crash harness, and a few more, with the handler's calls on record.

Each is followed for as long as something happens to its users. Some are repeated with each call
refused in turn, for what the handler does then.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tests.aws.account import an_account
from tests.crash.scenario import Scenario
from tests.crash.scenarios import SCENARIOS
from tests.crash.wire import Died, Fault, Tap, retries_without_waiting, tapped
from tests.policies.question import Document, Question
from tests.policies.recorder import Recorder
from tests.policies.sites import Site
from tests.policies.situations import BARE, BARE_SETTINGS, MORE

# Of these every call is refused once.
REFUSED = ("due, the first time", "superseded, the grace is over")
# Days later when what was begun goes on: the grace is over, the old key is to be deleted.
DAYS = (8, 40)


@dataclass(frozen=True)
class Recording:
    """The handler's requests, those of an installation with all that can be left out left out, the
    policy of a secret as it was written last, by scenario, and where in the source all requests
    came from."""

    calls: list[Question]
    bare: list[Question]
    secret_policies: dict[str, Document]
    sites: set[Site]


def recorded() -> Recording:
    """Raises LookupError for a call whose resource is named in a way that the recorder does not
    know."""
    recorder, bare = Recorder(), Recorder()
    for scenario in (*SCENARIOS, *MORE):
        _record(recorder, scenario)
    for scenario in SCENARIOS:
        if scenario.name in REFUSED:
            calls = _record(recorder, scenario, ())
            for at in range(calls):
                _record(recorder, scenario, (), Tap(Fault.DENIED, at))
    for scenario in (*SCENARIOS, *MORE):
        if scenario.name in BARE:
            _record(bare, replace(scenario, parameters=scenario.parameters | BARE_SETTINGS))
    problems = {*recorder.problems, *bare.problems}
    if problems:
        raise LookupError(f"calls that cannot be put on record: {problems}")
    return Recording(recorder.questions, bare.questions, recorder.secret_policies, recorder.sites)


def _record(
    recorder: Recorder, scenario: Scenario, days: Sequence[int] = DAYS, tap: Tap | None = None
) -> int:
    """The number of calls of the scenario's own run."""
    recorder.scenario = f"{scenario.name}, a call refused" if tap else scenario.name
    tap = tap or Tap()
    tap.denied = scenario.denied
    with an_account() as account, retries_without_waiting(account.clock):
        account.clients = recorder.clients
        for name, value in scenario.parameters.items():
            account.set_parameter(name, value)
        # The bus of another account: moto looks for it by its name alone.
        account.client("events").create_event_bus(Name="key-rotation")
        scenario.set_up(account)
        payload: Any = scenario.payload(account)
        with tapped(tap), suppress(Exception, Died):
            account.run(payload)
        passed = 0
        for day in days:
            account.pass_days(day - passed)
            passed = day
            with tapped(Tap(denied=scenario.denied)), suppress(Exception):
                account.run()
    return len(tap.calls)
