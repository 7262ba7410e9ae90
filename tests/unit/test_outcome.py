"""What happened is said once: the row, the digest's line and the event of each outcome."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.action import Action, Reason, Verb
from key_rotation.domain.model import Event
from key_rotation.notify.outcome import Outcome, digest_line, row, transition
from tests.unit.builders import ALICE, NOW

UNTIL = NOW + timedelta(days=7)
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/alice-AbCdEf"


def outcome(verb: Verb, reason: Reason, notify: bool = True, **details: Any) -> Outcome:
    return Outcome(Action(verb, reason, "AKIA1", notify), ALICE, SECRET, NOW, **details)


@pytest.mark.parametrize(
    ("subject", "text", "event"),
    [
        pytest.param(
            outcome(Verb.ANNOUNCE, Reason.KEY_TOO_OLD, superseded="AKIA0", until=UNTIL),
            f"new key AKIA1 is in the secret; the old key AKIA0 works until {UNTIL:%Y-%m-%d %H:%M} "
            "UTC",
            Event.ROTATED,
            id="announced, in grace",
        ),
        pytest.param(
            outcome(
                Verb.ANNOUNCE, Reason.KEY_TOO_OLD, superseded="AKIA0", until=UNTIL, while_used=True
            ),
            f"new key AKIA1 is in the secret; the old key AKIA0 works until {UNTIL:%Y-%m-%d %H:%M} "
            "UTC at the latest, while it is used",
            Event.ROTATED,
            id="announced, while it is used",
        ),
        pytest.param(
            outcome(Verb.ANNOUNCE, Reason.KEY_TOO_OLD, superseded="AKIA0"),
            "new key AKIA1 is in the secret; the old key AKIA0 is disabled",
            Event.ROTATED,
            id="announced, disabled at once",
        ),
        pytest.param(
            outcome(Verb.ANNOUNCE, Reason.NOT_ANNOUNCED),
            "new key AKIA1 is in the secret",
            Event.ROTATED,
            id="announced, the only key",
        ),
        pytest.param(
            outcome(
                Verb.ANNOUNCE,
                Reason.EMERGENCY,
                superseded="AKIA0",
                note="Reason, as given: on GitHub",
            ),
            "new key AKIA1 is in the secret; the old key AKIA0 is disabled: it was reported as "
            "leaked. Reason, as given: on GitHub",
            Event.ROTATED,
            id="announced in an emergency",
        ),
        pytest.param(
            outcome(
                Verb.ANNOUNCE,
                Reason.REQUESTED,
                superseded="AKIA0",
                until=UNTIL,
                note="Reason, as given: leaver",
            ),
            f"new key AKIA1 is in the secret; the old key AKIA0 works until {UNTIL:%Y-%m-%d %H:%M} "
            "UTC: somebody asked for it. Reason, as given: leaver",
            Event.ROTATED,
            id="announced, as somebody asked",
        ),
        pytest.param(
            outcome(Verb.DISABLE, Reason.SUPERSEDED, fetchable=True),
            "key AKIA1 is disabled: it was replaced, and its owner can fetch the new one without "
            "it",
            Event.DISABLED,
            id="disabled in the run that rotates",
        ),
        pytest.param(
            outcome(Verb.DISABLE, Reason.SUPERSEDED, notify=False, fetchable=True),
            "key AKIA1 is disabled: it was replaced, and its owner can fetch the new one without "
            "it",
            None,
            id="disabled, as the announcement says",
        ),
        pytest.param(
            outcome(Verb.DISABLE, Reason.ORPHAN, notify=False),
            "key AKIA1 is disabled: it was left behind by a run that died, and nobody has its "
            "secret",
            Event.DISABLED,
            id="an orphan is always in the digest",
        ),
        pytest.param(
            outcome(Verb.HOLD, Reason.HOLD_UNTIL, until=UNTIL),
            f"key AKIA1 is left on until {UNTIL:%Y-%m-%d} at the latest: a tag on the user asks "
            "for it",
            Event.HELD,
            id="held",
        ),
        pytest.param(
            outcome(Verb.HOLD, Reason.HOLD_UNTIL, notify=False, until=UNTIL),
            f"key AKIA1 is left on until {UNTIL:%Y-%m-%d} at the latest: a tag on the user asks "
            "for it",
            None,
            id="held, said before",
        ),
        pytest.param(
            outcome(Verb.RECORD, Reason.SEEN_INACTIVE), None, None, id="recorded: a row only"
        ),
        pytest.param(
            outcome(Verb.ROTATE, Reason.KEY_TOO_OLD, created="AKIA2"),
            "new key AKIA2",
            None,
            id="created: announced later",
        ),
        pytest.param(
            outcome(Verb.PREPARE, Reason.WARNING_WINDOW), None, None, id="prepared: a row only"
        ),
    ],
)
def test_text_and_line(subject: Outcome, text: str | None, event: Event | None) -> None:
    line = digest_line(subject)

    assert (row(subject).detail, row(subject).access_key_id) == (text, "AKIA1")
    if event is None:
        assert line is None
    else:
        assert line is not None
        assert (line.event, line.text, line.secret_arn) == (event, f"alice: {text}", SECRET)


def test_a_restored_secret_is_in_the_digest_and_its_row_says_no_more() -> None:
    subject = outcome(Verb.PREPARE, Reason.SECRET_PENDING_DELETION, restored=True)
    line = digest_line(subject)

    assert row(subject).detail is None
    assert line is not None
    assert line.text == "alice: the secret was to be deleted, and is restored"


def test_who_passes_it_on_is_in_the_row_alone() -> None:
    subject = outcome(Verb.ANNOUNCE, Reason.KEY_TOO_OLD, by_operators=True)
    line = digest_line(subject)

    assert row(subject).detail == (
        "new key AKIA1 is in the secret; the operators are to pass it on"
    )
    assert line is not None
    assert "pass it on" not in line.text


@pytest.mark.parametrize(
    ("subject", "is_sent"),
    [
        pytest.param(outcome(Verb.WARN, Reason.WARNING_WINDOW, until=UNTIL), True, id="warned"),
        pytest.param(outcome(Verb.DELETE, Reason.SUPERSEDED), True, id="deleted"),
        pytest.param(outcome(Verb.DISABLE, Reason.SUPERSEDED, notify=False), True, id="disabled"),
        pytest.param(outcome(Verb.BLOCK, Reason.SLOT_TAKEN), True, id="blocked"),
        pytest.param(outcome(Verb.BLOCK, Reason.SLOT_TAKEN, notify=False), False, id="as before"),
        pytest.param(outcome(Verb.ROTATE, Reason.KEY_TOO_OLD), False, id="created"),
        pytest.param(outcome(Verb.FORGET, Reason.SEEN_ACTIVE), False, id="forgotten"),
    ],
)
def test_event(subject: Outcome, is_sent: bool) -> None:
    event = transition(subject, "key-rotation", "run-1")

    assert (event is not None) is is_sent
    if event is not None:
        assert event.superseded_key_until is None, "the day of a warning is not the old key's end"


def test_event_of_an_announcement_says_until_when_the_old_key_works() -> None:
    subject = outcome(Verb.ANNOUNCE, Reason.KEY_TOO_OLD, superseded="AKIA0", until=UNTIL, note="x")
    event = transition(subject, "key-rotation", "run-1")

    assert event is not None
    assert (event.superseded_access_key_id, event.superseded_key_until) == ("AKIA0", UNTIL)
    assert (event.installation, event.run, event.note) == ("key-rotation", "run-1", "x")
