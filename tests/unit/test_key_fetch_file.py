"""The credentials file on a real disk: links, modes, a full disk, and what may not be written."""

from __future__ import annotations

import os
import resource
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from key_fetch.credentials_file import CredentialsFile
from key_fetch.failures import Exit, FetchError
from key_fetch.lock import locked
from tests.unit.pulling_host import NEW, OLD, PROFILE, Host, host_with, in_a_child, profile, pulled


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_with(tmp_path / "credentials", OLD)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refused(host: Host) -> str:
    """Pulls, expects the status of the file, and nothing changed; the text of the error."""
    before, found = host.text, host.path.stat()
    with pytest.raises(FetchError) as failure:
        host.pull()
    assert failure.value.status == Exit.FILE
    assert host.text == before
    after = host.path.stat()
    assert (after.st_ino, after.st_mode, after.st_uid) == (
        found.st_ino,
        found.st_mode,
        found.st_uid,
    )
    assert not host.file.temporary.exists()
    return str(failure.value)


# -- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["elsewhere/real", "{folder}/elsewhere/real"])
def test_a_symbolic_link_stays_and_what_it_points_to_is_replaced(
    tmp_path: Path, target: str
) -> None:
    real = tmp_path / "elsewhere" / "real"
    real.parent.mkdir()
    host = Host(tmp_path / "credentials")
    host.path.symlink_to(target.format(folder=tmp_path))
    host.holds(profile(PROFILE, OLD))

    host.pull()

    assert host.path.is_symlink()
    assert os.readlink(host.path) == target.format(folder=tmp_path)
    assert real.read_text() == pulled(NEW, former=OLD)
    assert sorted(path.name for path in real.parent.iterdir()) == ["real", "real.key-fetch.lock"]
    assert [path.name for path in tmp_path.iterdir() if not path.is_dir()] == ["credentials"]


def test_two_links_to_one_file_have_one_lock(host: Host, tmp_path: Path) -> None:
    link = Host(tmp_path / "link")
    link.path.symlink_to(host.path)

    with (
        locked(host.file.lock),
        pytest.raises(FetchError, match="another pull is at work") as failure,
    ):
        link.pull()

    assert failure.value.status == Exit.BUSY


def test_a_first_key_goes_where_a_link_points_to(tmp_path: Path) -> None:
    host = Host(tmp_path / "credentials")
    host.path.symlink_to("real")

    host.pull(signs_elsewhere=True)

    assert host.path.is_symlink()
    assert (tmp_path / "real").read_text() == profile(PROFILE, NEW)


def test_another_name_of_the_file_would_keep_the_old_key(host: Host, tmp_path: Path) -> None:
    os.link(host.path, tmp_path / "other")

    assert "another name (a hard link)" in refused(host)


@pytest.mark.parametrize("suffix", ["lock", "tmp"])
def test_a_link_in_the_place_of_our_files_is_not_followed(
    host: Host, tmp_path: Path, suffix: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f"credentials.key-fetch.{suffix}").symlink_to(victim)

    if suffix == "lock":
        with pytest.raises(FetchError, match="cannot be locked") as failure:
            host.pull()
        assert failure.value.status == Exit.FILE
    else:
        host.pull()

    assert victim.read_text() == "precious"


def test_variables_and_the_home_are_expanded(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WHERE", "credentials")

    assert CredentialsFile.at("~/$WHERE") == host.file


# -- modes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0o600, 0o600),
        (0o640, 0o640),
        (0o660, 0o660),
        (0o644, 0o600),
        (0o604, 0o600),
        (0o666, 0o600),
    ],
)
@pytest.mark.parametrize("holds", [OLD, NEW])
def test_a_file_for_everybody_becomes_private(
    host: Host, before: int, after: int, holds: object
) -> None:
    host.aws.holds = holds  # type: ignore[assignment]
    host.path.chmod(before)

    said = host.pull()

    assert mode(host.path) == after
    assert ("has mode 0600 now: everybody on this host could read it" in said) is (before != after)


def test_a_private_file_whatever_the_umask(tmp_path: Path) -> None:
    host = Host(tmp_path / "credentials")
    before = os.umask(0)
    try:
        host.pull(signs_elsewhere=True)
    finally:
        os.umask(before)

    assert {path.name: mode(path) for path in tmp_path.iterdir()} == {
        "credentials": 0o600,
        "credentials.key-fetch.lock": 0o600,
    }


def test_a_failed_pull_leaves_the_mode(host: Host) -> None:
    host.aws.holds = FetchError(Exit.FILE, "no")
    host.path.chmod(0o644)

    refused(host)


def test_extended_attributes_are_kept(host: Host) -> None:
    with suppress(OSError):  # a file system that has none loses none
        os.setxattr(host.path, "user.note", b"ours")
    before = os.listxattr(host.path)

    host.pull()

    assert os.listxattr(host.path) == before


# -- what may not be written -----------------------------------------------------------------------


@pytest.mark.parametrize("holds", [OLD, NEW])
def test_a_read_only_file(host: Host, holds: object) -> None:
    host.aws.holds = holds  # type: ignore[assignment]
    host.path.chmod(0o400)

    assert refused(host) == (
        f"{host.path}: it is read-only: let its owner write to it (chmod u+w). "
        "The file was not changed"
    )
    assert host.aws.calls == []


def test_a_read_only_folder(host: Host, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        text = refused(host)
    finally:
        tmp_path.chmod(0o755)

    assert text.startswith(f"{host.path}: the folder {tmp_path} is read-only")
    assert host.beside() == {"credentials"}


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    host = Host(tmp_path / "credentials")
    host.path.mkdir()

    with pytest.raises(FetchError, match="no regular file") as failure:
        host.pull()
    assert failure.value.status == Exit.FILE


def test_bytes_that_are_no_text(host: Host) -> None:
    host.path.write_bytes(profile(PROFILE, OLD).encode() + b"# ours\n# \xff\n")

    with pytest.raises(FetchError, match="line 5: that is no UTF-8") as failure:
        host.pull()
    assert failure.value.status == Exit.FILE


def test_a_full_disk(host: Host, tmp_path: Path) -> None:
    """A limit on the size of files, which is met in the middle of the new one."""
    before = host.text

    def pull() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
        return host.pull()

    said = in_a_child(pull)

    assert said == (
        f"{Exit.FILE}: {host.path}: it cannot be written: the file may not grow: a limit of the "
        "process or of the disk. The file was not changed"
    )
    assert host.text == before
    assert host.beside() == {"credentials", "credentials.key-fetch.lock"}
    assert in_a_child(host.pull).endswith(
        f"was replaced by {NEW.id} (arn:aws:iam::123456789012:user/build-agent)"
    )
