"""What must be reached, held against what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .cell import Result
from .cold_start import ColdStart
from .command_line import ONE_BY_ONE, Answered
from .fetching import Fetching

EVENTS = "events:PutEvents"


@dataclass(frozen=True)
class Claim:
    """One number that must be reached, and the number that was."""

    what: str
    wanted: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Measured:
    """The results that the claims are about, all of them at 5,000 users but `rollout`."""

    none_due: Result
    unmanaged: Result
    monday: Result
    with_options: Result
    some_due: Result
    all_due: Result
    throttled: Result
    rollout: Result
    plain_some_due: Result
    cold: ColdStart
    fetched: Fetching
    answered: Sequence[Answered]

    def claims(self) -> list[Claim]:
        quiet, unmanaged = self.none_due.total, self.unmanaged.total
        secrets, monday = self.monday.cell.users, self.monday.total
        more = self.all_due.cell.due - self.some_due.cell.due
        events = (self.all_due.calls[EVENTS] - self.some_due.calls[EVENTS]) / more
        with_events = (self.all_due.total - self.some_due.total) / more
        calls = with_events - events
        changes = (self.all_due.mutating - self.some_due.mutating) / more - events
        faster = self.plain_some_due.seconds / self.some_due.seconds
        due = self.all_due.cell.due
        return [
            Claim("calls, 5,000 managed, none due", "at most 15", f"{quiet}", quiet <= 15),
            Claim(
                "… the same, each with a reader of their own",
                "at most 13 more",
                f"{self.with_options.total - quiet} more",
                self.with_options.total - quiet <= 13,
            ),
            Claim("calls, 5,000 unmanaged", "at most 15", f"{unmanaged}", unmanaged <= 15),
            Claim(
                "calls, 5,000 managed, none due, on a Monday",
                "15, and 102 for 100 secrets",
                f"{monday:,}",
                monday <= 15 + secrets + secrets // 50,
            ),
            Claim("calls per due key", "at most 13", f"{calls:.2f}", round(calls, 2) <= 13.01),
            Claim("… of them mutating", "at most 6", f"{changes:.2f}", round(changes, 2) <= 6.01),
            Claim(
                "… with its two events, ten to a call",
                "at most 13.2",
                f"{with_events:.2f}",
                round(with_events, 2) <= 13.21,
            ),
            Claim("times as fast as the plain loop", "at least 38", f"{faster:.1f}", faster >= 38),
            Claim(
                "5,000 due in one budget of 900 s",
                "done, or deferred without loss",
                f"{self.all_due.rotated:,} rotated in {self.all_due.runs} run(s), "
                f"{self.all_due.seconds:.0f} s; {self.all_due.lost} lost",
                self.all_due.lost == 0 and self.all_due.rotated == due,
            ),
            Claim(
                "… peak memory, the emulated account included",
                "under 256 MB",
                f"{self.all_due.peak_megabytes:.0f} MB",
                self.all_due.peak_megabytes < 256,
            ),
            Claim(
                "500 throttles spread over a run",
                "every key rotated, no user failed",
                f"{self.throttled.throttled} throttles; {self.throttled.rotated:,} rotated, "
                f"{self.throttled.failed} failed, {self.throttled.deferred} deferred",
                self.throttled.throttled >= 490
                and self.throttled.rotated == self.throttled.cell.due
                and self.throttled.failed == 0,
            ),
            Claim(
                f"{self.rollout.cell.due:,} due, budgets of {self.rollout.cell.budget:.0f} s",
                "all in the end, none twice",
                f"{self.rollout.rotated:,} rotated in {self.rollout.runs} runs, "
                f"{self.rollout.lost} lost, {self._twice(self.rollout)} announced twice",
                self.rollout.rotated == self.rollout.cell.due
                and self.rollout.lost == 0
                and self._twice(self.rollout) == 0,
            ),
            self._of_the_cold_start(),
            *self._of_fetching(),
            *of_the_command_line(self.answered),
        ]

    def _of_the_cold_start(self) -> Claim:
        ratio = self.cold.ratio
        return Claim(
            "cold start, beside `import boto3` and one IAM client",
            "at most 1.5 times",
            f"{ratio:.2f} times",
            ratio <= 1.5,
        )

    def _of_fetching(self) -> list[Claim]:
        calls, pull = self.fetched.calls_of_a_pull, self.fetched.pull
        more = 1000 * (self.fetched.process - self.fetched.aws)
        return [
            Claim(
                "`key-fetch pull` that finds nothing new",
                "1 call, under 1 s",
                f"{calls} call, {pull:.2f} s",
                calls == 1 and pull < 1,
            ),
            Claim(
                "`key-fetch process`, beside `aws secretsmanager get-secret-value`",
                "at most 150 ms more",
                f"{more:+.0f} ms ({self.fetched.ratio:.2f} times)",
                more <= 150,
            ),
        ]

    @staticmethod
    def _twice(result: Result) -> int:
        return result.announced - result.rotated


def of_the_command_line(answered: Sequence[Answered]) -> list[Claim]:
    """The most of any command, `status`, `status --check`, `plan` or `report`, at 5,000 users."""
    by_report = [each for each in answered if each.command.line != ONE_BY_ONE]
    quiet = [each for each in by_report if not each.command.due]
    some = [each for each in by_report if each.command.due]
    calls, seconds = max(each.calls for each in quiet), max(each.seconds for each in quiet)
    most = max(each.calls for each in some)
    return [
        Claim(
            "`key-rotation status`, `plan`, `report`, 5,000 managed, none due",
            "at most 40 calls, under 10 s",
            f"{calls} calls, {seconds:.1f} s",
            calls <= 40 and seconds < 10,
        ),
        Claim("… the same, 56 due", "at most 400 calls", f"{most} calls", most <= 400),
    ]
