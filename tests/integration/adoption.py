"""A secret that somebody else made is taken over; another installation is refused; a destroyed one
comes back: in an account of its own, while other tests run.

As docs/operations.md says it, with its commands.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from key_rotation.aws.reading_policy import reading_policy
from key_rotation.domain.model import UserRef
from tests.localstack.endpoint import Endpoint
from tests.stage.account import Account, AccountOf, discard_secrets, give_key
from tests.stage.runs import Failure, invoke
from tests.stage.shell import AWS_CLI
from tests.stage.terraform import Terraform, TerraformError

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
ACCOUNT_ID = "444444444444"
NAME, OTHER = "it-adopted", "it-other"
OWNER = "it-owner"
PREFIX = "it-adopted/"
TAG = {"key": "access-key-rotation", "value": NAME}
_SECONDS = 60  # for a command of the document


@dataclass(frozen=True)
class TakenOver:
    """Terraform's summary and the secret's text after the apply; the answer of the run after it."""

    summary: str
    text: str
    answer: dict[str, Any] | Failure


@dataclass(frozen=True)
class Returned:
    """The secret, described after the destroy and after the apply that followed; its value before
    and after; that apply's summary, and what the next plan would change. Then the state of its KMS
    key, its policy and the one that is wanted, and the ids of the owner's keys."""

    destroyed: dict[str, Any]
    before: dict[str, Any]
    summary: str
    changes: list[str]
    described: dict[str, Any]
    after: dict[str, Any]
    kms_key_state: str
    policy: dict[str, Any]
    wanted_policy: dict[str, Any]
    keys: set[str]


class Adoption:
    """The module for one user, in a folder of its own: stage after stage."""

    def __init__(self, pool: ThreadPoolExecutor, account: Account, terraform: Terraform) -> None:
        self._account = account
        self._terraform = terraform
        self._taken_over = pool.submit(self._take_over)
        self._refused = pool.submit(self._plan_another)
        self._returned = pool.submit(self._come_back)
        pool.submit(self._remove)

    def taken_over(self) -> TakenOver:
        """Wait for the first apply. Raises what it raised; so do the others."""
        return self._taken_over.result()

    def refused(self) -> str | None:
        """What the plan of another installation failed with; None if it did not."""
        self.taken_over()
        return self._refused.result()

    def returned(self) -> Returned:
        self.taken_over()
        return self._returned.result()

    def _take_over(self) -> TakenOver:
        account, chapter = self._account, _chapter("A user added to `users` whose secret exists")
        account.iam.create_user(UserName=OWNER, Tags=[{"Key": TAG["key"], "Value": TAG["value"]}])
        give_key(account, OWNER, 120)
        arn = account.secrets.create_secret(Name=PREFIX + OWNER, SecretString="by hand")["ARN"]
        [command] = re.findall(r"^    (aws secretsmanager tag-resource .*\\\n.*)$", chapter, re.M)
        command = command.replace("iam-access-key/alice", PREFIX + OWNER).replace("<name>", NAME)
        environment = account.environment()
        environment["PATH"] = f"{AWS_CLI}{os.pathsep}{environment['PATH']}"
        subprocess.run(["bash", "-c", command], env=environment, check=True, timeout=_SECONDS)
        [block] = re.findall(r"^```hcl\n(.*?)^```$", chapter, re.M | re.S)
        written = re.sub(r'id = ".*"', f'id = "{arn}"', block.replace('"alice"', f'"{OWNER}"'))
        (self._terraform.folder / "import.tf").write_text(written)
        self._terraform.init()
        summary = self._terraform.apply()
        (self._terraform.folder / "import.tf").unlink()
        text = account.secrets.get_secret_value(SecretId=PREFIX + OWNER)["SecretString"]
        return TakenOver(summary, text, invoke(account, NAME))

    def _plan_another(self) -> str | None:
        """In another region."""
        regions = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        other = replace(
            self._terraform,
            state=self._terraform.folder / "other.tfstate",
            environment=dict(self._terraform.environment) | regions,
        )
        try:
            other.changes(name=OTHER, secret_name_prefix="other/")
        except TerraformError as refused:
            return str(refused)
        return None

    def _come_back(self) -> Returned:
        """Destroyed, and applied with the blocks that `key-rotation adopt` writes."""
        before = self._account.secret_value(PREFIX + OWNER)
        self._terraform.destroy()
        destroyed = self._describe()
        [command] = re.findall(r"^    key-rotation (adopt .*)$", _chapter("Coming back"), re.M)
        arguments, _, file = command.partition(" >")
        options = ("--name", NAME, "--secret-name-prefix", PREFIX)
        blocks = subprocess.run(
            [sys.executable, "-m", "key_rotation_cli", *arguments.split(), *options],
            env=self._account.environment() | {"PYTHONPATH": f"{ROOT / 'cli'}:{ROOT / 'lambda'}"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_SECONDS,
        )
        (self._terraform.folder / file.strip()).write_text(blocks.stdout)
        summary = self._terraform.apply()
        changes = self._terraform.changes()
        key = self._account.kms.describe_key(KeyId=destroyed["KmsKeyId"])
        policy = self._account.secrets.get_resource_policy(SecretId=PREFIX + OWNER)
        user = self._account.iam.get_user(UserName=OWNER)["User"]
        owner = UserRef(OWNER, user["UserId"], user["Arn"])
        root = f"arn:aws:iam::{self._account.id}:root"
        return Returned(
            destroyed,
            before,
            summary,
            changes,
            self._describe(),
            self._account.secret_value(PREFIX + OWNER),
            key["KeyMetadata"]["KeyState"],
            json.loads(policy["ResourcePolicy"]),
            json.loads(reading_policy(root, owner, [])),
            set(self._account.statuses(OWNER)),
        )

    def _remove(self) -> None:
        """Another session may find the same LocalStack."""
        account = self._account
        self._terraform.destroy()
        for key in account.statuses(OWNER):
            account.iam.delete_access_key(UserName=OWNER, AccessKeyId=key)
        account.iam.delete_user(UserName=OWNER)
        discard_secrets(account, [PREFIX + OWNER])

    def _describe(self) -> dict[str, Any]:
        return dict(self._account.secrets.describe_secret(SecretId=PREFIX + OWNER))


@contextmanager
def adoption(endpoint: Endpoint) -> Iterator[Adoption]:
    """Begin the first stage; wait for the last, which destroys what they made."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="adoption-", dir=build))
    account = AccountOf(endpoint, ACCOUNT_ID)
    state, data = folder / "terraform.tfstate", folder / ".terraform"
    terraform = Terraform(folder, state, data, account.environment())
    try:
        (folder / "main.tf.json").write_text(json.dumps(_configuration(), indent=2))
        with ThreadPoolExecutor(1) as pool:
            yield Adoption(pool, account, terraform)
    finally:
        shutil.rmtree(folder)


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
