"""examples/delivery on LocalStack: a real rotation, and the key arrives where programs look."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stage.account import REGION, HeldKey
from tests.stage.runs import Failure
from tests.stage.shell import AWS_CLI
from tests.stage.waiting import wait_until

from .conftest import Begun
from .delivery import SECONDS, TOKEN, USER, Delivery


@pytest.fixture(scope="module")
def delivered(delivery_begun: Begun) -> Iterator[Delivery]:
    """Applied, before the user's first rotation; gone after these tests."""
    delivered, end = delivery_begun
    delivered.applied.result()
    yield delivered
    end.close()


@pytest.fixture(scope="module")
def rotated(delivered: Delivery) -> Delivery:
    """After it: the event has started the functions. First they were started too early."""
    for function in delivered.functions:
        assert delivered.start(function, {}) is None
    assert delivered.parameter() is None
    assert delivered.server.requests == []

    secret = f"{delivered.stage.outputs['secret_name_prefix']}{USER}"
    delivered.account.backdoor.let_days_pass(USER, secret, 10)
    delivered.stage.run({"users": [USER]})

    wait_until("the parameter is written", lambda: delivered.parameter() is not None, SECONDS)
    wait_until("the variable is written", lambda: delivered.variable() is not None, SECONDS)
    return delivered


def held(credentials_file: str) -> HeldKey:
    parser = configparser.RawConfigParser()
    parser.read_string(credentials_file)
    default = parser["default"]
    return HeldKey(default["aws_access_key_id"], default["aws_secret_access_key"])


def whose(delivered: Delivery, key: HeldKey) -> str:
    return delivered.account.sts(key).get_caller_identity()["Arn"]


def test_the_parameter_holds_the_key_that_works(rotated: Delivery) -> None:
    parameter = rotated.parameter()

    assert parameter is not None
    assert (parameter["Type"], parameter["Version"]) == ("SecureString", 1)
    assert held(parameter["Value"]) == rotated.key()
    assert rotated.key() not in rotated.person.keys
    assert whose(rotated, held(parameter["Value"])).endswith(f":user/{USER}")


def test_the_variable_holds_the_key_that_works(rotated: Delivery) -> None:
    variable = rotated.variable()

    assert variable is not None
    assert (variable["variable_type"], variable["protected"]) == ("file", True)
    assert held(variable["value"]) == rotated.key()
    assert whose(rotated, held(variable["value"])).endswith(f":user/{USER}")


def test_the_reference_is_the_secret(rotated: Delivery) -> None:
    name = rotated.outputs["reference"]["parameter_name"]

    read = subprocess.run(
        [sys.executable, "read_key.py", name],
        cwd=Path(__file__).parents[2] / "examples" / "delivery" / "reference",
        env={**rotated.account.environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert read.stdout.strip().endswith(f":user/{USER}")


@pytest.mark.parametrize("recipe", ["parameter", "reference"])
def test_a_container_works_with_the_key(rotated: Delivery, recipe: str, tmp_path: Path) -> None:
    """As ECS starts it: with the secrets in its environment, and nothing else of AWS."""
    arn = rotated.outputs[recipe]["task_definition_arn"]
    answer = rotated.account.ecs.describe_task_definition(taskDefinition=arn)
    [container] = answer["taskDefinition"]["containerDefinitions"]
    environment = {one["name"]: one["value"] for one in container["environment"]}
    environment |= {
        one["name"]: injected(rotated, one["valueFrom"]) for one in container["secrets"]
    }
    if recipe == "parameter":
        assert environment["AWS_SHARED_CREDENTIALS_FILE"] == "/tmp/credentials"  # noqa: S108
        environment["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "credentials")

    ran = subprocess.run(
        [*container["entryPoint"], *container["command"]],
        env={
            **environment,
            "PATH": f"{AWS_CLI}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": rotated.account.endpoint.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(ran.stdout)["Arn"].endswith(f":user/{USER}")
    assert [file.stat().st_mode & 0o077 for file in tmp_path.glob("credentials")] in ([], [0])


def injected(delivered: Delivery, value_from: str) -> str:
    """What ECS gives a container: of a parameter the value, of a secret the field behind its ARN.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    """
    parts = value_from.split(":")
    if parts[2] == "ssm":
        found = delivered.account.ssm.get_parameters(Names=[value_from], WithDecryption=True)
        return found["Parameters"][0]["Value"]
    value = delivered.account.secret_value(":".join(parts[:7]))
    key, stage, version = parts[7:]
    assert (stage, version) == ("", "")
    return str(value[key])


def test_the_same_event_again_changes_nothing(rotated: Delivery) -> None:
    parameter, variable = rotated.parameter(), rotated.variable()
    asked = len(rotated.server.requests)

    rotated.stage.forge(rotated.event())

    wait_until("the parameter is looked at", lambda: "already" in rotated.logs(), SECONDS)
    wait_until("GitLab is asked again", lambda: len(rotated.server.requests) == asked + 2, SECONDS)
    assert rotated.parameter() == parameter
    assert rotated.variable() == variable


def test_an_event_that_names_another_secret_starts_nothing_and_by_hand_it_misleads_nobody(
    rotated: Delivery,
) -> None:
    parameter, variable = rotated.parameter(), rotated.variable()
    forged = rotated.event() | {"secret_arn": rotated.secret_arn.replace(USER, "it-alice")}
    asked = len(rotated.server.requests)

    rotated.stage.forge(forged)
    for function in rotated.functions:
        assert rotated.start(function, {"detail": forged}) is None

    assert len(rotated.server.requests) == asked + 2  # by hand
    assert rotated.parameter() == parameter
    assert rotated.variable() == variable


def test_what_fails_becomes_a_dead_letter_that_can_be_served_later(rotated: Delivery) -> None:
    event, secrets = rotated.event(), (rotated.key().secret, TOKEN)
    rotated.server.broken = 503
    try:
        rotated.stage.forge(event)
        letter = next(rotated.dead_letters.messages(30))
    finally:
        rotated.server.broken = None

    error = letter["MessageAttributes"]["ErrorMessage"]["StringValue"]
    assert "GitLab answers 503" in error
    assert [secret for secret in secrets if secret in json.dumps(letter)] == []
    body: Any = json.loads(letter["Body"])
    assert body["detail"] == event
    answer = rotated.start(rotated.functions[1], body)
    assert not isinstance(answer, Failure)


def test_no_log_and_no_state_holds_the_key_and_a_second_plan_is_empty(rotated: Delivery) -> None:
    plan = rotated.terraform.plan()
    places = {
        "the logs": rotated.logs(),
        "the Terraform state": rotated.terraform.state.read_text(),
        "a Terraform plan": plan,
    }

    assert rotated.key().id in places["the logs"]
    for place, text in places.items():
        for secret in (rotated.key().secret, TOKEN):
            assert secret not in text, place
    changes = json.loads(plan)["resource_changes"]
    assert {tuple(change["change"]["actions"]) for change in changes} == {("no-op",)}
