"""`key-rotation adopt` as an operator runs it, after a `terraform destroy`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import hcl2
import pytest

from key_rotation_cli.exits import Exit
from tests.aws.account import REGION, Account
from tests.aws.command_line import CommandLine, Outcome

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "key-rotation"
TERRAFORM = {"access-key-rotation:provided-by": "terraform"}


@dataclass(frozen=True)
class Left:
    """What a destroyed installation left."""

    secrets: SecretsManagerClient
    kms: KMSClient
    key_id: str

    def secret(
        self, name: str, tags: Mapping[str, str], *, of: str = NAME, key: str | None = None
    ) -> str:
        """The ARN of a secret of an installation, pending deletion."""
        tags = {"access-key-rotation:managed-by": of} | dict(tags)
        arn = self.secrets.create_secret(
            Name=name,
            SecretString="{}",
            KmsKeyId=key or self.key_id,
            Tags=[{"Key": tag, "Value": value} for tag, value in tags.items()],
        )["ARN"]
        self.secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=30)
        return arn

    def is_pending(self, secret: str) -> bool:
        return "DeletedDate" in self.secrets.describe_secret(SecretId=secret)

    def key_state(self, key_id: str | None = None) -> str:
        return self.kms.describe_key(KeyId=key_id or self.key_id)["KeyMetadata"]["KeyState"]


@pytest.fixture
def left(account: Account) -> Left:
    assert account
    kms = boto3.client("kms", REGION)
    key = kms.create_key(
        Description=f"Secrets and messages of the IAM access key rotation {NAME}."
    )["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
    return Left(boto3.client("secretsmanager", REGION), kms, key)


def imports(outcome: Outcome) -> dict[str, str]:
    """The ids of the import blocks, by address; they must be what Terraform reads."""
    blocks = hcl2.loads(outcome.out).get("import", [])
    return {block["to"].strip("${}").replace("\\", ""): block["id"].strip('"') for block in blocks}


def test_what_terraform_made_comes_back(left: Left, key_rotation: CommandLine) -> None:
    alice = left.secret("iam-access-key/alice", TERRAFORM)
    comma = left.secret("iam-access-key/a+2Cb+2B", TERRAFORM)

    outcome = key_rotation("adopt")

    assert outcome.status == Exit.OK
    assert imports(outcome) == {
        "module.key_rotation.aws_kms_key.this[0]": left.key_id,
        'module.key_rotation.aws_secretsmanager_secret.user["a,b+"]': comma,
        'module.key_rotation.aws_secretsmanager_secret.user["alice"]': alice,
    }
    assert not left.is_pending(alice)
    assert not left.is_pending(comma)
    assert left.key_state() == "Enabled"
    first, *others = outcome.err.splitlines()
    assert first == f"restored: KMS key {left.key_id}"
    assert sorted(others) == ["restored: iam-access-key/a+2Cb+2B", "restored: iam-access-key/alice"]


def test_a_second_time_changes_nothing_and_says_the_same(
    left: Left, key_rotation: CommandLine
) -> None:
    left.secret("iam-access-key/alice", TERRAFORM)
    first = key_rotation("adopt")

    second = key_rotation("adopt")

    assert (second.status, second.out, second.err) == (Exit.OK, first.out, "")


def test_a_dry_run_restores_nothing(left: Left, key_rotation: CommandLine) -> None:
    alice = left.secret("iam-access-key/alice", TERRAFORM)

    outcome = key_rotation("adopt", "--dry-run")

    assert len(imports(outcome)) == 2
    assert "would be restored: iam-access-key/alice" in outcome.err
    assert left.is_pending(alice)
    assert left.key_state() == "PendingDeletion"


def test_some_users_of_another_module_and_prefix(left: Left, key_rotation: CommandLine) -> None:
    alice = left.secret("team/alice", TERRAFORM)
    bob = left.secret("team/bob", TERRAFORM)

    outcome = key_rotation(
        *("adopt", "alice", "--module", 'module.keys["eu"]', "--secret-name-prefix", "team/")
    )

    assert set(imports(outcome)) == {
        'module.keys["eu"].aws_kms_key.this[0]',
        'module.keys["eu"].aws_secretsmanager_secret.user["alice"]',
    }
    assert not left.is_pending(alice)
    assert left.is_pending(bob)


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        pytest.param("iam-access-key/alice", {}, id="the function scheduled its deletion"),
        pytest.param("other/alice", TERRAFORM, id="another prefix"),
        pytest.param("iam-access-key/a+24+7Bb", TERRAFORM, id="no name of a user"),
        pytest.param("iam-access-key/a+2Db", TERRAFORM, id="not as the module names it"),
    ],
)
def test_only_the_key_of_other_secrets(
    left: Left, key_rotation: CommandLine, name: str, tags: dict[str, str]
) -> None:
    secret = left.secret(name, tags)

    outcome = key_rotation("adopt")

    assert imports(outcome) == {"module.key_rotation.aws_kms_key.this[0]": left.key_id}
    assert left.is_pending(secret)
    assert left.key_state() == "Enabled"


def test_nothing_of_another_installation(left: Left, key_rotation: CommandLine) -> None:
    secret = left.secret("iam-access-key/alice", TERRAFORM, of=f"{NAME}-2")

    outcome = key_rotation("adopt")

    assert (outcome.status, outcome.out) == (Exit.FINDINGS, "")
    assert outcome.err == (
        f"key-rotation: nothing in {REGION} is left of the installation {NAME}: no key of it, and "
        "no secret that Terraform made, with a name like iam-access-key/…. Give its --region, "
        "--name, --secret-name-prefix\n"
    )
    assert left.is_pending(secret)
    assert left.key_state() == "PendingDeletion"


def test_of_two_keys_the_newer_one_is_the_modules(
    account: Account, left: Left, key_rotation: CommandLine
) -> None:
    """The older one is restored, too, since secrets are still on it."""
    left.secret("iam-access-key/alice", TERRAFORM)
    account.clock.sleep(86_400)
    description = left.kms.describe_key(KeyId=left.key_id)["KeyMetadata"]["Description"]
    newer = left.kms.create_key(Description=description)["KeyMetadata"]["KeyId"]
    left.secret("iam-access-key/bob", TERRAFORM, key=newer)

    outcome = key_rotation("adopt")

    assert imports(outcome)["module.key_rotation.aws_kms_key.this[0]"] == newer
    assert (left.key_state(), left.key_state(newer)) == ("Enabled", "Enabled")


def test_a_key_of_your_own_is_none_of_the_modules(left: Left, key_rotation: CommandLine) -> None:
    own = left.kms.create_key(Description="of the platform")["KeyMetadata"]["KeyId"]
    left.secret("iam-access-key/alice", TERRAFORM, key=own)
    left.kms.schedule_key_deletion(KeyId=own, PendingWindowInDays=30)

    outcome = key_rotation("adopt")

    assert list(imports(outcome)) == ['module.key_rotation.aws_secretsmanager_secret.user["alice"]']
    assert left.key_state(own) == "PendingDeletion"
    assert f"KMS key {own}, which is not the module's, is pending deletion" in outcome.err


def test_a_key_that_aws_has_deleted_holds_nobody_up(left: Left, key_rotation: CommandLine) -> None:
    """The function's secrets stay, and name it, more than 30 days after a destroy."""
    deleted = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-3333-4444-555555555555"
    alice = left.secret("iam-access-key/alice", TERRAFORM)
    left.secret("iam-access-key/bob", {}, key=deleted)

    outcome = key_rotation("adopt")

    assert (outcome.status, left.key_state()) == (Exit.OK, "Enabled")
    assert set(imports(outcome).values()) == {left.key_id, alice}


def test_a_name_without_a_secret_is_named(left: Left, key_rotation: CommandLine) -> None:
    left.secret("iam-access-key/alice", TERRAFORM)
    left.secret("iam-access-key/bob", {})

    outcome = key_rotation("adopt", "alice", "alcie", "bob")

    assert (outcome.status, outcome.out) == (Exit.FINDINGS, "")
    assert "Terraform made no secret for alcie, bob with a name like" in outcome.err
    assert left.key_state() == "PendingDeletion"
