"""`key-fetch pull` on the AWS wire (moto): who signs, what is pulled, how each failure ends."""

from __future__ import annotations

import re

import pytest
from botocore.session import Session

from key_fetch.failures import Exit
from key_fetch.key import Key
from tests.aws.account import ACCOUNT_ID, REGION
from tests.aws.owners_host import SECRET_NAME, USER, OwnersHost, profile

ARN_OF_USER = f"arn:aws:iam::{ACCOUNT_ID}:user/{USER}"


def refused(host: OwnersHost, status: Exit, *arguments: str, secret_id: str | None = None) -> str:
    """Pulls, and expects that status, the file as it was, and one line; that line."""
    before = host.text
    done = host.pull(*arguments, secret_id=secret_id)
    assert (done.status, done.out) == (status, "")
    assert host.text == before
    assert {path.name for path in host.credentials.parent.iterdir()} <= {
        "config",
        "credentials",
        "credentials.key-fetch.lock",
    }
    assert re.fullmatch(r"key-fetch: [^\n]+\n", done.err)
    return done.err


def holds(host: OwnersHost, name: str = USER) -> str | None:
    """The access key id that botocore finds in that profile."""
    found = Session(profile=name).get_credentials()
    return found.access_key if found else None


# -- pull ------------------------------------------------------------------------------------------


def test_a_new_key_is_pulled_with_the_old_one(host: OwnersHost) -> None:
    done = host.pull()

    assert (done.status, done.err) == (Exit.DONE, "")
    assert done.out == (
        f"the profile {USER}: {host.old.id} was replaced by {host.new.id} ({ARN_OF_USER})\n"
    )
    assert holds(host) == host.new.id
    assert holds(host, f"{USER}-previous") == host.old.id


def test_the_next_pull_signs_with_the_new_key_and_forgets_the_old_one(host: OwnersHost) -> None:
    host.pull()
    host.delete(host.old)

    done = host.pull()

    assert (done.status, done.err) == (Exit.DONE, "")
    assert f"nothing new: the profile {USER} already holds {host.new.id}" in done.out
    assert host.text == profile(USER, host.new)


def test_three_rotations_in_a_row(host: OwnersHost) -> None:
    for _ in range(3):
        assert host.pull().status == Exit.DONE
        assert host.pull().status == Exit.DONE
        host.delete(host.old)
        host.old, host.new = host.new, host.add_key()
        host.put(host.new)

    assert holds(host) == host.old.id


def test_other_profiles_are_kept(host: OwnersHost) -> None:
    host.add_user("alice")
    other = profile("alice", host.add_key("alice"))
    host.write(f"# mine\n{other}\n{profile('default', host.old)}")

    done = host("pull", "--profile", "default")

    assert done.status == Exit.DONE
    assert host.text.startswith(f"# mine\n{other}\n{profile('default', host.new)}")
    assert holds(host, "default") == host.new.id


def test_another_file(host: OwnersHost) -> None:
    host.credentials.rename(host.home / "elsewhere")

    assert host.pull("--credentials-file", "~/elsewhere").status == Exit.DONE

    assert (host.home / "elsewhere").read_text().startswith(profile(USER, host.new))
    assert not host.credentials.exists()


def test_the_file_of_the_environment(host: OwnersHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(host.credentials.rename(host.home / "c")))

    assert host.pull().status == Exit.DONE
    assert holds(host) == host.new.id


def test_a_profile_whose_session_token_is_not_accepted(host: OwnersHost) -> None:
    host.write(profile(USER, Key(host.old.id, host.old.secret, "a-token")))

    assert "AWS does not accept the profile build-agent" in refused(host, Exit.SIGN_IN)

    host.add_user("admin")
    host.write(host.text + "\n" + profile("admin", host.add_key("admin")))
    assert host.pull("--sign-in-profile", "admin").status == Exit.DONE
    assert host.text.startswith(profile(USER, host.new))


def test_the_first_key_of_a_host(host: OwnersHost) -> None:
    host.add_user("admin")
    host.write(profile("admin", host.add_key("admin")))

    done = host.pull("--sign-in-profile", "admin")

    assert done.status == Exit.DONE
    assert done.out == f"the profile {USER}: it now holds {host.new.id} ({ARN_OF_USER})\n"
    assert holds(host) == host.new.id


