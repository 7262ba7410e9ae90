"""The reviewed samples of what people get, one for each event and kind of reader.

`make samples` writes them to tests/samples/mails; test_mail_samples.py compares them whole.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from key_rotation.domain.action import Action, Reason, Verb
from key_rotation.domain.model import Event, LastUse, UserRef
from key_rotation.domain.unused import USE_IS_SEEN_AFTER
from key_rotation.notify.digest import DigestLine, digest
from key_rotation.notify.mail import InSecret, Writer
from key_rotation.notify.message import Message
from key_rotation.notify.outcome import Outcome, digest_line
from key_rotation.notify.reasons import blocked_text
from key_rotation.notify.unused import warned_unused
from key_rotation.run.payload import Emergency, Request, reported_as

FOLDER = Path(__file__).resolve().parents[1] / "samples" / "mails"
_ACCOUNT = "123456789012"
_OLD, _NEW = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"
_DUE = datetime(2026, 6, 8, 6, 0, tzinfo=UTC)
_END = datetime(2026, 6, 15, 6, 0, tzinfo=UTC)
_SEEN_BY = _END - USE_IS_SEEN_AFTER
_CEILING = datetime(2026, 7, 8, 6, 0, tzinfo=UTC)
_USE = LastUse(datetime(2026, 6, 7, 14, 10, tzinfo=UTC), "s3", "eu-west-1")
_NOTE = Emergency("alice", _OLD, "found in a public repository").note
_ASKED = Request(("build-agent",), "the supplier who set it up has left").note
_REGIONS = ("eu-west-1", "us-east-1")
_REPORTED = reported_as("AWS_RISK_IAM_QUARANTINE")


def _writer(
    name: str,
    has_password: bool | None,
    has_readers: bool = False,
    used: Sequence[str] = (_OLD,),
    smtp_regions: tuple[str, ...] = (),
) -> Writer:
    """`used` names the keys whose last use a run has read; of the new one there is none."""
    arn = f"arn:aws:secretsmanager:eu-west-1:{_ACCOUNT}:secret:iam-access-key/{name}-a1B2c3"
    user = UserRef(name, "AIDAEXAMPLE", f"arn:aws:iam::{_ACCOUNT}:user/{name}")
    uses = {key_id: _USE if key_id == _OLD else None for key_id in used}
    return Writer(user, arn, has_password, has_readers, uses, smtp_regions)


def samples() -> dict[str, Message]:
    """The messages by the names of their files."""
    person, service = _writer("alice", True), _writer("build-agent", False)
    anybody = _writer("alice", None)
    of_two = _writer("alice", None, used=(_OLD, _NEW))
    anybody_with_readers = _writer("alice", None, has_readers=True)
    service_with_readers = _writer("build-agent", False, has_readers=True)
    held, blocked = (
        (Reason.STILL_IN_USE, Reason.HOLD_UNTIL, Reason.NOT_FETCHED),
        (
            Reason.TWO_ACTIVE_KEYS_DUE,
            Reason.SLOT_TAKEN,
            Reason.SLOT_TAKEN_BY_EXPIRED_KEY,
            Reason.SECRET_CHANGED,
            Reason.MORE_THAN_TWO_KEYS,
            Reason.NOBODY_CAN_FETCH,
        ),
    )
    found = {
        "warned.first_key": anybody.warned(_OLD, _DUE, InSecret.PLACEHOLDER),
        "warned.later_key": anybody.warned(_OLD, _DUE, InSecret.PRESENT_KEY),
        "warned.unused": warned_unused(anybody, _OLD, _END, _SEEN_BY, InSecret.PLACEHOLDER),
        "warned.unused_never_fetched": warned_unused(
            _writer("build-agent", None, used=(_NEW,)), _NEW, _END, _SEEN_BY, InSecret.PRESENT_KEY
        ),
        "rotated.person_at_once": person.rotated(_NEW, _OLD, None),
        "rotated.person_in_grace": person.rotated(_NEW, _OLD, _END),
        "rotated.anybody_at_once_with_readers": anybody_with_readers.rotated(_NEW, _OLD, None),
        "rotated.service_in_grace": service.rotated(_NEW, _OLD, _END, unmoved_until=_CEILING),
        "rotated.service_while_used": service.rotated(_NEW, _OLD, _END, while_used=True),
        "rotated.service_with_smtp": _writer("mail-relay", False, smtp_regions=_REGIONS).rotated(
            _NEW, _OLD, _END
        ),
        "rotated.emergency": anybody.rotated(_NEW, _OLD, None, _NOTE),
        "rotated.emergency_by_aws_health": anybody.rotated(_NEW, _OLD, None, _REPORTED),
        "rotated.emergency_service": service.rotated(_NEW, _OLD, None, _NOTE),
        "rotated.emergency_service_with_readers": service_with_readers.rotated(
            _NEW, _OLD, None, _NOTE
        ),
        "rotated.requested": person.rotated(_NEW, _OLD, None, _ASKED, requested=True),
        "rotated.requested_service": service.rotated(
            _NEW, _OLD, _END, _ASKED, unmoved_until=_CEILING, requested=True
        ),
        "rotated.only_key": anybody.rotated(_NEW, None, None),
        "rotated.first_key": person.first(_NEW),
        "rotated.first_key_service_with_readers": service_with_readers.first(_NEW),
        "held.last_notice": service.held(_OLD, Reason.STILL_IN_USE, _CEILING, last_notice=True),
        "disabled.superseded_person": person.disabled(_OLD, Reason.SUPERSEDED),
        "disabled.superseded_service": service.disabled(_OLD, Reason.SUPERSEDED),
        "disabled.superseded_service_with_readers": service_with_readers.disabled(
            _OLD, Reason.SUPERSEDED
        ),
        "disabled.overlap_ceiling": service.disabled(_OLD, Reason.OVERLAP_CEILING),
        "disabled.idle": anybody.disabled(_OLD, Reason.IDLE),
        "disabled.idle_not_in_secret": anybody.disabled(_OLD, Reason.IDLE, in_secret=False),
        "disabled.unused": anybody.disabled(_OLD, Reason.UNUSED, in_secret=False),
        "disabled.emergency": anybody.disabled(_OLD, Reason.EMERGENCY, _NOTE),
        "disabled.leaked": person.disabled(_OLD, Reason.LEAKED),
        "disabled.leaked_service": service.disabled(_OLD, Reason.LEAKED),
        "deleted.superseded": anybody.deleted(_OLD, Reason.SUPERSEDED),
        "deleted.slot_taken": anybody.deleted(_OLD, Reason.SLOT_TAKEN),
    }
    reminded = (Reason.NOT_FETCHED, Reason.FETCHED)
    found |= {
        f"reminded.{seen}": service.reminded(_NEW, _OLD, seen, _END, _CEILING) for seen in reminded
    }
    found["reminded.moving"] = service.reminded(_NEW, _OLD, Reason.MOVING, _END)
    found["reminded.person"] = person.reminded(_NEW, _OLD, Reason.NOT_FETCHED, _END)
    found |= {f"held.{reason}": service.held(_OLD, reason, _END) for reason in held}
    found |= {f"blocked.{reason}": of_two.blocked(_OLD, reason) for reason in blocked}
    found["blocked.requested"] = of_two.blocked(_NEW, Reason.SLOT_TAKEN, _ASKED)
    [found["digest.operators"]] = digest(_ACCOUNT, "2026-06-08 06:00 UTC", _lines())
    return found


def _lines() -> list[DigestLine]:
    arn = _writer("build-agent", False).secret_arn
    rotated = (
        f"build-agent: new key {_NEW} is in the secret; the old key {_OLD} works until "
        f"{_END:%Y-%m-%d %H:%M} UTC. No confirmed subscription: please pass it on"
    )
    blocked = f"frank: {blocked_text('AKIAFRANKEXAMPLE', Reason.TWO_ACTIVE_KEYS_DUE)}"
    warned = "dave: key AKIADAVEEXAMPLE will be replaced on 2026-06-15"
    ingest, nightly = (_writer(name, False) for name in ("ingest", "nightly"))
    uses = {_OLD: _USE}
    remind = Action(Verb.REMIND, Reason.FETCHED, _OLD)
    hold = Action(Verb.HOLD, Reason.STILL_IN_USE, _OLD, last_notice=True)
    reminded = Outcome(remind, ingest.user, ingest.secret_arn, _DUE, until=_END, used=uses)
    batch = _writer("nightly-batch", False)
    unused = Outcome(
        *(Action(Verb.WARN, Reason.UNUSED, _NEW), batch.user, batch.secret_arn, _DUE),
        until=_END,
        used={_NEW: None},
    )
    gone = Outcome(
        *(Action(Verb.DISABLE, Reason.UNUSED, _OLD), batch.user, batch.secret_arn, _DUE),
        used=uses,
    )
    ending = Outcome(hold, nightly.user, nightly.secret_arn, _DUE, until=_CEILING, used=uses)
    return [
        DigestLine(Event.BLOCKED, "frank", blocked),
        DigestLine(Event.ROTATED, "build-agent", rotated, _NEW, "key_too_old", arn),
        *(line for outcome in (reminded, ending, unused, gone) if (line := digest_line(outcome))),
        DigestLine(Event.WARNED, "dave", warned),
    ]


def shown(message: Message) -> str:
    return f"Subject: {message.subject}\n\n{message.text}"


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name, message in samples().items():
        (FOLDER / f"{name}.txt").write_text(shown(message))
    return 0


if __name__ == "__main__":
    sys.exit(main())
