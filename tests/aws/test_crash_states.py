"""The harness may stop a history in a state that it knows: so nothing may be missing in a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from moto.moto_api._internal import mock_random

from tests.aws.account import Account
from tests.crash.branches import beginning as beginning_of
from tests.crash.branches import in_a_branch
from tests.crash.known import KnownStates, State
from tests.crash.ledger import Ledger
from tests.crash.promises import Promise, Violation
from tests.crash.runs import BY_NAME, invoke, prepared
from tests.crash.states import in_order, state_of
from tests.crash.wire import Tap

Change = Callable[[Account, Ledger], object]


@pytest.fixture
def beginning() -> Iterator[tuple[Account, Ledger]]:
    with prepared(BY_NAME["due again"]) as (account, ledger, _payload):
        yield account, ledger


def _a_policy(account: Account, _: Ledger) -> None:
    policy = '{"Version": "2012-10-17", "Statement": []}'
    account.client("secretsmanager").put_resource_policy(
        SecretId=account.secret_name(), ResourcePolicy=policy
    )


def _a_key_of_ones_own(account: Account, _: Ledger) -> None:
    account.client("secretsmanager").update_secret(
        SecretId=account.secret_name(), KmsKeyId="alias/other"
    )


CHANGES: dict[str, Change] = {
    "ten minutes": lambda account, _: account.pass_days(minutes=10),
    "a key": lambda account, _: account.add_key(),
    "a status": lambda account, _: account.set_status(next(iter(account.statuses())), "Inactive"),
    "a use": lambda account, _: account.use(next(iter(account.statuses()))),
    "a tag of the user": lambda account, _: account.client("iam").tag_user(
        UserName="alice", Tags=[{"Key": "access-key-rotation", "Value": "paused"}]
    ),
    "a password": lambda account, _: account.client("iam").delete_login_profile(UserName="alice"),
    "a policy": _a_policy,
    "a KMS key": _a_key_of_ones_own,
    "a tag of the secret": lambda account, _: account.client("secretsmanager").tag_resource(
        SecretId=account.secret_name(), Tags=[{"Key": "team", "Value": "other"}]
    ),
    "a read of the secret": lambda account, _: account.read_secret(),
    "a replica": lambda account, _: account.client("secretsmanager").replicate_secret_to_regions(
        SecretId=account.secret_name(), AddReplicaRegions=[{"Region": "eu-central-1"}]
    ),
    "a setting": lambda account, _: account.set_parameter("grace_days", "3"),
    "options": lambda account, _: account.set_user_options({"alice": {"first_key": True}}),
    "a subscription": lambda account, _: account.subscribe("others", audience="operator"),
    "no subscription": lambda account, _: account.unsubscribe(),
    "a key that is held": lambda account, ledger: ledger.person_lacks(set(account.statuses())),
    "a violation": lambda _, ledger: ledger.violations.append(Violation(Promise.SETTLES, "it")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_decides_how_it_goes_on_is_in_the_state(
    beginning: tuple[Account, Ledger], change: str
) -> None:
    account, ledger = beginning
    before = state_of(account, ledger)

    CHANGES[change](account, ledger)

    assert state_of(account, ledger) != before


def test_the_disk_of_a_host_is_in_the_state() -> None:
    with prepared(BY_NAME["due again, a host pulls"]) as (account, ledger, payload):
        host = ledger.host
        assert host is not None
        host.is_on = False
        invoke(account, ledger, Tap(), payload, "first")
        states = [state_of(account, ledger)]
        host.is_on = True
        states.append(state_of(account, ledger))
        host.pull()
        states.append(state_of(account, ledger))

    assert len(set(states)) == 3


def test_what_is_drawn_by_lot_is_not_in_the_state() -> None:
    (key_id, state), (other_key_id, same_state) = in_a_branch(_two_runs)

    assert key_id != other_key_id
    assert state == same_state


def _two_runs() -> tuple[tuple[str, State], tuple[str, State]]:
    """From one beginning, which ends with the branch."""
    beginning_of("due again")
    return in_a_branch(partial(_after_a_run, 0)), in_a_branch(partial(_after_a_run, 1))


def _after_a_run(seed: int) -> tuple[str, State]:
    account, ledger, payload = beginning_of("due again")
    mock_random.seed(seed)
    invoke(account, ledger, Tap(), payload, "first")
    return str(account.secret_value()["AccessKeyId"]), state_of(account, ledger)


@pytest.mark.parametrize(
    ("minutes", "is_same"),
    [
        (("12:00", "12:03"), True),
        (("12:02", "12:03"), True),
        (("12:01", "12:00"), False),
        (("12:01", "12:01"), False),
        (("12:00", "12:10"), False),
    ],
)
def test_of_minutes_in_the_same_ten_the_order_is_in_the_state(
    minutes: tuple[str, str], is_same: bool
) -> None:
    state = "made 2026-06-01 12:00, used 2026-06-01T12:01"
    other = f"made 2026-06-01 {minutes[0]}, used 2026-06-01T{minutes[1]}"

    assert (in_order(other) == in_order(state)) is is_same


def test_a_state_is_known_with_as_many_repeats_and_excuses_or_more() -> None:
    known = KnownStates()
    known.learn([State("settled", frozenset(("tolerant",)), repeats=1)])

    assert known.holds(lambda: State("settled", frozenset(("tolerant",)), 1))
    assert known.holds(lambda: State("settled", frozenset(("tolerant", "more")), 2))
    assert not known.holds(lambda: State("settled", frozenset(("tolerant",)), 0))
    assert not known.holds(lambda: State("settled", frozenset(("more",)), 1))
    assert not known.holds(lambda: State("another", frozenset(("tolerant",)), 1))


def test_a_history_that_broke_something_teaches_no_state() -> None:
    known = KnownStates()
    on_the_way = State("on the way")
    known.holds(lambda: on_the_way)

    assert known.found(is_clean=False) == []
    assert known.found(is_clean=True) == [on_the_way]


def test_what_a_branch_of_a_branch_has_found_is_passed_on() -> None:
    known = KnownStates()
    known.holds(lambda: State("before"))
    known.begin()
    known.learn([State("from a branch")])

    assert known.found(is_clean=False) == [State("from a branch")]
