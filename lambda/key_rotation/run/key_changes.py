"""Keys are created, disabled, enabled and deleted here and nowhere else: each change has a line in
the log, which `key-rotation history` reads.

The line follows the call, before anything else can fail. A change whose answer was lost has none:
nobody knows of it. The next run finds what became of the key, and that has a line, too.
"""

from __future__ import annotations

import logging
from datetime import datetime

from ..domain.action import Action, Reason, Verb
from ..domain.after import LEAKED
from ..domain.model import NewAccessKey
from .progress import Progress, RunContext

# What the lines are found by, and what their `action` says.
MESSAGE = "key changed"
CREATED, DISABLED, ENABLED, DELETED = "create", "disable", "enable", "delete"
# Seen to be so: somebody else changed the key, or a run that did not learn that it had.
FOUND_INACTIVE, FOUND_ACTIVE = "found_inactive", "found_active"
# Beside those of decisions: a value could not be stored, so its key is taken back; a disable was
# undone, since the other key went away meanwhile.
NOT_STORED, UNDONE = "not_stored", "undone"

log = logging.getLogger("key_rotation")


def create(run: RunContext, progress: Progress, action: Action, by: datetime) -> NewAccessKey:
    """A new key, not asked for after `by`. Raises what `Keys.create` raises."""
    new = run.world.keys.create(progress.user.ref, by)
    _write(run, progress, action, CREATED, new.access_key.id)
    return new


def take_back(run: RunContext, progress: Progress, action: Action, key_id: str) -> None:
    """A key whose value nobody has is deleted by the run that made it."""
    run.world.keys.delete(progress.user.ref, key_id)
    _write(run, progress, action, DELETED, key_id, NOT_STORED)


def disable(run: RunContext, progress: Progress, action: Action, key_id: str) -> None:
    run.world.keys.disable(progress.user.ref, key_id)
    disabled(run, progress, action, key_id)


def disabled(run: RunContext, progress: Progress, action: Action, key_id: str) -> None:
    """The line alone, for a call whose answer was lost, and whose effect was seen."""
    _write(run, progress, action, DISABLED, key_id)


def enable(run: RunContext, progress: Progress, action: Action, key_id: str) -> None:
    run.world.keys.enable(progress.user.ref, key_id)
    _write(run, progress, action, ENABLED, key_id, UNDONE)


def delete(run: RunContext, progress: Progress, action: Action, key_id: str) -> None:
    run.world.keys.delete(progress.user.ref, key_id)
    _write(run, progress, action, DELETED, key_id)


def found(run: RunContext, progress: Progress, action: Action) -> None:
    """A key is not in the state that is on record: the log must not be silent about that."""
    if action.access_key_id is None or action.reason in (*LEAKED, Reason.USED_SINCE):
        return
    state = FOUND_ACTIVE if action.verb is Verb.FORGET else FOUND_INACTIVE
    _write(run, progress, action, state, action.access_key_id)


def found_active(run: RunContext, progress: Progress, action: Action, key_id: str) -> None:
    """A key that this action disables was on record as inactive: somebody switched it on."""
    _write(run, progress, action, FOUND_ACTIVE, key_id, Reason.SEEN_ACTIVE.value)


def _write(
    run: RunContext,
    progress: Progress,
    action: Action,
    changed: str,
    key_id: str,
    reason: str | None = None,
) -> None:
    """Who the run is by says nothing about what somebody else did."""
    is_ours = changed not in (FOUND_ACTIVE, FOUND_INACTIVE)
    line = {
        "user": progress.user.ref.name,
        "user_id": progress.user.ref.id,
        "access_key_id": key_id,
        "action": changed,
        "reason": reason or action.reason.value,
        "replaces": action.access_key_id if changed == CREATED else None,
        "note": progress.note_on(action),
        "run": run.request_id,
        "by": run.origin.by if is_ours else None,
        "event_id": run.origin.event_id if is_ours else None,
    }
    log.info(MESSAGE, extra=line)
