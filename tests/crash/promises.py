"""The promises of docs/architecture.md, and how one is broken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Promise(StrEnum):
    """By their numbers in the document."""

    WORKING_KEY = "1: a user who had a working key always has one that they can use"
    NOT_CUT_OFF = (
        "1: who needs the old key has it until they moved, or the operators knew for days that it "
        "goes"
    )
    LOST_SECRET = "2: no active key lives on whose secret is lost"
    NOTIFIED_FIRST = (
        "3: no key is disabled before its owner was notified; each rotation is announced"
    )
    REMINDED = "3: who has not moved is reminded, once, before an old key goes on a later day"
    NAMED_END = "3b: an end that a message named never comes earlier"
    NOT_DELETED_EARLY = "4: no key is deleted that was not inactive for long enough"
    UNKNOWN_IS_NO_ANSWER = "5: a read that fails never counts as an answer"
    SECRECY = "6: a secret access key appears in the user's secret and nowhere else"
    UNTAGGED = "7: users without the tag are not touched"
    SETTLES = "8: a settled account is not changed, and nothing is sent"
    READ_FIRST = "9: no key is stored where others could read it, as far as could be known"
    LEAKED = "10: a key that was reported as leaked is off while another key works"
    READERS = "11: who is no longer a reader can read nothing after the next run over all users"
    FIRST_KEY = "a first key is made once, and for nobody who has or had one"
    REPORTED = "12: what IAM should not show is reported as blocked"
    ONCE_A_DAY = "13: a request makes no key for a user within a day of another one"
    UNUSED = "14: no key is disabled as unused that is used, or whose owner was not warned for days"
    HELD_BACK = "what a limit, a grace, a hold, a tag or a dry run holds back is not done"
    PULLS = "15: a host that pulls by timer always has a key that works, and needs no hand"
    PREDECESSOR = "a user created again never gets the predecessor's key"
    KEY_LOG = "each change of a key has a line in the log, but for one that nobody could know of"
    PERSONS_KEY = "a key that a person made, or chose to keep, is left to them"


@dataclass(frozen=True)
class Violation:
    promise: Promise
    what: str
