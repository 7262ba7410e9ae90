"""The counts of each account, and of all of them: pure."""

from __future__ import annotations

from collections.abc import Iterable
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
    of the benchmarks; `unread` are the users, or the operators, of whom something was not read.
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

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`, as the report of a single account has it."""
        if self.unread:
            return "incomplete"
        return "not_compliant" if self.over_benchmark else "compliant"


def counts_of(account: ReadAccount) -> Counts:
    """What the views of a single account count, too."""
    found = account.status
    compliance = Compliance(found, account.administrators)
    keys = compliance.keys
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
    )


def total(counts: Iterable[Counts]) -> Counts:
    """Of all these accounts."""
    all_of = tuple(counts)
    sums = {field.name: sum(getattr(one, field.name) for one in all_of) for field in fields(Counts)}
    return Counts(**sums | {"oldest_days": max((one.oldest_days for one in all_of), default=0)})
