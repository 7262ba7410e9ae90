"""A service with nothing but its key takes three new ones, and no hand touches it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.stage.key_fetch import PROFILE, Host
from tests.stage.shell import Shell

from .stage import Person, Stage
from .test_deployed import rows


def test_a_service_that_pulls_by_a_timer_lives_through_three_rotations(
    stage: Stage, person: Callable[..., Person], shell: Shell, tmp_path: Path
) -> None:
    service = person(95, password=False)
    name, backdoor = service.name, stage.account.backdoor
    secret = f"{stage.outputs['secret_name_prefix']}{name}"
    [first] = service.keys

    def run() -> list[tuple[str, str]]:
        return rows(stage.run({"users": [name]}), name)

    assert run() == [("rotate", "key_too_old"), ("announce", "key_too_old")]
    arn = stage.account.secrets.describe_secret(SecretId=secret)["ARN"]
    host = Host(shell, arn)
    host.install(first)
    held = [first.id]
    with host.timer(), host.program() as program:
        for rotation in range(3):
            new = stage.secret(name)["AccessKeyId"]
            held.append(new)
            program.wait_for(new)
            host.wait_for(new)
            backdoor.let_days_pass(name, secret, 7)
            program.wait_for_a_call()  # at once, a use of the new key could be our own trial
            assert run() == [("disable", "moved")]
            backdoor.let_days_pass(name, secret, 31)
            program.wait_for_a_call()
            assert run() == [("delete", "superseded")]
            assert service.statuses() == {new: "Active"}
            backdoor.let_days_pass(name, secret, 60)
            if rotation < 2:
                assert run()[0] == ("rotate", "key_too_old")
        host.wait_for_a_whole_pull()
    assert program.errors == []
    assert [key for key in program.keys if key != first.id] == held[1:]
    assert set(host.statuses) == {0}

    left = host.credentials.read_text()
    assert left.startswith(f"# of the build agent\n[{PROFILE}]\n")
    assert f"{PROFILE}-previous" not in left
    secrets = stage.account.backdoor.secret_access_keys() | stage.keys_ever
    assert {secrets[key] in left for key in held[:-1]} == {False}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files if secrets[held[-1]] in path.read_text()} == {"credentials"}
    assert not any(secret in line for secret in secrets.values() for line in host.said)


def test_a_disabled_key_pulls_nothing_and_loses_nothing(
    stage: Stage, person: Callable[..., Person], shell: Shell
) -> None:
    service = person(95, password=False)
    stage.run({"users": [service.name]})
    secret = f"{stage.outputs['secret_name_prefix']}{service.name}"
    arn = stage.account.secrets.describe_secret(SecretId=secret)["ARN"]
    host = Host(shell, arn)
    [old] = service.keys
    host.install(old)
    stage.account.iam.update_access_key(
        UserName=service.name, AccessKeyId=old.id, Status="Inactive"
    )
    before = host.credentials.read_text()

    assert host.pull() == 22

    assert host.credentials.read_text() == before
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        stage.account.secret_value(secret, old)
