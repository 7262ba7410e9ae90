"""A key ends: it is disabled, recorded as inactive, and deleted much later.

IAM has no compare-and-set. So the keys are listed right before each change, the tags are read again
that may hold the key, and a disable that turns out to have been wrong is undone.
"""

from __future__ import annotations

from dataclasses import replace

from ..domain.action import Action, Reason, Verb
from ..domain.after import LEAKED
from ..domain.model import AccessKey, Event, KeyStatus, SecretState, Stamp
from ..domain.overrides import limits_for
from ..notify.outcome import line_about
from ..notify.reasons import SUPERSEDED
from ..notify.text import minute
from . import key_changes
from .issue import VERIFY_EVERY_SECONDS, VERIFY_FOR
from .progress import ConcurrentChangeError, Progress, RunContext

# A tag may hold a key that would go for one of these reasons.
_HELD_BY_TAG = (*SUPERSEDED, Reason.IDLE, Reason.UNUSED)


class UndoneError(Exception):
    """A disable was undone: the other key went away, or another run gave this one more time."""


def disable(run: RunContext, progress: Progress, action: Action) -> None:
    """The key stops working, if another one surely works and can be had, or nobody needs one."""
    key = progress.key(action.access_key_id)
    at_once = action.reason in LEAKED
    stays = _key_that_stays(progress, action, key)
    if progress.is_emergency:
        _forget_earlier(run, progress, action, key)
    unmended = _mend_before_a_leak_ends(run, progress, action, stays) if at_once else None
    if action.reason in _HELD_BY_TAG and progress.new_key is None:
        _confirm_tags(run, progress, key)
    _confirm(run, progress, action, key, stays)
    unreadable = not at_once and _may_be_unreadable(progress, action, stays)
    if unreadable and run.mend_secret(progress, action):
        if action.reason in SUPERSEDED:  # its owner is notified again, and waited for
            run.world.secrets.forget_announced(progress.secret)
        raise ConcurrentChangeError(f"the secret could not be read until now, so {key.id} stays")
    in_secret = stays is not None and progress.secret.currently_holds(progress.key(stays))
    if not at_once:
        run.ensure_secret_exists(progress)
    outcome = run.outcome(progress, action, fetchable=progress.new_key is not None)
    message = run.writer(progress).disabled(key.id, action.reason, outcome.note, in_secret)
    if action.notify and not at_once:
        first = action.reason in (Reason.IDLE, Reason.UNUSED)
        run.notify(progress, Event.DISABLED, message, outcome, first)
    if not at_once:  # a leaked key does not wait for that
        _forget_warning(run, progress.secret, key)
    _disable(run, progress, action, key)
    warned = progress.secret
    if not at_once and action.reason is not Reason.ORPHAN:  # a leaked key stays off
        _undo_if_wrong(run, progress, action, key.id, stays)
    run.ensure_secret_exists(progress)
    run.leave(progress, action)
    inactive_since = Stamp(key.id, run.now())
    run.world.secrets.record(
        progress.secret,
        announced=progress.pending_record,
        works_until=progress.pending_end,
        inactive_since=inactive_since,
        leaked=progress.secret.leaked if at_once else None,
    )
    progress.pending_record = progress.pending_end = None
    if at_once:
        _forget_warning(run, warned, key)
    outcome = replace(outcome, secret_arn=progress.secret.arn, time=run.now())
    run.happened(progress, outcome)
    if action.notify and at_once:
        run.notify(progress, Event.DISABLED, message, outcome, first=False)
    if unmended is not None:
        raise unmended


def delete(run: RunContext, progress: Progress, action: Action) -> None:
    """The key is gone for good."""
    key = progress.key(action.access_key_id)
    if action.reason is not Reason.ORPHAN:
        _confirm_unused(run, progress, key)
    run.relist(progress)
    if key.id not in {present.id for present in progress.user.keys}:
        raise ConcurrentChangeError(f"{key.id} is gone already")
    if progress.key(key.id).status is not KeyStatus.INACTIVE:
        raise ConcurrentChangeError(f"{key.id} is not inactive any more")
    # Right after the listing: a key that somebody enables in between would be gone for good.
    key_changes.delete(run, progress, action, key.id)
    run.leave(progress, action)
    outcome = run.outcome(progress, action)
    run.happened(progress, outcome)
    if action.reason is not Reason.ORPHAN:
        message = run.writer(progress).deleted(key.id, action.reason)
        run.notify(progress, Event.DELETED, message, outcome, first=False)


