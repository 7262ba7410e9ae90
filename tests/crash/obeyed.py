"""Whether the handler obeys what holds it back: settings, tags of a user, and the lack of a tag.

Held against what the documents say of each setting, and moto's own state: no rule of the product is
asked.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import iam_backends
from moto.sns.models import sns_backends

from tests.aws.account import ACCOUNT_ID, REGION, Account
from tests.crash.exposure import readers
from tests.crash.iam_past import last_use_by
from tests.crash.promises import Promise
from tests.crash.settings_read import (
    AsRead,
    parameter,
    user_tag,
    wanting_a_first_key,
    with_password,
)

_CHANGES = ("iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey")
_BULK_READ = "iam:GetAccountAuthorizationDetails"
# Moto's clock moves by floating numbers.
_GRAIN = timedelta(milliseconds=1)
# IAM shows a use hours late. What comes later than that nobody can know.
_SEEN_LATE = timedelta(hours=12)
_A_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)

Statuses = Mapping[tuple[str, str], str]
Said = Mapping[str, str]  # settings, as a run may have read them
Violated = tuple[Promise, str]
_SETTINGS = (
    "bulk_discovery",
    "delete_after_days",
    "dry_run",
    "grace_days",
    "hold_until_moved",
    "hold_while_used_days",
    "max_iam_writes_per_second",
    "max_key_age_days",
    "max_overlap_days",
    "max_rotations_per_run",
    "min_grace_days_without_console",
    "remind_before_days",
    "require_confirmed_subscription",
)


@dataclass
class _Run:
    """What one run, which is a thread, has written so far."""

    made_for: set[str] = field(default_factory=set)
    writes: list[datetime] = field(default_factory=list)
    is_overlapped: bool = False


class Obeyed:
    """Call `begin_run` before each run, `end_run` after it, and `after` after every call."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._readers = AsRead(_readers_by_user)
        self._passwords = AsRead(with_password)
        self._wanting_a_first_key = AsRead(wanting_a_first_key)
        self._said = AsRead(lambda: {name: parameter(name) for name in _SETTINGS})
        self._runs: dict[int, _Run] = {}
        self.uses_late = timedelta(0)
        self._before = _statuses()

    def begin_run(self) -> None:
        self._runs[threading.get_ident()] = _Run()

    def end_run(self) -> None:
        """A run within another one took time, maybe between that one's wait and its write: how fast
        the other one writes is not known."""
        self._runs.pop(threading.get_ident(), None)
        for other in self._runs.values():
            other.is_overlapped = True

    def after(self, call: str, may_change: Callable[[str], bool]) -> Iterator[tuple[Promise, str]]:
        """What this call of the handler has done that it may not do: of a user by name,
        `may_change` says whether it may change their keys."""
        before, self._before = self._before, _statuses()
        self._readers.after(call)
        self._passwords.after(call)
        self._wanting_a_first_key.after(call)
        self._said.after(call)
        if call == _BULK_READ and self._is_always("bulk_discovery", "false"):
            yield Promise.HELD_BACK, "users are read in bulk, which the settings forbid"
        if call not in _CHANGES:
            return
        changed = {
            key
            for key in before.keys() | self._before.keys()
            if before.get(key) != self._before.get(key)
        }
        run = self._runs.setdefault(threading.get_ident(), _Run())
        for name, key_id in sorted(changed):
            if not may_change(name):
                yield Promise.UNTAGGED, f"{key_id} of {name}: {call}"
            if self._is_always("dry_run", "true"):
                yield Promise.HELD_BACK, f"{key_id} of {name}: {call}, and it is a dry run"
            if call == "iam:CreateAccessKey":
                run.made_for.add(name)
                if self._is_always("require_confirmed_subscription", "true") and not _is_heard():
                    yield Promise.NOTIFIED_FIRST, f"{key_id} of {name} was made, and nobody hears"
            run.writes.append(self._account.clock.now())
        limits = [int(said["max_rotations_per_run"]) for said in self._said.values]
        if call == "iam:CreateAccessKey" and all(0 < most < len(run.made_for) for most in limits):
            yield Promise.HELD_BACK, f"{len(run.made_for)} rotations in a run, not {max(limits)}"
        since = self._account.clock.now() - _SECOND + _GRAIN
        last = sum(at > since for at in run.writes)
        most = max(int(said["max_iam_writes_per_second"]) for said in self._said.values)
        if changed and last > most and not run.is_overlapped:
            yield Promise.HELD_BACK, f"{last} changes of keys in a second"

    def _is_always(self, name: str, value: str) -> bool:
        """Whether this setting has this value, however early the run has read it."""
        return all(said[name] == value for said in self._said.values)

    @property
    def may_be_dry(self) -> bool:
        """Whether the last run may have been a dry one."""
        return not self._is_always("dry_run", "false")

    def wants_a_first_key(self, name: str) -> set[bool]:
        """All that the last run may have read of this user."""
        return {name in read for read in self._wanting_a_first_key.values}

    @property
    def delete_after(self) -> timedelta:
        """How long a key must have been inactive, by any setting that the run may have read."""
        return min(int(said["delete_after_days"]) for said in self._said.values) * _DAY

    def too_early(self, name: str, old: Any, new: Any) -> Iterator[tuple[Promise, str]]:
        """The handler disabled the older of these keys of moto's just now, whose successor works.
        What a tag, or a setting that the run may have read, says for longer."""
        found = [list(self._too_early(name, old, new, said)) for said in self._said.values]
        yield from min(found, key=len)

    def _too_early(self, name: str, old: Any, new: Any, said: Said) -> Iterator[Violated]:
        now, user = self._account.clock.now(), iam_backends[ACCOUNT_ID]["aws"].users[name]
        made = new.create_date.replace(tzinfo=UTC, microsecond=0)  # as IAM dates it
        if now < made + _grace_days(name, said) * _DAY:
            yield Promise.HELD_BACK, f"{old.access_key_id} of {name} went within its grace"
        has_password = user.password or any(name in read for read in self._passwords.values)
        fetches_by_key = not has_password and not any(read[name] for read in self._readers.values)
        least = int(said["min_grace_days_without_console"]) * _DAY
        if fetches_by_key and now < made + least:
            yield Promise.NOT_CUT_OFF, f"{old.access_key_id} of {name} went before {least}"
        if now >= made + int(said["max_overlap_days"]) * _DAY:
            return  # nothing holds it for longer than that
        day, _, held = (user_tag(name, "access-key-rotation:hold-until") or "").partition(" ")
        if _A_DATE.fullmatch(day) and held in ("", old.access_key_id):
            until = datetime.fromisoformat(day).replace(tzinfo=UTC) + _DAY
            if now < until:
                yield Promise.HELD_BACK, f"{old.access_key_id} of {name} is held by a tag: {day}"
        while_used = int(said["hold_while_used_days"]) * _DAY
        seen = last_use_by(old, now - max(_SEEN_LATE, self.uses_late))
        if while_used and seen is not None:
            ago = now - seen.timestamp.replace(tzinfo=UTC)
            if ago < while_used:
                yield Promise.HELD_BACK, f"{old.access_key_id} of {name} was used {ago} ago"


