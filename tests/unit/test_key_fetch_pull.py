"""What a pull decides: nothing new, a new key, or a refusal that changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from key_fetch.failures import Exit, FetchError
from key_fetch.key import Key
from tests.unit.pulling_host import (
    ARN,
    NEW,
    OLD,
    OWNER,
    PROFILE,
    SOMEBODY_ELSE,
    STRANGER,
    THIRD,
    FakeAws,
    Host,
    host_with,
    profile,
    pulled,
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_with(tmp_path / "credentials", OLD)


def refused(host: Host, status: Exit, **arguments: bool | float | str) -> str:
    """Pulls, and expects that status, and the files as they were; the text of the error."""
    before = host.text if host.path.exists() else None
    with pytest.raises(FetchError) as failure:
        host.pull(**arguments)  # type: ignore[arg-type]
    assert failure.value.status == status
    assert (host.text if host.path.exists() else None) == before
    assert not host.file.temporary.exists()
    return str(failure.value)


def test_nothing_new_is_one_call(host: Host) -> None:
    host.aws.holds = OLD

    said = host.pull()

    assert said == f"nothing new: the profile {PROFILE} already holds {OLD.id}"
    assert host.aws.calls == [f"secret, signed by {OLD.id}"]
    assert host.text == profile(PROFILE, OLD)


def test_a_new_key_takes_the_place_of_the_old_one(host: Host) -> None:
    said = host.pull()

    assert said == f"the profile {PROFILE}: {OLD.id} was replaced by {NEW.id} ({OWNER.arn})"
    assert host.text == pulled(NEW, former=OLD)
    assert host.aws.calls == [
        f"secret, signed by {OLD.id}",
        f"identity of {OLD.id}",
        f"identity of {NEW.id}",
    ]
    assert host.beside() == {"credentials", "credentials.key-fetch.lock"}


def test_the_next_pull_removes_the_former_key(host: Host) -> None:
    host.pull()

    said = host.pull()

    assert f"removed the profile {PROFILE}-previous" in said
    assert host.aws.calls == [f"secret, signed by {NEW.id}"]
    assert host.text == profile(PROFILE, NEW)
    assert OLD.secret not in host.text


def test_three_rotations_in_a_row(host: Host) -> None:
    host.pull()
    host.aws.holds = THIRD
    host.pull()
    assert host.text == pulled(THIRD, former=NEW)
    host.aws.holds = OLD
    host.pull()

    assert host.text == pulled(OLD, former=THIRD)


def test_another_profile_signs_for_the_first_key(tmp_path: Path) -> None:
    host = Host(tmp_path / "aws" / "credentials")

    said = host.pull(signs_elsewhere=True)

    assert said == f"the profile {PROFILE}: it now holds {NEW.id} ({OWNER.arn})"
    assert host.text == profile(PROFILE, NEW)
    assert host.path.stat().st_mode & 0o777 == 0o600
    assert host.path.parent.stat().st_mode & 0o777 == 0o700
    assert host.aws.calls == ["secret, signed by the chain", f"identity of {NEW.id}"]


def test_another_profile_signs_after_the_old_key_was_disabled(host: Host) -> None:
    del host.aws.owners[OLD.id]

    host.pull(signs_elsewhere=True)

    assert host.text == pulled(NEW, former=OLD)


def test_the_former_key_stays_until_the_new_one_has_signed(host: Host) -> None:
    host.pull()

    said = host.pull(signs_elsewhere=True)

    assert said.startswith("nothing new")
    assert host.text == pulled(NEW, former=OLD)


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(f"[{PROFILE}]\naws_access_key_id = {OLD.id}\n", id="no secret"),
        pytest.param(f"[{PROFILE}]\naws_secret_access_key = {OLD.secret}\n", id="no id"),
        pytest.param(
            profile(PROFILE, OLD).replace(OLD.id, f"{OLD.id} # ours"), id="comment in the line"
        ),
        pytest.param(profile(PROFILE, OLD).replace("aws_s", "  aws_s"), id="indented"),
    ],
)
def test_half_a_key_does_not_sign_and_can_be_mended(host: Host, half: str) -> None:
    host.holds(half)

    assert "holds no whole key" in refused(host, Exit.SIGN_IN)
    assert host.aws.calls == []

    host.pull(signs_elsewhere=True)
    host.pull()
    assert host.aws.calls == [f"secret, signed by {NEW.id}"]


def test_a_secret_access_key_that_does_not_match_is_mended(host: Host) -> None:
    host.aws.holds = OLD
    host.holds(profile(PROFILE, Key(OLD.id, "mistyped")))

    host.pull(signs_elsewhere=True)

    assert host.text == profile(PROFILE, OLD)


# -- a new key that AWS does not accept ------------------------------------------------------------


def test_a_key_that_is_accepted_after_30_seconds(host: Host) -> None:
    host.aws.accepted_from[NEW.id] = 30

    host.pull()

    assert host.text == pulled(NEW, former=OLD)
    assert 30 <= host.aws.clock.now <= 35


def test_a_key_that_is_never_accepted(host: Host) -> None:
    del host.aws.owners[NEW.id]

    text = refused(host, Exit.NOT_ACCEPTED_YET)

    assert text == (
        f"AWS does not accept the key {NEW.id} yet (InvalidClientTokenId): nothing was changed. "
        "Try again in a minute"
    )
    assert host.aws.clock.now == 60


def test_without_a_wait_it_is_asked_once(host: Host) -> None:
    host.aws.accepted_from[NEW.id] = 30

    refused(host, Exit.NOT_ACCEPTED_YET, wait=0)

    assert host.aws.calls.count(f"identity of {NEW.id}") == 1
    assert host.aws.clock.now == 0


def test_a_present_key_that_was_disabled_meanwhile(host: Host) -> None:
    del host.aws.owners[OLD.id]

    assert "--sign-in-profile" in refused(host, Exit.SIGN_IN)


# -- a key of somebody else ------------------------------------------------------------------------


@pytest.mark.parametrize("other", [SOMEBODY_ELSE, STRANGER])
def test_a_key_of_another_principal_is_refused(host: Host, other: object) -> None:
    host.aws.owners[NEW.id] = other  # type: ignore[assignment]

    text = refused(host, Exit.UNUSABLE)

    assert all(part in text for part in (NEW.id, ARN, getattr(other, "arn", "?"), OWNER.arn))


def test_a_key_of_another_account_is_refused_whoever_signs(host: Host) -> None:
    host.aws.owners[NEW.id] = STRANGER

    assert STRANGER.arn in refused(host, Exit.UNUSABLE, signs_elsewhere=True)


# -- what keeps a pull from beginning --------------------------------------------------------------


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    host = Host(tmp_path / "credentials")

    assert "there is no file" in refused(host, Exit.FILE)
    assert host.beside() == set()


def test_a_profile_that_is_not_there(host: Host) -> None:
    text = refused(host, Exit.SIGN_IN, name="alice")

    assert f"{host.path}: the profile alice is not there" in text


def test_a_profile_without_a_key(host: Host) -> None:
    host.holds(f"[{PROFILE}]\nregion = eu-west-1\n")

    assert f"the profile {PROFILE} holds no key" in refused(host, Exit.SIGN_IN)


@pytest.mark.parametrize("signs_elsewhere", [False, True])
def test_a_profile_in_the_way_of_the_former_key(host: Host, signs_elsewhere: bool) -> None:
    host.holds(profile(PROFILE, OLD) + profile(f"{PROFILE}-previous", THIRD))

    text = refused(host, Exit.FILE, signs_elsewhere=signs_elsewhere)

    assert f"a profile {PROFILE}-previous that key-fetch did not make" in text
    assert host.aws.calls == []


@pytest.mark.parametrize(
    "status", [Exit.PLACEHOLDER, Exit.ACCESS_DENIED, Exit.UNREACHABLE, Exit.NO_SECRET]
)
def test_a_secret_that_cannot_be_read(host: Host, status: Exit) -> None:
    host.aws.holds = FetchError(status, "no")

    refused(host, status)


def test_a_second_pull_at_the_same_time(host: Host) -> None:
    second = Host(host.path, FakeAws())
    ends: list[str] = []
    host.aws.before_answer = lambda: ends.append(refused(second, Exit.BUSY))

    host.pull()

    assert ends == [f"another pull is at work: it holds {host.file.lock}"]
    assert host.text == pulled(NEW, former=OLD)
    assert second.aws.calls == []


# -- other hands on the file -----------------------------------------------------------------------


def edit(host: Host, change: Callable[[str], str]) -> Callable[[], None]:
    return lambda: host.holds(change(host.text))


def test_what_somebody_else_wrote_meanwhile_is_kept(host: Host) -> None:
    host.aws.before_answer = edit(host, lambda text: text + "\n" + profile("alice", THIRD))

    host.pull()

    assert profile("alice", THIRD) in host.text
    assert profile(PROFILE, NEW) in host.text


@pytest.mark.parametrize("holds", [OLD, NEW])
def test_a_profile_that_somebody_else_changed_meanwhile(host: Host, holds: Key) -> None:
    host.pull()
    host.holds(host.text.replace(NEW.id, OLD.id).replace(NEW.secret, OLD.secret))
    host.aws.holds = holds
    host.aws.before_answer = edit(host, lambda text: text.replace(OLD.id, THIRD.id))

    with pytest.raises(FetchError, match="somebody else changed the profile") as failure:
        host.pull()

    assert failure.value.status == Exit.FILE
    assert THIRD.id in host.text


def test_what_a_killed_pull_left_is_removed(host: Host) -> None:
    host.file.temporary.write_text(profile(PROFILE, THIRD))
    host.aws.holds = OLD

    said = host.pull()

    assert f"removed {host.file.temporary}, which a killed pull had left" in said
    assert not host.file.temporary.exists()
