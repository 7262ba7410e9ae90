"""What a run did to a user, or saw of them: said once, and rendered for each reader.

The response gets a row, the operators' digest a line, other programs an event. The owner's mail is
not among them: its place in the order of a rotation is promise 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..domain.action import Action, Reason, Verb
from ..domain.model import Event, UserRef
from .digest import DigestLine
from .events import DETAIL_TYPES, Transition
from .reasons import REASON_TEXT, blocked_text
from .response import Row
from .usage import LastUses, last_use, of_all

_LINES = {
    Verb.PREPARE: Event.REPAIRED,
    Verb.WARN: Event.WARNED,
    Verb.ANNOUNCE: Event.ROTATED,
    Verb.REMIND: Event.REMINDED,
    Verb.DISABLE: Event.DISABLED,
    Verb.DELETE: Event.DELETED,
    Verb.HOLD: Event.HELD,
    Verb.BLOCK: Event.BLOCKED,
}
# For the operators, who alone can help.
CUT_OFF = (
    "Nobody can fetch the key that stays: unless its owner has it, name a reader who hands it over "
    "(secret_reader_arns, or reader_arns of this user)"
)
# States that last: each run sees them, and a notice goes out only when it is due.
_STATES = (Verb.HOLD, Verb.BLOCK)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One action, as it was done. `action` names the key that it was about.

    created: the id of the key that a rotation made. until: when a warned key is replaced, or is
    disabled if nobody uses it; when the old key stops working at the latest (announced, reminded,
    held), None when it is disabled now.
    superseded: the id of the key that an announced one replaces. while_used: it may stop before,
    when it is not used any more. unmoved_until: it works beyond its end, at most until then, if its
    owner has not moved. used: the last uses of the user's keys, None if not read. by_operators: the
    operators pass the announcement on. restored:
    the secret was pending deletion. fetchable: the owner of a disabled key can fetch its successor
    without it. cut_off: nobody can fetch the key that stays. note: the reason of an emergency or a
    request, which says who gave it. problem: what makes it impossible to protect the secret.
    """

    action: Action
    user: UserRef
    secret_arn: str | None
    time: datetime
    created: str | None = None
    until: datetime | None = None
    superseded: str | None = None
    while_used: bool = False
    unmoved_until: datetime | None = None
    used: LastUses | None = None
    by_operators: bool = False
    restored: bool = False
    fetchable: bool = False
    cut_off: bool = False
    note: str | None = None
    problem: str | None = None

    @property
    def text(self) -> str | None:
        """What people read of it, in a line; None for what only a row records."""
        key_id, why = self.action.access_key_id, REASON_TEXT.get(self.action.reason, "")
        match self.action.verb:
            case Verb.PREPARE:
                return "the secret was to be deleted, and is restored" if self.restored else None
            case Verb.WARN if self.action.reason is Reason.UNUSED:
                return (
                    f"key {key_id} is disabled on {self.until:%Y-%m-%d}, unless it is used"
                    f"{self._used()}"
                )
            case Verb.WARN:
                return f"key {key_id} will be replaced on {self.until:%Y-%m-%d}{self._used()}"
            case Verb.ROTATE:
                return f"{self._which} key {self.created}"
            case Verb.ANNOUNCE:
                return self._announced()
            case Verb.DISABLE:
                if self.fetchable and self.action.reason is Reason.SUPERSEDED:
                    why = "it was replaced, and its owner can fetch the new one without it"
                return (
                    f"key {key_id} is disabled: {why}{self._used()}{self._noted()}{self._cut_off()}"
                )
            case Verb.REMIND:
                return f"key {key_id} is disabled on {self.until:%Y-%m-%d}: {why}{self._used()}"
            case Verb.DELETE:
                return f"inactive key {key_id} is deleted: {why}"
            case Verb.HOLD:
                return self._held(why)
            case Verb.BLOCK:
                text = blocked_text(key_id, self.action.reason)
                of_all_keys = f". {of_all(self.used)}" if self.used else ""
                return (f"{text}: {self.problem}" if self.problem else text) + of_all_keys
            case _:
                return None

    @property
    def _which(self) -> str:
        return "first" if self.action.reason is Reason.FIRST_KEY else "new"

    def _announced(self) -> str:
        text = f"{self._which} key {self.action.access_key_id} is in the secret"
        if self.superseded is not None:
            text += f"; the old key {self.superseded} " + (
                f"works until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else "is disabled"
            )
        if self.until and self.while_used:
            text += " at the latest, while it is used"
        if self.until and self.unmoved_until:
            text += (
                f", until {self.unmoved_until:%Y-%m-%d} at the latest if its owner has not moved"
            )
        if self.note:
            requested = self.action.reason is Reason.REQUESTED
            asked = Reason.REQUESTED if requested else Reason.EMERGENCY
            text += f": {REASON_TEXT[asked]}{self._noted()}"
        return text + self._cut_off()

    def _held(self, why: str) -> str:
        key_id = self.action.access_key_id
        if self.action.last_notice:
            return (
                f"key {key_id} is disabled on {self.until:%Y-%m-%d}, used or not: {why}"
                f"{self._used()}"
            )
        return (
            f"key {key_id} is left on until {self.until:%Y-%m-%d} at the latest: {why}"
            f"{self._used()}"
        )

    def _used(self) -> str:
        key_id = self.action.access_key_id
        if self.used is None or key_id is None or key_id not in self.used:
            return ""
        return f"; it was {last_use(self.used[key_id])}"

    def _cut_off(self) -> str:
        return f". {CUT_OFF}" if self.cut_off else ""

    def _noted(self) -> str:
        return f". {self.note}" if self.note else ""


def row(outcome: Outcome) -> Row:
    """The row of the response."""
    action = outcome.action
    detail = None if action.verb is Verb.PREPARE else outcome.text
    if detail is not None and outcome.by_operators:
        detail += "; the operators are to pass it on"
    reason = action.reason.value
    return Row(outcome.user.name, action.verb.value, reason, action.access_key_id, detail)


def digest_line(outcome: Outcome) -> DigestLine | None:
    """The line of the operators' digest; None where there is none to write."""
    action, text = outcome.action, outcome.text
    event = _LINES.get(action.verb)
    if event is None or text is None:
        return None
    if action.last_notice:
        event = Event.ENDING
    silent = action.verb in (*_STATES, Verb.DISABLE) and not action.notify
    if silent and action.reason not in (Reason.ORPHAN, Reason.MOVED):
        return None
    return line_about(outcome, event, text)


def line_about(outcome: Outcome, event: Event, text: str) -> DigestLine:
    """A line about the same user and key, with a text of its own."""
    action, name = outcome.action, outcome.user.name
    reason = action.reason.value
    return DigestLine(
        event, name, f"{name}: {text}", action.access_key_id, reason, outcome.secret_arn
    )


def transition(outcome: Outcome, installation: str, run: str) -> Transition | None:
    """The event for other programs; None where there is none to send."""
    action = outcome.action
    if action.verb not in DETAIL_TYPES or (action.verb in _STATES and not action.notify):
        return None
    if action.access_key_id is None:
        return None  # of a first key that cannot be made: an event is about a key
    ends = action.verb in (Verb.ANNOUNCE, Verb.REMIND, Verb.HOLD)
    return Transition(
        action.verb,
        outcome.time,
        outcome.user,
        action.access_key_id,
        action.reason.value,
        outcome.secret_arn,
        installation,
        run,
        outcome.superseded,
        outcome.until if ends else None,
        outcome.note,
    )