def _confirm_unused(run: RunContext, progress: Progress, key: AccessKey) -> None:
    """A key that somebody switched on between two runs, used, and switched off again, is kept: the
    days until its deletion begin again."""
    used = run.world.directory.last_used(key)
    since = progress.secret.inactive_since
    if used is None or since is None or used.time <= since.time:
        return
    again = Action(Verb.RECORD, Reason.USED_SINCE, key.id)
    record(run, progress, again)
    text = (
        f"inactive key {key.id} is kept for another {run.settings.delete_after_days} days: it was "
        f"used on {minute(used.time)}, after it was disabled"
    )
    progress.lines.append(line_about(run.outcome(progress, again), Event.KEPT, text))
    raise ConcurrentChangeError(f"{key.id} was used on {minute(used.time)}, so it is kept for now")


def record(run: RunContext, progress: Progress, action: Action) -> None:
    """It is on record since when the key is inactive, or that it was reported as leaked."""
    assert action.access_key_id is not None
    run.ensure_secret(progress)
    run.leave(progress, action)
    key_changes.found(run, progress, action)
    if action.reason in LEAKED:
        run.world.secrets.record(progress.secret, leaked=progress.secret.leaked)
    else:
        run.world.secrets.record(progress.secret, inactive_since=progress.secret.inactive_since)
    run.happened(progress, run.outcome(progress, action))


def forget(run: RunContext, progress: Progress, action: Action) -> None:
    """That record is gone: the key is active again."""
    key_changes.found(run, progress, action)
    run.world.secrets.forget_inactive(progress.secret)
    run.happened(progress, run.outcome(progress, action))
    run.leave(progress, action)


def _key_that_stays(progress: Progress, action: Action, key: AccessKey) -> str | None:
    """The id of the other key, which must work. Nobody has an orphan's secret, and nobody uses an
    unused key, so nobody depends on another key in its place."""
    if action.reason in (Reason.ORPHAN, Reason.UNUSED):
        return None
    others = (other for other in progress.user.keys if other is not key)
    holds = progress.secret.currently_holds
    return max(others, key=lambda other: (other.is_active, holds(other), other.created)).id


def _confirm(
    run: RunContext, progress: Progress, action: Action, key: AccessKey, stays: str | None
) -> None:
    """Lists the keys, and raises ConcurrentChangeError if they are not as the decision has them."""
    run.relist(progress)
    if action.reason in LEAKED:
        _wait_until_listed(run, progress, stays)
    if not progress.is_active(key.id):
        raise ConcurrentChangeError(f"{key.id} is not active any more")
    if stays is not None and not progress.is_active(stays):
        raise ConcurrentChangeError(f"{stays} is not seen active, so {key.id} stays")
    if action.reason is Reason.UNUSED and (other := _another_active(progress, key.id)):
        raise ConcurrentChangeError(f"{other} is active by now, so {key.id} stays")


def _confirm_tags(run: RunContext, progress: Progress, key: AccessKey) -> None:
    """The tags were read before the keys were listed. `key-rotation restore` sets a hold and then
    switches the key on: so a key that was on when listed may have a hold that is not known yet."""
    user = progress.user
    tags = run.world.directory.tags(user.ref)
    if not run.settings.user_tag.is_on(tags):
        raise ConcurrentChangeError(f"the user is not managed any more, so {key.id} stays")
    if limits_for(tags, run.settings) != limits_for(user.tags, run.settings):
        raise ConcurrentChangeError(f"the override tags were changed just now, so {key.id} stays")


def _another_active(progress: Progress, key_id: str) -> str | None:
    """An unused key goes as the only active one. Another run may have begun to replace it, and has
    said until when it works."""
    return next((k.id for k in progress.user.keys if k.is_active and k.id != key_id), None)


