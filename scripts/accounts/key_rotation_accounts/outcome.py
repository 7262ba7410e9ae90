"""What a command did in one account, and the table of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .terraform import Answer, one_line

COLUMNS = ("account", "id", "add", "change", "destroy", "result")
WARNING = "Warning: "  # in front of each of Terraform's warnings
_WIDEST = 100


class Result(StrEnum):
    NO_CHANGE = "no change"
    PLANNED = "planned"
    APPLIED = "applied"
    DESTROYED = "destroyed"
    DRIFT = "drift"
    NEW = "new"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """`numbers` are to add, to change, to destroy; None if Terraform did not come that far.

    `why` says more about the result: of a failure everything that Terraform said. `changes` are
    such as "update aws_sns_topic.this".
    """

    account: str
    account_id: str
    result: Result
    numbers: tuple[int, int, int] | None = None
    why: str = ""
    changes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return self.result is Result.FAILED

    @property
    def is_cut(self) -> bool:
        """Whether the table has not all of `why`."""
        return len(one_line(self.why)) > _WIDEST

    def row(self) -> tuple[str, ...]:
        numbers = tuple(str(n) for n in self.numbers) if self.numbers else ("-", "-", "-")
        why = one_line(self.why)
        if self.is_cut:
            why = why[: _WIDEST - 1].rstrip() + "…"
        result = f"{self.result}: {why}" if why else str(self.result)
        return (self.account, self.account_id, *numbers, result)


def outcome_of(account: str, account_id: str, answer: Answer, result: Result) -> Outcome:
    """With the numbers and changes that Terraform said; a failure has its words."""
    why = ""
    if result is Result.FAILED:
        why = (
            answer.problem or f"Terraform ended with exit status {answer.status}, and said nothing"
        )
    elif answer.status == 2 and not answer.changes:
        why = "outputs only"
    numbers = None if result is Result.FAILED and not answer.began else answer.numbers
    return Outcome(account, account_id, result, numbers, why, tuple(answer.changes))


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as lines of text, columns below each other."""
    rows = [COLUMNS, *(outcome.row() for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS) - 1)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in (2, 3, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row[:-1], widths, strict=True))
        ]
        lines.append("  ".join([*cells, row[-1]]))
    return "\n".join(lines)


def failures_in_full(outcomes: Sequence[Outcome]) -> str:
    """What the table had to cut; empty if nothing."""
    cut = [outcome for outcome in outcomes if outcome.failed and outcome.is_cut]
    return "\n\n".join(f"{outcome.account} failed:\n{outcome.why}" for outcome in cut)
