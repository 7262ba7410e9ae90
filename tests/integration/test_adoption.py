"""A secret that somebody else made is taken over; two installations find each other; a destroyed
one comes back. As docs/operations.md says it, with its commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from key_rotation.aws.reading_policy import reading_policy
from key_rotation.domain.model import UserRef
from key_rotation_cli.exits import Exit
from key_rotation_cli.main import main
from tests.stage.account import Account, discard_secrets, give_key
from tests.stage.runs import invoke
from tests.stage.shell import AWS_CLI
from tests.stage.terraform import Terraform, TerraformError

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
NAME, OTHER = "it-adopted", "it-other"
OWNER = "it-owner"
PREFIX = "it-adopted/"
TAG = {"key": "access-key-rotation", "value": NAME}
SECRET = "module.key_rotation.aws_secretsmanager_secret.user"


@dataclass(frozen=True)
class Installation:
    """The module for one user, in a folder of its own."""

    account: Account
    terraform: Terraform

    @property
    def folder(self) -> Path:
        return self.terraform.folder

    def secret(self, user: str) -> dict[str, Any]:
        return dict(self.account.secrets.describe_secret(SecretId=PREFIX + user))


@pytest.fixture(scope="module")
def installation(embedded: Account) -> Iterator[Installation]:
    """Nothing of it is applied yet; a tagged user has an old key."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="adoption-", dir=build))
    (folder / "main.tf.json").write_text(json.dumps(_configuration(), indent=2))
    embedded.iam.create_user(UserName=OWNER, Tags=[{"Key": TAG["key"], "Value": TAG["value"]}])
    terraform = Terraform(
        folder, folder / "terraform.tfstate", folder / ".terraform", embedded.environment()
    )
    try:
        give_key(embedded, OWNER, 120)
        terraform.init()
        yield Installation(embedded, terraform)
        terraform.destroy()
    finally:
        shutil.rmtree(folder)
        for key in embedded.statuses(OWNER):
            embedded.iam.delete_access_key(UserName=OWNER, AccessKeyId=key)
        embedded.iam.delete_user(UserName=OWNER)
        discard_secrets(embedded, [PREFIX + OWNER])


@pytest.fixture(scope="module")
def imported(installation: Installation) -> str:
    """What Terraform says of the apply that takes over a secret that somebody else made."""
    account, chapter = installation.account, _chapter("A user added to `users` whose secret exists")
    arn = account.secrets.create_secret(Name=PREFIX + OWNER, SecretString="by hand")["ARN"]
    [command] = re.findall(r"^    (aws secretsmanager tag-resource .*\\\n.*)$", chapter, re.M)
    command = command.replace("iam-access-key/alice", PREFIX + OWNER).replace("<name>", NAME)
    environment = account.environment()
    environment["PATH"] = f"{AWS_CLI}{os.pathsep}{environment['PATH']}"
    subprocess.run(["bash", "-c", command], env=environment, check=True, timeout=60)
    [block] = re.findall(r"^```hcl\n(.*?)^```$", chapter, re.M | re.S)
    written = re.sub(r'id = ".*"', f'id = "{arn}"', block.replace('"alice"', f'"{OWNER}"'))
    (installation.folder / "import.tf").write_text(written)
    summary = installation.terraform.apply()
    (installation.folder / "import.tf").unlink()
    return summary


def test_a_secret_of_somebody_else_is_taken_over(installation: Installation, imported: str) -> None:
    account = installation.account
    assert re.search(r" 1 imported, \d+ added, 1 changed, 0 destroyed", imported), imported
    assert account.secrets.get_secret_value(SecretId=PREFIX + OWNER)["SecretString"] == "by hand"

    answer = invoke(account, NAME)

    assert isinstance(answer, dict), answer
    done = [(row["action"], row["reason"]) for row in answer["users"] if row["user"] == OWNER]
    assert ("rotate", "key_too_old") in done, answer
    value = account.secret_value(PREFIX + OWNER)
    assert value["UserName"] == OWNER
    assert value["AccessKeyId"] in account.statuses(OWNER)
    user = account.iam.get_user(UserName=OWNER)["User"]
    owner = UserRef(OWNER, user["UserId"], user["Arn"])
    root = f"arn:aws:iam::{account.id}:root"
    policy = account.secrets.get_resource_policy(SecretId=PREFIX + OWNER)["ResourcePolicy"]
    assert json.loads(policy) == json.loads(reading_policy(root, owner, []))


@pytest.mark.usefixtures("imported")
def test_another_installation_for_the_same_users_is_refused_by_name(
    installation: Installation, tmp_path: Path
) -> None:
    elsewhere = dict(installation.terraform.environment) | {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    other = replace(installation.terraform, state=tmp_path / "other.tfstate", environment=elsewhere)

    with pytest.raises(TerraformError) as refused:
        other.changes(name=OTHER, secret_name_prefix="other/")

    assert (
        "user_tag: another installation of this account manages the users tagged "
        f"access-key-rotation = {NAME}: {NAME} in eu-west-1. Two would rotate the same keys"
    ) in str(refused.value)


@pytest.mark.usefixtures("imported")
def test_a_destroyed_installation_comes_back_by_one_apply(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, terraform = installation.account, installation.terraform
    key_id = installation.secret(OWNER)["KmsKeyId"]
    before = account.secret_value(PREFIX + OWNER)
    terraform.destroy()
    assert "DeletedDate" in installation.secret(OWNER)
    [command] = re.findall(r"^    key-rotation (adopt .*)$", _chapter("Coming back"), re.M)
    arguments, _, file = command.partition(" >")
    options = ("--name", NAME, "--secret-name-prefix", PREFIX)
    for name, value in account.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    with (installation.folder / file).open("w") as blocks, redirect_stdout(blocks):
        assert main([*arguments.split(), *options]) == Exit.OK

    summary = terraform.apply()

    assert re.search(r" 2 imported, \d+ added, \d+ changed, 0 destroyed", summary), summary
    assert terraform.changes() == []
    described = installation.secret(OWNER)
    assert "DeletedDate" not in described
    assert described["KmsKeyId"] == key_id
    assert account.kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Enabled"
    assert account.secret_value(PREFIX + OWNER) == before


def _chapter(heading: str) -> str:
    """The text below a heading of docs/operations.md that begins so."""
    text = re.split(rf"^###? {re.escape(heading)}", OPERATIONS, flags=re.MULTILINE)[1]
    return str(re.split(r"^###? ", text, flags=re.MULTILINE)[0])


def _configuration() -> dict[str, Any]:
    """As Terraform reads JSON."""
    return {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.80"}}
        },
        "variable": {"name": {"default": NAME}, "secret_name_prefix": {"default": PREFIX}},
        "module": {
            "key_rotation": {
                "source": "../..",
                "name": "${var.name}",
                "user_tag": TAG,
                "secret_name_prefix": "${var.secret_name_prefix}",
                "users": {OWNER: {}},
                "schedule_enabled": False,
                "require_confirmed_subscription": False,
                "monitoring": {"enabled": False},
            }
        },
    }
