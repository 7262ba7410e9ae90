"""What the harness takes for an answer that a run did not have, and what it does not."""

from __future__ import annotations

import pytest

from tests.crash.faults import WHO_CAN_READ, WatchUnknown
from tests.crash.promises import Promise
from tests.crash.runs import BY_NAME, prepared
from tests.crash.wire import Fault, Tap


@pytest.mark.parametrize(
    ("read", "is_emergency", "has_failed", "go", "is_seen"),
    [
        (WHO_CAN_READ, True, True, 1, False),  # it says so, and a person asked for it
        (WHO_CAN_READ, True, False, 1, True),
        (WHO_CAN_READ, False, True, 1, True),
        ("iam:ListAccessKeys", True, True, 1, True),
        (WHO_CAN_READ, True, True, 2, True),
    ],
)
def test_keys_that_go_after_a_read_that_was_denied(
    read: str, is_emergency: bool, has_failed: bool, go: int, is_seen: bool
) -> None:
    """So many of them; the reported one first."""
    with prepared(BY_NAME["emergency, both slots active"]) as (account, ledger, payload):
        reported = payload["emergency"]["access_key_id"]
        tap = Tap(Fault.DENIED, 0)
        watch = WatchUnknown(ledger, tap, payload if is_emergency else {})
        watch(0, read)
        tap.calls.append(read)
        for key_id in [reported, *(account.statuses().keys() - {reported})][:go]:
            account.set_status(key_id, "Inactive")
        watch.finish(has_failed)

        seen = [violation.promise for violation in ledger.violations]
    assert seen == ([Promise.UNKNOWN_IS_NO_ANSWER] if is_seen else [])
