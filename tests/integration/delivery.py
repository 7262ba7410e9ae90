"""Three recipes of examples/delivery beside the stage, for one user, in one configuration.

It is applied in the background: an apply is mostly waiting.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.stage.account import Account, HeldKey, discard_secrets
from tests.stage.gitlab import GitLab, gitlab
from tests.stage.listeners import Queue
from tests.stage.runs import invoke, log_lines
from tests.stage.terraform import Terraform

from .stage import Person, Stage

BUILD = Path(__file__).resolve().parents[2] / "build"
USER = "it-delivered"
PROJECT = "platform/shop"
TOKEN = "glpat-EXAMPLEEXAMPLEEXAMP"
TOKEN_SECRET = "it-gitlab-token"
PARAMETER = "/it-delivered/credentials"
PROGRAM = "aws sts get-caller-identity"
VARIABLE = "AWS_SHARED_CREDENTIALS_FILE"
SECONDS = 20.0  # events are delivered in the background


@dataclass
class Delivery:
    """The recipes, their user, and the GitLab that one of them writes to. `applied` is done when
    they are there; its result raises what the apply raised."""

    stage: Stage
    person: Person
    server: GitLab
    terraform: Terraform
    applied: Future[None] = field(default_factory=Future)

    @property
    def account(self) -> Account:
        return self.stage.account

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """By recipe."""
        return self.terraform.outputs()

    @property
    def functions(self) -> list[str]:
        """Their names: the one that writes the parameter, and the one that writes to GitLab."""
        return [self.outputs[name]["function_name"] for name in ("parameter", "ci-variable")]

    @cached_property
    def dead_letters(self) -> Queue:
        """What the function that writes to GitLab could not serve."""
        return Queue(self.account, self.outputs["ci-variable"]["dead_letter_queue_url"])

    def key(self) -> HeldKey:
        """What a reader of the secret gets."""
        value = self.stage.secret(USER)
        return HeldKey(value["AccessKeyId"], value["SecretAccessKey"])

    def parameter(self) -> dict[str, Any] | None:
        """The parameter, decrypted; None while there is none."""
        ssm = self.account.ssm
        answer = ssm.get_parameters(Names=[PARAMETER], WithDecryption=True)
        return dict(answer["Parameters"][0]) if answer["Parameters"] else None

    def variable(self) -> dict[str, Any] | None:
        return self.server.variable(PROJECT, VARIABLE)

    def start(self, function: str, event: Any) -> Any:
        """Starts a function by hand; its answer."""
        return invoke(self.account, function, event)

    def logs(self) -> str:
        return "\n".join(line for name in self.functions for line in log_lines(self.account, name))

    def event(self) -> dict[str, Any]:
        """The detail of the event of the last rotation, as the function sends it."""
        arn = self.account.iam.get_user(UserName=USER)["User"]["Arn"]
        return {
            "version": 1,
            "installation": self.stage.function,
            "user": {"name": USER, "arn": arn},
            "access_key_id": self.key().id,
            "secret_arn": self.secret_arn,
        }

    @cached_property
    def secret_arn(self) -> str:
        name = f"{self.stage.outputs['secret_name_prefix']}{USER}"
        return self.account.secrets.describe_secret(SecretId=name)["ARN"]


@contextmanager
def delivery(stage: Stage) -> Iterator[Delivery]:
    """A service with a key that is about to be due, which the first run warns; then the recipes."""
    account = stage.account
    person = stage.hire(USER, 86, password=False)
    token = account.secrets.create_secret(Name=TOKEN_SECRET, SecretString=TOKEN)["ARN"]
    kms_key = account.kms.create_key()["KeyMetadata"]["Arn"]
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="delivery-", dir=BUILD))
    terraform = Terraform(
        folder, folder / "terraform.tfstate", folder / ".terraform", account.environment()
    )
    try:
        with gitlab() as server, ThreadPoolExecutor(1) as pool:
            server.tokens[TOKEN] = "maintainer"
            server.projects[PROJECT] = []
            stage.run({"users": [USER]})
            delivered = Delivery(stage, person, server, terraform)
            modules = _recipes(stage, delivered.secret_arn, server.url, token, kms_key)
            (folder / "main.tf.json").write_text(json.dumps(_configuration(modules), indent=2))
            delivered.applied = pool.submit(_apply, terraform)
            try:
                yield delivered
            finally:
                wait([delivered.applied])
                terraform.destroy()
    finally:
        shutil.rmtree(folder)
        person.remove()
        discard_secrets(account, [TOKEN_SECRET])
        account.ssm.delete_parameters(Names=[PARAMETER])
        account.kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)


def _apply(terraform: Terraform) -> None:
    terraform.init()
    terraform.apply()


def _recipes(
    stage: Stage, secret_arn: str, gitlab_url: str, token_arn: str, kms_key_arn: str
) -> dict[str, dict[str, Any]]:
    """The variables of each recipe."""
    whose = {"secret_arn": secret_arn, "kms_key_arn": stage.outputs["kms_key_arn"]}
    consumed = {**whose, "user_name": USER, "installation": stage.function}
    task = {"image": "public.ecr.aws/aws-cli/aws-cli", "program": PROGRAM}
    return {
        "parameter": {
            **consumed,
            **task,
            "parameter_name": PARAMETER,
            "parameter_kms_key_arn": kms_key_arn,
        },
        "ci-variable": {
            **consumed,
            "gitlab_url": gitlab_url,
            "gitlab_project": PROJECT,
            "token_secret_arn": token_arn,
        },
        "reference": {**whose, **task},
    }


def _configuration(modules: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """As Terraform reads JSON."""
    provider = {"source": "hashicorp/aws", "version": ">= 5.80"}
    return {
        "terraform": {"required_providers": {"aws": provider}},
        "module": {
            name: {"source": f"../../examples/delivery/{name}", "name": f"it-{name}", **variables}
            for name, variables in modules.items()
        },
        "output": {name: {"value": f"${{module.{name}}}"} for name in modules},
    }
