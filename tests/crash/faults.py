"""Faults: in every situation, at every AWS call, everything that can happen to that call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.crash.branches import undisturbed_calls
from tests.crash.ledger import Ledger
from tests.crash.promises import Promise, Violation
from tests.crash.runs import BY_NAME, MUTATING, Invocation, follow_up, go_on
from tests.crash.scenarios import OF_PEOPLE_ALONE
from tests.crash.settings_table import EACH_READ, is_sampled, places
from tests.crash.trunk import GoOn, Struck
from tests.crash.wire import Fault, Tap

READS = (
    *("iam:List", "iam:Get", "secretsmanager:Describe", "secretsmanager:Get"),
    *("sns:List", "sns:Get", "ssm:Get"),
)
# What is read in bulk is read user by user if that fails.
BULK_READS = ("iam:GetAccountAuthorizationDetails", "iam:GetCredentialReport")
WHO_CAN_READ = "secretsmanager:GetResourcePolicy"
NOT_AN_ANSWER = (Fault.THROTTLED, Fault.ERROR_500, Fault.DENIED)


@dataclass(frozen=True)
class FaultPoint:
    """Where and how a run is disturbed.

    `retried`: Lambda tries the same event again a minute later; else the schedule comes next.
    """

    scenario: str
    fault: Fault
    at: int
    retried: bool = True

    def __str__(self) -> str:
        retried = "" if self.retried else ", not retried"
        return f"{self.scenario}: call {self.at} {self.fault}{retried}"

    def strike(self, run: Struck) -> GoOn:
        run.tap.fault, run.tap.at = self.fault, self.at
        watch = WatchUnknown(run.ledger, run.tap, run.payload)
        run.tap.before_call = watch
        watch(self.at, str(run.call))

        def after(first: Invocation) -> None:
            watch.finish(first.failed)
            cut_off = (first.died or first.failed) + BY_NAME[self.scenario].died_before
            repeats = run.tap.lost_answers + cut_off
            if self.retried:
                go_on(run.account, run.ledger, self.scenario, first, run.payload, repeats)
            else:
                follow_up(run.account, run.ledger, self.scenario, repeats)

        return after


def fault_points(name: str) -> list[FaultPoint]:
    """Every call of the scenario's undisturbed run, with every fault. In a scenario of a setting
    each read has one of them, in turn."""
    if name in OF_PEOPLE_ALONE:
        return []
    calls, faults = undisturbed_calls(name), list(Fault)
    all_at_reads = not is_sampled(name, calls, MUTATING)
    every = [
        FaultPoint(name, fault, at)
        for at in places(name, calls, MUTATING)
        for number, fault in enumerate(faults)
        if all_at_reads or calls[at].startswith(MUTATING) or at // EACH_READ % len(faults) == number
    ]
    return every + [replace(p, retried=False) for p in every if p.fault is Fault.DIES_AFTER]


class WatchUnknown:
    """Promise 5: after a read that failed, this user's keys are left as they are by that run, or
    until it begins again with the user and is answered. In an emergency it fails after the key
    that was reported went: who can read the secret of the other one is not waited for."""

    def __init__(self, ledger: Ledger, tap: Tap, payload: Any) -> None:
        self._ledger, self._tap = ledger, tap
        self._reported: str | None = payload.get("emergency", {}).get("access_key_id")
        self._keys: dict[str, str] | None = None
        self._failed = ""
        self._begun_anew = False

    def __call__(self, number: int, name: str) -> None:
        if number == self._tap.at:
            is_watched = len(self._ledger.names) == 1 and self._tap.fault in NOT_AN_ANSWER
            if is_watched and name.startswith(READS) and name not in BULK_READS:
                self._keys, self._failed = self._now(), name
        elif self._keys is not None:
            self._begun_anew = self._begun_anew or name == "iam:ListAccessKeys"
            if self._begun_anew and name == self._failed:
                self.finish()

    def finish(self, has_failed: bool = False) -> None:
        if self._keys is None:
            return
        now, goes = self._now(), self._reported
        unasked = {key for key in now if key not in self._keys} | {
            key
            for key, status in self._keys.items()
            if key not in now or (status == "Active" and now[key] != "Active")
        }
        if has_failed and self._failed == WHO_CAN_READ and goes and now.get(goes) == "Inactive":
            unasked.discard(goes)
        if unasked:
            call = self._tap.calls[self._tap.at]
            self._ledger.violations.append(
                Violation(Promise.UNKNOWN_IS_NO_ANSWER, f"{sorted(unasked)} changed after {call}")
            )
        self._keys = None

    def _now(self) -> dict[str, str]:
        [name] = self._ledger.names
        return {key_id: key.status for key_id, key in self._ledger.keys(name).items()}
