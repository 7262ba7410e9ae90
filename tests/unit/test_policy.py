"""The decision table: every row of the lifecycle, every boundary, every pair of slots.

A case reads: a user like this, under these settings -> these actions, for this reason. `A` is the
older key, `B` the newer one. The user has a console password and a confirmed
subscription, unless a case says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from key_rotation.domain.action import Decision, Fact, Needs, Reason
from key_rotation.domain.emergency import decide_emergency
from key_rotation.domain.model import Audience, Event, LastUse, ManagedUser, version_id
from key_rotation.domain.policy import decide
from key_rotation.domain.request import decide_request
from tests.unit.builders import (
    NO_SECRET,
    NOW,
    SETTINGS,
    ago,
    expired,
    inactive,
    intent,
    key,
    said,
    secret,
    settings,
    stamp,
    user,
)

SECOND = 1 / 86400  # in days


@dataclass(frozen=True)
class Case:
    description: str
    user: ManagedUser
    actions: str
    reason: Reason
    settings: dict[str, Any] = field(default_factory=dict)


def delivered(**records: Any) -> Any:
    """The secret holds B, and B was announced right when it was made, unless said otherwise."""
    return secret("B", "A", **records)


def pair(a: Any, b: Any, notified: float | None = None, **facts: Any) -> ManagedUser:
    """A superseded A and its successor B, announced `notified` days ago (by default at once)."""
    records = facts.pop("records", {})
    days = (NOW - b.created) / timedelta(days=1) if notified is None else notified
    return user(a, b, secret=delivered(announced=stamp("B", days), **records), **facts)


# What the records of A, the old key, say.
REMINDED = {"notices": {Event.REMINDED: stamp("A", 3)}}
REMINDED_AT_ONCE = {"notices": {Event.REMINDED: stamp("A", 1)}}
LAST_NOTICE = {"notices": {Event.ENDING: stamp("A", 3)}}


NO_OR_ONE_KEY = [
    Case("no key", user(), "", Reason.NO_KEY),
    Case("one inactive key", user(inactive("A", 400)), "", Reason.NOT_ACTIVE),
    Case("one fresh inactive key", user(inactive("A", 1)), "", Reason.NOT_ACTIVE),
    Case("one expired key", user(expired("A", 400)), "", Reason.NOT_ACTIVE),
    Case("one young key", user(key("A", 40)), "", Reason.NOT_DUE),
    Case("one fresh key of a person", user(key("A", 1)), "", Reason.NOT_DUE),
    Case("made this minute", user(key("A", minutes=1)), "", Reason.IN_PROGRESS),
    Case("created in the future: clock skew", user(key("A", -1)), "", Reason.IN_PROGRESS),
    Case("a second before the warning window", user(key("A", 83 - SECOND)), "", Reason.NOT_DUE),
    Case(
        "the warning window begins",
        user(key("A", 83)),
        "prepare A, warn A",
        Reason.WARNING_WINDOW,
    ),
    Case(
        "warned before",
        user(key("A", 89), secret=secret(warned=stamp("A", 6))),
        "",
        Reason.WARNED_ALREADY,
    ),
    Case(
        "warned about its predecessor",
        user(key("B", 85), secret=secret("B", announced=stamp("B", 85), warned=stamp("A", 95))),
        "prepare B, warn B",
        Reason.WARNING_WINDOW,
    ),
    Case(
        "no warnings wanted",
        user(key("A", 90 - SECOND)),
        "",
        Reason.NOT_DUE,
        {"warn_before_days": 0},
    ),
    Case(
        "a second before the limit",
        user(key("A", 90 - SECOND)),
        "prepare A, warn A",
        Reason.WARNING_WINDOW,
    ),
    Case("due", user(key("A", 90)), "rotate A, announce, disable A", Reason.KEY_TOO_OLD),
    Case(
        "due, with a secret from Terraform that nobody has claimed",
        user(key("A", 90), secret=secret(user_id=None)),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "due, with the secret of a predecessor of the same name",
        user(key("A", 90), secret=secret("X", user_id="AIDAOLD", announced=stamp("X", 200))),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "due, with a secret that is pending deletion",
        user(key("A", 90), secret=secret("A", pending_deletion=True, announced=stamp("A", 90))),
        "prepare, rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "due, no subscription",
        user(key("A", 90), audience=Audience.NOBODY),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case(
        "due, no subscription, and nobody has to",
        user(key("A", 90), audience=Audience.NOBODY),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
        {"require_confirmed_subscription": False},
    ),
    Case(
        "to be warned, no subscription",
        user(key("A", 85), audience=Audience.NOBODY),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case(
        "due, an operator stands in for the owner",
        user(key("A", 90), audience=Audience.OPERATOR),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "due, and the secret of that name is not ours",
        user(key("A", 90), secret=secret(managed_by=None)),
        "block A",
        Reason.UNMANAGED_SECRET,
    ),
    Case(
        "to be warned, and the secret of that name is another module's",
        user(key("A", 85), secret=secret(managed_by="other")),
        "block A silently",
        Reason.UNMANAGED_SECRET,
    ),
    *(
        Case(
            f"the secret is not ours: said on day {days} of the key",
            user(key("A", days), secret=secret(managed_by=None)),
            "block A" if days in (83, 83.9, 90.5, 97) else "block A silently",
            Reason.UNMANAGED_SECRET,
        )
        for days in (83, 83.9, 84, 89.9, 90.5, 91, 96.9, 97, 98)
    ),
    Case(
        "the secret is not ours, and the user's keys may be 61 days old",
        user(
            key("A", 54),
            secret=secret(managed_by=None),
            tags={"max-key-age-days": "61"},
        ),
        "block A",
        Reason.UNMANAGED_SECRET,
    ),
    Case(
        "young, and the secret of that name is not ours",
        user(key("A", 1), secret=secret(managed_by=None)),
        "",
        Reason.UNMANAGED_SECRET,
    ),
]

GRACE = [
    Case(
        "a service user can fetch with nothing but the old key",
        user(key("A", 90), password=False),
        "rotate A, announce",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "… unless somebody else may read the secret",
        user(key("A", 90), password=False),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
        {"secret_reader_arns": ("arn:aws:iam::123456789012:role/deploy",)},
    ),
    Case(
        "grace wanted",
        user(key("A", 90)),
        "rotate A, announce",
        Reason.KEY_TOO_OLD,
        {"grace_days": 4},
    ),
    Case(
        "grace wanted by a tag",
        user(key("A", 90), tags={"grace-days": "3"}),
        "rotate A, announce",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "on hold by a tag",
        user(key("A", 90), tags={"hold-until": "2026-06-10"}),
        "rotate A, announce",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "a second before the service user's days are over",
        pair(key("A", 97), key("B", 7 - SECOND), password=False),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "the service user's days are over, and it uses both keys",
        pair(key("A", 97), key("B", 7), password=False, records=REMINDED),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "notified later than the key was made: the days count from then",
        pair(key("A", 97), key("B", 9), notified=6, password=False),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "no grace, but a key of another run is trusted after an hour",
        pair(key("A", 90), key("B", minutes=59)),
        "",
        Reason.UNVERIFIED,
    ),
    Case(
        "no grace, an hour later",
        pair(key("A", 90), key("B", hours=1)),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "no subscription any more: the owner was notified already",
        pair(
            key("A", 97),
            key("B", 7),
            password=False,
            audience=Audience.NOBODY,
            records=REMINDED,
        ),
        "disable A",
        Reason.SUPERSEDED,
    ),
]

HOLD = [
    Case(
        "still in use",
        pair(key("A", 100), key("B", 10), used={"A": ago(2)}),
        "hold A",
        Reason.STILL_IN_USE,
        {"hold_while_used_days": 3},
    ),
    Case(
        "still in use, reminded 6 days ago",
        pair(
            key("A", 100),
            key("B", 10),
            records={"notices": {Event.HELD: stamp("A", 7 - SECOND)}},
        ),
        "hold A silently",
        Reason.STILL_IN_USE,
        {"hold_while_used_days": 3},
    ),
    Case(
        "still in use, reminded 7 days ago",
        pair(key("A", 100), key("B", 10), records={"notices": {Event.HELD: stamp("A", 7)}}),
        "hold A",
        Reason.STILL_IN_USE,
        {"hold_while_used_days": 3},
    ),
    Case(
        "still in use, a reminder was about another key",
        pair(key("A", 100), key("B", 10), records={"notices": {Event.HELD: stamp("X", 1)}}),
        "hold A",
        Reason.STILL_IN_USE,
        {"hold_while_used_days": 3},
    ),
    Case(
        "not in use for just long enough",
        pair(key("A", 100), key("B", 10), used={"A": ago(3)}),
        "disable A",
        Reason.MOVED,
        {"hold_while_used_days": 3},
    ),
    Case(
        "never used",
        pair(key("A", 100), key("B", 10), used={"A": None}),
        "disable A",
        Reason.MOVED,
        {"hold_while_used_days": 3},
    ),
    Case(
        "without a grace, held when the new key was announced, and not moved: reminded",
        pair(key("A", 92), key("B", 2), used={"A": ago(3), "B": None}),
        "remind A",
        Reason.NOT_FETCHED,
        {"hold_while_used_days": 3},
    ),
    Case(
        "a grace of a day, and the owner was told of a hold: reminded",
        pair(
            key("A", 92),
            key("B", 3),
            used={"A": ago(6), "B": None},
            records={"notices": {Event.HELD: stamp("A", 2)}},
        ),
        "remind A",
        Reason.NOT_FETCHED,
        {"grace_days": 1},
    ),
    Case(
        "without a grace, held by a tag up to yesterday: its day was named",
        pair(
            key("A", 92),
            key("B", 3),
            used={"A": ago(6), "B": None},
            tags={"hold-until": "2026-05-31"},
            records={"notices": {Event.HELD: stamp("A", 2)}},
        ),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "without a grace, held, and reminded before",
        pair(key("A", 92), key("B", 2), used={"A": ago(3), "B": None}, records=REMINDED_AT_ONCE),
        "disable A",
        Reason.SUPERSEDED,
        {"hold_while_used_days": 3},
    ),
    Case(
        "without a grace, held, and moved: no reminder",
        pair(key("A", 92), key("B", 2), used={"A": ago(3), "B": ago(1)}),
        "disable A",
        Reason.MOVED,
        {"hold_while_used_days": 3},
    ),
    Case(
        "without a grace, held, and no reminders are wanted",
        pair(key("A", 92), key("B", 2), used={"A": ago(3), "B": None}),
        "disable A",
        Reason.SUPERSEDED,
        {"hold_while_used_days": 3, "remind_before_days": 0},
    ),
    Case(
        "without a grace, and not in use when the new key was announced: no day was given",
        pair(key("A", 92), key("B", 2), used={"A": ago(5), "B": None}),
        "disable A",
        Reason.SUPERSEDED,
        {"hold_while_used_days": 3},
    ),
    Case(
        "a second before the ceiling",
        pair(key("A", 120), key("B", 30 - SECOND)),
        "hold A for the last time",
        Reason.STILL_IN_USE,
        {"hold_while_used_days": 3},
    ),
    Case(
        "at the ceiling",
        pair(key("A", 120), key("B", 30), records=LAST_NOTICE),
        "disable A",
        Reason.OVERLAP_CEILING,
        {"hold_while_used_days": 3},
    ),
    Case(
        "held by a tag, that day included",
        pair(key("A", 100), key("B", 10), tags={"hold-until": "2026-06-01"}),
        "hold A",
        Reason.HOLD_UNTIL,
    ),
    Case(
        "held by a tag that names the key",
        pair(key("A", 100), key("B", 10), tags={"hold-until": "2026-06-01 A"}),
        "hold A",
        Reason.HOLD_UNTIL,
    ),
    Case(
        "a tag that names a key of an earlier rotation holds no other",
        pair(key("A", 100), key("B", 10), tags={"hold-until": "2026-06-10 Z"}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the day is over",
        pair(key("A", 100), key("B", 10), tags={"hold-until": "2026-05-31"}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "held by a tag until the end of time: the ceiling holds",
        pair(key("A", 120), key("B", 30), tags={"hold-until": "9999-12-31"}, records=LAST_NOTICE),
        "disable A",
        Reason.OVERLAP_CEILING,
    ),
    Case(
        "a malformed hold is no hold",
        pair(key("A", 100), key("B", 10), tags={"hold-until": "soon"}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "seen active again: the record that it was inactive goes",
        pair(
            key("A", 100),
            key("B", 10),
            records={"inactive_since": stamp("A", 5)},
            tags={"hold-until": "2026-06-20"},
        ),
        "forget A, hold A",
        Reason.HOLD_UNTIL,
    ),
]

SERVICE: dict[str, Any] = {"password": False}
READER = {"secret_reader_arns": ("arn:aws:iam::123456789012:role/deploy",)}

PROMISED = [
    Case(
        "a service was told 8 June, and a reader is added: its old key stays on until then",
        pair(key("A", 91), key("B", 1), records={"works_until": stamp("A", -6)}, **SERVICE),
        "",
        Reason.IN_GRACE,
        READER,
    ),
    Case(
        "… until that day is over",
        pair(
            key("A", 97),
            key("B", 7),
            records=REMINDED | {"works_until": stamp("A"), "last_read": ago(3).date()},
            used={"A": ago(50), "B": None},
            **SERVICE,
        ),
        "disable A",
        Reason.SUPERSEDED,
        READER,
    ),
    Case(
        "a hold by tag was announced, and the tag is gone",
        pair(key("A", 97), key("B", 7), records=REMINDED | {"works_until": stamp("A", -3)}),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "the ceiling was lowered since",
        pair(
            key("A", 100),
            key("B", 10),
            records={"works_until": stamp("A", -20)},
            tags={"hold-until": "2026-12-31"},
        ),
        "hold A",
        Reason.HOLD_UNTIL,
        {"max_overlap_days": 10},
    ),
    Case(
        "what was promised of another key does not count",
        pair(key("A", 97), key("B", 7), records={"works_until": stamp("X", -3)}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "no message promised that: the record is not ours",
        pair(key("A", 97), key("B", 7), records={"works_until": stamp("A", -3000)}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the owner was warned of a day, and the limit is lowered",
        user(
            key("A", 85),
            secret=secret(warned=stamp("A", 2), works_until=stamp("A", -5)),
            tags={"max-key-age-days": "61"},
        ),
        "",
        Reason.WARNED_ALREADY,
    ),
    Case(
        "… which comes",
        user(
            key("A", 85),
            secret=secret(warned=stamp("A", 7), works_until=stamp("A")),
            tags={"max-key-age-days": "61"},
        ),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "an idle key, of which a message named a day",
        user(
            key("A", 80),
            key("B", 60),
            secret=secret(works_until=stamp("B", -1)),
            used={"B": None},
        ),
        "",
        Reason.TWO_ACTIVE,
    ),
]

HELD_LATELY = {Event.HELD: stamp("A", 1)}
USED_SINCE = {"A": ago(1), "B": None}  # the old key, since the announcement
UNUSED = {"A": ago(50), "B": None}  # neither since
MOVED = {"A": ago(5), "B": ago(1)}
BOTH = {"A": ago(1), "B": ago(1)}
TRIED = {"A": ago(50), "B": ago(7, minutes=-59)}  # by the run that made it
DAY_OF_B = ago(7).date()
MADE_NOW = {"versions": {version_id("B"): frozenset({"AWSCURRENT"})}}


def fetched(days: float, at: float, service: str = "secretsmanager", **facts: Any) -> ManagedUser:
    """The same, `days` after the announcement. The last use of the old key was so many days ago; on
    that day the secret was read for the last time."""
    records = {"last_read": ago(at).date()} | facts.pop("records", {})
    subject = handing_over(UNUSED, days, records=records, **facts)
    return replace(subject, last_used={"A": LastUse(ago(at), service), "B": None})


def handing_over(used: dict[str, Any], days: float = 7, **facts: Any) -> ManagedUser:
    """A service whose new key was announced `days` ago, and whose owner was reminded."""
    records = REMINDED | {"announced": stamp("B", days)} | facts.pop("records", {})
    state = replace(delivered(**records), **facts.pop("state", {}))
    return user(
        key("A", 90 + days), key("B", days), used=used, secret=state, password=False, **facts
    )


# Services, which need the old key to fetch the new one, at the end of their grace of 7 days.
HAND_OVER = [
    Case(
        "moved: nothing is sent",
        handing_over(MOVED),
        "disable A",
        Reason.MOVED,
    ),
    Case(
        "moved, whether or not anybody read the secret: the old key was copied to where it is used",
        handing_over({"A": None, "B": ago(1)}),
        "disable A",
        Reason.MOVED,
    ),
    Case(
        "both are in use",
        handing_over(BOTH),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "both are in use, and that holds",
        handing_over(BOTH),
        "hold A",
        Reason.STILL_IN_USE,
        {"hold_while_used_days": 3},
    ),
    Case(
        "moved, and the old key was used some days ago",
        handing_over(MOVED),
        "hold A",
        Reason.STILL_IN_USE,
        {"hold_while_used_days": 6},
    ),
    Case(
        "the old key is in use, the new one is not",
        handing_over(USED_SINCE),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… though the secret was read",
        handing_over(USED_SINCE, records={"last_read": ago(1).date()}),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… unless that is not wanted",
        handing_over(USED_SINCE),
        "disable A",
        Reason.SUPERSEDED,
        {"hold_until_moved": False},
    ),
    Case(
        "the old key was used a second before the announcement",
        handing_over(UNUSED | {"A": ago(7 + SECOND)}, records={"last_read": ago(1).date()}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "… a second after",
        handing_over(UNUSED | {"A": ago(7 - SECOND)}, records={"last_read": ago(1).date()}),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "the old key fetched the new one, which is a use of it, and nothing used it since",
        fetched(9, 7),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "… but that is not as long ago as the grace",
        fetched(9, 7 - SECOND),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… but something else uses it",
        fetched(9, 7, "s3"),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… but it reads another secret",
        fetched(9, 7, records={"last_read": ago(8).date()}),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… but the secret was read again, and IAM lags",
        fetched(9, 7, records={"last_read": ago(6).date()}),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… on the day of the announcement: the placeholder, perhaps",
        fetched(7.1, 7),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "… but a message gave the key more days than the grace has now",
        fetched(
            19,
            7,
            records={"works_until": stamp("A", 9), "notices": {Event.REMINDED: stamp("A", 12)}},
        ),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "the last use of the old key lags: it is from before",
        handing_over({"A": ago(8), "B": None}),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "our own trial with STS is no use of the new key",
        handing_over(TRIED),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "a use an hour after it was made is its owner's",
        handing_over(TRIED | {"B": ago(7, hours=-1)}),
        "disable A",
        Reason.MOVED,
    ),
    Case(
        "nobody fetched the new key",
        handing_over(UNUSED),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "… unless that is not wanted",
        handing_over(UNUSED),
        "disable A",
        Reason.SUPERSEDED,
        {"hold_until_moved": False},
    ),
    Case(
        "nobody fetched it, but its owner can sign in",
        replace(handing_over(UNUSED), has_password=True),
        "disable A",
        Reason.SUPERSEDED,
        {"grace_days": 7},
    ),
    Case(
        "nobody fetched it, but somebody else may read it",
        handing_over(UNUSED),
        "disable A",
        Reason.SUPERSEDED,
        {"grace_days": 7, **READER},
    ),
    Case(
        "the secret was read the day after the announcement",
        handing_over(UNUSED, records={"last_read": DAY_OF_B + timedelta(days=1)}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the secret was read on the day of the announcement: the placeholder, perhaps",
        handing_over(UNUSED, records={"last_read": DAY_OF_B}),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "… but it never held anything else",
        handing_over(UNUSED, records={"last_read": DAY_OF_B}, state=MADE_NOW),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the secret was read the day before",
        handing_over(UNUSED, records={"last_read": DAY_OF_B - timedelta(days=1)}, state=MADE_NOW),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "our clock was a day behind: the day on which IAM made the key counts",
        handing_over(
            UNUSED,
            records={"announced": stamp("B", 8), "last_read": DAY_OF_B},
        ),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "a read that is dated tomorrow is a read",
        handing_over(UNUSED, records={"last_read": ago(-1).date()}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the secret was restored, and the key announced anew: an earlier read does not count",
        handing_over(
            UNUSED,
            days=20,
            records={"announced": stamp("B", 7), "last_read": ago(9).date()},
        ),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "a re-created user: what was seen of the predecessor does not count, nor does its record",
        handing_over(
            UNUSED,
            records={"user_id": "AIDAPREDECESSOR", "last_read": ago(1).date()},
            state=MADE_NOW,
        ),
        "",
        Reason.TWO_ACTIVE,
        {"idle_after_days": 60, "max_key_age_days": 180},
    ),
    Case(
        "… once the secret is theirs: the predecessor read it before the announcement",
        handing_over(UNUSED, records={"last_read": ago(8).date()}, state=MADE_NOW),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "announced through the operators only",
        handing_over(UNUSED, audience=Audience.OPERATOR),
        "hold A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "where there is no grace, nobody is waited for: a run died before the disable",
        pair(key("A", 90), key("B", hours=2), used=UNUSED),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the grace is gone, since a reader was named, but a message gave the key days",
        handing_over(USED_SINCE, records={"works_until": stamp("A")}),
        "hold A",
        Reason.STILL_IN_USE,
        READER,
    ),
    Case(
        "… and its owner has a password now",
        replace(handing_over(USED_SINCE, records={"works_until": stamp("A")}), has_password=True),
        "hold A",
        Reason.STILL_IN_USE,
    ),
    Case(
        "held by a tag, and moved: nothing is sent",
        handing_over(MOVED, tags={"hold-until": "2026-06-10"}),
        "hold A silently",
        Reason.HOLD_UNTIL,
    ),
    Case(
        "a day and the notice before the ceiling: not yet",
        handing_over(USED_SINCE, 26 - SECOND, records={"notices": HELD_LATELY}),
        "hold A silently",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… now: the operators are told whom the ceiling cuts off",
        handing_over(USED_SINCE, 26, records={"notices": HELD_LATELY}),
        "hold A for the last time",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… once",
        handing_over(USED_SINCE, 28, records={"notices": {Event.ENDING: stamp("A", 2)}}),
        "hold A silently",
        Reason.STILL_IN_USE,
    ),
    Case(
        "the ceiling",
        handing_over(USED_SINCE, 30, records=LAST_NOTICE),
        "disable A",
        Reason.OVERLAP_CEILING,
    ),
    Case(
        "the ceiling, and nobody was told",
        handing_over(USED_SINCE, 30),
        "hold A for the last time",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… told less than three days ago",
        handing_over(USED_SINCE, 31, records={"notices": {Event.ENDING: stamp("A", 3 - SECOND)}}),
        "hold A silently",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… told of another key",
        handing_over(USED_SINCE, 31, records={"notices": {Event.ENDING: stamp("X", 5)}}),
        "hold A for the last time",
        Reason.STILL_IN_USE,
    ),
    Case(
        "… told in the future: that record is not ours",
        handing_over(USED_SINCE, 31, records={"notices": {Event.ENDING: stamp("A", -5)}}),
        "hold A for the last time",
        Reason.STILL_IN_USE,
    ),
    Case(
        "no reminders are wanted: the operators know a day ahead",
        handing_over(USED_SINCE, 28, records={"notices": HELD_LATELY}),
        "hold A for the last time",
        Reason.STILL_IN_USE,
        {"remind_before_days": 0},
    ),
    Case(
        "moved at the ceiling, held by a tag: nobody is cut off",
        handing_over(MOVED, 30, tags={"hold-until": "2026-12-31"}),
        "disable A",
        Reason.MOVED,
    ),
    Case(
        "the ceiling was raised after the last notice: that was of another day",
        handing_over(USED_SINCE, 41, records={"notices": {Event.ENDING: stamp("A", 15)}}),
        "hold A for the last time",
        Reason.STILL_IN_USE,
        {"max_overlap_days": 45},
    ),
    Case(
        "the ceiling was lowered after the last notice: the day that it named comes first",
        handing_over(
            USED_SINCE,
            29,
            records={"notices": {Event.ENDING: stamp("A", 3)}, "works_until": stamp("A", -1)},
        ),
        "hold A silently",
        Reason.STILL_IN_USE,
        {"max_overlap_days": 20},
    ),
    Case(
        "moved after the last notice: the day that it named is waited for",
        handing_over(
            MOVED,
            29,
            records={"notices": {Event.ENDING: stamp("A", 3)}, "works_until": stamp("A", -1)},
        ),
        "",
        Reason.IN_GRACE,
    ),
]

UNREMINDED: dict[str, Any] = {"records": {"notices": {}}}

REMINDERS = [
    Case(
        "three and a half days before the end: nobody fetched it",
        handing_over(UNUSED, 3.5, **UNREMINDED),
        "remind A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "a second before",
        handing_over(UNUSED, 3.5 - SECOND, **UNREMINDED),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "a day later: nothing is looked at again before the end",
        handing_over(UNUSED, 4.5, **UNREMINDED),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "fetched, not used",
        handing_over(UNUSED, 4, records={"notices": {}, "last_read": ago(3).date()}),
        "remind A",
        Reason.FETCHED,
    ),
    Case(
        "both are in use",
        handing_over({"A": ago(hours=2), "B": ago(hours=2.9)}, 4, **UNREMINDED),
        "remind A",
        Reason.MOVING,
    ),
    Case(
        "moved: the old key was last used an hour before the new one",
        handing_over({"A": ago(hours=3), "B": ago(hours=2)}, 4, **UNREMINDED),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "once",
        handing_over(UNUSED, 4, records={"notices": {Event.REMINDED: stamp("A", hours=1)}}),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "reminded of the same key, which had another successor then",
        handing_over(UNUSED, 4, records={"notices": {Event.REMINDED: stamp("A", 30)}}),
        "remind A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "reminded since this successor was made, and announced again since",
        handing_over(
            UNUSED,
            9,
            records={"announced": stamp("B", 4), "notices": {Event.REMINDED: stamp("A", 8)}},
        ),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "once per key",
        handing_over(UNUSED, 4, records={"notices": {Event.REMINDED: stamp("X", hours=1)}}),
        "remind A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "not wanted",
        handing_over(UNUSED, 4, **UNREMINDED),
        "",
        Reason.IN_GRACE,
        {"remind_before_days": 0},
    ),
    Case(
        "before the end that a message named",
        handing_over(UNUSED, 8, records={"notices": {}, "works_until": stamp("A", -3)}),
        "remind A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "… though there would be no grace now, since a reader was named",
        handing_over(UNUSED, 4, records={"notices": {}, "works_until": stamp("A", -3)}),
        "remind A",
        Reason.NOT_FETCHED,
        READER,
    ),
    Case(
        "before the end of a tag's hold",
        handing_over(UNUSED, 4, tags={"hold-until": "2026-06-10"}, **UNREMINDED),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "the user's own grace is shorter than the notice",
        replace(handing_over(UNUSED, 1, tags={"grace-days": "3"}, **UNREMINDED), has_password=True),
        "remind A",
        Reason.NOT_FETCHED,
    ),
    Case(
        "nobody would get it",
        handing_over(UNUSED, 4, audience=Audience.NOBODY, **UNREMINDED),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "no run sent it in time: it is sent now, and the key stays on",
        handing_over(UNUSED, 7, records={"notices": {}, "last_read": ago(3).date()}),
        "remind A",
        Reason.FETCHED,
    ),
    Case(
        "… for the days that it named",
        handing_over(
            UNUSED,
            9,
            records={
                "notices": {Event.REMINDED: stamp("A", 2)},
                "works_until": stamp("A", -1),
                "last_read": ago(3).date(),
            },
        ),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "no run sent it in time, and nobody would get it",
        handing_over(
            UNUSED,
            7,
            records={"notices": {}, "last_read": ago(3).date()},
            audience=Audience.NOBODY,
        ),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case(
        "no run sent it in time, and it is not wanted",
        handing_over(BOTH, 7, **UNREMINDED),
        "disable A",
        Reason.SUPERSEDED,
        {"remind_before_days": 0},
    ),
]

LEAKED = [
    Case(
        "a leaked key is on again, in its grace",
        pair(key("A", 41), key("B", 1), records={"leaked": ["A"]}, **SERVICE),
        "disable A",
        Reason.LEAKED,
    ),
    Case(
        "… although a tag holds it, and a message named a later day",
        pair(
            key("A", 41),
            key("B", 1),
            records={"leaked": ["A"], "works_until": stamp("A", -6)},
            tags={"hold-until": "2026-06-20"},
        ),
        "disable A",
        Reason.LEAKED,
    ),
    Case(
        "… and was on record as inactive",
        pair(key("A", 41), key("B", 1), records={"leaked": ["A"], "inactive_since": stamp("A", 1)}),
        "forget A, disable A",
        Reason.LEAKED,
    ),
    Case(
        "the leaked key is the newer one",
        user(key("A", 90), key("B", 5), secret=secret("B", leaked=["B"], announced=stamp("B", 5))),
        "disable B",
        Reason.LEAKED,
    ),
    Case(
        "… and the new key was never announced",
        user(key("A", 41), key("B", 1), secret=delivered(leaked=["A"])),
        "disable A, announce B",
        Reason.LEAKED,
    ),
    Case(
        "… and nobody would be notified of it",
        user(
            key("A", 41),
            key("B", 1),
            secret=delivered(leaked=["A"]),
            audience=Audience.NOBODY,
        ),
        "disable A",
        Reason.LEAKED,
    ),
    Case(
        "both are leaked: one at least is off",
        user(key("A", 80), key("B", 60), secret=secret(leaked=["A", "B"])),
        "disable A",
        Reason.LEAKED,
    ),
    Case(
        "leaked and alone, when it is looked at: replaced, whatever its age",
        user(key("A", 84), secret=secret(leaked=["A"])),
        "rotate A, announce, disable A",
        Reason.LEAKED,
        {"grace_days": 7},
    ),
    Case(
        "… but not if nobody could fetch the new key",
        user(key("A", 84), secret=secret(leaked=["A"]), **SERVICE),
        "block A",
        Reason.NOBODY_CAN_FETCH,
    ),
    Case(
        "… which a reader could",
        user(key("A", 84), secret=secret(leaked=["A"]), **SERVICE),
        "rotate A, announce, disable A",
        Reason.LEAKED,
        READER,
    ),
    Case(
        "leaked and inactive: as any superseded key",
        pair(
            inactive("A", 130),
            key("B", 40),
            records={"leaked": ["A"], "inactive_since": stamp("A", 30)},
        ),
        "delete A",
        Reason.SUPERSEDED,
    ),
]

THREE_KEYS = [
    Case(
        "three active keys",
        user(key("A", 120), key("B", 110), key("C", 100)),
        "block A",
        Reason.MORE_THAN_TWO_KEYS,
    ),
    Case(
        "three keys, none of them due",
        user(inactive("A", 50), key("B", 40), key("C", 30)),
        "block B",
        Reason.MORE_THAN_TWO_KEYS,
    ),
    Case(
        "three inactive keys",
        user(inactive("A", 50), inactive("B", 40), inactive("C", 30)),
        "block A",
        Reason.MORE_THAN_TWO_KEYS,
    ),
    Case(
        "three keys, reported a week ago",
        user(
            key("A", 120),
            key("B", 110),
            key("C", 100),
            secret=secret(notices={Event.BLOCKED: stamp("A", 6)}),
        ),
        "block A silently",
        Reason.MORE_THAN_TWO_KEYS,
    ),
    Case(
        "one of three is an orphan: that is solved without a person",
        user(
            key("A", 120),
            key("B", 20),
            key("C", 1),
            secret=secret("B", "A", announced=stamp("B", 20), intent=intent(1, "A", "B")),
            used={"C": None},
        ),
        "disable C",
        Reason.ORPHAN,
    ),
    Case(
        "one of three is delivered and not announced",
        user(key("A", 120), key("B", 110), key("C", 1), secret=secret("C", "B")),
        "announce C",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "one of three is leaked",
        user(key("A", 120), key("B", 110), key("C", 1), secret=secret("C", leaked=["A"])),
        "disable A, announce C",
        Reason.LEAKED,
    ),
]

DELETE = [
    Case(
        "superseded and inactive, not on record",
        pair(inactive("A", 100), key("B", 10)),
        "record A",
        Reason.SEEN_INACTIVE,
    ),
    Case(
        "superseded and inactive, a second too short",
        pair(
            inactive("A", 130),
            key("B", 40),
            records={"inactive_since": stamp("A", 30 - SECOND)},
        ),
        "",
        Reason.WAITING_TO_DELETE,
    ),
    Case(
        "superseded and inactive for long enough",
        pair(inactive("A", 130), key("B", 40), records={"inactive_since": stamp("A", 30)}),
        "delete A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the record is about another key",
        pair(inactive("A", 130), key("B", 40), records={"inactive_since": stamp("X", 90)}),
        "record A",
        Reason.SEEN_INACTIVE,
    ),
    Case(
        "superseded and expired: not ours to delete",
        pair(expired("A", 130), key("B", 40)),
        "",
        Reason.NOT_DUE,
    ),
    Case(
        "delete, and warn about its successor",
        pair(inactive("A", 175), key("B", 85), records={"inactive_since": stamp("A", 85)}),
        "delete A, prepare B, warn B",
        Reason.WARNING_WINDOW,
    ),
    Case(
        "delete, and rotate its successor",
        pair(inactive("A", 180), key("B", 90), records={"inactive_since": stamp("A", 90)}),
        "delete A, rotate B, announce, disable B",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "delete, and rotate a due key of a person's pair",
        user(inactive("A", 200), key("B", 90), secret=secret(inactive_since=stamp("A", 30))),
        "delete A, rotate B, announce, disable B",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "… but no subscription: then no place is made",
        user(
            inactive("A", 200),
            key("B", 90),
            secret=secret(inactive_since=stamp("A", 30)),
            audience=Audience.NOBODY,
        ),
        "block B silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case(
        "due, the other slot is inactive, not on record yet",
        user(inactive("A", 200), key("B", 90)),
        "record A, block B",
        Reason.SLOT_TAKEN,
    ),
    Case(
        "due, the other slot is inactive, on record too shortly",
        user(inactive("A", 200), key("B", 90), secret=secret(inactive_since=stamp("A", 29))),
        "block B",
        Reason.SLOT_TAKEN,
    ),
    Case(
        "due, blocked, and notified so 6 days ago",
        user(
            inactive("A", 200),
            key("B", 90),
            secret=secret(inactive_since=stamp("A", 29), notices={Event.BLOCKED: stamp("B", 6)}),
        ),
        "block B silently",
        Reason.SLOT_TAKEN,
    ),
    Case(
        "due, the other slot is expired",
        user(expired("A", 200), key("B", 90)),
        "block B",
        Reason.SLOT_TAKEN_BY_EXPIRED_KEY,
    ),
    Case(
        "a person re-enabled the old key and disabled the new one",
        user(key("A", 95), inactive("B", 5), secret=delivered(announced=stamp("B", 5))),
        "record B, block A",
        Reason.SLOT_TAKEN,
    ),
    Case(
        "to be warned, the other slot is inactive",
        user(inactive("A", 200), key("B", 85)),
        "record A, prepare B, warn B",
        Reason.WARNING_WINDOW,
    ),
    Case(
        "young, the other slot is inactive, on record early enough to be deleted in time",
        user(inactive("A", 200), key("B", 53)),
        "record A",
        Reason.SEEN_INACTIVE,
    ),
    Case(
        "young, the other slot is inactive, too early for a record that needs a secret",
        user(inactive("A", 200), key("B", 53 - SECOND)),
        "",
        Reason.NOT_DUE,
    ),
    Case(
        "young, the other slot is inactive, there is a secret to write it on",
        user(inactive("A", 200), key("B", 20), secret=secret()),
        "record A",
        Reason.SEEN_INACTIVE,
    ),
    Case(
        "young, the other slot is inactive and on record",
        user(inactive("A", 200), key("B", 20), secret=secret(inactive_since=stamp("A", 3))),
        "",
        Reason.NOT_DUE,
    ),
    Case("two inactive keys", user(inactive("A", 200), inactive("B", 90)), "", Reason.NOT_ACTIVE),
    Case(
        "two inactive keys, one of them fresh",
        user(inactive("A", 200), inactive("B", 1)),
        "",
        Reason.NOT_ACTIVE,
    ),
    Case("inactive and expired", user(inactive("A", 200), expired("B", 9)), "", Reason.NOT_ACTIVE),
    Case("two expired keys", user(expired("A", 200), expired("B", 90)), "", Reason.NOT_ACTIVE),
]

TWO_ACTIVE = [
    Case("none due, none idle", user(key("A", 80), key("B", 9)), "", Reason.TWO_ACTIVE),
    Case(
        "one idle for just long enough",
        user(key("A", 80), key("B", 9), used={"A": ago(45)}),
        "disable A",
        Reason.IDLE,
    ),
    Case(
        "one idle, a second too short",
        user(key("A", 80), key("B", 9), used={"A": ago(45 - SECOND)}),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "one never used since it was made",
        user(key("A", 80), key("B", 45), used={"B": None}),
        "disable B",
        Reason.IDLE,
    ),
    Case(
        "one never used, but younger than that",
        user(key("A", 80), key("B", 45 - SECOND), used={"B": None}),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "both idle: nobody knows which one is needed",
        user(key("A", 80), key("B", 60), used={"A": ago(50), "B": None}),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "both idle, one of them delivered: that one can be fetched",
        user(
            key("A", 80),
            key("B", 60),
            secret=secret("A", announced=stamp("A", 80)),
            used={"A": ago(50), "B": None},
        ),
        "disable B",
        Reason.IDLE,
    ),
    Case(
        "… but a service was notified of it a second too late: the idle one may have to fetch it",
        user(
            key("A", 80),
            key("B", 60),
            secret=secret("A", announced=stamp("A", 7 - SECOND)),
            used={"A": ago(50), "B": None},
            password=False,
        ),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "… and a service had its days to fetch it",
        user(
            key("A", 80),
            key("B", 60),
            secret=secret("A", announced=stamp("A", 7)),
            used={"A": ago(50), "B": None},
            password=False,
        ),
        "disable B",
        Reason.IDLE,
    ),
    Case(
        "… as long as the idle one has been there: a key of one day fetches nothing for seven",
        user(
            key("A", 80),
            key("B", 7 - SECOND),
            secret=secret("A", announced=stamp("A", 80)),
            used={"A": ago(50), "B": None},
            password=False,
        ),
        "",
        Reason.TWO_ACTIVE,
        {"idle_after_days": 1},
    ),
    Case(
        "… an owner who signs in needs no key to fetch it",
        user(
            key("A", 80),
            key("B", 60),
            secret=secret("A", announced=stamp("A", 1)),
            used={"A": ago(50), "B": None},
        ),
        "disable B",
        Reason.IDLE,
    ),
    Case(
        "one idle, held by a tag",
        user(key("A", 80), key("B", 70), used={"A": ago(60)}, tags={"hold-until": "2026-06-01 A"}),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "… by a date alone",
        user(key("A", 80), key("B", 70), used={"A": ago(60)}, tags={"hold-until": "2026-06-01"}),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "… up to yesterday",
        user(key("A", 80), key("B", 70), used={"A": ago(60)}, tags={"hold-until": "2026-05-31 A"}),
        "disable A",
        Reason.IDLE,
    ),
    Case(
        "… the tag is about the other key",
        user(key("A", 80), key("B", 70), used={"A": ago(60)}, tags={"hold-until": "2026-06-10 B"}),
        "disable A",
        Reason.IDLE,
    ),
    Case(
        "… and the older one is due",
        user(key("A", 95), key("B", 70), used={"A": ago(60)}, tags={"hold-until": "2026-06-10 A"}),
        "block A",
        Reason.TWO_ACTIVE_KEYS_DUE,
    ),
    Case(
        "… the newer one, and the older one is due",
        user(key("A", 95), key("B", 70), used={"B": None}, tags={"hold-until": "2026-06-10 B"}),
        "block A",
        Reason.TWO_ACTIVE_KEYS_DUE,
    ),
    Case(
        "one idle, no subscription",
        user(key("A", 80), key("B", 9), used={"A": ago(60)}, audience=Audience.NOBODY),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case("two young keys", user(key("A", 40), key("B", 9)), "", Reason.TWO_ACTIVE),
    Case("due, none idle", user(key("A", 90), key("B", 9)), "block A", Reason.TWO_ACTIVE_KEYS_DUE),
    Case(
        "due, the idle one first",
        user(key("A", 90), key("B", 60), used={"B": None}),
        "disable B",
        Reason.IDLE,
    ),
    Case(
        "the newer one undelivered, made a minute ago: another run may be at work",
        user(key("A", 90), key("B", minutes=1)),
        "",
        Reason.IN_PROGRESS,
    ),
    Case(
        "the newer one is in the secret, but only as AWSPREVIOUS: not delivered",
        user(key("A", 90), key("B", 9), secret=secret("X", "B")),
        "block A",
        Reason.TWO_ACTIVE_KEYS_DUE,
    ),
    Case(
        "the newer one is in a predecessor's secret: not delivered",
        user(
            key("A", 90),
            key("B", 9),
            secret=secret("B", user_id="AIDAOLD", announced=stamp("B", 9)),
        ),
        "block A",
        Reason.TWO_ACTIVE_KEYS_DUE,
    ),
    Case(
        "somebody put another value into the secret after B was announced",
        user(key("A", 97), key("B", 7), secret=secret("X", "B", announced=stamp("B", 7))),
        "block B",
        Reason.SECRET_CHANGED,
    ),
    Case(
        "… of two keys one is inactive",
        user(inactive("A", 97), key("B", 7), secret=secret("X", "B", announced=stamp("B", 7))),
        "block B",
        Reason.SECRET_CHANGED,
    ),
    Case(
        "… and the announced key is gone: its owner chose the other one",
        user(key("A", 97), secret=secret("X", "B", announced=stamp("B", 7))),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "… and the announced key is inactive: its owner chose the other one",
        user(key("A", 80), inactive("B", 7), secret=secret("X", "B", announced=stamp("B", 7))),
        "record B",
        Reason.SEEN_INACTIVE,
    ),
    Case(
        "… of the only key, right after it was announced",
        user(key("B", 2), secret=secret("X", "B", announced=stamp("B", 2))),
        "block B",
        Reason.SECRET_CHANGED,
    ),
    Case(
        "… of the only key, in its warning window: the next rotation mends it",
        user(key("B", 85), secret=secret("X", "B", announced=stamp("B", 85))),
        "prepare B, warn B",
        Reason.WARNING_WINDOW,
    ),
    Case(
        "the pair's secret is pending deletion: restored, and then it is a pair",
        pair(key("A", 97), key("B", 7), records={"pending_deletion": True}),
        "prepare, announce B, disable A",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "… and its owner, who could not fetch the new key, is given the time again",
        user(
            key("A", 97),
            key("B", 7),
            secret=secret("B", announced=stamp("B", 7), pending_deletion=True),
            password=False,
        ),
        "prepare, announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "… and the announced key is not in it: it is no orphan, since its owner may have it",
        user(
            key("A", 1),
            key("B", hours=1),
            secret=secret(
                "A", announced=stamp("B"), intent=intent(0, "A", hours=1), pending_deletion=True
            ),
            used={"A": None, "B": None},
        ),
        "prepare, announce A",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "… and the announced key is the older one: the newer may be an orphan all the same",
        user(
            key("A", 80),
            key("B", hours=1),
            secret=secret(
                "A", announced=stamp("A", 80), intent=intent(0, "A", hours=1), pending_deletion=True
            ),
            used={"A": None, "B": None},
        ),
        "prepare, disable B",
        Reason.ORPHAN,
    ),
    Case(
        "the delivered key is the older one, and a person has made another",
        user(key("A", 80), key("B", 9), secret=secret("A", announced=stamp("A", 80))),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "active again: the record that it was inactive goes",
        user(key("A", 80), key("B", 9), secret=secret(inactive_since=stamp("A", 20))),
        "forget A",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "active again, in a secret that is pending deletion: restored before a record is touched",
        user(
            key("A", 80),
            key("B", 9),
            secret=secret(inactive_since=stamp("A", 20), pending_deletion=True),
        ),
        "prepare, forget A",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "active again, and due alone: the record that it was inactive goes before it is superseded",
        user(
            key("A", 90),
            secret=secret("B", announced=stamp("B", 85), inactive_since=stamp("A", 85)),
            password=False,
        ),
        "forget A, rotate A, announce",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "active again, while the secret holds something else: the record goes all the same",
        user(
            key("A", 80),
            key("B", 40),
            secret=secret("X", announced=stamp("B", 40), inactive_since=stamp("A", 29)),
        ),
        "forget A, block B",
        Reason.SECRET_CHANGED,
    ),
    Case(
        "active again, and the other one inactive: the record goes",
        user(key("A", 70), inactive("B", 40), secret=secret("B", inactive_since=stamp("A", 29))),
        "forget A, record B",
        Reason.SEEN_INACTIVE,
    ),
    Case(
        "a record from before the other key was made: the key may have been active alone since",
        user(
            inactive("A", 98),
            key("B", 8),
            secret=secret("B", announced=stamp("B", 8), inactive_since=stamp("A", 85)),
        ),
        "record A",
        Reason.SEEN_INACTIVE,
    ),
    Case(
        "that the new key was tried by ourselves is no use of it: the other one is not idle",
        user(key("A", 80), key("B", 1), used={"A": ago(60), "B": ago(0.999)}),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case("an active and an expired key", user(expired("A", 99), key("B", 9)), "", Reason.NOT_DUE),
]

LEFT_BEHIND = [
    Case(
        "an orphan, 20 minutes old",
        user(
            key("A", 90),
            key("B", minutes=20),
            secret=secret(intent=intent(0, "A", minutes=20)),
            used={"B": None},
        ),
        "disable B",
        Reason.ORPHAN,
    ),
    Case(
        "the key of the intent is in the secret: a person made the other one at the same time",
        user(
            key("A", 90),
            key("B", 1),
            key("C", 1),
            secret=secret("B", announced=stamp("B", 1), intent=intent(1, "A")),
            used={"A": None, "B": None, "C": None},
        ),
        "block A",
        Reason.MORE_THAN_TWO_KEYS,
    ),
    Case(
        "… and has deleted the old key since",
        user(
            key("B", 1),
            key("C", 1),
            secret=secret("B", announced=stamp("B", 1), intent=intent(1, "A")),
            used={"B": None, "C": None},
        ),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "an orphan, a second younger",
        user(
            key("A", 90),
            key("B", minutes=20, seconds=-1),
            secret=secret(intent=intent(0, "A", minutes=20)),
            used={"B": None},
        ),
        "",
        Reason.IN_PROGRESS,
    ),
    Case(
        "made 60 s after the intent",
        user(
            key("A", 90),
            key("B", 1),
            secret=secret(intent=intent(1, "A", seconds=60)),
            used={"B": None},
        ),
        "disable B",
        Reason.ORPHAN,
    ),
    Case(
        "made 61 s after the intent: a person's",
        user(
            key("A", 80),
            key("B", 1),
            secret=secret(intent=intent(1, "A", seconds=61)),
            used={"B": None},
        ),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "made before the intent: a person's",
        user(
            key("A", 80),
            key("B", 1),
            secret=secret(intent=intent(1, "A", seconds=-2)),
            used={"B": None},
        ),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "present at the intent: a person's",
        user(
            key("A", 80),
            key("B", 1),
            secret=secret(intent=intent(1, "A", "B")),
            used={"B": None},
        ),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "made under the intent, but used: somebody has it",
        user(key("A", 80), key("B", 1), secret=secret(intent=intent(1, "A"))),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "made under the intent, staged, though not current",
        user(
            key("A", 80),
            key("B", 1),
            secret=secret("X", "B", intent=intent(1, "A")),
            used={"B": None},
        ),
        "",
        Reason.TWO_ACTIVE,
    ),
    Case(
        "made under the intent, and announced: it was in the secret, until that was overwritten",
        user(
            key("A", 80),
            key("B", 1),
            secret=secret("X", "Y", intent=intent(1, "A"), announced=stamp("B", 1)),
            used={"B": None},
        ),
        "block B",
        Reason.SECRET_CHANGED,
    ),
    Case(
        "an orphan alone",
        user(key("B", 1), secret=secret(intent=intent(1, "A")), used={"B": None}),
        "disable B",
        Reason.ORPHAN,
    ),
    Case(
        "an inactive orphan, not on record",
        user(
            key("A", 90), inactive("B", 1), secret=secret(intent=intent(1, "A")), used={"B": None}
        ),
        "record B",
        Reason.ORPHAN,
    ),
    Case(
        "an inactive orphan, on record for less than 6 hours",
        user(
            key("A", 90),
            inactive("B", 1),
            secret=secret(intent=intent(1, "A"), inactive_since=stamp("B", hours=6, seconds=-1)),
            used={"B": None},
        ),
        "",
        Reason.ORPHAN_PENDING,
    ),
    Case(
        "an inactive orphan, on record for 6 hours: deleted, and decided again",
        user(
            key("A", 90),
            inactive("B", 1),
            secret=secret(intent=intent(1, "A"), inactive_since=stamp("B", hours=6)),
            used={"B": None},
        ),
        "delete B, rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "an inactive orphan alone, on record for 6 hours",
        user(
            inactive("B", 1),
            secret=secret(intent=intent(1, "A"), inactive_since=stamp("B", hours=6)),
            used={"B": None},
        ),
        "delete B",
        Reason.NO_KEY,
    ),
    Case(
        "an expired key is never an orphan",
        user(key("A", 80), expired("B", 1), secret=secret(intent=intent(1, "A")), used={"B": None}),
        "",
        Reason.NOT_DUE,
    ),
    Case(
        "delivered, not announced; another run may be about to",
        user(
            key("A", 90),
            key("B", minutes=19),
            secret=delivered(intent=intent(0, "A", minutes=19)),
        ),
        "",
        Reason.IN_PROGRESS,
    ),
    Case(
        "delivered, not announced, no grace: notified, and the old key goes",
        user(key("A", 91), key("B", 1), secret=delivered(intent=intent(1, "A"))),
        "announce B, disable A",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, within the hour",
        user(
            key("A", 91), key("B", minutes=30), secret=delivered(intent=intent(0, "A", minutes=30))
        ),
        "announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, a service user: the days begin now",
        user(key("A", 98), key("B", 8), secret=delivered(intent=intent(8, "A")), password=False),
        "announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, the old key is inactive already",
        user(inactive("A", 91), key("B", 1), secret=delivered(intent=intent(1, "A"))),
        "announce B, record A",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, and the old key is to be held: that waits for the next run",
        user(
            key("A", 110),
            key("B", 20),
            secret=delivered(intent=intent(20, "A")),
            tags={"hold-until": "2026-06-20"},
            audience=Audience.OPERATOR,
        ),
        "announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, and the old key could be deleted: so does that",
        user(
            inactive("A", 150),
            key("B", 50),
            secret=delivered(intent=intent(50, "A"), inactive_since=stamp("A", 40)),
        ),
        "announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, and due again with a slot taken: so does the block",
        user(
            expired("A", 190),
            key("B", 95),
            secret=delivered(intent=intent(95, "A")),
            audience=Audience.OPERATOR,
        ),
        "announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, the old key is gone",
        user(key("B", 1), secret=delivered(intent=intent(1, "A"))),
        "announce B",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, and a person has made a newer key",
        user(key("A", 5), key("B", 4), secret=secret("A", intent=intent(5, "X"))),
        "announce A",
        Reason.NOT_ANNOUNCED,
    ),
    Case(
        "delivered, not announced, no subscription",
        user(
            key("A", 91),
            key("B", 1),
            secret=delivered(intent=intent(1, "A")),
            audience=Audience.NOBODY,
        ),
        "block B silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case(
        "rotated and announced a minute ago: not in progress, and trusted after an hour",
        user(
            key("A", 90),
            key("B", minutes=1),
            secret=delivered(intent=intent(0, "A", minutes=1), announced=stamp("B", minutes=1)),
        ),
        "",
        Reason.UNVERIFIED,
    ),
    Case(
        "an intent without a key, and the same key still due a day later",
        user(key("A", 91), secret=secret(intent=intent(1, "A"))),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "an intent without a key, a minute ago: another run may be about to create",
        user(key("A", 91), secret=secret(intent=intent(0, "A", minutes=1))),
        "",
        Reason.IN_PROGRESS,
    ),
]

# The setting that all cases of unused keys have: warned after 38 days, disabled after 45.
FORTY_FIVE = {"disable_unused_after_days": 45}


def unused(days: float, age: float = 60, **facts: Any) -> ManagedUser:
    """A user whose only key, A, was last used `days` ago; `records` are those on the secret."""
    records = facts.pop("records", {})
    used = facts.pop("used", {"A": ago(days)})
    return user(key("A", age), used=used, secret=secret(**records), **facts)


def warned_unused(days: float, **records: Any) -> dict[str, Any]:
    """What the warning of so many days ago left on record."""
    ends = stamp("A", days - 7)
    return {"warned_unused": stamp("A", days), "works_until": ends} | records


UNUSED_KEYS = [
    Case("not wanted", unused(200, 80), "", Reason.NOT_DUE),
    Case("a second too short", unused(38 - SECOND), "", Reason.NOT_DUE, FORTY_FIVE),
    Case("the warning is due", unused(38), "prepare A, warn A", Reason.UNUSED, FORTY_FIVE),
    Case(
        "never used: the days count from the creation",
        unused(0, 38, used={"A": None}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "never used, a second too young",
        unused(0, 38 - SECOND, used={"A": None}),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "no secret yet: the warning makes one",
        user(key("A", 60), used={"A": None}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "unused for much longer: the warning comes first all the same",
        unused(70, 80),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "no warnings wanted: one day ahead",
        unused(45 - SECOND, records=warned_unused(1 - SECOND)),
        "",
        Reason.UNUSED,
        FORTY_FIVE | {"warn_before_days": 0},
    ),
    Case(
        "no warnings wanted: a second too early for that one",
        unused(44 - SECOND),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE | {"warn_before_days": 0},
    ),
    Case("warned", unused(40, records=warned_unused(2)), "", Reason.UNUSED, FORTY_FIVE),
    Case(
        "warned, a second before the end",
        unused(45 - SECOND, records=warned_unused(7 - SECOND)),
        "",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "warned, at the end",
        unused(45, records=warned_unused(7)),
        "disable A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "warned late: it works for as long as the warning said",
        unused(70, 80, records=warned_unused(7 - SECOND)),
        "",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "warned late, and that is over",
        unused(70, 80, records=warned_unused(7)),
        "disable A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the warning named a later day: a setting was changed since",
        unused(46, records=warned_unused(8, works_until=stamp("A", -3))),
        "",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the warning was about another key",
        unused(50, records={"warned_unused": stamp("X", 10)}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the warning was before the last use",
        unused(45, records={"warned_unused": stamp("A", 50)}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the last use is seen hours late: the warning came right after it",
        unused(45, records={"warned_unused": stamp("A", 44.9)}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the warning is from the future",
        unused(50, records={"warned_unused": stamp("A", -1)}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the warning is one of long ago: no run came in time",
        unused(80, 85, records=warned_unused(42)),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "a run that came a second earlier",
        unused(80 - SECOND, 85, records=warned_unused(42 - SECOND)),
        "disable A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "used since the warning",
        unused(1, records=warned_unused(8)),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "by the credential report it was used: the last use need not be read",
        replace(unused(60), reported_use=ago(37), last_used=None, secret=None),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "the credential report shows an older use than the last one",
        replace(unused(10), reported_use=ago(50)),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    # beside a rotation
    Case(
        "in the warning window of its rotation, and unused",
        unused(38, 85),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the rotation was warned about, and now it is unused",
        unused(38, 88, records={"warned": stamp("A", 5), "works_until": stamp("A", -2)}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "due for rotation, and unused: warned, not replaced",
        unused(50, 90),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "due for rotation while the warning runs: not replaced",
        unused(43, 93, records=warned_unused(5)),
        "",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "due for rotation, unused, and warned: disabled instead of replaced",
        unused(45, 95, records=warned_unused(7)),
        "disable A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "due for rotation, and used since the warning: replaced",
        unused(1, 95, records=warned_unused(8)),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
        FORTY_FIVE,
    ),
    Case(
        "… but not before the day that the warning named",
        unused(1, 95, records=warned_unused(6, warned=stamp("A", 12))),
        "",
        Reason.WARNED_ALREADY,
        FORTY_FIVE,
    ),
    # what goes first
    Case(
        "reported as leaked: replaced, whatever was not used",
        unused(50, records={"leaked": ["A"]}),
        "rotate A, announce, disable A",
        Reason.LEAKED,
        FORTY_FIVE,
    ),
    Case(
        "the secret of that name is not ours",
        unused(50, records={"managed_by": None}),
        "",
        Reason.UNMANAGED_SECRET,
        FORTY_FIVE,
    ),
    Case(
        "the secret of that name is not ours, and the key is due",
        unused(50, 90, records={"managed_by": None}),
        "block A",
        Reason.UNMANAGED_SECRET,
        FORTY_FIVE,
    ),
    Case(
        "to be warned, no subscription",
        unused(40, audience=Audience.NOBODY),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
        FORTY_FIVE,
    ),
    Case(
        "to be disabled, no subscription any more",
        unused(45, records=warned_unused(7), audience=Audience.NOBODY),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
        FORTY_FIVE,
    ),
    Case(
        "to be disabled, no subscription, and nobody has to: there is no new key to find",
        unused(45, records=warned_unused(7), audience=Audience.NOBODY),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
        FORTY_FIVE | {"require_confirmed_subscription": False},
    ),
    Case(
        "to be warned, and the secret is pending deletion",
        unused(40, records={"pending_deletion": True}),
        "prepare, prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "made in a rotation, delivered and not announced: announced first",
        user(key("B", 50), used={"B": None}, secret=secret("B", intent=intent(50, "A"))),
        "announce B",
        Reason.NOT_ANNOUNCED,
        FORTY_FIVE,
    ),
    Case(
        "announced late: the days count from then",
        user(key("B", 50), used={"B": None}, secret=secret("B", announced=stamp("B", 37))),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "announced, and nobody ever fetched it",
        user(key("B", 38), used={"B": None}, secret=secret("B", "A", announced=stamp("B", 38))),
        "prepare B, warn B",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "a record says that it was announced in the future: that is not ours",
        user(key("B", 50), used={"B": None}, secret=secret("B", announced=stamp("B", -9))),
        "prepare B, warn B",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "somebody changed the secret by hand",
        user(key("B", 50), used={"B": None}, secret=secret("X", announced=stamp("B", 50))),
        "block B",
        Reason.SECRET_CHANGED,
        FORTY_FIVE,
    ),
    # held, exempt
    Case(
        "held by a tag",
        unused(60, 80, records=warned_unused(8), tags={"hold-until": "2026-06-09"}),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "held by a tag, a week before its end",
        unused(60, 80, tags={"hold-until": "2026-06-07"}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "warned a week before the end of a tag",
        unused(60, 80, records=warned_unused(5), tags={"hold-until": "2026-06-02"}),
        "",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "a tag that is over holds nothing",
        unused(60, 80, records=warned_unused(8), tags={"hold-until": "2026-05-30"}),
        "disable A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "a tag of the first day of all",
        unused(60, 80, tags={"hold-until": "0001-01-01"}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "a tag of the last day of all",
        unused(60, 80, tags={"hold-until": "9999-12-31"}),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "held by a tag, and due: replaced",
        unused(60, 90, tags={"hold-until": "2026-07-30"}),
        "rotate A, announce",
        Reason.KEY_TOO_OLD,
        FORTY_FIVE,
    ),
    Case(
        "exempt by a tag",
        unused(60, 80, tags={"disable-unused-after-days": "0"}),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "later by a tag",
        unused(60, 80, tags={"disable-unused-after-days": "68"}),
        "",
        Reason.NOT_DUE,
        FORTY_FIVE,
    ),
    Case(
        "for one user alone, by a tag",
        unused(40, tags={"disable-unused-after-days": "45"}),
        "prepare A, warn A",
        Reason.UNUSED,
    ),
    Case(
        "a malformed tag is no exemption",
        unused(40, tags={"disable-unused-after-days": "never"}),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    # switched on again
    Case(
        "switched on again: warned anew",
        unused(90, 100, records={"inactive_since": stamp("A", 20)}),
        "forget A, prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE | {"max_key_age_days": 365},
    ),
    # two keys, of which one is active
    Case(
        "two active keys: the idle one goes, by its own rule",
        user(key("A", 80), key("B", 70), used={"A": None, "B": None}),
        "",
        Reason.TWO_ACTIVE,
        FORTY_FIVE,
    ),
    Case(
        "the old key still works: it goes first",
        pair(key("A", 140), key("B", 40), used={"A": ago(41), "B": None}),
        "disable A",
        Reason.SUPERSEDED,
        FORTY_FIVE,
    ),
    Case(
        "the old key is inactive, and waits to be deleted",
        user(
            inactive("A", 130),
            key("B", 40),
            used={"B": None},
            secret=delivered(announced=stamp("B", 40), inactive_since=stamp("A", 20)),
        ),
        "prepare B, warn B",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the old key is inactive, and not on record",
        user(
            inactive("A", 130),
            key("B", 40),
            used={"B": None},
            secret=delivered(announced=stamp("B", 40)),
        ),
        "record A, prepare B, warn B",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the old key may be deleted: it is, whatever becomes of the new one",
        user(
            inactive("A", 130),
            key("B", 40),
            used={"B": None},
            secret=delivered(announced=stamp("B", 40), inactive_since=stamp("A", 30)),
        ),
        "delete A, prepare B, warn B",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the new key is disabled: the old one is all that the user has left",
        user(
            inactive("A", 140),
            key("B", 45),
            used={"B": None},
            secret=delivered(
                announced=stamp("B", 45),
                inactive_since=stamp("A", 30),
                warned_unused=stamp("B", 7),
            ),
        ),
        "disable B",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "the new key is disabled, the old one is not on record",
        user(
            inactive("A", 140),
            key("B", 45),
            used={"B": None},
            secret=delivered(announced=stamp("B", 45), warned_unused=stamp("B", 7)),
        ),
        "disable B",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "due and unused, the other one is inactive: no room is needed",
        user(
            inactive("X", 300),
            key("A", 95),
            used={"A": ago(50)},
            secret=secret(inactive_since=stamp("X", 60)),
        ),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
    Case(
        "due and unused, the other one is expired",
        user(expired("X", 300), key("A", 95), used={"A": ago(50)}, secret=secret()),
        "prepare A, warn A",
        Reason.UNUSED,
        FORTY_FIVE,
    ),
]


OVERRIDES = [
    Case(
        "a shorter limit",
        user(key("A", 61), tags={"max-key-age-days": "61"}),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "a longer limit is no exemption",
        user(key("A", 90), tags={"max-key-age-days": "365"}),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "a malformed limit is no exemption",
        user(key("A", 90), tags={"max-key-age-days": "never"}),
        "rotate A, announce, disable A",
        Reason.KEY_TOO_OLD,
    ),
    Case(
        "a grace beyond the ceiling is ignored",
        pair(key("A", 97), key("B", 7), tags={"grace-days": "31"}),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "a longer grace",
        pair(key("A", 97), key("B", 7), tags={"grace-days": "8"}),
        "",
        Reason.IN_GRACE,
    ),
]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.description)
        for case in (
            *NO_OR_ONE_KEY,
            *GRACE,
            *HOLD,
            *PROMISED,
            *HAND_OVER,
            *REMINDERS,
            *LEAKED,
            *THREE_KEYS,
            *DELETE,
            *TWO_ACTIVE,
            *LEFT_BEHIND,
            *UNUSED_KEYS,
            *OVERRIDES,
        )
    ],
)
def test_table(case: Case) -> None:
    decision = decide(case.user, settings(**case.settings), NOW)

    assert isinstance(decision, Decision)
    assert (said(decision), decision.reason) == (case.actions, case.reason)


EMERGENCIES = [
    Case(
        "the only key",
        user(key("A", 5)),
        "record A, rotate A, disable A, announce",
        Reason.EMERGENCY,
    ),
    Case(
        "the only key, on record as leaked by an attempt that died",
        user(key("A", 5), secret=secret(leaked=["A"])),
        "rotate A, disable A, announce",
        Reason.EMERGENCY,
    ),
    Case(
        "the only key, no subscription",
        user(key("A", 5), audience=Audience.NOBODY),
        "record A, rotate A, disable A, announce",
        Reason.EMERGENCY,
    ),
    Case(
        "grace, hold, and what a message named, do not matter",
        user(
            key("A", 5),
            tags={"hold-until": "2026-12-31", "grace-days": "9"},
            secret=secret(works_until=stamp("A", -5)),
        ),
        "record A, rotate A, disable A, announce",
        Reason.EMERGENCY,
    ),
    Case(
        "the only key of a service: nobody could fetch the new one",
        user(key("A", 5), **SERVICE),
        "block A",
        Reason.NOBODY_CAN_FETCH,
    ),
    Case(
        "… but a reader",
        user(key("A", 5), **SERVICE),
        "record A, rotate A, disable A, announce",
        Reason.EMERGENCY,
        READER,
    ),
    Case(
        "the old key of a service that was not seen to have fetched the new one",
        pair(key("A", 91), key("B", 1), used={"B": None}, **SERVICE),
        "block A",
        Reason.NOBODY_CAN_FETCH,
    ),
    Case(
        "… which our own trial alone has used",
        pair(key("A", 91), key("B", 1), used={"B": ago(0.99)}, **SERVICE),
        "block A",
        Reason.NOBODY_CAN_FETCH,
    ),
    Case(
        "… and which it has moved to",
        pair(key("A", 91), key("B", 1), used={"B": ago(0.5)}, **SERVICE),
        "disable A",
        Reason.EMERGENCY,
    ),
    Case(
        "a service with two keys of its own",
        user(key("A", 91), key("B", 80), used={"B": None}, **SERVICE),
        "disable A",
        Reason.EMERGENCY,
    ),
    Case(
        "three keys, another one works",
        user(key("A", 90), inactive("B", 60), key("C", 50)),
        "disable A",
        Reason.EMERGENCY,
    ),
    Case(
        "three keys, no other works, and one may not be deleted yet",
        user(
            key("A", 90),
            inactive("B", 80),
            inactive("C", 70),
            secret=secret(inactive_since=stamp("B", 40)),
        ),
        "record A, record C, block A",
        Reason.SLOT_TAKEN,
    ),
    Case("both slots active", user(key("A", 90), key("B", 5)), "disable A", Reason.EMERGENCY),
    Case(
        "both slots active, the other too new to tell whose it is: making the secret would show",
        user(key("A", 90), key("B", minutes=19)),
        "prepare, disable A",
        Reason.EMERGENCY,
    ),
    Case(
        "both slots active, the other made just now, and the secret is known",
        user(key("A", 90), key("B", minutes=19), secret=secret("A")),
        "disable A",
        Reason.EMERGENCY,
    ),
    Case(
        "both slots active, the other delivered and not announced",
        user(key("A", 90), key("B", 5), secret=delivered()),
        "disable A, announce B",
        Reason.EMERGENCY,
    ),
    Case(
        "disabled already",
        user(
            inactive("A", 90),
            key("B", 5),
            secret=delivered(announced=stamp("B", 5), leaked=["A"]),
        ),
        "",
        Reason.ALREADY_INACTIVE,
    ),
    Case(
        "disabled already by somebody who did not say why",
        user(inactive("A", 90), key("B", 5), secret=delivered(announced=stamp("B", 5))),
        "record A",
        Reason.ALREADY_INACTIVE,
    ),
    Case(
        "disabled already, and the secret of that name is not ours",
        user(inactive("A", 90), key("B", 5), secret=secret(managed_by=None)),
        "",
        Reason.ALREADY_INACTIVE,
    ),
    Case(
        "disabled already by a run that died before it notified anybody",
        user(inactive("A", 90), key("B", minutes=1), secret=delivered(intent=intent(0, "A"))),
        "record A, announce B, record A",
        Reason.NOT_ANNOUNCED,
    ),
    Case("expired already", user(expired("A", 90), key("B", 5)), "", Reason.ALREADY_INACTIVE),
    Case(
        "the other slot holds a long inactive key",
        user(key("A", 90), inactive("B", 80), secret=secret(inactive_since=stamp("B", 30))),
        "record A, delete B, rotate A, disable A, announce",
        Reason.EMERGENCY,
    ),
    Case(
        "the other slot holds a key that may not be deleted yet",
        user(key("A", 90), inactive("B", 80)),
        "record A, record B, block A",
        Reason.SLOT_TAKEN,
    ),
    Case(
        "the other slot may hold an orphan: disabling would leave nothing that works",
        user(key("A", 90), key("B", minutes=1), secret=secret(intent=intent(0, "A", minutes=1))),
        "record A, block A",
        Reason.SLOT_TAKEN,
    ),
    Case(
        "the other slot holds an orphan, inactive for 6 hours",
        user(
            key("A", 90),
            inactive("B", 1),
            secret=secret(intent=intent(1, "A"), inactive_since=stamp("B", hours=6)),
            used={"B": None},
        ),
        "record A, delete B, rotate A, disable A, announce",
        Reason.EMERGENCY,
    ),
    Case(
        "the secret of that name is not ours",
        user(key("A", 5), secret=secret(managed_by=None)),
        "block A",
        Reason.UNMANAGED_SECRET,
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.description) for case in EMERGENCIES])
def test_emergency_table(case: Case) -> None:
    decision = decide_emergency(case.user, "A", settings(**case.settings), NOW)

    assert isinstance(decision, Decision)
    assert (said(decision), decision.reason) == (case.actions, case.reason)


# A user whose rotation somebody asked for, whatever the age of the key.
REQUESTED = [
    Case("a young key", user(key("A", 40)), "rotate A, announce, disable A", Reason.REQUESTED),
    Case(
        "a key that is a day old",
        user(key("A", 1)),
        "rotate A, announce, disable A",
        Reason.REQUESTED,
    ),
    Case(
        "a second before the key is a day old",
        user(key("A", 1 - SECOND)),
        "",
        Reason.CREATED_TODAY,
    ),
    Case("created in the future: clock skew", user(key("A", -1)), "", Reason.IN_PROGRESS),
    Case("due anyway", user(key("A", 90)), "rotate A, announce, disable A", Reason.REQUESTED),
    Case(
        "in the warning window: rotated and not warned",
        user(key("A", 85)),
        "rotate A, announce, disable A",
        Reason.REQUESTED,
    ),
    Case(
        "a service: the ordinary grace",
        user(key("A", 40), **SERVICE),
        "rotate A, announce",
        Reason.REQUESTED,
    ),
    Case(
        "warned of a later day: the old key works until then",
        user(key("A", 86), secret=secret(warned=stamp("A", 1), works_until=stamp("A", -4))),
        "rotate A, announce",
        Reason.REQUESTED,
    ),
    Case(
        "on hold by a tag",
        user(key("A", 40), tags={"hold-until": "2026-06-10"}),
        "rotate A, announce",
        Reason.REQUESTED,
    ),
    Case(
        "an operator stands in for the owner",
        user(key("A", 40), audience=Audience.OPERATOR),
        "rotate A, announce, disable A",
        Reason.REQUESTED,
    ),
    Case(
        "no subscription",
        user(key("A", 40), audience=Audience.NOBODY),
        "block A silently",
        Reason.NO_CONFIRMED_SUBSCRIPTION,
    ),
    Case(
        "no subscription, and nobody has to",
        user(key("A", 40), audience=Audience.NOBODY),
        "rotate A, announce, disable A",
        Reason.REQUESTED,
        {"require_confirmed_subscription": False},
    ),
    Case("no key", user(), "", Reason.NO_KEY),
    Case("no active key", user(inactive("A", 40)), "", Reason.NOT_ACTIVE),
    Case(
        "a key that was reported as leaked, and is on again",
        user(key("A", 40), secret=secret("A", announced=stamp("A", 40), leaked=["A"])),
        "rotate A, announce, disable A",
        Reason.LEAKED,
    ),
    Case(
        "a run may be at work",
        user(key("A", 40), secret=secret(intent=intent(0, "A", minutes=19))),
        "",
        Reason.IN_PROGRESS,
    ),
    Case(
        "the secret of that name is not ours: nothing is sent",
        user(key("A", 76), secret=secret(managed_by=None)),
        "block A silently",
        Reason.UNMANAGED_SECRET,
    ),
    Case(
        "… and no key is active",
        user(inactive("A", 2), secret=secret(managed_by=None)),
        "",
        Reason.UNMANAGED_SECRET,
    ),
    Case(
        "somebody put another value into the secret: the rotation mends that",
        user(key("A", 40), secret=secret(announced=stamp("A", 40))),
        "rotate A, announce, disable A",
        Reason.REQUESTED,
    ),
    Case(
        "a secret that is pending deletion",
        user(key("A", 40), secret=secret("A", pending_deletion=True, announced=stamp("A", 40))),
        "prepare, rotate A, announce, disable A",
        Reason.REQUESTED,
    ),
    Case(
        "rotated an hour ago, the old key disabled",
        user(
            inactive("A", 40),
            key("B", hours=1),
            secret=delivered(announced=stamp("B", hours=1), inactive_since=stamp("A", hours=1)),
        ),
        "",
        Reason.ROTATED_TODAY,
    ),
    Case(
        "rotated an hour ago, and the old key was deleted by hand",
        user(key("B", hours=1), secret=secret("B", announced=stamp("B", hours=1))),
        "",
        Reason.ROTATED_TODAY,
    ),
    Case(
        "… with every record forged: IAM's date counts",
        user(
            key("B", hours=1),
            secret=secret("X", announced=stamp("X", 200), warned=stamp("B", 200)),
        ),
        "",
        Reason.CREATED_TODAY,
    ),
    Case(
        "rotated today, the service user's grace",
        pair(key("A", 40), key("B", hours=2), **SERVICE),
        "",
        Reason.ROTATED_TODAY,
    ),
    Case(
        "rotated today, and not announced: the ordinary rules go on",
        user(key("A", 40), key("B", hours=2), secret=delivered(), **SERVICE),
        "announce B",
        Reason.ROTATED_TODAY,
    ),
    Case(
        "somebody made a second key today",
        user(key("A", 40), key("B", hours=2)),
        "",
        Reason.CREATED_TODAY,
    ),
    Case(
        "somebody made a second key today, and disabled it",
        user(key("A", 40), inactive("B", hours=2)),
        "",
        Reason.CREATED_TODAY,
    ),
    Case(
        "rotated days ago, in the grace",
        pair(key("A", 40), key("B", 2), **SERVICE),
        "",
        Reason.IN_GRACE,
    ),
    Case(
        "held by a tag",
        pair(key("A", 100), key("B", 10), tags={"hold-until": "2026-06-10"}),
        "hold A",
        Reason.HOLD_UNTIL,
    ),
    Case(
        "the grace is over: the old key goes, as it would without the request",
        pair(key("A", 97), key("B", 7), password=False, records=REMINDED),
        "disable A",
        Reason.SUPERSEDED,
    ),
    Case(
        "the old key waits for its deletion",
        user(
            inactive("A", 50),
            key("B", 10),
            secret=delivered(announced=stamp("B", 10), inactive_since=stamp("A", 10)),
        ),
        "block B",
        Reason.SLOT_TAKEN,
    ),
    Case(
        "the old key may be deleted",
        user(
            inactive("A", 70),
            key("B", 30),
            secret=delivered(announced=stamp("B", 30), inactive_since=stamp("A", 30)),
        ),
        "delete A, rotate B, announce, disable B",
        Reason.REQUESTED,
    ),
    Case(
        "two active keys of the user's own",
        user(key("A", 40), key("B", 20)),
        "block A",
        Reason.TWO_ACTIVE_KEYS_DUE,
    ),
    Case(
        "two active keys, one of them idle",
        user(key("A", 80), key("B", 70), used={"A": ago(60), "B": ago(1)}),
        "disable A",
        Reason.IDLE,
    ),
    Case(
        "the other slot holds an expired key",
        user(expired("A", 90), key("B", 40)),
        "block B",
        Reason.SLOT_TAKEN_BY_EXPIRED_KEY,
    ),
    Case(
        "more than two keys",
        user(key("A", 90), key("B", 60), key("C", 50)),
        "block A",
        Reason.MORE_THAN_TWO_KEYS,
    ),
    Case(
        "an orphan is disabled first",
        user(
            key("A", 40),
            key("B", 2),
            secret=secret(intent=intent(2, "A")),
            used={"B": None},
        ),
        "disable B",
        Reason.ORPHAN,
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.description) for case in REQUESTED])
def test_request_table(case: Case) -> None:
    decision = decide_request(case.user, settings(**case.settings), NOW)

    assert isinstance(decision, Decision)
    assert (said(decision), decision.reason) == (case.actions, case.reason)


@pytest.mark.parametrize(
    ("subject", "until"),
    [
        pytest.param(user(key("A", 40)), NOW, id="no grace"),
        pytest.param(user(key("A", 40), **SERVICE), ago(-7), id="a service"),
        pytest.param(
            user(key("A", 86), secret=secret(works_until=stamp("A", -4))),
            ago(-4),
            id="warned of a later day",
        ),
        pytest.param(
            user(key("A", 86), secret=secret(works_until=stamp("A", -4)), **SERVICE),
            ago(-7),
            id="warned of a day within the grace",
        ),
    ],
)
def test_an_end_that_a_message_named_is_kept_on_request(
    subject: ManagedUser, until: datetime
) -> None:
    decision = decide_request(subject, SETTINGS, NOW)

    assert isinstance(decision, Decision)
    assert decision.old_key_until == until


def test_a_request_reads_what_a_due_key_would() -> None:
    unread = replace(user(key("A", 40)), secret=None)

    assert decide_request(unread, SETTINGS, NOW) == Needs(Fact.SECRET)
    assert decide(unread, SETTINGS, NOW) == Decision((), Reason.NOT_DUE)


def test_an_emergency_that_cuts_its_owner_off_is_carried_out_if_asked() -> None:
    service = user(key("A", 5), **SERVICE)
    decision = decide_emergency(service, "A", SETTINGS, NOW, even_if_nobody_can_fetch=True)

    assert isinstance(decision, Decision)
    assert said(decision) == "record A, rotate A, disable A, announce"


UNTIL = [
    ("no grace", user(key("A", 90)), {}, NOW),
    ("a service user", user(key("A", 90), password=False), {}, ago(-7)),
    ("grace", user(key("A", 90)), {"grace_days": 4}, ago(-4)),
    (
        "a hold by tag ends with its day",
        user(key("A", 90), tags={"hold-until": "2026-06-10"}),
        {},
        datetime(2026, 6, 11, tzinfo=NOW.tzinfo),
    ),
    (
        "a hold by tag of another key",
        user(key("A", 90), tags={"hold-until": "2026-06-10 Z"}),
        {},
        NOW,
    ),
    (
        "a hold by tag ends at the ceiling",
        user(key("A", 90), tags={"hold-until": "2026-12-31"}),
        {},
        ago(-30),
    ),
    (
        "in use: the ceiling at the latest",
        user(key("A", 90)),
        {"hold_while_used_days": 3},
        ago(-30),
    ),
    (
        "in use, and a hold by tag that is over",
        user(key("A", 90), tags={"hold-until": "2026-05-01"}),
        {"hold_while_used_days": 3},
        ago(-30),
    ),
    (
        "held in use, and a hold by tag that is over",
        pair(key("A", 100), key("B", 10), tags={"hold-until": "2026-05-01"}),
        {"hold_while_used_days": 3},
        ago(-20),
    ),
    (
        "notified late",
        user(key("A", 98), key("B", 8), secret=delivered(), password=False),
        {},
        ago(-7),
    ),
    (
        "notified late, a hold by tag: the overlap counts from when the new key was made",
        user(
            key("A", 112),
            key("B", 22),
            secret=delivered(),
            tags={"hold-until": "2026-12-31"},
        ),
        {},
        ago(-8),
    ),
    (
        "notified late, in use: the same",
        user(key("A", 112), key("B", 22), secret=delivered()),
        {"hold_while_used_days": 3},
        ago(-8),
    ),
    (
        "notified late, in use, beyond the ceiling: the grace",
        user(key("A", 130), key("B", 40), secret=delivered(), password=False),
        {"hold_while_used_days": 3},
        ago(-7),
    ),
    (
        "the owner was warned of a later day",
        user(
            key("A", 90),
            secret=secret(leaked=["A"], works_until=stamp("A", -3)),
        ),
        {"grace_days": 1, "remind_before_days": 0},
        None,
    ),
    (
        "announced again, of which a message named a later day",
        user(
            key("A", 98),
            key("B", 8),
            secret=delivered(works_until=stamp("A", -12)),
            password=False,
        ),
        {},
        ago(-12),
    ),
    (
        "notified late, the old key inactive",
        user(inactive("A", 98), key("B", 8), secret=delivered()),
        {},
        None,
    ),
    (
        "held",
        pair(key("A", 100), key("B", 10)),
        {"hold_while_used_days": 3},
        ago(-20),
    ),
]


@pytest.mark.parametrize(
    ("subject", "changes", "until"), [pytest.param(*rest, id=name) for name, *rest in UNTIL]
)
def test_says_until_when_the_old_key_works(
    subject: ManagedUser, changes: dict[str, Any], until: datetime | None
) -> None:
    decision = decide(subject, settings(**changes), NOW)

    assert isinstance(decision, Decision)
    assert decision.old_key_until == until


@pytest.mark.parametrize(
    ("subject", "changes", "while_used"),
    [
        pytest.param(user(key("A", 90)), {"hold_while_used_days": 3}, True, id="in use"),
        pytest.param(user(key("A", 90)), {}, False, id="no hold"),
        pytest.param(
            user(key("A", 90), tags={"hold-until": "2026-06-10"}),
            {"hold_while_used_days": 3},
            False,
            id="a hold by tag",
        ),
        pytest.param(
            user(key("A", 90), password=False),
            {
                "hold_until_moved": False,
                "hold_while_used_days": 3,
                "min_grace_days_without_console": 30,
            },
            False,
            id="the grace is as long as the ceiling",
        ),
        pytest.param(
            user(key("A", 98), key("B", 8), secret=delivered()),
            {"hold_while_used_days": 3},
            True,
            id="notified late",
        ),
    ],
)
def test_says_whether_the_old_key_works_only_while_it_is_used(
    subject: ManagedUser, changes: dict[str, Any], while_used: bool
) -> None:
    decision = decide(subject, settings(**changes), NOW)

    assert isinstance(decision, Decision)
    assert decision.while_used is while_used


def test_a_hold_by_tag_that_is_over_does_not_end_one_of_use() -> None:
    subject = user(key("A", 90), tags={"hold-until": "2026-05-01"})

    decision = decide(subject, settings(hold_while_used_days=3), NOW)

    assert isinstance(decision, Decision)
    assert said(decision) == "rotate A, announce"


@pytest.mark.parametrize(
    ("subject", "changes", "fact"),
    [
        pytest.param(
            replace(user(key("A", 90)), secret=None), {}, Fact.SECRET, id="due: the secret"
        ),
        pytest.param(
            replace(user(key("A", 90)), audience=None), {}, Fact.AUDIENCE, id="due: who is notified"
        ),
        pytest.param(
            replace(user(key("A", 90)), has_password=None),
            {},
            Fact.PASSWORD,
            id="due, no grace: the password",
        ),
        pytest.param(
            replace(user(key("A", 80), key("B", 9)), last_used=None),
            {},
            Fact.LAST_USED,
            id="two active: the last use",
        ),
        pytest.param(
            replace(pair(key("A", 99), key("B", 9)), last_used=None),
            {"hold_while_used_days": 3},
            Fact.LAST_USED,
            id="hold while used: the last use",
        ),
        pytest.param(
            replace(unused(0), last_used=None, secret=None),
            FORTY_FIVE,
            Fact.LAST_USED,
            id="old enough to be unused: the last use, before the secret",
        ),
    ],
)
def test_asks_for_a_fact_it_needs(
    subject: ManagedUser, changes: dict[str, Any], fact: Fact
) -> None:
    assert decide(subject, settings(**changes), NOW) == Needs(fact)


@pytest.mark.parametrize(
    ("subject", "changes"),
    [
        pytest.param(user(key("A", 40)), {}, id="young: the keys are enough"),
        pytest.param(user(), {}, id="no key: the keys are enough"),
        pytest.param(user(inactive("A", 40)), {}, id="inactive: the keys are enough"),
        pytest.param(user(key("A", 37)), FORTY_FIVE, id="too young to be unused"),
        pytest.param(
            replace(user(key("A", 60)), reported_use=ago(37)),
            FORTY_FIVE,
            id="used, by the credential report",
        ),
        pytest.param(
            user(key("A", 60), tags={"hold-until": "2026-06-30"}),
            FORTY_FIVE,
            id="held, used or not",
        ),
    ],
)
def test_reads_nothing_more_for_a_quiet_user(subject: ManagedUser, changes: dict[str, Any]) -> None:
    unread = replace(subject, secret=None, last_used=None, has_password=None, audience=None)

    assert decide(unread, settings(**changes), NOW) == decide(subject, SETTINGS, NOW)


def test_a_due_user_costs_no_read_of_the_last_use_when_nothing_is_held() -> None:
    due = replace(user(key("A", 90)), last_used=None)

    assert isinstance(decide(due, SETTINGS, NOW), Decision)


def test_a_user_without_grace_rule_costs_no_read_of_the_password() -> None:
    due = replace(user(key("A", 90)), has_password=None)

    assert isinstance(decide(due, settings(grace_days=7), NOW), Decision)


def test_no_secret_is_no_secret() -> None:
    assert not NO_SECRET.exists
