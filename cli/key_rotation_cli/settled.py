"""What comes for users whom the credential report shows as settled, without a call for any of them.

The report dates a key by when it was created or last switched on. So a key is at least as old as
that, and what is due for it may be due earlier, never later.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from key_rotation.domain.action import Action, Decision, Reason, Verb
from key_rotation.domain.credential_report import Row
from key_rotation.domain.model import AccessKey, ManagedUser
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.settings import Settings

from .forecast import Forecast, Step


def forecast_settled(user: ManagedUser, row: Row, settings: Settings) -> Forecast:
    """`user` has the active keys of the row, without ids. tests/unit/test_cli_settled.py holds the
    steps against those of a forecast of the same user, read in full."""
    return Forecast(
        Decision((), _reason(user, row)),
        tuple(step for key in user.keys for step in _steps(user, key, settings)),
    )


def _reason(user: ManagedUser, row: Row) -> Reason:
    if user.keys:
        return Reason.NOT_DUE
    return Reason.NOT_ACTIVE if any(slot.seems_taken for slot in row.slots) else Reason.NO_KEY


def _steps(user: ManagedUser, key: AccessKey, settings: Settings) -> Iterator[Step]:
    limit = limits_for(user.tags, settings).max_key_age_days
    for verb, reason, days in (
        (Verb.WARN, Reason.WARNING_WINDOW, limit - settings.warn_before_days),
        (Verb.ROTATE, Reason.KEY_TOO_OLD, limit),
    ):
        if verb is Verb.ROTATE or settings.warn_before_days:
            at = key.created + timedelta(days=days)
            yield Step(at, Decision((Action(verb, reason, key.id),), reason))
