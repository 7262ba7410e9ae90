"""The report's related controls: only one active key is counted; the rest is said to be unseen."""

from __future__ import annotations

import pytest

from key_rotation_cli.account import Unread
from key_rotation_cli.report.compliance import Compliance
from key_rotation_cli.report.page import page
from key_rotation_cli.report.related import related
from tests.unit.builders import inactive, key, secret, stamp, user
from tests.unit.sample import account_status, nobodys, status

IN_GRACE = user(
    key("A", 91), key("B", 1), secret=secret("B", "A", announced=stamp("B", 1)), password=False
)
REPLACED = user(
    inactive("A", 91),
    key("B", 1),
    secret=secret("B", "A", announced=stamp("B", 1), inactive_since=stamp("A", 1)),
)


@pytest.mark.parametrize(
    ("users", "unread", "kind", "result"),
    [
        ([IN_GRACE, REPLACED], False, "warn", "1 user with two"),
        ([REPLACED], False, "good", "nobody has two"),
        ([REPLACED], True, "warn", "not complete"),
        ([IN_GRACE], True, "warn", "1 user with two"),
    ],
)
def test_users_with_two_active_keys_are_counted(
    users: list[object], unread: bool, kind: str, result: str
) -> None:
    statuses = [status(f"user-{number}", one) for number, one in enumerate(users)]  # type: ignore[arg-type]
    missing = (Unread("bob", "AccessDenied"),) if unread else ()
    found = account_status(*statuses, unread=missing)

    one_active, *others = related(Compliance(found, nobodys(found)))

    assert (one_active.kind, one_active.result) == (kind, result)
    assert {other.result for other in others} == {"not looked at"}
    text = page(Compliance(found, nobodys(found)))
    assert "1.13 (v1.4 to v4), 1.12 (v5), 2.12 (v6)" in text
