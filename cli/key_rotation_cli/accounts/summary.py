"""The counts of each account, and of all of them: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from ..report.compliance import Compliance
from .gather import ReadAccount

VERDICTS = {
    "incomplete": ("bad", "Incomplete"),
    "not_compliant": ("bad", "Not compliant"),
    "compliant": ("good", "Compliant"),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of an account, or of several; `oldest_days` is the age of the oldest active key.

    `over_limit` are active keys beyond their user's own limit, `over_benchmark` beyond the 90 days
    of the benchmarks; `unread` are the users who could not be read.
    `unmanaged_users` are those who are not managed and have active keys, and
    `unmanaged_over_benchmark` such keys; None: nobody knows.
    """

    iam_users: int = 0
    managed_users: int = 0
    active_keys: int = 0
    oldest_days: int = 0
    over_limit: int = 0
    over_benchmark: int = 0
    due: int = 0
    held: int = 0
    blocked: int = 0
    out_of_reach: int = 0
    unread: int = 0
    unmanaged_users: int | None = 0
    unmanaged_over_benchmark: int | None = 0

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`, of all users but the exempt, as the report of an account has it."""
        if self.unread or self.unmanaged_over_benchmark is None:
            return "incomplete"
        is_over = self.over_benchmark or self.unmanaged_over_benchmark
        return "not_compliant" if is_over else "compliant"


def counts_of(account: ReadAccount) -> Counts:
    """What the views of a single account count, too."""
    found = account.status
    compliance = Compliance(found, account.administrators)
    keys = compliance.keys
    coverage = compliance.coverage
    states = [status.state for status in found.statuses]
    return Counts(
        iam_users=found.scanned,
        managed_users=len(found.statuses),
        active_keys=len(keys),
        oldest_days=keys[0].age.days if keys else 0,
        over_limit=sum(key.over_limit for key in keys),
        over_benchmark=compliance.failing,
        due=states.count("due"),
        held=states.count("held"),
        blocked=states.count("blocked"),
        out_of_reach=len(found.out_of_reach),
        unread=len(found.unread),
        unmanaged_users=len(coverage.users) if coverage.is_known else None,
        unmanaged_over_benchmark=coverage.keys_over_limit if coverage.is_known else None,
    )


def total(counts: Iterable[Counts]) -> Counts:
    """Of all these accounts."""
    all_of = tuple(counts)
    sums = {
        field.name: _sum([getattr(one, field.name) for one in all_of]) for field in fields(Counts)
    }
    oldest = max((one.oldest_days for one in all_of), default=0)
    return Counts(**sums | {"oldest_days": oldest})  # type: ignore[arg-type]  # None where it may be


def _sum(numbers: Sequence[int | None]) -> int | None:
    """None if one of them is unknown."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
