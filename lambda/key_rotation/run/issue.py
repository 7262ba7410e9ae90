"""A key begins: the secret is made ready, the key is created, stored, and tried.

Dying between any two calls is safe: the next run knows by the intent, written before the create,
which key is ours and lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..domain.action import Action, Reason, Verb
from ..domain.after import announced_in_vain, with_new_key
from ..domain.model import Event, Intent, NewAccessKey, UserRef
from ..notify.outcome import line_about
from ..ports import RefusedError, SlotTakenError, UnprotectedSecretError
from . import key_changes
from .progress import REREAD_AFTER, ConcurrentChangeError, Progress, RunContext
from .protection import is_elsewhere

# A key is asked for this soon after the listing that its intent names, or not at all: the answer
# may take some 15 seconds, and a key made more than 60 seconds after it counts as a person's.
CREATE_WITHIN = timedelta(seconds=40)
# IAM is eventually consistent: a new key may be refused for its first seconds.
VERIFY_FOR = timedelta(seconds=30)
VERIFY_EVERY_SECONDS = 2.0


def prepare(run: RunContext, progress: Progress, action: Action) -> None:
    """The secret can be read by the owner, who may try it before there is a key in it."""
    before, in_vain = progress.secret, announced_in_vain(progress.user)
    run.mend_secret(progress, action)
    run.ensure_secret(progress, placeholder=True)
    if before.pending_deletion and in_vain:
        # Should this run die before it announces the key again.
        run.world.secrets.forget_announced(progress.secret)
    run.happened(progress, run.outcome(progress, action, restored=before.pending_deletion))
    run.leave(progress, action)


def rotate(run: RunContext, progress: Progress, action: Action) -> None:
    """A new key is in the secret, and STS accepts it."""
    user, secrets = progress.user.ref, run.world.secrets
    run.mend_secret(progress, action)
    _confirm_unchanged(run, progress)
    if action.reason is Reason.FIRST_KEY:
        _confirm_no_other_run(run, progress)
    present = frozenset(key.id for key in progress.user.keys)
    intent = Intent(progress.listed_at, run.request_id, present)
    secrets.record_intent(progress.secret, intent)
    if action.reason is Reason.FIRST_KEY:
        _confirm_no_key(run, progress)
    new = _create(run, progress, action, intent.time + CREATE_WITHIN)
    try:
        secrets.store(user, progress.secret, new)
    except RefusedError:
        key_changes.take_back(run, progress, action, new.access_key.id)
        secrets.withdraw_intent(progress.secret)  # or a retry would wait for another run
        raise
    progress.new_key = new.access_key
    progress.user = with_new_key(progress.user, new.access_key)
    run.happened(progress, run.outcome(progress, action, created=new.access_key.id))
    # IAM will accept the new key sooner or later; a leaked one is not left on for longer.
    if not _verified(run, user, new) and action.reason is not Reason.EMERGENCY:
        raise ConcurrentChangeError(f"STS does not accept {new.access_key.id} yet")


def refuse(
    run: RunContext, progress: Progress, action: Action, problem: UnprotectedSecretError
) -> None:
    """Nothing is stored in a secret that others could read: a person must act. The secret cannot
    carry a record of that, so the digest says it in every run."""
    key_id = action.access_key_id
    if key_id is None and progress.user.keys:
        key_id = progress.user.keys[-1].id
    block = Action(Verb.BLOCK, Reason.SECRET_NOT_PROTECTED, key_id, notify=False)
    outcome = run.outcome(progress, block, problem=str(problem))
    run.happened(progress, outcome)
    progress.lines.append(line_about(outcome, Event.BLOCKED, outcome.text or ""))
    if progress.is_emergency:
        raise problem  # an emergency that is not over must not look like one that is


def _confirm_unchanged(run: RunContext, progress: Progress) -> None:
    """The intent must not be much older than the key that is created under it."""
    if run.now() - progress.listed_at <= REREAD_AFTER:
        return
    before = progress.user.keys
    run.relist(progress)
    if set(progress.user.keys) != set(before):
        raise ConcurrentChangeError("the keys have changed in the meantime")


def _confirm_no_other_run(run: RunContext, progress: Progress) -> None:
    """IAM refuses a third key, so no two runs replace the same one. Nothing refuses a second first
    key: so another run's intent is looked for right before ours, and its key right after."""
    state = run.world.secrets.describe(progress.user.ref)
    if not state.exists:
        return
    if state.intent != progress.secret.intent:
        raise ConcurrentChangeError("another run is making the first key")
    if is_elsewhere(run.settings, state):
        raise ConcurrentChangeError("somebody has just changed the secret's KMS key or replicas")


def _confirm_no_key(run: RunContext, progress: Progress) -> None:
    run.relist(progress)
    if progress.user.keys:
        _withdraw_own_intent(run, progress)
        raise ConcurrentChangeError("another run, or a person, has just made a key")


def _create(run: RunContext, progress: Progress, action: Action, by: datetime) -> NewAccessKey:
    secrets = run.world.secrets
    try:
        return key_changes.create(run, progress, action, by)
    except SlotTakenError:
        _withdraw_own_intent(run, progress)
        raise ConcurrentChangeError("another run, or a person, has just made a key") from None
    except RefusedError:
        secrets.withdraw_intent(progress.secret)
        raise


def _withdraw_own_intent(run: RunContext, progress: Progress) -> None:
    """A person's key must not count as one made under our intent; if another run has written its
    own since, that one stands."""
    secrets = run.world.secrets
    state = secrets.describe(progress.user.ref)
    if state.intent is not None and state.intent.request_id == run.request_id:
        secrets.withdraw_intent(progress.secret)


def _verified(run: RunContext, user: UserRef, new: NewAccessKey) -> bool:
    give_up_at = run.now() + VERIFY_FOR
    while not run.world.keys.works(user, new):
        if run.now() >= give_up_at:
            return False
        run.world.clock.sleep(VERIFY_EVERY_SECONDS)
    return True
