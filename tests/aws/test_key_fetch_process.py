"""`key-fetch process` on the AWS wire (moto): which key it answers with, and until when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from key_fetch.failures import Exit
from tests.aws.owners_host import USER, OwnersHost, profile


def asked(host: OwnersHost, *arguments: str) -> dict[str, str]:
    done = host("process", *arguments)
    assert (done.status, done.err) == (Exit.DONE, "")
    assert len(done.lines) == 1
    document = json.loads(done.out)
    assert document.pop("Version") == 1
    found: dict[str, str] = document
    return found


def minutes_left(found: dict[str, str]) -> float:
    expiration = datetime.strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return (expiration - datetime.now(UTC)) / timedelta(minutes=1)


@pytest.mark.parametrize(("arguments", "minutes"), [((), 60), (("--lifetime-minutes", "15"), 15)])
def test_process_answers_with_the_new_key(
    host: OwnersHost, arguments: tuple[str, ...], minutes: int
) -> None:
    before = host.text

    found = asked(host, "--profile", USER, *arguments)

    assert minutes - 1 < minutes_left(found) <= minutes
    assert (found["AccessKeyId"], found["SecretAccessKey"]) == (host.new.id, host.new.secret)
    assert host.text == before
    assert [path.name for path in host.credentials.parent.iterdir()] == ["credentials"]


def test_process_goes_on_with_the_old_key_while_the_new_one_is_refused(host: OwnersHost) -> None:
    known = host.hide(host.new)

    found = asked(host, "--profile", USER)

    assert (found["AccessKeyId"], found["SecretAccessKey"]) == (host.old.id, host.old.secret)
    assert 0 < minutes_left(found) <= 1
    known()
    assert asked(host, "--profile", USER)["AccessKeyId"] == host.new.id


def test_process_by_a_reader(host: OwnersHost) -> None:
    host.add_user("reader")
    host.write(profile("reader", host.add_key("reader")))

    assert asked(host, "--profile", "reader")["AccessKeyId"] == host.new.id

    host.hide(host.new)
    done = host("process", "--profile", "reader")
    assert (done.status, done.out) == (Exit.NOT_ACCEPTED_YET, "")


def test_process_signed_by_the_environment(
    host: OwnersHost,
) -> None:
    done = host("process")
    assert (done.status, done.out) == (Exit.SIGN_IN, "")  # moto's own key, which IAM does not know
    assert "AWS does not accept your environment" in done.err

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", host.old.id)
        patch.setenv("AWS_SECRET_ACCESS_KEY", host.old.secret)
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        patch.delenv("AWS_SECURITY_TOKEN", raising=False)
        assert asked(host)["AccessKeyId"] == host.new.id


def test_process_without_credentials(host: OwnersHost) -> None:
    host.write("")
    with pytest.MonkeyPatch.context() as patch:  # moto wants its own back
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "SECURITY_TOKEN"):
            patch.delenv(f"AWS_{name}", raising=False)

        done = host("process")

    assert (done.status, done.out) == (Exit.SIGN_IN, "")
    assert done.err == (
        "key-fetch: no credentials in your environment: sign in, or name a profile\n"
    )
