"""Names in `users` that are no managed user's, and owners whose address gets nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from key_rotation.domain.credential_report import Slot
from key_rotation.domain.model import Audience, OwnedSecret, UserRef
from key_rotation.domain.settings import Settings, SettingsError, parse_settings
from key_rotation.domain.user_options import UserOptions
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.ports import Scan, UnreachedOperator
from key_rotation.run.named_users import named_in_vain
from key_rotation.run.payload import Payload
from key_rotation.run.run import Rotation
from tests.defaults import default_parameters
from tests.unit.builders import (
    ACCOUNT,
    ALICE,
    SECRET_ARN,
    SETTINGS,
    ago,
    key,
    secret,
    settings,
    stamp,
    user,
)
from tests.unit.fakes import FakeAccount
from tests.unit.test_run import one_user, run

BOB = UserRef("bob", "AIDABOB", f"arn:aws:iam::{ACCOUNT}:user/team/bob")
READER = f"arn:aws:iam::{ACCOUNT}:role/deploy"


def named(*names: str, **changes: Any) -> Settings:
    return settings(user_names=dict.fromkeys(names, False), **changes)


def scan(**changes: Any) -> Scan:
    """Alice is managed, bob is a user."""
    found: dict[str, Any] = {"managed": (user(),), "unexpected": {}, "scanned": 2}
    return Scan(**found | {"users": {each.id: each for each in (ALICE, BOB)}} | changes)


# -- as Terraform writes them ----------------------------------------------------------------------


def parsed(**chunks: Any) -> Settings:
    parameters = default_parameters(name="key-rotation")
    texts = {f"user_names-{name}": json.dumps(chunk) for name, chunk in chunks.items()}
    return parse_settings(parameters | texts, "/key-rotation/config")


def test_the_names_of_all_parameters_are_known() -> None:
    found = parsed(a={"alice": True, "build-agent": False}, b={"carol": False})

    assert found.user_names == {"alice": True, "build-agent": False, "carol": False}
    assert parsed().user_names == {}


@pytest.mark.parametrize("chunk", [["alice"], {"alice": {}}, {"a/b": True}, "alice", None])
def test_a_malformed_parameter_is_named(chunk: Any) -> None:
    with pytest.raises(SettingsError, match="parameter /key-rotation/config/user_names-x "):
        parsed(x=chunk)


# -- who is named in vain --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("carol", {}, "no IAM user has that name"),
        ("Alice", {}, "the user's name is 'alice': write it so"),
        ("BOB", {}, "the user's name is 'bob': write it so"),
        (
            "bob",
            {},
            "the user does not carry the tag access-key-rotation = enabled: keys are not rotated",
        ),
        (
            "bob",
            {"user_path_prefix": "/services/"},
            "the user is out of the function's reach, by user_path_prefix",
        ),
    ],
)
def test_it_says_why(name: str, changes: dict[str, Any], why: str) -> None:
    assert named_in_vain(named("alice", name, **changes), scan()) == {
        name: f"named in `users`, but {why}"
    }


def test_options_that_have_no_effect_are_named_and_come_first() -> None:
    options = {"carol": UserOptions((READER,), first_key=True), "alice": UserOptions((READER,))}
    found = named_in_vain(named("aaron", "alice", user_options=options), scan())

    assert list(found) == ["carol", "aaron"]
    assert found["carol"] == (
        "named in `users`, but no IAM user has that name. The options (first_key, reader_arns) "
        "have no effect"
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"unread": {"bob": RuntimeError()}}, id="tags not read"),
        pytest.param({"unexpected": {"bob": "Enabled"}}, id="another value"),
        pytest.param({"out_of_reach": {"bob": "user_path_prefix"}}, id="out of reach"),
    ],
)
def test_of_whom_something_is_said_already_nothing_more_is(changes: dict[str, Any]) -> None:
    assert named_in_vain(named("bob"), scan(**changes)) == {}


def test_managed_users_are_named_rightly() -> None:
    assert named_in_vain(named("alice"), scan()) == {}
    assert named_in_vain(SETTINGS, scan()) == {}


# -- in a run --------------------------------------------------------------------------------------


def with_secret(*listed: str, **facts: Any) -> FakeAccount:
    """Alice has a secret, and these are listed as secrets of this installation."""
    account = one_user(key("A", 10), secret=secret("A", announced=stamp("A", 10)), **facts)
    account.owned = {
        f"iam-access-key/{name}": OwnedSecret(
            f"iam-access-key/{name}", SECRET_ARN, ALICE.id, kms_key_id=SETTINGS.kms_key_arn
        )
        for name in listed
    }
    return account


def text_of(account: FakeAccount) -> str:
    [digest] = account.digests
    return " ".join(digest.text.split())


def test_it_is_a_row_of_each_run_and_a_line_once_a_week() -> None:
    account = with_secret("alice")
    names = {"alice": False, "carol": False}

    report = run(account, user_names=names)

    assert [(row.user, row.reason) for row in report.rows] == [("carol", "named_in_vain")]
    assert (
        "What Terraform was told, and the account does not have: - carol: named in `users`, but no "
        "IAM user has that name"
    ) in text_of(account)
    account.digests.clear()
    account.clock.time = account.clock.time.replace(day=2)
    assert [row.user for row in run(account, user_names=names).rows] == ["carol"]
    assert account.digests == []


def test_a_rollout_of_thousands_is_cut() -> None:
    account = one_user(key("A", 10))

    report = run(account, user_names={f"u{number:04}": False for number in range(5000)})

    assert len(report.rows) == 26
    assert report.rows[-1].detail == "and 4975 more names in `users`: key-rotation status"
    [digest] = account.digests
    assert "5000 unmatched" in digest.subject


@pytest.mark.parametrize(
    ("audience", "instead"),
    [
        (Audience.OPERATOR, "the operators get the messages"),
        (Audience.NOBODY, "and no operator gets the messages either"),
    ],
)
def test_an_owner_whose_address_gets_nothing_is_in_the_weekly_digest(
    audience: Audience, instead: str
) -> None:
    account = with_secret("alice", audience=audience)

    run(account, user_names={"alice": True})

    assert (
        "alice: the subscription of the owner's address is not confirmed, or is gone: " + instead
    ) in text_of(account)


@pytest.mark.parametrize(
    ("audience", "has_address"), [(Audience.USER, True), (Audience.OPERATOR, False)]
)
def test_who_gets_them_or_never_should_is_not(audience: Audience, has_address: bool) -> None:
    account = with_secret("alice", audience=audience)

    run(account, user_names={"alice": has_address})

    assert account.digests == []


def test_once_a_week_it_is_asked_who_of_the_operators_hears_it() -> None:
    account = one_user(key("A", 10))
    account.unreached = [UnreachedOperator("ops@example.com", "has not confirmed")]

    run(account, operator_emails=("ops@example.com", "more@example.com"))

    assert "Operators who do not get this digest: - ops@example.com has not" in text_of(account)


def test_if_all_hear_it_there_is_nothing_to_say() -> None:
    account = one_user(key("A", 10))

    run(account, operator_emails=("ops@example.com",))

    assert "unreached_operators" in account.calls
    assert account.digests == []


def test_subscriptions_that_cannot_be_read_end_the_run_in_an_error_and_hide_nothing() -> None:
    account = one_user(key("A", 10))
    account.add_other("carol", Slot(True, ago(400)))
    account.fail("audience", RuntimeError("AccessDenied"))

    with pytest.raises(Exception, match="AccessDenied"):
        run(account, user_names={"alice": True})

    assert "carol: 1 active key" in text_of(account)


# -- secrets that Terraform made -------------------------------------------------------------------


def lost(report: Report) -> list[str]:
    return [row.user for row in report.rows if row.reason == "secret_lost"]


def test_a_secret_that_was_deleted_for_good_is_said_on_mondays() -> None:
    account = with_secret()
    del account.secrets["alice"]

    report = run(account, user_names={"alice": False})

    assert lost(report) == ["alice"]
    assert (
        "alice: the secret iam-access-key/alice, which Terraform made, does not exist any more: "
        "apply again."
    ) in text_of(account)


@pytest.mark.parametrize(
    ("listed", "exists", "names"),
    [
        pytest.param(["alice"], True, {"alice": False}, id="listed"),
        pytest.param([], True, {"alice": False}, id="too young for the list"),
        pytest.param([], False, {}, id="of nobody whom Terraform knows"),
    ],
)
def test_others_are_not_lost(listed: list[str], exists: bool, names: dict[str, bool]) -> None:
    account = with_secret(*listed)
    if not exists:
        del account.secrets["alice"]

    assert lost(run(account, user_names=names)) == []


def test_a_secret_that_cannot_be_described_is_not_lost() -> None:
    account = with_secret()
    account.fail("describe", RuntimeError("AccessDenied"))

    with pytest.raises(RotationFailedError) as failed:
        run(account, user_names={"alice": False})

    assert lost(failed.value.report) == []
    assert [row.reason for row in failed.value.report.failed] == ["housekeeping_failed"]


def test_in_the_days_after_a_change_it_is_not_said_again() -> None:
    account = with_secret()
    del account.secrets["alice"]
    account.clock.time = tuesday = account.clock.time.replace(day=2)
    chosen = settings(user_names={"alice": False})

    report = Rotation(account.world(), chosen, Payload(), "this", 1, tuesday).run()

    assert lost(report) == []


def test_of_many_the_first_are_looked_for() -> None:
    account = FakeAccount()
    for number in range(30):
        account.add(user(key(f"K{number}", 10)), f"u{number:02}")

    report = run(account, user_names=dict.fromkeys(account.users, False))

    assert account.calls.count("describe") == 25
    assert len(lost(report)) == 26
