"""What the harness takes for an answer that a run did not have, and what it does not."""

from __future__ import annotations

import pytest

from tests.crash.faults import WHO_CAN_READ, WatchUnknown
from tests.crash.promises import Promise
from tests.crash.runs import BY_NAME, prepared
from tests.crash.wire import Fault, Tap


@pytest.mark.parametrize(
    ("read", "is_emergency", "has_failed", "is_seen"),
    [
        (WHO_CAN_READ, True, True, False),  # it says so, and a person asked for it
        (WHO_CAN_READ, True, False, True),
        (WHO_CAN_READ, False, True, True),
        ("iam:ListAccessKeys", True, True, True),
    ],
)
def test_a_key_that_goes_after_a_read_that_was_denied(
    read: str, is_emergency: bool, has_failed: bool, is_seen: bool
) -> None:
    with prepared(BY_NAME["emergency, both slots active"]) as (account, ledger, payload):
        tap = Tap(Fault.DENIED, 0)
        watch = WatchUnknown(ledger, tap, payload if is_emergency else {})
        watch(0, read)
        tap.calls.append(read)
        account.set_status(payload["emergency"]["access_key_id"], "Inactive")
        watch.finish(has_failed)

        seen = [violation.promise for violation in ledger.violations]
    assert seen == ([Promise.UNKNOWN_IS_NO_ANSWER] if is_seen else [])


def test_an_emergency_takes_no_other_key_than_the_reported_one() -> None:
    with prepared(BY_NAME["emergency, both slots active"]) as (account, ledger, payload):
        tap = Tap(Fault.DENIED, 0)
        watch = WatchUnknown(ledger, tap, payload)
        watch(0, WHO_CAN_READ)
        tap.calls.append(WHO_CAN_READ)
        for key_id in account.statuses():
            account.set_status(key_id, "Inactive")
        watch.finish(has_failed=True)

        assert [v.promise for v in ledger.violations] == [Promise.UNKNOWN_IS_NO_ANSWER]