def _grace_days(name: str, said: Said) -> int:
    """By the user's tag, if it is within the limits of docs/reference.md: another one is ignored.
    Where a tag for the age of keys leaves the limit open, the shorter of the two graces."""
    of_all = int(said["grace_days"])
    tag = user_tag(name, "access-key-rotation:grace-days") or ""
    if not tag.isdigit():
        return of_all
    is_held = said["hold_until_moved"] == "true"
    overlap, reminder = int(said["max_overlap_days"]), int(said["remind_before_days"])
    age = user_tag(name, "access-key-rotation:max-key-age-days") or ""
    age = age if age.isdigit() else said["max_key_age_days"]
    most = min(
        overlap - (max(1, reminder) if is_held else 0),
        int(age) - int(said["delete_after_days"]) - 1,
    )
    return int(tag) if int(tag) <= most else min(int(tag), of_all)


def _statuses() -> Statuses:
    users = iam_backends[ACCOUNT_ID]["aws"].users
    return {
        (name, key.access_key_id): key.status
        for name, user in users.items()
        for key in user.access_keys
    }


def _readers_by_user() -> dict[str, list[str]]:
    return {name: readers(name) for name in iam_backends[ACCOUNT_ID]["aws"].users}


def _is_heard() -> bool:
    """Whether anybody subscribes to the topic."""
    return bool(sns_backends[ACCOUNT_ID][REGION].subscriptions)
