"""The outcome of a run: the rows of the response and the failures that end it in an error."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ..domain.action import Verb
from .text import one_line


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of one run; `unit` in CloudWatch's own words, which know no days."""

    name: str
    value: float
    unit: Literal["Count", "Seconds", "None"] = "Count"


log = logging.getLogger("key_rotation")

LOGGED_ROWS = 200  # of up to some 1,200 bytes; CloudWatch reads 256 KB of a line

# The metrics that count what was done, and the rows that they count.
_COUNTED = {
    "UsersWarned": Verb.WARN,
    "KeysRotated": Verb.ROTATE,
    "KeysDisabled": Verb.DISABLE,
    "KeysDeleted": Verb.DELETE,
    "UsersHeld": Verb.HOLD,
    "UsersBlocked": Verb.BLOCK,
    "UsersDeferred": "defer",
    "UsersFailed": "fail",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing done to one user, planned in a dry run, or left undone.

    `action` is a `Verb`, or `defer`, `fail` or `report`.
    """

    user: str
    action: str
    reason: str
    access_key_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did. Users with nothing to do are only counted in `scanned`."""

    dry_run: bool
    started_at: datetime
    scanned: int
    rows: Sequence[Row]

    @property
    def failed(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.action == "fail")

    @property
    def deferred(self) -> int:
        return sum(row.action == "defer" for row in self.rows)

    def measures(self, took: timedelta) -> list[Measure]:
        """What the operators' dashboard and alarms see of the run. A dry run has done nothing."""
        done = Counter(() if self.dry_run else (row.action for row in self.rows))
        return [
            *(Measure(name, done[action]) for name, action in _COUNTED.items()),
            Measure("ManagedUsers", self.scanned),
            Measure("RunSeconds", took.total_seconds(), "Seconds"),
        ]

    def response(self) -> dict[str, Any]:
        """The response of the function: JSON-ready."""
        return {
            "dry_run": self.dry_run,
            "started_at": self.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scanned": self.scanned,
            "counts": dict(sorted(Counter(row.action for row in self.rows).items())),
            "users": [asdict(row) for row in self.rows],
            "deferred": self.deferred,
            "failed": len(self.failed),
        }

    def logged(self) -> dict[str, Any]:
        """The response as the log has it: without the rows where they would not fit into one line.
        What was done, and what failed, has a line of its own."""
        response = self.response()
        if len(self.rows) > LOGGED_ROWS:
            del response["users"]
        return response


class RotationFailedError(Exception):
    """Raised after every user was served, when some failed; the alarm and the retry see it."""

    def __init__(self, report: Report) -> None:
        self.report = report
        shown = "; ".join(_shown(row) for row in report.failed[:5])
        more = len(report.failed) - 5
        super().__init__(
            f"{len(report.failed)} failed, everything else was done: {shown}"
            + (f"; and {more} more" if more > 0 else "")
        )


def _shown(row: Row) -> str:
    """A failure in the text of the error: of a user, or of what `reason` names."""
    return f"{row.user}: " + ("" if row.reason == "error" else f"{row.reason}: ") + f"{row.detail}"


def failure(name: str, reason: str, error: Exception, what: str = "") -> Row:
    """The row of a failure, which is in the log, too. `name` is the user, or what stands for it;
    `what` failed comes before the error."""
    detail = what + describe(error)
    log.error("failed", extra={"user": name, "reason": reason, "detail": detail})
    return Row(name, "fail", reason, None, detail)


def describe(error: Exception) -> str:
    """An error in one line, with its cause: what was refused says why."""
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error.__cause__, Exception):
        text += f" ({describe(error.__cause__)})"
    return one_line(text)