# -- the region ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "where", ["--region", "AWS_REGION", "AWS_DEFAULT_REGION", "credentials", "config"]
)
def test_the_region_of_a_name(
    host: OwnersHost, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [where, REGION] if where == "--region" else []
    if where.startswith("AWS"):
        monkeypatch.setenv(where, REGION)
    elif where == "credentials":
        host.write(f"{host.text}region = {REGION}\n")
    elif where == "config":
        host.config.write_text(f"[profile {USER}]\nregion = {REGION}\n")
    else:
        monkeypatch.setenv("AWS_REGION", "us-east-1")

    assert host.pull(*arguments, secret_id=SECRET_NAME).status == Exit.DONE


def test_the_arn_says_its_region(host: OwnersHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    assert host.pull("--region", "eu-central-1").status == Exit.DONE


def test_no_region(host: OwnersHost) -> None:
    assert "no region" in refused(host, Exit.USAGE, secret_id=SECRET_NAME)


# -- what the secret holds -------------------------------------------------------------------------


def test_a_placeholder(host: OwnersHost) -> None:
    host.put({"Version": 1, "UserName": USER, "Placeholder": "There is no access key here yet."})

    assert "holds no key yet" in refused(host, Exit.PLACEHOLDER)


def test_a_secret_without_any_value(host: OwnersHost) -> None:
    arn = host.secrets.create_secret(Name="empty")["ARN"]

    assert "holds no key yet" in refused(host, Exit.PLACEHOLDER, secret_id=arn)


def test_a_value_of_another_shape(host: OwnersHost) -> None:
    host.put({"username": USER, "password": "hush"})

    assert "hush" not in refused(host, Exit.UNUSABLE)


def test_a_value_of_bytes(host: OwnersHost) -> None:
    host.secrets.put_secret_value(SecretId=SECRET_NAME, SecretBinary=b"hush")

    assert "hush" not in refused(host, Exit.UNUSABLE)


def test_a_key_of_somebody_else(host: OwnersHost) -> None:
    host.add_user("alice")
    alices = host.add_key("alice")
    host.put(alices)

    said = refused(host, Exit.UNUSABLE)

    assert f"belongs to arn:aws:iam::{ACCOUNT_ID}:user/alice, not to {ARN_OF_USER}" in said
    assert alices.secret not in said


def test_a_secret_that_is_not_there(host: OwnersHost) -> None:
    missing = host.secret_arn.replace(USER, "nobody")

    assert f"there is no secret {missing}" in refused(host, Exit.NO_SECRET, secret_id=missing)


def test_a_secret_that_waits_for_its_deletion(host: OwnersHost) -> None:
    host.secrets.delete_secret(SecretId=SECRET_NAME)

    assert "waits for its deletion" in refused(host, Exit.NO_SECRET)


# -- who signs -------------------------------------------------------------------------------------


def test_access_denied(host: OwnersHost) -> None:
    host.iam.delete_user_policy(UserName=USER, PolicyName="its")

    said = refused(host, Exit.ACCESS_DENIED)

    assert f"access denied to the secret {host.secret_arn} with the profile {USER}: " in said
    assert f"User: {ARN_OF_USER} is not authorized" in said


def test_a_key_that_is_gone(host: OwnersHost) -> None:
    host.delete(host.old)

    said = refused(host, Exit.SIGN_IN)

    assert "(UnrecognizedClientException): the key is disabled, deleted" in said


def test_a_mistyped_secret_access_key(host: OwnersHost) -> None:
    host.write(profile(USER, Key(host.old.id, "mistyped")))

    assert "InvalidSignatureException" in refused(host, Exit.SIGN_IN)


def test_a_sign_in_profile_that_is_not_there(host: OwnersHost) -> None:
    said = refused(host, Exit.SIGN_IN, "--sign-in-profile", "sso")

    assert (
        "cannot sign in with the profile sso: The config profile (sso) could not be found" in said
    )


def test_a_sign_in_profile_that_is_broken(host: OwnersHost) -> None:
    host.config.write_text("[profile sso]\nsso_session = a\nsso_account_id = 123456789012\n")

    assert "cannot sign in with the profile sso" in refused(
        host, Exit.SIGN_IN, "--sign-in-profile", "sso"
    )


def test_a_sign_in_profile_whose_process_fails(host: OwnersHost) -> None:
    host.config.write_text("[profile sso]\ncredential_process = false\n")

    assert "cannot sign in with the profile sso" in refused(
        host, Exit.SIGN_IN, "--sign-in-profile", "sso"
    )


def test_a_config_file_that_cannot_be_parsed(host: OwnersHost) -> None:
    host.config.write_text("[profile a]\nhush\n")

    said = refused(host, Exit.FILE)

    assert f"{host.config}, line 2: it cannot be parsed" in said.replace("~", str(host.home))
    assert "hush" not in said


# -- a new key that is not accepted ----------------------------------------------------------------


def test_a_key_that_is_accepted_after_30_seconds(host: OwnersHost) -> None:
    host.clock.events[30.0] = host.hide(host.new)

    assert host.pull().status == Exit.DONE

    assert holds(host) == host.new.id
    assert 30 <= host.clock.now <= 35


def test_a_key_that_is_never_accepted(host: OwnersHost) -> None:
    host.hide(host.new)

    said = refused(host, Exit.NOT_ACCEPTED_YET, "--wait", "10")

    assert f"AWS does not accept the key {host.new.id} yet (InvalidClientTokenId)" in said
    assert host.clock.now == 10
