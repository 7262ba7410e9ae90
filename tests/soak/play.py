"""A history, played on the real botocore against an AWS in memory, under the ledger's eye."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.aws.account import START, Account, an_account
from tests.crash.key_log import keeping
from tests.crash.owners import after_a_run
from tests.crash.promises import Promise, Violation
from tests.crash.runs import MUTATING, Invocation, invoke
from tests.crash.scenario import Owner
from tests.crash.settings_read import options, parameter
from tests.crash.wire import Fault, Tap, retries_without_waiting, untapped
from tests.soak.acts import DOINGS, EMERGENCY, OF_THE_ABSENT
from tests.soak.acts_on_settings import UNREADABLE
from tests.soak.doing import PassedOverError
from tests.soak.eye import Eye
from tests.soak.plan import DAYS, Act, Plan


@dataclass
class Played:
    """What was done, in sentences, and the promises that it broke."""

    story: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    calls: int = 0
    acts: int = 0
    last_day: int = 0


def play(plan: Plan) -> Played:
    """Up to the first violation."""
    random.seed(0)  # moto draws ids
    played = Played()
    with _account(plan) as (account, eye):
        player = _Player(plan, account, eye, played)
        for day in range(1, plan.days + 1):
            played.last_day = day
            player.day(day)
            if eye.violations:
                break
        if plan.days >= DAYS and not eye.violations:  # else the quiet days were too few
            player.end()
        played.violations = eye.violations
    return played


@contextmanager
def _account(plan: Plan) -> Iterator[tuple[Account, Eye]]:
    with an_account() as account, retries_without_waiting(account.clock):
        account.unsubscribe("alice")
        for name, value in plan.parameters.items():
            account.set_parameter(name, value)
        subscribed = set()
        for person in plan.people:
            tags = {f"access-key-rotation:{key}": value for key, value in person.tags.items()}
            account.add_user(person.name, *person.ages, password=person.password, tags=tags)
            if person.listens:
                subscribed.add(person.name)
                account.subscribe(person.name, user=person.name, audience="user")
        eye = Eye(account, names=tuple(person.name for person in plan.people))
        eye.subscribed = subscribed
        eye.at_first = account.parameters | dict(plan.parameters)
        eye.owner = Owner.SLEEPS  # each does as they do, below
        with keeping(eye.key_log):
            yield account, eye


class _Player:
    def __init__(self, plan: Plan, account: Account, eye: Eye, played: Played) -> None:
        self._plan, self._account, self._eye, self._played = plan, account, eye, played
        self._owners = {person.name: Owner[person.owner] for person in plan.people}
        self._now = ""
        self._repeats = 0  # of what a run said that could not put it on record

    def day(self, day: int) -> None:
        """People act in the hours before the run, or within it; then the schedule fires."""
        run_at = START + timedelta(days=day)
        acts = [act for act in self._plan.acts if act.day == day]
        before = [act for act in acts if act.at is None]
        for number, act in enumerate(before):
            self._move_to(run_at - timedelta(hours=12 - 10 * number / len(before)), day)
            self._do(act)
        self._move_to(run_at, day)
        self._run(day, [act for act in acts if act.at is not None])

    def end(self) -> None:
        """Nothing changes any more: a third run of the last day finds nothing to do."""
        changes: list[str] = []
        for hour in (1, 2, 3):
            self._account.pass_days(hours=1)
            self._now = f"{hour} h after the last day"
            last = self._invoke(Tap(), {}, f"last-{hour}")
            changes = [call for call in last.calls if call.startswith(MUTATING)]
        if changes and not (changes == ["sns:Publish"] and self._says_again(last)):
            what = f"the last run did {changes}, said {self._eye.heard.reasons}"
            self._eye.violations.append(Violation(Promise.SETTLES, what))
        self._eye.settle(self._repeats)

    def _says_again(self, last: Invocation) -> bool:
        """Whether all that the run said is what blocks first keys: without a key, no record can say
        when that was last said."""
        waiting = {
            n for n in self._eye.names if options(n).get("first_key") and not self._eye.keys(n)
        }
        blocked = {row["reason"] for row in _rows(last) if row["user"] in waiting}
        return set(self._eye.heard.reasons) <= blocked

    def _move_to(self, time: datetime, day: int) -> None:
        now = self._account.clock.now()
        if time > now:
            self._account.clock.traveller.move_to(time)
        self._now = f"day {day}, {self._account.clock.now():%H:%M}"

    def _tell(self, what: str) -> None:
        self._played.story.append(f"{self._now}: {what}")

    def _do(self, act: Act) -> None:
        eye = self._eye
        try:
            if act.who not in eye.names and act.what not in OF_THE_ABSENT:
                raise PassedOverError
            if act.what in EMERGENCY:
                self._ask(act, EMERGENCY[act.what](eye, act.who, act.pick))
            else:
                what = DOINGS[act.what](eye, act.who, act.pick)
                eye.look("person")
                self._tell(what)
            self._played.acts += 1
        except PassedOverError:
            self._tell(f"(passed over: {act.what}, {act.who})")

    def _ask(self, act: Act, payload: dict[str, Any]) -> None:
        """An operator sends this payload: a run of its own, also within that of the schedule."""
        eye, named = self._eye, payload.get("emergency", {})
        self._tell(f"somebody {act.what}: {payload}")
        before = eye.emergency_key, eye.requested, eye.may_cut_off
        eye.emergency_key, eye.requested = named.get("access_key_id"), "rotate" in payload
        eye.may_cut_off = "even_if_nobody_can_fetch" in named
        tap, request = Tap(), f"{self._now}-asked"
        with ThreadPoolExecutor(1) as pool:  # which the tap of another run does not hear
            pool.submit(self._invoke, tap, payload, request, act.at is not None).result()
        self._repeats += act.at is not None  # two runs at once may each say the same
        eye.emergency_key, eye.requested, eye.may_cut_off = before

    def _run(self, day: int, within: list[Act]) -> None:
        mishap = next((one for one in self._plan.mishaps if one.day == day), None)
        tap = Tap()
        if mishap is not None:
            tap = Tap(Fault[mishap.fault], mishap.at)
            self._tell(f"call {mishap.at} of the run: it {Fault[mishap.fault]}")

        def before_call(number: int, _name: str) -> None:
            for act in within:
                if act.at == number:
                    with untapped():
                        self._tell(f"just before call {number}, {_name}:")
                        self._do(act)
                        self._account.pass_days(microseconds=10)  # what comes first is earlier

        tap.before_call = before_call
        run = self._invoke(tap, {}, f"day-{day}", is_disturbed=bool(within))
        for act in within:
            if act.at is not None and act.at >= len(run.calls):
                self._tell(f"(passed over, since the run had ended: {act.what}, {act.who})")
        for minutes in (1, 2):
            if not (run.died or run.failed):
                break
            self._account.pass_days(minutes=minutes)
            run = self._invoke(Tap(), {}, f"day-{day}")
        else:
            if run.failed and parameter("max_key_age_days") != UNREADABLE:
                what = f"the run of day {day} failed: {run.said[:300]}"
                self._eye.violations.append(Violation(Promise.SETTLES, what))
        if not (run.died or run.failed) and not within:
            self._eye.after_a_whole_run(run.said)

    def _invoke(
        self, tap: Tap, payload: object, request: str, is_disturbed: bool = False
    ) -> Invocation:
        """`is_disturbed`: somebody acts within it, which the run puts right by its end."""
        self._eye.tolerant = is_disturbed
        run = invoke(self._account, self._eye, tap, payload, request)
        self._repeats += run.died + (run.failed and tap.fault is not None) + tap.lost_answers
        self._played.calls += len(run.calls)
        done = [call for call in run.calls if call.startswith(MUTATING)]
        rows = [f"{row['user']} {row['action']} {row['reason']}" for row in _rows(run)]
        if run.died or run.failed:
            self._tell(
                f"the run {'died' if run.died else 'failed: ' + run.said[:300]}, after {done}"
            )
        elif done:
            self._tell(f"the run: {', '.join(rows) or 'nothing of a user'}; {', '.join(done)}")
        for name in self._eye.names:
            owner = self._owners.get(name.removesuffix("-renamed"), Owner.FETCHES)
            after_a_run(owner, self._eye, name)
        return run


def _rows(run: Invocation) -> list[dict[str, str]]:
    if not run.said.startswith("{"):
        return []
    rows: list[dict[str, str]] = ast.literal_eval(run.said)["users"]
    return rows
