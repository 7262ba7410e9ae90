"""Who can read the secrets that no rotation looks at today.

A reader who was taken out must not read on, one who was put in must not wait for the next warning,
and no secret may stay on a KMS key that is not the settings'. So every policy is read, once a week
and in each run of the days after such a setting was written. AWS dates the writing; which secrets
are done is on no record, since a record could be forged to keep a reader in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from threading import Lock

from ..concurrent import map_concurrent
from ..domain.action import Reason
from ..domain.after import announced_in_vain
from ..domain.model import Event, Grant, ManagedUser, OwnedSecret, SecretState, UserRef
from ..domain.settings import Settings
from ..notify.coverage import NAMED
from ..notify.digest import DigestLine
from ..notify.reasons import REASON_TEXT
from ..notify.response import Row, failure
from ..ports import UnknownPrincipalError, UnprotectedSecretError, World
from .housekeeping import STOP_BEFORE_END
from .protection import Protected, is_elsewhere, protect, readers_changed, readers_text, secure
from .weekly import is_weekly

# Of so many secrets the users are named.
_NAMED = 5
_ACCOUNT = "(account)"
_FIRST = "the secret got its first policy: the owner and the readers may read it, and nobody else"
_LOST = (
    "does not exist any more: apply again. Who has not fetched the key that was in it needs a new "
    "one (key-rotation rotate)"
)
_NOBODYS = (
    "the policy of a secret whose user is not managed was changed by somebody: look who may read "
    "it, and delete the secret if nobody needs it"
)

_OF_TWO = (
    "the secret's policy named another user than its owner, and is put back: the owner is the one "
    "with the unique id in it"
)

log = logging.getLogger("key_rotation")


@dataclass
class SecretsCheck:
    """One run's look at who can read the secrets. `rows` and `lines` say what was found; of the
    users in `reported` it was said already that their secrets cannot be protected. `unconfirmed`
    are the users whose secrets could not be looked at, or not be put right."""

    world: World
    settings: Settings
    max_workers: int
    rows: list[Row] = field(default_factory=list)
    lines: list[DigestLine] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    unconfirmed: set[str] = field(default_factory=set)
    _changes: dict[tuple[frozenset[str], frozenset[str]], list[str]] = field(default_factory=dict)
    _refused: dict[frozenset[str], list[tuple[str, UnknownPrincipalError, str | None]]] = field(
        default_factory=dict
    )
    _left_out: int = 0
    _writing: Lock = field(default_factory=Lock)

    def of_users(self, users: Iterable[ManagedUser]) -> None:
        """Those of these users."""
        map_concurrent(self._check_user, list(users), self.max_workers)
        self._sum_up()

    def of_all(self, users: Iterable[ManagedUser], everyone: Mapping[str, UserRef]) -> None:
        """Every secret of this installation, while there is time; `everyone` are all users of the
        account, by their unique ids."""
        of_name = {self.world.secrets.name(user.ref): user for user in users}
        listed = list(self.world.owned_secrets.all())
        secrets = [secret for secret in listed if not secret.pending_deletion]

        def check(secret: OwnedSecret) -> None:
            if self.world.clock.remaining() < STOP_BEFORE_END:
                with self._writing:
                    self._left_out += 1
                return
            self._check_listed(secret, of_name, everyone)

        map_concurrent(check, secrets, self.max_workers)
        if is_weekly(self.world.clock.now()):
            self._look_for_lost({each.name for each in listed}, of_name)
        self._sum_up()

    def _look_for_lost(self, listed: Set[str], of_name: Mapping[str, ManagedUser]) -> None:
        """Terraform made a secret for each name in `users`: one that the list lacks may be young,
        or deleted for good. Of others nobody knows whether there ever was one."""
        named = self.settings.user_names
        absent = [
            (name, user)
            for name, user in sorted(of_name.items())
            if name not in listed and user.ref.name in named
        ]
        for name, user in absent[:NAMED]:
            try:
                if self.world.secrets.describe(user.ref).exists:
                    continue
            except Exception as error:
                self._failed(user.ref.name, error, None)
                continue
            text = f"the secret {name}, which Terraform made, {_LOST}"
            self._say(Row(user.ref.name, "report", "secret_lost"), Event.UNMATCHED, text)
        if (more := len(absent) - NAMED) > 0:
            text = f"and {more} more secrets of users named in `users` may be lost"
            self._say(Row(_ACCOUNT, "report", "secret_lost"), Event.UNMATCHED, text)

    def _check_user(self, user: ManagedUser) -> None:
        name = user.ref.name
        try:
            state = user.secret or self.world.secrets.describe(user.ref)
            ours = state.managed_by == self.settings.name and state.user_id == user.ref.id
            if state.exists and ours and not state.pending_deletion:
                self._protect(user, state)
        except Exception as error:
            self._failed(name, error, user.secret.arn if user.secret else None)
            self._leave_unconfirmed(user)

    def _check_listed(
        self,
        secret: OwnedSecret,
        of_name: Mapping[str, ManagedUser],
        everyone: Mapping[str, UserRef],
    ) -> None:
        state = SecretState(
            secret.name,
            secret.arn,
            kms_key_id=secret.kms_key_id,
            managed_by=self.settings.name,
            user_id=secret.user_id,
            versions=secret.versions,
            policy_for=secret.policy_for,
        )
        user = of_name.get(secret.name)
        name = secret.name.removeprefix(self.settings.secret_name_prefix)
        try:
            if secret.replicated or not self.settings.is_own_key(secret.kms_key_id):
                state = self.world.secrets.as_now(state)  # the list may be minutes old
            if user is not None and secret.user_id in (None, user.ref.id):
                self._protect(user, state)
            else:
                self._protect_nobodys(name, state, everyone)
        except Exception as error:
            self._failed(name, error, secret.arn)
            if user is not None:
                self._leave_unconfirmed(user)

    def _protect(self, user: ManagedUser, state: SecretState) -> None:
        if user.ref.name in self.reported:
            return
        done = protect(self.world, self.settings, user.ref, state)
        in_vain = user.secret is not None and announced_in_vain(user)
        if not done.could_read and in_vain:
            # The owner is notified again, and gets the whole grace.
            self.world.secrets.forget_announced(done.state)
        self._note(user.ref.name, done)

    def _protect_nobodys(
        self, name: str, state: SecretState, everyone: Mapping[str, UserRef]
    ) -> None:
        """A secret whose name or tag is no managed user's: its policy says whose it is. An owner
        who is gone is taken out of it, since AWS shows a bare unique id for such a one."""
        found = self.world.secrets.access(None, state)
        grant = found.grant
        if grant is None:
            if found.exists:
                self._say(Row(name, "report", "unknown_policy"), Event.BLOCKED, _NOBODYS, state.arn)
            if is_elsewhere(self.settings, state):
                self.world.secrets.secure(None, state, replace(found, as_wanted=True))
            return
        owner = _owner(grant, state, everyone)
        added, removed = readers_changed(self.settings, owner, found)
        of_two = owner is not None and grant.owner_arn != owner.arn
        if owner is not None:
            found = replace(found, as_wanted=not (added or removed or of_two))
        if found.as_wanted and not is_elsewhere(self.settings, state):
            return
        secure(self.world, self.settings, owner, state, found)
        said = ((Event.REPAIRED, _OF_TWO),) if of_two else ()
        self._note(name, Protected(state, True, said, added, removed))

    def _leave_unconfirmed(self, user: ManagedUser) -> None:
        with self._writing:
            self.unconfirmed.add(user.ref.name)

    # -- what is said ------------------------------------------------------------------------------

    def _note(self, name: str, done: Protected) -> None:
        if done.is_first:
            with self._writing:
                self.rows.append(Row(name, "prepare", "secret_protected", None, _FIRST))
        for event, text in done.said:
            if event is not Event.READERS:  # those of all secrets in one line
                self._say(Row(name, "prepare", "secret_repaired"), event, text, done.state.arn)
        if done.added or done.removed:
            with self._writing:
                self._changes.setdefault((done.added, done.removed), []).append(name)

    def _failed(self, name: str, error: Exception, arn: str | None) -> None:
        if isinstance(error, UnprotectedSecretError):
            reason = Reason.SECRET_NOT_PROTECTED
            text = f"{REASON_TEXT[reason]}: {error}"
            self._say(Row(name, "block", reason.value), Event.BLOCKED, text, arn)
            return
        with self._writing:
            self.rows.append(failure(name, "housekeeping_failed", error))
            if isinstance(error, UnknownPrincipalError):
                self._refused.setdefault(error.readers, []).append((name, error, arn))

    def _say(self, row: Row, event: Event, text: str, arn: str | None = None) -> None:
        with self._writing:
            self.rows.append(replace(row, detail=text))
            self._tell(event, row.user, row.reason, text, arn)
        log.info("secret", extra={"user": row.user, "reason": row.reason, "detail": text})

    def _tell(self, event: Event, user: str, reason: str, text: str, arn: str | None) -> None:
        self.lines.append(DigestLine(event, user, f"{user}: {text}", None, reason, arn))

    def _tell_refused(self) -> None:
        """A failure has its row. That somebody may read a secret who should not is for the digest
        of each run, too: in one line, if it is the readers of many that AWS does not know."""
        reason = Reason.SECRET_NOT_PROTECTED
        for readers, refused in sorted(self._refused.items(), key=lambda item: sorted(item[0])):
            told = [(name, str(error), arn) for name, error, arn in refused]
            if readers and len(refused) > _NAMED:
                text = (
                    f"AWS refused the policies of {_secrets_of([name for name, *_ in refused])}: "
                    "one of these readers does not exist or is not known yet: "
                    f"{', '.join(sorted(readers))}"
                )
                told = [(_ACCOUNT, text, None)]
            for name, text, arn in told:
                text = f"{REASON_TEXT[reason]}: {text}"
                self._tell(Event.BLOCKED, name, reason.value, text, arn)

    def _sum_up(self) -> None:
        self._tell_refused()
        for (added, removed), names in sorted(self._changes.items(), key=repr):
            text = f"{readers_text(added, removed)} ({_secrets_of(names)})"
            self._say(Row(_ACCOUNT, "prepare", "readers_changed"), Event.READERS, text)
        if self._left_out:
            text = f"{self._left_out} secrets were not looked at; the next run does"
            with self._writing:
                self.rows.append(Row(_ACCOUNT, "defer", "out_of_time", None, text))


def _owner(grant: Grant, state: SecretState, everyone: Mapping[str, UserRef]) -> UserRef | None:
    """Whom a policy is for, by the unique id, as the user is called now: the secret's name may be
    somebody else's by now, and the ARN may be of another user whose readers somebody wants to let
    read. None if the user is gone. Without a name, and so without readers of their own, if the tag
    of the secret does not say, too, that it is this user's."""
    owner = everyone.get(grant.owner_id or "")
    if owner is None or grant.owner_arn is None:
        return None
    return owner if state.user_id == owner.id else replace(owner, name="")


def _secrets_of(names: Sequence[str]) -> str:
    """How many secrets, and whose, if they are few."""
    number = f"{len(names)} secret" + ("" if len(names) == 1 else "s")
    return number if len(names) > _NAMED else f"{number}: {', '.join(sorted(names))}"
