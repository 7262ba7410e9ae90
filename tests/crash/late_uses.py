"""IAM tells the last use of a key late: by hours as a rule, by days at times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from typing import Any

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID, Account
from tests.crash.branches import beginning, in_a_branch, undisturbed_calls
from tests.crash.iam_past import last_use_by, uses_until
from tests.crash.late_days import days_after
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, follow_up, go_on, invoke
from tests.crash.wire import Tap, untapped

_READS = ("iam:GetAccessKeyLastUsed", "iam:GetCredentialReport")
_LATE = (2, 4, 12, 30, 72)  # hours
_MINUTE = timedelta(minutes=1)
# The last use is read in a later run only, when the old key's grace is over.
LATER = ("due, a service user", "due again", "requested, a service user")
OLDEST, NEWEST = "oldest", "newest"

# The day, None: that of the first run; and which key, None: nobody uses any.
_Use = tuple[int | None, str | None]


@dataclass(frozen=True)
class LateUsePoint:
    """All uses are shown so many hours late. A minute too late to be seen by the first run, or by
    that of a `day` that follows, somebody used the `key`; an inactive one between two switches. Or
    nobody did."""

    scenario: str
    hours: int
    key: str | None = None
    day: int | None = None

    def __str__(self) -> str:
        if self.key is None:
            return f"{self.scenario}: uses are seen {self.hours} h late"
        when = "the first run" if self.day is None else f"the run of day {self.day}"
        return f"{self.scenario}: {when} cannot see the {self.key} key's use, {self.hours} h late"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        late = timedelta(hours=self.hours)
        ledger.uses_seen_after(late)

        def view(name: str) -> AbstractContextManager[None]:
            seen = name in _READS
            return uses_until(account.clock.now() - late) if seen else nullcontext()

        def used() -> None:
            with untapped():
                _use(account, ledger, self.key, late - _MINUTE)

        if self.day is None:
            used()
        first = invoke(account, ledger, Tap(view=view), payload, "first")
        go_on(
            account,
            ledger,
            self.scenario,
            first,
            payload,
            repeats=first.failed + BY_NAME[self.scenario].died_before,
            acts={} if self.day is None else {self.day: used},
            tap=lambda: Tap(view=view),
            days=days_after(self.scenario, self.day),
        )


def _use(account: Account, ledger: Ledger, which: str | None, ago: timedelta) -> None:
    key = _usable(account, ledger, which, ago)
    if key is not None:
        account.use(key.access_key_id, days_ago=ago / timedelta(days=1))
        if key.status != "Active":
            ledger.was_on(key.access_key_id, account.clock.now() - ago)


def _usable(account: Account, ledger: Ledger, which: str | None, ago: timedelta) -> Any:
    """moto's key, unless it has been used since, or was not there yet, or nobody has its secret."""
    keys = [key for key_id, key in ledger.keys("alice").items() if ledger.holds(key_id)]
    if which is None or not keys or (which == NEWEST and len(keys) < 2):
        return None
    key = keys[0] if which == OLDEST else keys[-1]
    at, last = account.clock.now() - ago, key.last_used
    is_too_new = key.create_date.replace(tzinfo=UTC) + timedelta(hours=1) > at
    is_used_since = last is not None and last.timestamp.replace(tzinfo=UTC) >= at
    return None if is_too_new or is_used_since else key


def late_use_points(name: str) -> Iterator[LateUsePoint]:
    """Before every run that reads a last use, of each key, for every delay. Uses that cannot be
    made are one: nobody does anything, and what was used is seen late, if any answer shows that."""
    if _READS[0] not in undisturbed_calls(name) and name not in LATER:
        return
    for hours, uses in _uses(name).items():
        yield from (LateUsePoint(name, hours, key, day) for day, key in uses)


def _uses(name: str) -> dict[int, list[_Use]]:
    """Before the runs that read a last use, the uses that can be made, for each delay in hours."""
    account, ledger, payload = beginning(name)

    def look() -> dict[int, list[_Use]]:
        found: list[list[tuple[int, _Use]]] = []
        taps: list[Tap] = []
        seen_late: set[int] = set()

        def before(day: int | None) -> None:
            found.append(
                [
                    (hours, (day, key))
                    for hours in _LATE
                    for key in (OLDEST, NEWEST)
                    if _usable(account, ledger, key, timedelta(hours=hours) - _MINUTE)
                ]
            )

        def view(call: str) -> AbstractContextManager[None]:
            if call in _READS:
                seen_late.update(hours for hours in _LATE if _is_other(account, hours))
            return nullcontext()

        def tap() -> Tap:
            taps.append(Tap(view=view))
            return taps[-1]

        before(None)
        invoke(account, ledger, tap(), payload, "first")
        acts = {day: partial(before, day) for day in BY_NAME[name].days}
        follow_up(account, ledger, name, acts=acts, tap=tap)
        read = [uses for uses, each in zip(found, taps, strict=True) if _READS[0] in each.calls]
        nobodys: list[_Use] = [(None, None)]
        return {
            hours: [use for uses in read for late, use in uses if late == hours]
            + (nobodys if hours in seen_late else [])
            for hours in _LATE
        }

    return in_a_branch(look)


def _is_other(account: Account, hours: int) -> bool:
    """Whether any last use of now is not seen yet if it is seen so late."""
    by = account.clock.now() - timedelta(hours=hours)
    keys = [
        key for user in iam_backends[ACCOUNT_ID]["aws"].users.values() for key in user.access_keys
    ]
    return any(last_use_by(key, by) is not key.last_used for key in keys)
