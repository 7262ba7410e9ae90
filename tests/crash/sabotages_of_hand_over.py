"""Sabotages of the hand-over: what is seen of an owner, what is said, and when the key goes."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

_HAND_OVER = "domain/hand_over.py"

OF_HAND_OVER = (
    Sabotage(
        "nobody is waited for",
        _HAND_OVER,
        "    if not _is_waited_for(situation, older) or _has_begun_to_move",
        "    if situation or _has_begun_to_move",
        Promise.NOT_CUT_OFF,
        "faults",
        "superseded, not fetched",
    ),
    Sabotage(
        "an old key that is in use does not count",
        _HAND_OVER,
        "        return Reason.STILL_IN_USE\n    if not was_read",
        "        return None\n    if not was_read",
        Promise.NOT_CUT_OFF,
        "faults",
        "superseded, not moved",
    ),
    Sabotage(
        "our own trial counts as use",
        "domain/overlap.py",
        "    return used if used is not None and used - key.created >= VERIFIED_AFTER else None",
        "    return used",
        Promise.NOT_CUT_OFF,
        "faults",
        "superseded, not fetched",
    ),
    Sabotage(
        "a trial of the placeholder counts as a read",
        _HAND_OVER,
        "    return secret.last_read > day or (secret.last_read == day and held_nothing_else)",
        "    return secret.last_read >= day and held_nothing_else in (True, False)",
        Promise.NOT_CUT_OFF,
        "faults",
        "superseded, not fetched",
    ),
    Sabotage(
        "nobody is reminded",
        _HAND_OVER,
        "    return None if state is HandOver.MOVED else Action(",
        "    return None if state else Action(",
        Promise.REMINDED,
        "faults",
        "reminder due",
    ),
    Sabotage(
        "a reminder that was missed is left out",
        _HAND_OVER,
        "    return _remind(situation, older, newer) if days_of_reminder",
        "    return None if days_of_reminder",
        Promise.REMINDED,
        "faults",
        "superseded, a reminder was missed",
    ),
    Sabotage(
        "the grace of the settings counts, not that of the message",
        _HAND_OVER,
        "    return max(grace, (ends - announced.time + JITTER).days)",
        "    return grace",
        Promise.REMINDED,
        "faults",
        "superseded, a reader was added",
    ),
    Sabotage(
        "a reminder is not recorded",
        "run/notices.py",
        "    progress.pending_notice = (Event.REMINDED, Stamp(key_id, run.now()))\n",
        "",
        Promise.REMINDED,
        "faults",
        "reminder due",
    ),
    Sabotage(
        "a reminder is recorded before anybody is told",
        "run/notices.py",
        "    run.notify(progress, Event.REMINDED, message, outcome, first=True)\n",
        "    notice = (Event.REMINDED, Stamp(key_id, run.now()))\n"
        "    run.world.secrets.record(progress.secret, notice=notice)\n"
        "    run.notify(progress, Event.REMINDED, message, outcome, first=True)\n",
        Promise.REMINDED,
        "faults",
        "reminder due, only operators subscribe",
    ),
    Sabotage(
        "the end that a reminder names is not recorded",
        "run/notices.py",
        "    progress.pending_end = Stamp(key_id, ends)\n",
        "",
        Promise.NAMED_END,
        "faults",
        "superseded, a reminder was missed",
    ),
    Sabotage(
        "a reminder computes the end again",
        "domain/two_keys.py",
        "    return _reminded(situation, newer, remind, ends)\n",
        "    return _reminded(situation, newer, remind, situation.now + timedelta(days=2))\n",
        Promise.NAMED_END,
        "faults",
        "reminder due",
    ),
    Sabotage(
        "the last notice is recorded before the digest is sent",
        "run/notices.py",
        "        told = digest_line(outcome)\n",
        "        _record_notice(run, progress, Event.ENDING, action.access_key_id)\n"
        "        told = digest_line(outcome)\n",
        Promise.NOT_CUT_OFF,
        "faults",
        "held, the last notice is due",
    ),
    Sabotage(
        "the ceiling waits for no notice",
        _HAND_OVER,
        "    return max(latest, situation.now + ahead), True",
        "    return latest, situation.now < latest",
        Promise.NOT_CUT_OFF,
        "faults",
        "held, the last notice is due",
    ),
    Sabotage(
        "the ceiling comes however late the notice was",
        _HAND_OVER,
        "        return max(latest, said + ahead), False",
        "        return latest, False",
        Promise.NOT_CUT_OFF,
        "people",
        "held, the last notice is due",
    ),
    Sabotage(
        "the end that the last notice names is not recorded",
        "run/notices.py",
        "        works_until=Stamp(key_id, named) if named else None,\n",
        "",
        Promise.NAMED_END,
        "people",
        "superseded, not fetched",
    ),
)
