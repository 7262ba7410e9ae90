"""A credential report of up to four hours ago: what happened since is not in it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.aws.account import Account
from tests.crash.branches import beginning, undisturbed_calls
from tests.crash.iam_past import Iam
from tests.crash.late_acts import ACTS, CREATES, OF_KEYS, OF_USERS, OF_USES, possible
from tests.crash.late_days import days_after
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, go_on, invoke
from tests.crash.wire import Tap, copied, untapped

_REPORT = "iam:GetCredentialReport"
# IAM makes a new report when the last one is older than that.
_OLDEST = timedelta(hours=4)
# Of a new key it matters how new it is: one of the last 20 minutes may be another run's, and one of
# the last hour was perhaps tried only.
_YOUNG = (timedelta(minutes=10), timedelta(minutes=40))
# The run that disables a key which nobody uses comes days after the one that is tried.
_WARNED = ("unused, to be warned",)
_GENERATED = re.compile("(?<=<GeneratedTime>)[^<]+")


@dataclass(frozen=True)
class LateReportPoint:
    """A person does `act` right after IAM made the report that the first run, or that of a `day`
    that follows, reads so much `later`."""

    scenario: str
    act: str
    later: timedelta
    day: int | None = None

    def __str__(self) -> str:
        when = "" if self.day is None else f" of day {self.day}"
        return f"{self.scenario}: a person {self.act}, and the report{when} is {self.later} older"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        ledger.tolerant = True
        reports: list[Tap] = []

        def act() -> None:
            reports.append(_report_of_now(account))
            with untapped():
                ACTS[self.act].does(account, ledger)
                ledger.look("person")
            account.pass_days(self.later / timedelta(days=1))

        def before_day() -> None:
            account.pass_days(-self.later / timedelta(days=1))
            act()

        if self.day is None:
            act()
        first = invoke(account, ledger, reports.pop() if reports else Tap(), payload, "first")
        go_on(
            account,
            ledger,
            self.scenario,
            first,
            payload,
            repeats=1 + first.failed + BY_NAME[self.scenario].died_before,
            acts={} if self.day is None else {self.day: before_day},
            tap=lambda: reports.pop() if reports else Tap(),
            days=days_after(self.scenario, self.act),
        )


def _report_of_now(account: Account) -> Tap:
    """For a run that comes later: the report shows the account as it is now."""
    past, generated = Iam.now(), account.clock.now()

    def view(name: str) -> AbstractContextManager[None]:
        return past.shown() if name == _REPORT else nullcontext()

    def dated(name: str, response: AWSResponse) -> AWSResponse:
        if name != _REPORT or response.status_code != 200:
            return response
        body, times = _GENERATED.subn(f"{generated:%Y-%m-%dT%H:%M:%SZ}", response.text)
        assert times == 1
        return copied(response, body)

    return Tap(view=view, answer=dated)


def late_report_points(name: str) -> list[LateReportPoint]:
    """In every run that reads the report, with each act, and the oldest report that there can be: a
    newer one says the same, so it is another one for a key alone that is made after it."""
    if _REPORT not in undisturbed_calls(name) or _REPORT in BY_NAME[name].denied:
        return []
    _, ledger, _ = beginning(name)
    acts = possible(OF_KEYS | OF_USERS | OF_USES, ledger)
    later_days = BY_NAME[name].days[:-2] if name in _WARNED else ()
    return [
        *(
            LateReportPoint(name, act, later)
            for act in acts
            for later in (*(_YOUNG if act == CREATES else ()), _OLDEST)
        ),
        *(LateReportPoint(name, act, _OLDEST, day) for act in acts for day in later_days),
    ]
