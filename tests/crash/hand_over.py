"""Who still needed an old key when it went, and what they and the operators were told before.

Held against moto, which knows when each key was used, by whom, and when the secret was read, and
against what the design says: no rule of the product is asked.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID, Account, last_read
from tests.crash.promises import Promise
from tests.crash.settings_read import AsRead, options, parameter, with_password
from tests.crash.uses_read import UsesRead

# A program that uses both keys uses them within this time of each other.
_SIDE_BY_SIDE = timedelta(hours=1)
# A digest names the minute at which its run began.
_GRAIN = timedelta(minutes=1)
_WHILE_USED = "while it is used"
_DATE = re.compile(r"(?:works until|is disabled on) (\d{4}-\d\d-\d\d)(?: (\d\d:\d\d) UTC)?")


@dataclass(frozen=True)
class Chosen:
    """The settings that a hand-over depends on."""

    reader_of_all: bool
    own_readers: dict[str, bool]
    hold_until_moved: bool
    remind_before_days: int
    max_overlap_days: int
    with_password: frozenset[str]

    def has_readers(self, name: str) -> bool:
        return self.reader_of_all or self.own_readers.get(name, False)


def _chosen() -> Chosen:
    users = iam_backends[ACCOUNT_ID]["aws"].users
    return Chosen(
        reader_of_all=parameter("secret_reader_arns") != "[]",
        own_readers={name: bool(options(name).get("reader_arns")) for name in users},
        hold_until_moved=parameter("hold_until_moved") == "true",
        remind_before_days=int(parameter("remind_before_days")),
        max_overlap_days=int(parameter("max_overlap_days")),
        with_password=with_password(),
    )


@dataclass(frozen=True)
class Said:
    """A message about a superseded key to its owner, or a line of the digest. `end` is when the key
    goes, if that is said; with `while_used` it may go before."""

    event: str
    key_id: str | None
    end: datetime | None
    while_used: bool
    reaches_owner: bool


def said(data: dict[str, Any], body: str) -> Iterator[Said]:
    """By one message, as programs get it in `data`."""
    if data["event"] != "digest":
        until = data.get("superseded_key_until")
        end = datetime.fromisoformat(until) if until else None
        superseded = data.get("superseded_access_key_id", data["access_key_id"])
        yield Said(data["event"], superseded, end, _WHILE_USED in body, True)
        return
    for line in data["lines"]:
        key_id, text = line["access_key_id"], line["text"]
        if line["event"] == "rotated":
            named = re.search(r"the old key (\w+)", text)
            key_id = named[1] if named else None
        passed_on = "please pass it on" in text
        yield Said(line["event"], key_id, _end_in(text), _WHILE_USED in text, passed_on)


def _end_in(text: str) -> datetime | None:
    found = _DATE.search(text)
    if found is None:
        return None
    at = time.fromisoformat(found[2]) if found[2] else time.min
    return datetime.combine(date.fromisoformat(found[1]), at, UTC)


class HandOvers:
    """What was told of each superseded key, and whether its owner needed it when it went."""

    def __init__(self, account: Account, secret: Callable[[str], Any]) -> None:
        self._account = account
        self._secret = secret
        self._settings = AsRead(_chosen)
        self.uses = UsesRead(account)
        self._announced: dict[str, datetime] = {}
        self._has_grace: set[str] = set()
        self._reminders: Counter[str] = Counter()
        self._last_notices: dict[str, datetime] = {}
        self._named_ends: dict[str, datetime] = {}
        self._recorded_ends: dict[str, datetime] = {}

    def after(self, call: str) -> None:
        self._settings.after(call)
        self.uses.after(call)

    def shortened(self, name: str) -> Iterator[str]:
        """The key of this user whose recorded end is earlier now than it was."""
        for key_id, end in self.recorded_ends(name):
            before = self._recorded_ends.get(key_id, end)
            self._recorded_ends[key_id] = end
            if end < before:
                yield f"{key_id} of {name} was to work until {before} by record, now {end}"

    def recorded_ends(self, name: str) -> Iterator[tuple[str, datetime]]:
        """The keys whose ends are on record in this user's secret."""
        secret = self._secret(name)
        for tag in (secret.tags or []) if secret else []:
            if tag["Key"] == "access-key-rotation:works-until":
                key_id, at = tag["Value"].split()
                yield key_id, datetime.fromisoformat(at)

    def heard(self, data: dict[str, Any], body: str, is_new: bool) -> None:
        """This was published; just now, if it `is_new`."""
        for one in said(data, body):
            if one.key_id is None:
                continue
            if one.event == "ending":
                run = datetime.strptime(data["run"], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
                self._last_notices.setdefault(one.key_id, run)
            elif one.event not in ("rotated", "reminded") or not one.reaches_owner:
                continue
            elif one.event == "reminded":
                self._reminders[one.key_id] += 1
            elif is_new:
                self._announced[one.key_id] = self._account.clock.now()
            if one.end is None and one.event == "rotated":
                self._has_grace.discard(one.key_id)  # beside another successor, it goes at once
            if one.end is not None:
                self._has_grace.add(one.key_id)
                if not one.while_used:
                    named = self._named_ends.get(one.key_id, one.end)
                    self._named_ends[one.key_id] = max(one.end, named)

    def reminded(self) -> Counter[tuple[str, str]]:
        """How often somebody was reminded of the end of each key, by the record that says so."""
        return Counter({("notice-reminded", key): n for key, n in self._reminders.items()})

    def repeated(self, most: int) -> Iterator[str]:
        """The keys of which somebody was reminded more often than that."""
        for key_id, times in self._reminders.items():
            if times > most:
                yield f"{key_id} was reminded of {times} times"

    def broken(self, name: str, old_id: str, new_id: str | None) -> Iterator[tuple[Promise, str]]:
        """The handler disabled the old key just now; the new one is what a read returns. What that
        breaks, whichever settings the run has read."""
        now = self._account.clock.now()
        end = max(self._named_ends.get(old_id, now), self._recorded_ends.get(old_id, now))
        if now < end:  # on record is the day that a warning named, too
            yield Promise.NAMED_END, f"{old_id} of {name} was to work until {end}"
        if old_id not in self._has_grace or new_id in (None, old_id):
            return  # its owner was told that it goes at once
        found = [
            list(self._broken(name, old_id, str(new_id), chosen))
            for chosen in self._settings.values
        ]
        yield from min(found, key=len)

    def _broken(
        self, name: str, old_id: str, new_id: str, chosen: Chosen
    ) -> Iterator[tuple[Promise, str]]:
        user = iam_backends[ACCOUNT_ID]["aws"].users[name]
        keys = {key.access_key_id: key for key in user.access_keys}
        if new_id not in keys or keys[new_id].status != "Active":
            return  # somebody took it away, and the handler will see that
        has_password = user.password or name in chosen.with_password
        new, new_use = keys[new_id], _owners_use(keys[new_id].last_used)
        # What IAM did not show of the old key when the run asked, nobody can know.
        old_use = _owners_use(self.uses.of(keys[old_id]))
        uses_both = new_use and old_use and old_use > new_use - _SIDE_BY_SIDE
        if (
            chosen.remind_before_days
            and (new_use is None or uses_both)
            and not self._reminders[old_id]
            and old_id not in self._last_notices
            and not self._was_given_a_day(old_id)
        ):
            yield Promise.REMINDED, f"{old_id} of {name} went, and nobody was reminded of that"
        if not chosen.hold_until_moved or new_use is not None:
            return
        created = new.create_date.replace(tzinfo=UTC)
        if old_use is not None and old_use > self._announced.get(old_id, created):
            why = "is in use, and its successor is not"
        elif not (self._was_fetched(name, new_id) or has_password or chosen.has_readers(name)):
            why = "alone can fetch its successor"
        else:
            return
        now, told = self._account.clock.now(), self._last_notices.get(old_id)
        ahead = timedelta(days=max(1, chosen.remind_before_days))
        if now < created + timedelta(days=chosen.max_overlap_days):
            yield Promise.NOT_CUT_OFF, f"{old_id} of {name} {why}"
        elif told is None or now - told < ahead - _GRAIN:
            yield Promise.NOT_CUT_OFF, f"{old_id} of {name} {why}, and the operators knew: {told}"

    def _was_given_a_day(self, old_id: str) -> bool:
        """Whether its announcement named the day after as its end: no day is left for a reminder in
        between, and the docs promise none ("a day less than the grace")."""
        said, end = self._announced.get(old_id), self._named_ends.get(old_id)
        return said is not None and end is not None and end - said < timedelta(days=1.5)

    def _was_fetched(self, name: str, new_id: str) -> bool:
        """Whether somebody read the secret when it held this key."""
        secret = self._secret(name)
        read = last_read(secret)
        stored = [
            version["createdate"]
            for version in secret.versions.values()
            if json.loads(version["secret_string"]).get("AccessKeyId") == new_id
        ]
        return read is not None and read.timestamp() >= min(stored)


def _owners_use(used: Any) -> datetime | None:
    """When this use was, unless it was the handler's own trial."""
    if used is None or used.service == "sts":
        return None
    at: datetime = used._timestamp.replace(tzinfo=UTC)
    return at
