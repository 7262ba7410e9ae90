"""What became of a rotation that somebody asked for: each user has a row that says so."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.action import Decision, Verb
from ..notify.reasons import NOT_ROTATED
from ..notify.response import Row

_ANSWERS = (Verb.ROTATE, Verb.BLOCK, "defer", "fail")


def is_rotated(rows: Sequence[Row]) -> bool:
    """Whether a new key was made; what may be left of the rotation, a later run does unasked."""
    return any(row.action == Verb.ROTATE for row in rows)


def why_not(user: str, rows: Sequence[Row], decision: Decision) -> list[Row]:
    """The row that says why this user was not rotated, unless one of their `rows` does."""
    if any(row.action in _ANSWERS for row in rows):
        return []
    reason = decision.reason
    return [Row(user, "report", reason.value, None, f"not rotated: {NOT_ROTATED[reason]}")]
