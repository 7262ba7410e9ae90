"""Who can read a secret is read from AWS, and put right where the settings say otherwise.

Three things decide it: the resource policy, the KMS key, and replicas in other regions. No record
stands in for looking at them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ..domain.left_behind import holds_no_key_of, is_left_behind
from ..domain.model import Access, Event, Grant, SecretState, UserRef
from ..domain.settings import Settings
from ..ports import UnprotectedSecretError, World

# Secrets Manager may show for some seconds what was so before.
SETTLES_FOR = timedelta(seconds=10)
LOOK_AGAIN_SECONDS = 2.0
_CHANGED = (
    "the secret's policy had been changed, and is put back: the settings of the rotation decide "
    "who may read it"
)
_REMOVED = (
    "the secret holds a value but had no policy, and has one now: the settings of the rotation "
    "decide who may read it"
)
_EMPTIED = (
    "the secret held a key that somebody left who had the user's name before: a placeholder is "
    "over it"
)
_GONE = "the secret's policy named a principal that does not exist any more, and is put again"


@dataclass(frozen=True, slots=True)
class Protected:
    """A secret that only those can read whom the settings name. `said` is what was put right, for
    the digest; `could_read`: the owner surely could read it until now; `is_first`: it got its first
    policy, for which nobody is to blame."""

    state: SecretState
    could_read: bool
    said: tuple[tuple[Event, str], ...] = ()
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    is_first: bool = False


def protect(world: World, settings: Settings, owner: UserRef, state: SecretState) -> Protected:
    """Makes sure that only the owner and the readers can read the secret, which exists.

    Raises UnprotectedSecretError if it cannot be put right.
    """
    found = world.secrets.access(owner, state)
    if _is_right(settings, state, found):
        return Protected(state, could_read=True)
    grant = found.grant
    if grant is not None and grant.owner_id not in (None, owner.id):
        # Whose key is in it then? The tag that says it is this user's may be forged.
        tag = f"its tag for {owner.id}" if state.user_id else "no tag says whose it is"
        raise UnprotectedSecretError(
            f"its policy is for the owner with the unique id {grant.owner_id}, and {tag}: "
            "find out whose key it holds, and delete the secret or its policy"
        )
    added, removed = readers_changed(settings, owner, found)
    said, is_first = (
        _what_was_wrong(settings, owner, state, found),
        _never_had_a_policy(state, found),
    )
    if (emptied := _emptied(world, owner, state, grant)) is not None:
        state, said = emptied, ((Event.REPAIRED, _EMPTIED), *said)
    state = secure(world, settings, owner, state, found)
    if added or removed:
        said = ((Event.READERS, readers_text(added, removed)), *said)
    could_read = found.owner_reads and settings.is_own_key(state.kms_key_id)
    state = replace(state, kms_key_id=settings.kms_key_arn, replica_regions=())
    return Protected(state, could_read, said, added, removed, is_first)


def check_tag(world: World, owner: UserRef, state: SecretState) -> None:
    """A secret of a predecessor is emptied for `owner`. Not one whose tag alone says that it is a
    predecessor's, and whose policy is for `owner`: what it holds and records is theirs.

    Raises UnprotectedSecretError.
    """
    if not state.exists or state.pending_deletion or state.user_id in (None, owner.id):
        return
    if not state.values_for(owner.id):
        return  # emptied already, by a run that died before it wrote the tag
    grant = world.secrets.access(owner, state).grant
    if grant is not None and grant.owner_id == owner.id:
        raise UnprotectedSecretError(
            f"its policy is for the owner with the unique id {owner.id}, and its tag for "
            f"{state.user_id}: somebody changed the tag. Put it right, or delete the secret"
        )


def _emptied(
    world: World, owner: UserRef, state: SecretState, grant: Grant | None
) -> SecretState | None:
    """The secret without what a predecessor left in it; None if there is nothing. `state` may be
    minutes old, and lets nobody decide to empty it."""
    if not state.values_for(owner.id) or not is_left_behind(state, owner.id, grant):
        return None
    now, keys = world.secrets.describe(owner), world.directory.keys(owner)
    if not holds_no_key_of(now, owner.id, keys) or not is_left_behind(now, owner.id, grant):
        return None
    left = world.secrets.empty(owner, now)
    return replace(state, versions=left.versions, intent=left.intent)


def secure(
    world: World, settings: Settings, owner: UserRef | None, state: SecretState, found: Access
) -> SecretState:
    """Puts right what `found` and `state` show, and looks again. Returns the state with its new
    records, otherwise as it was. Raises UnprotectedSecretError."""
    secured = world.secrets.secure(owner, state, found)
    give_up_at = world.clock.now() + SETTLES_FOR
    while True:
        seen = state
        if is_elsewhere(settings, state):
            seen = world.secrets.as_now(state)
        now_found = world.secrets.access(owner, state)
        if _is_right(settings, seen, now_found):
            return secured
        if world.clock.now() >= give_up_at:
            raise UnprotectedSecretError(_still_wrong(settings, seen, now_found))
        world.clock.sleep(LOOK_AGAIN_SECONDS)


def is_elsewhere(settings: Settings, state: SecretState) -> bool:
    """Encrypted with another key, or replicated."""
    return not settings.is_own_key(state.kms_key_id) or bool(state.replica_regions)


def readers_changed(
    settings: Settings, owner: UserRef | None, found: Access
) -> tuple[frozenset[str], frozenset[str]]:
    """The readers whom a policy that a run wrote does not name yet, and those whom it still names
    and the settings do not."""
    if found.grant is None:
        return frozenset(), frozenset()
    wanted = frozenset(settings.readers_of(owner.name if owner else None))
    named = found.grant.readers
    return wanted - named, named - wanted


def readers_text(added: frozenset[str], removed: frozenset[str]) -> str:
    """Who could read the secret for the first time, or no longer."""
    parts = [
        f"{what} {', '.join(sorted(arns))}"
        for what, arns in (("may read it now:", added), ("may not read it any more:", removed))
        if arns
    ]
    return (
        f"the secret's policy is written again for the readers of the settings; {'; '.join(parts)}"
    )


def _is_right(settings: Settings, state: SecretState, found: Access) -> bool:
    return found.as_wanted and not is_elsewhere(settings, state)


def _never_had_a_policy(state: SecretState, found: Access) -> bool:
    """Neither a record nor a value speaks for one: a run stores a value after the policy only. A
    tag can be removed, a value cannot."""
    return not (found.exists or state.policy_for or state.versions)


def _what_was_wrong(
    settings: Settings, owner: UserRef, state: SecretState, found: Access
) -> tuple[tuple[Event, str], ...]:
    """In words; nobody is blamed for a policy that was never put."""
    said = []
    if not found.exists and not state.policy_for:
        said += [] if _never_had_a_policy(state, found) else [_REMOVED]
    elif not found.as_wanted and found.grant is None:
        said.append(_CHANGED)
    elif (
        not found.as_wanted
        and found.grant is not None
        and not any(readers_changed(settings, owner, found))
    ):
        said.append(_GONE)
    if not settings.is_own_key(state.kms_key_id):
        key = state.kms_key_id or "AWS's own KMS key"
        said.append(f"the secret was encrypted with {key}, and is moved to {settings.kms_key_arn}")
    if state.replica_regions:
        regions = ", ".join(state.replica_regions)
        said.append(
            f"the secret was replicated to {regions}, and the replicas are removed. Look there for "
            "a copy that was promoted to a secret of its own: it keeps the key of that time"
        )
    return tuple((Event.REPAIRED, text) for text in said)


def _still_wrong(settings: Settings, state: SecretState, found: Access) -> str:
    problems = [
        text
        for is_wrong, text in (
            (not found.as_wanted, "its policy is not the one that was just put"),
            (not settings.is_own_key(state.kms_key_id), f"its KMS key is {state.kms_key_id}"),
            (
                bool(state.replica_regions),
                f"it is replicated to {', '.join(state.replica_regions)}",
            ),
        )
        if is_wrong
    ]
    return "; ".join(problems)
