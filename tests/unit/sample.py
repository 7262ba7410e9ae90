"""The status of an account that never was: every situation that an operator may see.

`python -m tests.unit.sample FILE` writes its report, to look at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from key_rotation.domain.coverage import NotManaged, OtherUser
from key_rotation.domain.credential_report import Row, Slot
from key_rotation.domain.model import (
    AccessKey,
    Audience,
    Event,
    KeyStatus,
    ManagedUser,
    SecretState,
    UserRef,
)
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.settings import Settings
from key_rotation.ports import Scan
from key_rotation_cli.account import AccountStatus, Unread, UserStatus
from key_rotation_cli.administrators import Administrators, Power
from key_rotation_cli.forecast import Forecast, forecast
from key_rotation_cli.report.compliance import Compliance
from key_rotation_cli.report.page import page
from key_rotation_cli.schedule import Schedule, State
from key_rotation_cli.settled import forecast_settled
from tests.unit.builders import (
    ACCOUNT,
    NOW,
    SETTINGS,
    ago,
    credential_report_of,
    expired,
    key,
    secret,
    stamp,
    user,
)
from tests.unit.history_sample import past_sample

_PEOPLE = ("ana", "ben", "carla", "dmitri", "edda", "farid", "gwen", "hugo", "ines", "jonas")
_SERVICES = ("backup", "billing-export", "ci-runner", "data-import", "edge-sync", "ftp-bridge")


def status(name: str, subject: ManagedUser, settings: Settings = SETTINGS) -> UserStatus:
    """The user under this name, with what comes for them."""
    ref = UserRef(name, f"AIDA{name.upper()}", f"arn:aws:iam::{ACCOUNT}:user/{name}")
    state = subject.secret
    assert state is not None
    named = replace(
        subject, ref=ref, secret=replace(state, user_id=ref.id) if state.exists else state
    )
    coming = forecast(named, settings, NOW)
    assert isinstance(coming, Forecast)
    return UserStatus(named, limits_for(named.tags, settings), coming)


def settled_status(name: str, *keys: AccessKey) -> UserStatus:
    """A user as the credential report has them, who was not read."""
    row = credential_report_of([user(*keys)], NOW).rows["alice"]
    seen = user(*(replace(each, id="") for each in keys if each.is_active))
    ref = UserRef(name, f"AIDA{name.upper()}", f"arn:aws:iam::{ACCOUNT}:user/{name}")
    subject = ManagedUser(ref, seen.keys, seen.tags, created=seen.created)
    coming = forecast_settled(subject, row, SETTINGS)
    return UserStatus(subject, limits_for(subject.tags, SETTINGS), coming, from_report=True)


def account_status(
    *statuses: UserStatus, unread: tuple[Unread, ...] = (), unexpected: dict[str, str] | None = None
) -> AccountStatus:
    """With a credential report of half an hour ago."""
    found = tuple(sorted(statuses, key=lambda each: each.name))
    count = len(statuses) + len(unread) + len(unexpected or {})
    scan = Scan(tuple(each.user for each in found), unexpected or {}, count + 31, {})
    return AccountStatus(
        *(SETTINGS, ACCOUNT, "eu-west-1", NOW, count + 31, unexpected or {}, found, unread, scan),
        Schedule("access-key-rotation", State.ON),
        credential_report_of(scan.managed, ago(minutes=30)),
    )


def nobodys(found: AccountStatus) -> Administrators:
    """None of these users is an administrator."""
    return Administrators({each.name: Power(()) for each in found.statuses})


def sample(compliant: bool = False) -> AccountStatus:
    """All of it; if compliant, without those whose keys are too old."""
    statuses = [status(name, subject) for name, subject in _users()]
    if compliant:
        statuses = [each for each in statuses if not _too_old(each)]
    found = account_status(*statuses, unexpected={"zoe": "Enabled"})
    return with_others(found, compliant)


def with_others(found: AccountStatus, compliant: bool = False) -> AccountStatus:
    """The account with users who are not managed: one has a new key, one is exempt; unless it is to
    be compliant, others have old ones."""
    exempt, odd = {"exempt": True}, {"why": NotManaged.UNEXPECTED_TAG_VALUE}
    keys: dict[str, tuple[float, float | None, dict[str, Any]]] = {
        "intern": (1.2, None, {}),
        "break-glass": (61, None, exempt),
    }
    if not compliant:
        keys |= {"zoe": (403, 2.5, odd), "legacy-ftp": (812, 300, {}), "tim": (55, 0.2, {})}
    others = [OtherUser(name, ago(1000), **_why(facts)) for name, (_, _, facts) in keys.items()]
    rows = {
        name: Row(ago(1000), (Slot(True, ago(days), None if used is None else ago(used)), Slot()))
        for name, (days, used, _) in keys.items()
    }
    report = found.credential_report
    assert report is not None
    return replace(
        found,
        scan=replace(found.scan, others=tuple(others)),
        credential_report=replace(report, rows={**report.rows, **rows}),
    )


def _why(facts: dict[str, Any]) -> dict[str, Any]:
    return {"why": NotManaged.NO_TAG} | facts


def excerpt() -> AccountStatus:
    """Those that docs/cli.md shows."""
    shown = (
        *("ana", "legacy-import", "mail-relay", "meter-reader", "nightly-etl", "quentin", "robot"),
    )
    return account_status(*(status(name, subject) for name, subject in _users() if name in shown))


def _users() -> Iterator[tuple[str, ManagedUser]]:
    for index, name in enumerate(_PEOPLE):
        yield name, _rotated(name, (index * 23 + 4) % 86)
    for index, name in enumerate(_SERVICES):
        yield name, _rotated(name, (index * 17 + 9) % 80, password=False)
    yield "kim", user(_id(key("K", 12)), used={_named("K"): None})
    old, new = _id(key("L1", 93.4)), _id(key("L2", 3.2))
    yield (
        "legacy-import",
        user(old, new, secret=_pair(old, new, 3.2), used={new.id: None}, password=False),
    )
    old, new = _id(key("M1", 104)), _id(key("M2", 12))
    yield (
        "mail-relay",
        user(
            *(old, new),
            secret=_pair(old, new, 12),
            used={old.id: ago(9.1)},
            tags={"hold-until": "2026-06-12"},
            password=False,
        ),
    )
    old, new = _id(key("S1", 100.6)), _id(key("S2", 10.4))
    state = replace(_pair(old, new, 10.4), notices={Event.REMINDED: stamp(old.id, 6.4)})
    used = {old.id: ago(2.2), new.id: None}
    yield "meter-reader", user(old, new, secret=state, used=used, password=False)
    yield "nightly-etl", user(_id(key("N1", 131)), _id(key("N2", 64)))
    yield "old-scanner", user(_id(key("O1", 96)), _id(expired("O2", 200)))
    yield "printer", user(_id(key("P1", 97)), audience=Audience.NOBODY)
    yield "quentin", user(_id(key("Q", 85)), secret=secret(warned=stamp(_named("Q"), 2)))
    yield "robot", user(_id(key("R", 90.2)))
    yield "sofia", user()


def _rotated(name: str, days: float, password: bool = True) -> ManagedUser:
    """A user whose key was replaced so long ago; a service keeps the old one for 7 days more, and
    a month after that it is deleted."""
    off = days if password else days - 7
    old, new = _id(key(f"{name}1", days + 90)), _id(key(f"{name}2", days))
    state = _pair(old, new, days)
    if off > 0:
        old = replace(old, status=KeyStatus.INACTIVE)
        state = replace(state, inactive_since=stamp(old.id, off))
    if days >= 83:
        state = replace(state, warned=stamp(new.id, days - 83))
    return user(*((old, new) if off < 30 else (new,)), secret=state, password=password)


def _pair(old: AccessKey, new: AccessKey, days: float) -> SecretState:
    return secret(new.id, old.id, announced=stamp(new.id, days))


def _id(short: AccessKey) -> AccessKey:
    return replace(short, id=_named(short.id))


def _named(short: str) -> str:
    """An id that looks like IAM's and is nobody's."""
    return f"AKIA{sha256(short.encode()).hexdigest()[:9].upper()}EXAMPLE"


def _too_old(each: UserStatus) -> bool:
    return any(k.status is KeyStatus.ACTIVE and k.created < ago(90) for k in each.keys)


if __name__ == "__main__":
    powers = {"ci-runner": Power(("AdministratorAccess",)), "kim": Power(("ops of the group dev",))}
    text = page(Compliance(sample(), Administrators(powers)), past_sample())
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
