"""Runs of the handler under the ledger's eye, and the days that follow."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from tests.aws.account import Account, an_account
from tests.crash.key_log import keeping
from tests.crash.ledger import Ledger
from tests.crash.owners import after_a_run
from tests.crash.promises import Promise, Violation
from tests.crash.pulling_host import a_host
from tests.crash.scenario import Owner, Scenario
from tests.crash.scenarios import SCENARIOS
from tests.crash.states import state_of
from tests.crash.wire import Died, Tap, retries_without_waiting, tapped

MUTATING = (
    "iam:Create",
    "iam:Update",
    "iam:Delete",
    "secretsmanager:Create",
    "secretsmanager:Delete",
    "secretsmanager:Put",
    "secretsmanager:Tag",
    "secretsmanager:Untag",
    "secretsmanager:Restore",
    "secretsmanager:Update",
    "secretsmanager:Remove",
    "sns:Publish",
)

# Runs before the one that is tried warn, and nobody else listens.
logging.getLogger("key_rotation").addHandler(logging.NullHandler())

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@dataclass
class Invocation:
    """What one run did on the wire, whose keys it `listed`, and how it ended."""

    calls: list[str]
    died: bool = False
    failed: bool = False
    said: str = ""
    listed: set[str] = field(default_factory=set)

    @property
    def ended_in_an_error(self) -> bool:
        return self.died or self.failed

    @property
    def changed(self) -> bool:
        return any(call.startswith(MUTATING) for call in self.calls)


def invoke(account: Account, ledger: Ledger, tap: Tap, payload: Any, request: str) -> Invocation:
    """One run through the tap; the ledger looks after every call."""
    tap.on_call = ledger.look
    tap.denied = ledger.denied
    ledger.begin_run()
    invocation = Invocation(tap.calls, listed=tap.listed)
    with logs() as log, tapped(tap):
        try:
            invocation.said = repr(account.run(payload, request))
        except Died:
            invocation.died = True
        except Exception as error:
            invocation.failed = True
            invocation.said = repr(error)
    ledger.end_run(is_disturbed=invocation.ended_in_an_error)
    if not payload and not (invocation.died or invocation.failed):
        ledger.check_readers(denied=tap.denied_call)
    ledger.search(invocation.said, log.getvalue())
    for name in ledger.names:
        after_a_run(ledger.owner, ledger, name)
    account.pass_days(seconds=1)
    return invocation


@contextmanager
def prepared(scenario: Scenario) -> Iterator[tuple[Account, Ledger, Any]]:
    """The scenario's account, its ledger, and the payload of the run that is tried."""
    with an_account() as account, retries_without_waiting(account.clock):
        for name, value in scenario.parameters.items():
            account.set_parameter(name, value)
        unheld = scenario.set_up(account)
        payload = scenario.payload(account)
        key = payload["emergency"]["access_key_id"] if scenario.is_emergency else None
        ledger = Ledger(account, scenario.users, emergency_key=key, denied=scenario.denied)
        ledger.owner = scenario.owner
        ledger.requested = "rotate" in payload
        ledger.reported = set(list(account.statuses())[: scenario.leaked])
        ledger.person_lacks(unheld)
        with (
            a_host(ledger) if scenario.owner is Owner.PULLS else nullcontext(),
            keeping(ledger.key_log),
        ):
            yield account, ledger, payload


def retry(
    account: Account,
    ledger: Ledger,
    first: Invocation,
    payload: Any,
    request: str = "first",
    waits: tuple[int, ...] = (1, 2),
) -> None:
    """Lambda tries an asynchronous event that ended in an error twice more, under the same id,
    after so many minutes each."""
    for minutes in waits:
        if not first.ended_in_an_error:
            return
        account.pass_days(minutes=minutes)
        first = invoke(account, ledger, Tap(), payload, request)


def go_on(
    account: Account,
    ledger: Ledger,
    scenario: str,
    first: Invocation,
    payload: Any,
    repeats: int,
    acts: Mapping[int, Callable[[], None]] = MappingProxyType({}),
    days: tuple[int, ...] = (),
    tap: Callable[[], Tap] = Tap,
) -> None:
    """Lambda's retries of the run that is tried, and the days that follow (`follow_up`)."""
    state = partial(state_of, account, ledger, repeats, "a retry", *days)
    is_left_alone = not acts and tap is Tap
    if first.ended_in_an_error and is_left_alone and ledger.known.holds(state):
        return
    retry(account, ledger, first, payload)
    follow_up(account, ledger, scenario, repeats, acts, tap, days=days)


def follow_up(
    account: Account,
    ledger: Ledger,
    scenario: str,
    repeats: int = 0,
    acts: Mapping[int, Callable[[], None]] = MappingProxyType({}),
    tap: Callable[[], Tap] = Tap,
    passed: int = 0,
    days: tuple[int, ...] = (),
) -> None:
    """The schedule fires on, until nothing changes, or it is known what follows. Before the runs of
    some days somebody `acts`; each run goes through a `tap` of its own. So many days have `passed`
    already. The `days` are those of the scenario, unless given."""
    last = None
    left = [day for day in days or BY_NAME[scenario].days if day > passed]
    while left:
        is_left_alone = max(acts, default=0) <= passed and tap is Tap
        state = partial(state_of, account, ledger, repeats, *left)
        if is_left_alone and ledger.known.holds(state):
            return
        day = left.pop(0)
        account.pass_days(day - passed)
        passed = day
        acts.get(day, lambda: None)()
        last = invoke(account, ledger, tap(), {}, f"day-{day}")
        ledger.after_a_whole_run(last.said, last.listed)
        if last.failed:
            ledger.violations.append(
                Violation(Promise.SETTLES, f"the run of day {day} failed: {last.said[:200]}")
            )
    assert last is not None
    if last.changed:
        changes = [call for call in last.calls if call.startswith(MUTATING)]
        if changes != ["sns:Publish"] or not ledger.heard.only_weekly(ledger.denied):
            ledger.violations.append(Violation(Promise.SETTLES, f"the last run did {changes}"))
    ledger.settle(repeats)


@contextmanager
def logs() -> Iterator[io.StringIO]:
    """Everything that the product logs, with the extras."""
    stream = io.StringIO()

    class Everything(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            stream.write(f"{record.getMessage()} {record.__dict__}\n")

    logger = logging.getLogger("key_rotation")
    handler = Everything()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
