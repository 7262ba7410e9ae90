"""Secrets that no rotation looks at. Those of users who are gone are reported when first seen, and
scheduled for deletion later; those that are to be deleted while their user is managed are restored;
a user who is not managed any more is reported if a rotation was under way.

`decide` is pure. A secret belongs to a user by the user's unique id, so a renamed user keeps it,
and a user of the same name created later does not count.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ..domain.model import Event, OwnedSecret, UserIds
from ..domain.settings import Settings
from ..notify.digest import DigestLine
from ..notify.response import Row
from ..ports import World

RECOVERY_DAYS = 30  # in which a secret that is scheduled for deletion can be restored
# The digest, and what waits for it, must have their time.
STOP_BEFORE_END = timedelta(seconds=45)
_LEFT = (
    "the user is not managed any more, but a rotation was under way, which cannot go on. If two "
    "keys are active, disable the one that is not needed, or tag the user again"
)

log = logging.getLogger("key_rotation")


class SecretAction(StrEnum):
    """What is to be done about a secret."""

    KEEP = "keep"
    REPORT = "user_deleted"  # and put on record since when
    FORGET = "user_is_back"  # clear that record
    RETIRE = "secret_deletion_scheduled"
    RESTORE = "secret_pending_deletion"
    LEFT = "rotation_abandoned"  # and put on record when that was reported


def decide(
    secret: OwnedSecret, user_ids: UserIds, settings: Settings, now: datetime
) -> SecretAction:
    """What is to be done about one secret of this installation."""
    if secret.pending_deletion:
        return SecretAction.RESTORE if secret.user_id in user_ids.managed else SecretAction.KEEP
    if secret.user_id is None:
        return SecretAction.KEEP
    if secret.user_id in user_ids.everyone:
        if secret.gone_since:
            return SecretAction.FORGET
        left = secret.user_id in user_ids.unmanaged and _is_half_way(secret)
        return SecretAction.LEFT if left else SecretAction.KEEP
    if secret.gone_since is None:
        return SecretAction.REPORT
    waited = now - secret.gone_since >= timedelta(days=settings.deleted_user_secret_retention_days)
    return SecretAction.RETIRE if waited and not secret.provided else SecretAction.KEEP


def _is_half_way(secret: OwnedSecret) -> bool:
    """Whether the last rotation did not get to disable the old key, and nobody was notified. A
    first key has no old one: its rotation ends with the announcement."""
    intent, announced = secret.intent, secret.announced
    begun = max((time for time in (intent and intent.time, announced) if time), default=None)
    if begun is None or (secret.blocked is not None and secret.blocked >= begun):
        return False
    if intent is not None and not intent.key_ids and announced == begun:
        return False
    return secret.inactive_since is None or secret.inactive_since < begun


@dataclass
class Housekeeping:
    """One run's look at the secrets. `rows` and `lines` say what was done."""

    world: World
    settings: Settings
    dry_run: bool
    rows: list[Row] = field(default_factory=list)
    lines: list[DigestLine] = field(default_factory=list)

    def run(self, user_ids: UserIds) -> Iterator[tuple[str, Exception]]:
        """Looks at every secret of this installation, while there is time; yields the errors, and
        what stands for the user, of those that could not be served. Raises what listing raises;
        what was done until then is in `rows` and `lines`."""
        now = self.world.clock.now()
        for listed in self.world.owned_secrets.all():
            if self.world.clock.remaining() < STOP_BEFORE_END:
                return
            if decide(listed, user_ids, self.settings, now) is SecretAction.KEEP:
                continue
            try:
                # The list may be minutes old, so it is no ground to act on.
                secret = self.world.owned_secrets.confirmed(listed)
                if secret is not None:
                    self._act(secret, decide(secret, user_ids, self.settings, now), now)
            except Exception as error:
                yield self._name(listed), error

    def _act(self, secret: OwnedSecret, action: SecretAction, now: datetime) -> None:
        if not self.dry_run:
            self._do(secret, action, now)
        gone = f"the user does not exist any more; the secret {secret.name} "
        match action:
            case SecretAction.REPORT:
                self._say(secret, action, Event.RETIRED, gone + self._announcement(secret, now))
            case SecretAction.RETIRE:
                text = f"{gone}can be restored for {RECOVERY_DAYS} days, and is deleted then"
                self._say(secret, action, Event.RETIRED, text)
            case SecretAction.RESTORE:
                text = "the secret was to be deleted, and is restored: the user is managed"
                self._say(secret, action, Event.REPAIRED, text, "prepare")
            case SecretAction.LEFT:
                self._say(secret, action, Event.BLOCKED, _LEFT)
            case _:
                pass

    def _do(self, secret: OwnedSecret, action: SecretAction, now: datetime) -> None:
        owned_secrets = self.world.owned_secrets
        match action:
            case SecretAction.REPORT:
                owned_secrets.record_gone(secret, now)
            case SecretAction.RETIRE:
                owned_secrets.retire(secret, RECOVERY_DAYS)
                self._restore_unless_gone(secret)
            case SecretAction.FORGET:
                owned_secrets.forget_gone(secret)
            case SecretAction.RESTORE:
                owned_secrets.restore(secret)
            case SecretAction.LEFT:
                owned_secrets.record_blocked(secret, now)
            case _:
                pass  # it is not as it was listed

    def _restore_unless_gone(self, secret: OwnedSecret) -> None:
        """Another run may have handed it to a new user of the same name just now."""
        again = self.world.owned_secrets.confirmed(secret)
        if again is not None and again.user_id != secret.user_id:
            self.world.owned_secrets.restore(again)

    def _announcement(self, secret: OwnedSecret, now: datetime) -> str:
        if secret.provided:
            return "is kept, since Terraform provides it: take the user out of `users`"
        day = now + timedelta(days=self.settings.deleted_user_secret_retention_days)
        return f"is scheduled for deletion after {day:%Y-%m-%d}"

    def _name(self, secret: OwnedSecret) -> str:
        return secret.name.removeprefix(self.settings.secret_name_prefix)

    def _say(
        self,
        secret: OwnedSecret,
        action: SecretAction,
        event: Event,
        text: str,
        verb: str = "report",
    ) -> None:
        name = self._name(secret)
        detail = "dry run" if self.dry_run else text
        self.rows.append(Row(name, verb, action.value, None, detail))
        log.info("housekeeping", extra={"user": name, "reason": action.value, "detail": detail})
        if not self.dry_run:
            self.lines.append(
                DigestLine(event, name, f"{name}: {text}", None, action.value, secret.arn)
            )