def _may_be_unreadable(progress: Progress, action: Action, stays: str | None) -> bool:
    """Whether the key that stays may have to be read, under a policy not looked at yet."""
    if progress.new_key is not None or stays is None:
        return False
    if action.reason in SUPERSEDED:
        return True
    holds = progress.secret.currently_holds(progress.key(stays))
    if action.reason in LEAKED:  # what is tagged as a predecessor's would be emptied
        return holds and progress.secret.user_id == progress.user.ref.id
    return holds and action.reason is Reason.IDLE


def _mend_before_a_leak_ends(
    run: RunContext, progress: Progress, action: Action, stays: str | None
) -> Exception | None:
    """The key that stays can be read before the leaked one goes. In an emergency that one goes also
    if this cannot be made sure of: returns why, for the run to fail after that."""
    try:
        if _may_be_unreadable(progress, action, stays):
            run.mend_secret(progress, action)
    except Exception as error:
        if not progress.is_emergency:
            raise
        return error
    return None


def _disable(run: RunContext, progress: Progress, action: Action, key: AccessKey) -> None:
    """No later run would look for what became of the only active key: so this one does, if the
    answer was lost."""
    try:
        key_changes.disable(run, progress, action, key.id)
    except Exception:
        if action.reason is not Reason.UNUSED:
            raise
        run.relist(progress)
        if progress.is_active(key.id):
            raise
        key_changes.disabled(run, progress, action, key.id)


def _forget_earlier(run: RunContext, progress: Progress, action: Action, key: AccessKey) -> None:
    """The decision on an emergency leaves to here that the record goes of a key that is active
    again: it must not count, should the new one never be written."""
    earlier = progress.secret.inactive_since
    if earlier is not None and earlier.access_key_id == key.id:
        key_changes.found_active(run, progress, action, key.id)
        run.world.secrets.forget_inactive(progress.secret)


def _forget_warning(run: RunContext, secret: SecretState, key: AccessKey) -> None:
    """The warning that the key is unused must not count, should somebody enable it again."""
    warned = secret.warned_unused
    if warned is not None and warned.access_key_id == key.id:
        run.world.secrets.forget_unused_warning(secret)


def _wait_until_listed(run: RunContext, progress: Progress, key_id: str | None) -> None:
    """IAM may not list a key yet that it has just made."""
    give_up_at = run.now() + VERIFY_FOR
    while key_id not in {key.id for key in progress.user.keys} and run.now() < give_up_at:
        run.world.clock.sleep(VERIFY_EVERY_SECONDS)
        run.relist(progress)


def _undo_if_wrong(
    run: RunContext, progress: Progress, action: Action, disabled: str, stays: str | None
) -> None:
    """If the other key went away meanwhile, or another run gave an unused key more time, our
    disable is undone."""
    try:
        problem = _what_is_wrong(run, progress, disabled, stays)
    except Exception as error:
        problem = f"it could not be looked at afterwards ({type(error).__name__})"
    if problem is not None:
        _enable_again(run, progress, action, disabled)
        raise UndoneError(f"{disabled} was enabled again: {problem}")


def _what_is_wrong(
    run: RunContext, progress: Progress, disabled: str, stays: str | None
) -> str | None:
    run.relist(progress)
    if stays is not None:
        return None if progress.is_active(stays) else f"{stays} is not active any more"
    if other := _another_active(progress, disabled):
        return f"{other} is active by now"
    is_warned = _is_warned_anew(run, progress, disabled)
    return "its owner was warned of a later end" if is_warned else None


def _is_warned_anew(run: RunContext, progress: Progress, key_id: str) -> bool:
    """A run that came in between found no warning on record any more."""
    before = progress.secret.warned_unused
    warned = run.world.secrets.describe(progress.user.ref).warned_unused
    if warned is None or warned.access_key_id != key_id:
        return False
    return before is None or warned.time > before.time


def _enable_again(run: RunContext, progress: Progress, action: Action, key_id: str) -> None:
    """Not left to another run, which could not know who disabled it."""
    give_up_at = run.now() + VERIFY_FOR
    while True:
        try:
            key_changes.enable(run, progress, action, key_id)
        except Exception as error:
            if run.now() >= give_up_at:
                raise UndoneError(
                    f"{key_id} was disabled just now and cannot be enabled again: enable it by "
                    f"hand ({type(error).__name__}: {error})"
                ) from None
            run.world.clock.sleep(VERIFY_EVERY_SECONDS)
        else:
            return
