"""What `key-rotation` says if a part of the account could not be read."""

from __future__ import annotations

import json

import pytest

from key_rotation_cli.exits import Exit
from tests.aws.account import Account
from tests.aws.command_line import CommandLine
from tests.aws.test_command_line import refused

OPERATIONS = ("ListSubscriptionsByTopic", "GetSubscriptionAttributes")
unreadable = pytest.mark.parametrize("operation", OPERATIONS)


@unreadable
def test_subscriptions_that_cannot_be_read_are_no_user(
    operation: str, account: Account, key_rotation: CommandLine
) -> None:
    assert account
    with refused(operation):
        outcome = key_rotation("status")
        document = json.loads(key_rotation("status", "--json").out)

    assert outcome.status == Exit.AWS
    assert "the subscriptions could not be read: ClientError" in outcome.err
    assert "no IAM user carries the tag" in outcome.out
    assert document["unread"] == []
    assert "AccessDenied" in document["subscriptions_unread"]
    assert document["unreached_operators"] is None
    assert document["owners_without_subscription"] is None


def test_the_document_of_subscriptions_that_were_read(
    account: Account, key_rotation: CommandLine
) -> None:
    account.add_user("alice", 10)
    document = json.loads(key_rotation("status", "--json").out)

    assert document["subscriptions_unread"] is None
    assert document["owners_without_subscription"] == {}


@unreadable
def test_check_names_what_it_finds_though_something_could_not_be_read(
    operation: str, account: Account, key_rotation: CommandLine
) -> None:
    account.add_user("dave", 400, managed=None)

    with refused(operation):
        outcome = key_rotation("status", "--check")

    assert outcome.status == Exit.AWS
    assert "1 key of 1 user not managed over the limit of 90 days" in outcome.err


def test_check_names_the_findings_of_users_who_were_read(
    account: Account, key_rotation: CommandLine
) -> None:
    account.add_user("alice", 95, password=False)
    account.run()
    account.add_user("bob", 95)

    with refused("ListAccessKeys", "bob"):
        outcome = key_rotation("status", "--check")

    assert outcome.status == Exit.AWS
    assert "bob could not be read" in outcome.err
    assert "95 days old, over the limit of 90 (in grace" in outcome.err
