"""`make acceptance`: its protocol, what it claims, its consent, and what it may delete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from scripts.docs import ROOT

from tests.acceptance.__main__ import is_emulated
from tests.acceptance.claims import CLAIMS
from tests.acceptance.cloud import (
    AccountError,
    Cloud,
    check_caller,
    check_endpoint,
    environment_on,
    on_aws,
)
from tests.acceptance.consent import ConsentError, check_consent, plan_of
from tests.acceptance.folder import CONFIGURATION, Folder, FolderError
from tests.acceptance.protocol import About, Finding, Line, Protocol, Verdict, as_markdown
from tests.acceptance.removal import TAG, WrongNameError, check_name
from tests.acceptance.scene import Scene
from tests.acceptance.story import STEPS, Step, play
from tests.localstack.endpoint import Endpoint

NAME = "akr-accept-0a1b2c3d"
PAGE = (ROOT / "docs" / "not-yet-seen.md").read_text()
LISTED = re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE, re.MULTILINE)
ABOUT = About(
    NAME,
    datetime(2026, 6, 1, tzinfo=UTC),
    "123456789012",
    "eu-west-1",
    {"terraform": "1.11.4", "provider aws": "6.69.1"},
    emulator=False,
)
ADMINISTRATOR = "arn:aws:iam::123456789012:user/admin"
PASSED = Finding(Verdict.PASS, "IAM made one in 4 s")


def all_passed() -> Protocol:
    steps = [*(step.name for step in STEPS), "removal", "leftovers"]
    return Protocol([Line(step, PASSED) for step in steps])


def but(step: str, verdict: Verdict, facts: str = "f") -> Protocol:
    """All passed, but for one."""
    lines = all_passed().lines
    assert step in {line.step for line in lines}
    return Protocol(
        [Line(one.step, Finding(verdict, facts)) if one.step == step else one for one in lines]
    )


def cloud() -> Cloud:
    """AWS, of which nothing is asked."""
    identity = {"Account": "123456789012", "Arn": ADMINISTRATOR}
    return Cloud(boto3.session.Session(region_name="eu-west-1"), identity, {})


# --- What it claims


def _ids_after(heading: str) -> list[str]:
    """The ids of the list below a line of the page."""
    text = PAGE.partition(heading)[2]
    return re.findall(r"`([a-z0-9-]+)`", text.partition("\n\n")[2].partition("\n\n")[0])


def test_each_id_of_the_list_says_whether_it_is_shown() -> None:
    shown = _ids_after("It shows these:")
    not_shown = _ids_after("It does not show these:")

    assert len(LISTED) > 20
    assert sorted(shown) == sorted(CLAIMS)
    assert sorted([*shown, *not_shown]) == sorted(LISTED)
    assert [n for n, claim in CLAIMS.items() if f"- `{n}`: {claim.shows}\n" not in PAGE] == []


@pytest.mark.parametrize("claimed", CLAIMS)
def test_an_id_rests_on_steps_that_are_run(claimed: str) -> None:
    steps = CLAIMS[claimed].steps

    assert steps
    assert set(steps) <= {step.name for step in STEPS} | {"removal", "leftovers"}


def test_all_ids_are_seen_if_all_passes() -> None:
    assert list(all_passed().seen(ABOUT)) == list(CLAIMS)


def test_an_emulator_shows_none() -> None:
    assert all_passed().seen(replace(ABOUT, emulator=True)) == {}


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.NOT_RUN, Verdict.NOT_SEEN])
@pytest.mark.parametrize(
    ("claimed", "step"), [(name, step) for name, claim in CLAIMS.items() for step in claim.steps]
)
def test_an_id_needs_each_of_its_steps(claimed: str, step: str, verdict: Verdict) -> None:
    assert claimed not in but(step, verdict).seen(ABOUT)


def test_another_version_of_the_provider_shows_nothing_of_it() -> None:
    older = replace(ABOUT, versions={"provider aws": "5.100.0"})

    assert CLAIMS.keys() - all_passed().seen(older).keys() == {"provider-6"}


def test_a_report_that_was_there_shows_nothing() -> None:
    protocol = but("credential report", Verdict.PASS, "there was one")

    assert CLAIMS.keys() - protocol.seen(ABOUT).keys() == {"credential-report"}


# --- The protocol


def test_the_page_has_what_an_auditor_asks_for() -> None:
    page = as_markdown(all_passed(), ABOUT)

    assert "- at: 2026-06-01 00:00 UTC" in page
    assert "account …9012, eu-west-1" in page
    assert "- provider aws: 6.69.1" in page
    assert "| kms | pass | IAM made one in 4 s |" in page
    assert "- `install`: " in page
    assert "123456789012" not in page


def test_a_fact_stays_in_its_cell() -> None:
    page = as_markdown(Protocol([Line("kms", Finding(Verdict.FAIL, "a | b\nc"))]), ABOUT)

    assert "| kms | FAIL | a \\| b c |" in page


def test_the_page_of_an_emulator_shows_no_id() -> None:
    page = as_markdown(all_passed(), replace(ABOUT, emulator=True))

    assert "Nothing: this was an emulator." in page
    assert [name for name in CLAIMS if f"`{name}`" in page] == []


@pytest.mark.parametrize(
    ("verdict", "succeeded"),
    [(Verdict.FAIL, False), (Verdict.NOT_RUN, False), (Verdict.NOT_SEEN, True)],
)
def test_one_failure_fails_it(verdict: Verdict, succeeded: bool) -> None:
    assert but("kms", verdict).succeeded is succeeded


def test_nothing_is_no_success() -> None:
    assert not Protocol().succeeded


def test_what_was_interrupted_is_no_success() -> None:
    protocol = all_passed()
    protocol.fail("interrupted", "the steps behind this one were not run")

    assert not protocol.succeeded
    assert "- result: something failed" in as_markdown(protocol, ABOUT)


def test_every_resource_of_the_test_has_its_tag() -> None:
    """By which the KMS key is found."""
    hcl = (CONFIGURATION / "main.tf").read_text()

    assert hcl.count(f"{{ {TAG} = var.name }}") == 6
    assert re.search(rf"tags +=  *{{ {TAG} = var.name }}\n\n  # The rule", hcl)


@pytest.mark.parametrize("step", ["removal", "leftovers"])
def test_what_may_be_left_is_known(step: str) -> None:
    assert not all_passed().left_something
    assert but(step, Verdict.FAIL).left_something
    assert Protocol().left_something


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

    found = environment_on(Endpoint("http://localhost:4566", embedded=True))

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
