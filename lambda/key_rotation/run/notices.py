"""The owner is notified: before a rotation, of a new key, of what holds or blocks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..domain.action import Action, Reason
from ..domain.model import AccessKey, Event, SecretState, Stamp
from ..domain.situation import Situation
from ..domain.unused import USE_IS_SEEN_AFTER, unused_end
from ..notify.mail import InSecret
from ..notify.outcome import digest_line
from ..notify.unused import warned_unused
from .progress import PostponedError, Progress, RunContext


class EmergencyBlockedError(Exception):
    """An emergency could not be carried out; a person must make room first."""


def warn(run: RunContext, progress: Progress, action: Action) -> None:
    """The owner can try now whether they will be able to fetch the next key."""
    if action.reason is Reason.UNUSED:
        _warn_unused(run, progress, action)
        return
    key = progress.key(action.access_key_id)
    situation = Situation(progress.user, run.settings, run.now())
    due = key.created + timedelta(days=situation.limits.max_key_age_days)
    due = max(due, situation.promised_end(key) or due)
    run.read_last_use(progress)
    outcome = run.outcome(progress, action, until=due)
    message = run.writer(progress).warned(key.id, due, _content(progress.secret, key))
    run.notify(progress, Event.WARNED, message, outcome, first=True)
    run.world.secrets.record(
        progress.secret, warned=Stamp(key.id, run.now()), works_until=Stamp(key.id, due)
    )
    run.happened(progress, outcome)
    run.leave(progress, action)


def _warn_unused(run: RunContext, progress: Progress, action: Action) -> None:
    """The owner can use the key, or leave it."""
    key, now = progress.key(action.access_key_id), run.now()
    ends = unused_end(Situation(progress.user, run.settings, now), key)
    outcome = run.outcome(progress, action, until=ends)
    content = _content(progress.secret, key)
    message = warned_unused(run.writer(progress), key.id, ends, ends - USE_IS_SEEN_AFTER, content)
    run.notify(progress, Event.WARNED, message, outcome, first=True)
    run.world.secrets.record(
        progress.secret, warned_unused=Stamp(key.id, now), works_until=Stamp(key.id, ends)
    )
    run.happened(progress, outcome)
    run.leave(progress, action)


def announce(run: RunContext, progress: Progress, action: Action) -> None:
    """The owner learns where the new key is, and until when the old one works."""
    key_id = progress.new_key.id if progress.new_key else action.access_key_id
    assert key_id is not None
    action = replace(action, access_key_id=key_id)
    is_first = action.reason is Reason.FIRST_KEY
    others = [key for key in progress.user.keys if key.id != key_id]
    old = others[0] if others and not is_first else None
    until, while_used = progress.decision.old_key_until, progress.decision.while_used
    unmoved_until = progress.decision.unmoved_until
    if old is not None and (not old.is_active or progress.will_disable(old.id)):
        until = unmoved_until = None
    old_id = old.id if old else None
    outcome = run.outcome(
        progress,
        action,
        until=until,
        superseded=old_id,
        while_used=while_used,
        unmoved_until=unmoved_until,
        by_operators=progress.operators_notified,
    )
    requested = action.reason is Reason.REQUESTED
    message = (
        run.writer(progress).first(key_id)
        if is_first
        else run.writer(progress).rotated(
            key_id, old_id, until, outcome.note, while_used, unmoved_until, requested
        )
    )
    run.notify(progress, Event.ROTATED, message, outcome, first=True)
    progress.pending_record = Stamp(key_id, run.now())
    if old_id is not None and until is not None and not while_used:
        progress.pending_end = Stamp(old_id, until)
    run.happened(progress, outcome)
    run.leave(progress, action)


def remind(run: RunContext, progress: Progress, action: Action) -> None:
    """The owner has not moved yet, and the old key goes soon. On record once somebody was told."""
    key_id, ends = action.access_key_id, progress.decision.old_key_until
    assert key_id is not None
    assert ends is not None
    newer = max(progress.user.keys, key=lambda key: key.created).id
    unmoved_until = progress.decision.unmoved_until
    outcome = run.outcome(
        progress, action, until=ends, superseded=None, unmoved_until=unmoved_until
    )
    message = run.writer(progress).reminded(newer, key_id, action.reason, ends, unmoved_until)
    run.notify(progress, Event.REMINDED, message, outcome, first=True)
    progress.pending_notice = (Event.REMINDED, Stamp(key_id, run.now()))
    progress.pending_end = Stamp(key_id, ends)
    run.happened(progress, outcome)
    run.leave(progress, action)


def hold(run: RunContext, progress: Progress, action: Action) -> None:
    """The old key is left on beyond its grace; a notice goes out when one is due.

    The last one is on record only once the operators were told whom it cuts off.
    """
    until = progress.decision.old_key_until
    assert until is not None
    assert action.access_key_id is not None
    if action.notify:
        run.read_last_use(progress)
    outcome = run.outcome(progress, action, until=until)
    if action.last_notice and not progress.operators_notified:
        told = digest_line(outcome)
        assert told is not None
        raise PostponedError(told)
    if action.notify:
        event = Event.ENDING if action.last_notice else Event.HELD
        named = until if action.last_notice else None
        _record_notice(run, progress, event, action.access_key_id, named)
        outcome = replace(outcome, secret_arn=progress.secret.arn)
        message = run.writer(progress).held(
            action.access_key_id, action.reason, until, action.last_notice
        )
        run.notify(progress, Event.HELD, message, outcome, first=False)
    run.happened(progress, outcome)


def block(run: RunContext, progress: Progress, action: Action) -> None:
    """The key waits for a person; a notice goes out when one is due."""
    if action.notify and action.access_key_id is not None:
        run.read_last_use(progress)
    outcome = run.outcome(progress, action)
    if action.reason is Reason.UNMANAGED_SECRET or action.access_key_id is None:
        # The digest alone says it: that secret is not ours to write on, and programs must not take
        # it for the user's. Of a first key no record can say when that was said last.
        outcome = replace(outcome, secret_arn=None)
    elif action.notify:
        _record_notice(run, progress, Event.BLOCKED, action.access_key_id)
        outcome = replace(outcome, secret_arn=progress.secret.arn)
        request = None if progress.is_emergency else progress.note
        message = run.writer(progress).blocked(action.access_key_id, action.reason, request)
        run.notify(progress, Event.BLOCKED, message, outcome, first=False)
    run.happened(progress, outcome)
    if progress.is_emergency:
        raise EmergencyBlockedError(f"{outcome.text} ({action.reason.value})")


def _record_notice(
    run: RunContext, progress: Progress, event: Event, key_id: str, named: datetime | None = None
) -> None:
    """Before the notice itself: one that cannot be recorded must not repeat daily. `named` is the
    end that it names."""
    run.ensure_secret(progress)
    run.world.secrets.record(
        progress.secret,
        notice=(event, Stamp(key_id, run.now())),
        works_until=Stamp(key_id, named) if named else None,
    )


def _content(secret: SecretState, key: AccessKey) -> InSecret:
    """What a plain read returns while `key` is the one to be replaced."""
    if secret.currently_holds(key):
        return InSecret.PRESENT_KEY
    announced = secret.announced
    if announced is not None and secret.is_current(announced.access_key_id):
        return InSecret.EARLIER_KEY
    return InSecret.PLACEHOLDER
