"""Accounts side by side: each by its role, and one that cannot be read never hides the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Event

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, UnknownRegionError
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from key_rotation.domain.settings import SettingsError
from key_rotation.ports import DiscoveryError
from key_rotation_cli.account import ShowProgress, Unread
from key_rotation_cli.accounts.gather import Gathered, ReadAccount, UnreadAccount, gather
from key_rotation_cli.accounts.map import AccountMap, AccountMapError
from key_rotation_cli.accounts.roles import (
    SESSION_NAME,
    Member,
    RoleNotAssumedError,
    assume,
    members,
)
from key_rotation_cli.connection import ASSUMPTION, INVOCATION, READS, Connection, session
from tests.unit.builders import NOW, key, user
from tests.unit.sample import account_status, nobodys, status

IDS = {"security": "111122223333", "shop": "444455556666", "warehouse": "777788889999"}
MAP = AccountMap(Path("map.json"), IDS, "security", "rotation", "eu-west-1", "teams/viewer")
SHOP = Member("shop", IDS["shop"], "arn:aws:iam::444455556666:role/teams/viewer")


def all_of() -> list[Member]:
    return members(MAP, None, MAP.role_name, MAP.region)


def read(member: Member) -> ReadAccount:
    found = account_status(status(f"user-of-{member.name}", user(key("A", 10))))
    return ReadAccount(member.name, found, nobodys(found))


def gathered(
    failing: Callable[[Member], Exception | None], at_once: int = 2
) -> tuple[Gathered, list[tuple[int, int, str]]]:
    """Two accounts that can be read, unless said otherwise, and what was shown of the progress."""
    shown: list[tuple[int, int, str]] = []

    def one(member: Member, progress: ShowProgress) -> ReadAccount:
        progress(0, 1)
        if error := failing(member):
            raise error
        progress(1, 1)
        return read(member)

    found = gather(all_of(), one, lambda *said: shown.append(said), NOW, at_once)
    return found, shown


# -- the roles -------------------------------------------------------------------------------------


def test_each_account_has_its_role() -> None:
    assert members(MAP, "shop", MAP.role_name, MAP.region) == [SHOP]
    assert [one.name for one in all_of()] == ["security", "shop", "warehouse"]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")],
)
def test_roles_are_in_the_partition_of_the_region(region: str, partition: str) -> None:
    [shop] = members(MAP, "shop", "viewer", region)

    assert shop.role_arn == f"arn:{partition}:iam::444455556666:role/viewer"


def test_a_region_that_aws_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownRegionError):
        members(MAP, None, "viewer", "europe")


def test_accounts_that_are_not_in_the_map_are_refused() -> None:
    with pytest.raises(AccountMapError, match="there is no account 'shopp'"):
        members(MAP, "shopp", MAP.role_name, MAP.region)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return Connection(session(None, "eu-west-1"), ASSUMPTION)


def test_a_role_is_assumed_with_patience(own: Connection) -> None:
    """An account that STS throttles must not be missing. Only an emergency is in a hurry."""
    hasty = Connection(own.session, INVOCATION).client("sts").meta.config

    for allowed in (ASSUMPTION, READS):
        patient = Connection(own.session, allowed).client("sts").meta.config
        assert patient.retries == {"mode": "standard", "total_max_attempts": 8}
        assert (patient.connect_timeout, patient.read_timeout) == (5, 30)
    assert hasty.retries == {"mode": "standard", "total_max_attempts": 3}
    assert (hasty.connect_timeout, hasty.read_timeout) == (3, 5)


def test_a_role_is_assumed_for_an_hour(own: Connection) -> None:
    """Whoever has assumed a role already gets no longer one. An hour is the default."""
    sts = own.client("sts")
    credentials = {
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "secret",
        "SessionToken": "token",
        "Expiration": "2026-06-01T13:00:00Z",
    }
    asked = {"RoleArn": SHOP.role_arn, "RoleSessionName": SESSION_NAME}
    with Stubber(sts) as stub:
        stub.add_response("assume_role", {"Credentials": credentials}, asked)

        assert assume(sts, SHOP)["AccessKeyId"] == "ASIAIOSFODNN7EXAMPLE"


def test_a_role_that_cannot_be_assumed_is_named(own: Connection) -> None:
    sts = own.client("sts")
    with Stubber(sts) as stub:
        stub.add_client_error("assume_role", "AccessDenied", "not authorized")

        with pytest.raises(
            RoleNotAssumedError, match=f"^{SHOP.role_arn} cannot be assumed: .*not authorized"
        ):
            assume(sts, SHOP)


# -- side by side ----------------------------------------------------------------------------------


def test_accounts_come_in_the_order_of_the_map() -> None:
    found, shown = gathered(lambda _member: None, at_once=1)

    assert [one.name for one in found.read] == ["security", "shop", "warehouse"]
    assert found.unread == ()
    assert found.is_whole
    assert shown[:5] == [
        (0, 3, ""), (0, 3, "security"), (0, 3, "security 0/1"), (0, 3, "security 1/1"), (1, 3, ""),
    ]  # fmt: skip
    assert shown[-1] == (3, 3, "")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(RoleNotAssumedError("the role"), "the role", id="no role"),
        pytest.param(SettingsError("no installation"), "no installation", id="not installed"),
        pytest.param(DiscoveryError("refused"), "refused", id="users not listed"),
        pytest.param(
            ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "ListUsers"),
            "ClientError: An error occurred (Throttling) when calling the ListUsers operation: "
            "slow",
            id="AWS",
        ),
        pytest.param(
            ResponseParserError("Unable to parse response:\n<html>" + "x" * 10_000),
            "ResponseParserError: Unable to parse response: <html>",
            id="a page of a proxy",
        ),
        pytest.param(UnknownRegionError(region_name="x", error_msg="no"), "UnknownReg", id="boto"),
    ],
)
def test_an_account_that_cannot_be_read_is_beside_the_others(error: Exception, text: str) -> None:
    found, shown = gathered(lambda member: error if member.name == "shop" else None)

    assert [one.name for one in found.read] == ["security", "warehouse"]
    [shop] = found.unread
    assert (shop.name, shop.id) == ("shop", "444455556666")
    assert shop.error.startswith(text)
    assert len(shop.error) <= 500
    assert not found.is_whole
    assert shown[-1] == (3, 3, "")


def test_a_user_who_could_not_be_read_leaves_a_gap() -> None:
    status = account_status(unread=(Unread("alice", "AccessDenied"),))
    found = Gathered(NOW, (ReadAccount("shop", status, nobodys(status)),), ())

    assert not found.is_whole
    assert not Gathered(NOW, (), (UnreadAccount("shop", IDS["shop"], "no"),)).is_whole
    assert Gathered(NOW, (), ()).is_whole


@pytest.mark.parametrize("error", [ZeroDivisionError(), NoCredentialsError()])
def test_what_no_account_answered_ends_all(error: Exception) -> None:
    with pytest.raises(type(error)):
        gathered(lambda member: error if member.name == "shop" else None)


def test_accounts_are_read_side_by_side() -> None:
    """Nobody gets through the barrier alone."""
    barrier = Barrier(3, timeout=10)

    def one(member: Member, _progress: ShowProgress) -> ReadAccount:
        barrier.wait()
        return read(member)

    assert len(gather(all_of(), one, lambda *_said: None, NOW, at_once=3).read) == 3


def test_no_more_accounts_at_a_time_than_said() -> None:
    most = []

    def show(_done: int, _of: int, at: str) -> None:
        most.append(len(at.split(", ")) if at else 0)

    many = [Member(f"account-{number}", "1" * 12, "role") for number in range(40)]
    gather(many, lambda member, _progress: read(member), show, NOW, at_once=2)

    assert 1 <= max(most) <= 2


def test_who_is_in_work_ends_at_the_next_user_when_all_is_over() -> None:
    began, ended = Event(), Event()
    seen = []

    def one(member: Member, progress: ShowProgress) -> ReadAccount:
        if member.name == "security":
            began.wait(10)
            raise ZeroDivisionError
        began.set()
        for done in range(1_000_000):
            seen.append(done)
            try:
                progress(done, 1_000_000)
            except BaseException:
                ended.set()
                raise
        return read(member)

    with pytest.raises(ZeroDivisionError):
        gather(all_of()[:2], one, lambda *_said: None, NOW)

    assert ended.is_set()
    assert len(seen) < 1_000_000
