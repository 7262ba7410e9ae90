"""Secrets that no rotation looks at, on the wire."""

from __future__ import annotations

from tests.aws.account import Account


def pending(account: Account, name: str) -> bool:
    secret = account.client("secretsmanager").describe_secret(SecretId=account.secret_name(name))
    return "DeletedDate" in secret


def test_a_secret_goes_thirty_days_after_its_user(account: Account) -> None:
    account.subscribe("bob", user="bob", audience="user")
    account.add_user("alice", 90)
    account.add_user("bob", 90)
    account.run()
    account.messages("operators")
    account.delete_user("bob")

    account.pass_days(7)
    account.run()

    assert account.secret_tags("bob")["user-gone-since"].endswith(" 2026-06-08T12:00:00Z")
    [line] = [
        line
        for message in account.messages("operators")
        for line in message["lines"]
        if line["event"] == "retired"
    ]
    assert line["user"] == "bob"

    account.pass_days(28)
    account.run()
    assert not pending(account, "bob")

    account.pass_days(7)
    account.run()
    assert pending(account, "bob")
    assert not pending(account, "alice")


def test_a_renamed_user_keeps_the_secret(account: Account) -> None:
    account.add_user("alice", 90)
    account.run()
    account.client("iam").update_user(UserName="alice", NewUserName="alice.b")

    account.pass_days(7)
    account.run()

    assert "user-gone-since" not in account.secret_tags("alice")


def test_a_secret_of_a_managed_user_that_was_to_be_deleted_is_restored(account: Account) -> None:
    account.add_user("alice", 90)
    account.run()
    secrets = account.client("secretsmanager")
    secrets.delete_secret(SecretId=account.secret_name("alice"), RecoveryWindowInDays=30)
    account.messages("operators")

    account.pass_days(7)
    report = account.run()

    assert not pending(account, "alice")
    assert [(row["action"], row["reason"]) for row in report["users"]] == [
        ("prepare", "secret_pending_deletion")
    ]
    [message] = account.messages("operators")
    assert [line["event"] for line in message["lines"]] == ["repaired"]


def test_a_rotation_that_lost_its_user_is_reported_once(account: Account) -> None:
    account.subscribe("bob", user="bob", audience="user")
    account.add_user("bob", 90)
    account.client("iam").delete_login_profile(UserName="bob")  # so its old key has a week
    account.run()
    assert sorted(account.statuses("bob").values()) == ["Active", "Active"]
    account.client("iam").untag_user(UserName="bob", TagKeys=["access-key-rotation"])
    account.messages("operators")

    account.pass_days(7)
    report = account.run()

    assert [row["reason"] for row in report["users"]] == ["unmanaged_users", "rotation_abandoned"]
    [message] = account.messages("operators")
    assert [(line["event"], line["user"]) for line in message["lines"]] == [
        ("blocked", "bob"),
        ("unmanaged", "bob"),
    ]

    account.pass_days(7)
    assert [row["reason"] for row in account.run()["users"]] == ["unmanaged_users"]
    [message] = account.messages("operators")
    assert [line["event"] for line in message["lines"]] == ["unmanaged"]
    assert sorted(account.statuses("bob").values()) == ["Active", "Active"]


def test_another_installations_secrets_are_not_looked_at(account: Account) -> None:
    secrets = account.client("secretsmanager")
    for name, installation in (("iam-access-key/x", "key-rotation-2"), ("other/x", "key-rotation")):
        secrets.create_secret(
            Name=name,
            SecretString="{}",
            Tags=[
                {"Key": "access-key-rotation:managed-by", "Value": installation},
                {"Key": "access-key-rotation:user-id", "Value": "AIDAGONE"},
            ],
        )

    report = account.run()

    assert report["users"] == []
