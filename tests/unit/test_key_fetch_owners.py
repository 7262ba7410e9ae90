"""Whose the credentials file is: root leaves it to its owner, and nobody else may replace it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from key_fetch.failures import Exit, FetchError
from tests.unit.pulling_host import NEW, OLD, PROFILE, Host, host_with, in_a_child, profile, pulled

OTHER_USER, OTHER_GROUP = 12345, 23456  # nobody has these
is_root = os.geteuid() == 0


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_with(tmp_path / "credentials", OLD)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user may write to, with all that is above it."""
    above = [tmp_path, *tmp_path.parents[:3]]
    modes = {folder: mode(folder) for folder in above}
    for folder in above:
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(modes[folder] | 0o777 if folder == tmp_path else modes[folder] | 0o055)
    yield tmp_path
    for folder, before in modes.items():
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(before)


def as_somebody_else(work: Callable[[], object]) -> Callable[[], object]:
    def it() -> object:
        os.setgroups([])
        os.setresgid(OTHER_GROUP, OTHER_GROUP, OTHER_GROUP)
        os.setresuid(OTHER_USER, OTHER_USER, OTHER_USER)
        return work()

    return it


if is_root:  # nobody else can give a file away

    def test_root_leaves_the_file_to_its_owner(host: Host, tmp_path: Path) -> None:
        os.chown(host.path, OTHER_USER, OTHER_GROUP)

        host.pull()

        assert host.text == pulled(NEW, former=OLD)
        for path in tmp_path.iterdir():
            found = path.stat()
            assert (found.st_uid, found.st_gid, mode(path)) == (OTHER_USER, OTHER_GROUP, 0o600)

    def test_after_root_the_owner_can_pull(host: Host, open_folder: Path) -> None:
        os.chown(host.path, OTHER_USER, OTHER_GROUP)
        host.pull()

        said = in_a_child(as_somebody_else(host.pull))

        assert said.startswith("removed the profile build-agent-previous")
        assert host.text == profile(PROFILE, NEW)
        assert open_folder

    def test_a_file_of_another_user(host: Host, open_folder: Path) -> None:
        host.path.chmod(0o666)
        before = host.text

        said = in_a_child(as_somebody_else(host.pull))

        assert said.startswith(f"{Exit.FILE}: {host.path}: it belongs to the user root, and you ")
        assert said.endswith(f"are {OTHER_USER}: pull as its owner. The file was not changed")
        assert host.text == before
        assert host.beside() == {"credentials"}
        assert open_folder

    @pytest.mark.parametrize(("before", "is_taken"), [(0o600, True), (0o640, False)])
    def test_a_group_that_the_owner_is_not_in(
        host: Host, open_folder: Path, before: int, is_taken: bool
    ) -> None:
        os.chown(host.path, OTHER_USER, 0)
        host.path.chmod(before)

        said = in_a_child(as_somebody_else(host.pull))

        assert ("was replaced by" in said) is is_taken
        assert is_taken or "it cannot be written: Operation not permitted" in said
        assert mode(host.path) == before
        assert open_folder

else:

    def test_a_file_of_root(tmp_path: Path) -> None:
        with pytest.raises(FetchError, match=r"belongs to the user root|is read-only"):
            Host(Path("/etc/hostname")).pull()
        assert tmp_path
