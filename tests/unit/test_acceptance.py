"""`make acceptance`: the order of its steps, its consent, where it works, what it may delete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from tests.acceptance.__main__ import is_emulated
from tests.acceptance.cloud import (
    AccountError,
    Cloud,
    check_caller,
    check_endpoint,
    on_aws,
)
from tests.acceptance.consent import ConsentError, check_consent, plan_of
from tests.acceptance.folder import CONFIGURATION, Folder, FolderError
from tests.acceptance.protocol import Finding, Line, Protocol, Verdict
from tests.acceptance.removal import TAG, WrongNameError, check_name
from tests.acceptance.scene import Scene
from tests.acceptance.story import STEPS, Step, play
from tests.localstack.endpoint import Endpoint
from tests.stage.account import Account

NAME = "akr-accept-0a1b2c3d"
ADMINISTRATOR = "arn:aws:iam::123456789012:user/admin"
PASSED = Finding(Verdict.PASS, "f")


def cloud() -> Cloud:
    """AWS, of which nothing is asked."""
    identity = {"Account": "123456789012", "Arn": ADMINISTRATOR}
    return Cloud(boto3.session.Session(region_name="eu-west-1"), identity, {})


# --- The order of the steps


def boom(_scene: Scene) -> Finding:
    raise KeyError("Arn")


def fails(_scene: Scene) -> Finding:
    return Finding(Verdict.FAIL, "f")


def passes(_scene: Scene) -> Finding:
    return PASSED


@pytest.mark.parametrize("run", [boom, fails])
@pytest.mark.parametrize(("essential", "after"), [(True, Verdict.NOT_RUN), (False, Verdict.PASS)])
def test_what_needs_a_failed_step_is_not_run(
    tmp_path: Path, run: Callable[[Scene], Finding], essential: bool, after: Verdict
) -> None:
    folder = Folder.of(cloud(), NAME, tmp_path)
    scene = Scene(folder.cloud, NAME, folder.terraform(lambda _text: None), lambda _text: None, {})
    protocol, shown = Protocol(), list[Line]()

    play(scene, protocol, shown.append, [Step("one", run, essential), Step("two", passes)])

    assert [line.finding.verdict for line in protocol.lines] == [Verdict.FAIL, after]
    assert shown == protocol.lines


def test_a_step_has_one_name() -> None:
    names = [step.name for step in STEPS]

    assert len(set(names)) == len(names)


# --- Where it may work


@pytest.mark.parametrize("environ", [{}, {"ACCEPT_COST": "no"}, {"ACCEPT_COST": "1"}])
def test_nobody_pays_without_having_agreed(environ: dict[str, str]) -> None:
    with pytest.raises(ConsentError, match="ACCEPT_COST=yes"):
        check_consent(environ, emulated=False)
    check_consent(environ, emulated=True)
    check_consent({"ACCEPT_COST": "yes"}, emulated=False)


def test_it_says_what_it_makes_and_costs() -> None:
    said = plan_of(cloud(), NAME, removes=False)

    assert f"{NAME}: account 123456789012, eu-west-1, on AWS" in said
    assert "$1" in said
    assert "$1" not in plan_of(cloud(), NAME, removes=True)


@pytest.mark.parametrize(
    ("environ", "emulated"),
    [
        ({}, False),
        ({"ACCEPT_ON": "aws"}, False),
        ({"ACCEPT_ON": "localstack"}, True),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, True),
        ({"LOCALSTACK_HOST": "localhost"}, True),
    ],
)
def test_who_names_an_emulator_gets_it(environ: dict[str, str], emulated: bool) -> None:
    assert is_emulated(environ) is emulated


@pytest.mark.parametrize(
    "environ",
    [{"ACCEPT_ON": "moto"}, {"ACCEPT_ON": "aws", "AWS_ENDPOINT_URL": "http://localhost:4566"}],
)
def test_a_contradiction_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConsentError, match="ACCEPT_ON"):
        is_emulated(environ)


def test_the_root_user_is_refused() -> None:
    with pytest.raises(AccountError, match="root user"):
        check_caller("arn:aws:iam::123456789012:root")
    check_caller(ADMINISTRATOR)


def test_a_region_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    with pytest.raises(AccountError, match="AWS_REGION"):
        on_aws({})


@pytest.mark.parametrize(
    "url",
    ["http://localhost:4566", "https://sts.amazonaws.com.example.org", "https://amazonaws.com:x@h"],
)
def test_only_aws_counts_as_aws(url: str) -> None:
    with pytest.raises(AccountError, match="ACCEPT_ON=localstack"):
        check_endpoint(url)


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("service", ["sts", "iam", "kms"])
def test_a_client_asks_aws(service: str, region: str) -> None:
    here = Cloud(boto3.session.Session(region_name=region), {}, {})

    assert "amazonaws" in here.client(service).meta.endpoint_url


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS"])
def test_a_client_that_is_led_elsewhere_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://localhost:4566")

    with pytest.raises(AccountError, match="localhost"):
        cloud().client("kms")


def test_nothing_of_the_developers_reaches_an_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_name", "production")
    monkeypatch.setenv("AWS_PROFILE", "production")

    found = Account(Endpoint("http://localhost:4566", embedded=True)).environment()

    assert {"TF_VAR_name", "AWS_PROFILE"} & found.keys() == set()
    assert found["AWS_ENDPOINT_URL"] == "http://localhost:4566"


# --- What it may delete


@pytest.mark.parametrize(
    "name",
    ["", "akr-accept-", "akr-accept-0a1b2c3", "akr-accept-0a1b2c3d4", "access-key-rotation", "/",
     "akr-accept-0A1B2C3D", f"{NAME}\n", f"x{NAME}"],
)  # fmt: skip
def test_only_a_name_of_its_own_is_deleted(name: str) -> None:
    assert check_name(NAME) == NAME
    with pytest.raises(WrongNameError, match="nothing is deleted"):
        check_name(name)


def test_terraform_takes_the_same_names() -> None:
    """So that what it makes can be removed."""
    [pattern] = re.findall(
        r'regex\("(.+)", var.name\)', (CONFIGURATION / "variables.tf").read_text()
    )

    assert re.search(pattern, NAME)
    assert not re.search(pattern, "access-key-rotation")


def test_the_folder_is_of_one_account(tmp_path: Path) -> None:
    folder = Folder.of(cloud(), NAME, tmp_path)
    assert Folder.of(cloud(), NAME, tmp_path).path == folder.path
    elsewhere = {"account_id": "210987654321", "region": "eu-west-1"}
    (folder.path / "account.json").write_text(json.dumps(elsewhere))

    with pytest.raises(FolderError, match="210987654321"):
        Folder.of(cloud(), NAME, tmp_path)
    folder.discard()
    assert not folder.path.exists()


def test_every_resource_of_the_test_has_its_tag() -> None:
    """By which the KMS key is found."""
    hcl = (CONFIGURATION / "main.tf").read_text()

    assert hcl.count(f"{{ {TAG} = var.name }}") == 6
    assert re.search(rf"tags +=  *{{ {TAG} = var.name }}\n\n  # The rule", hcl)
