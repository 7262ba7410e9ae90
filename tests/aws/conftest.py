from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import pytest

from tests.aws.account import Account, an_account
from tests.aws.command_line import CommandLine
from tests.aws.owners_host import OwnersHost, an_owners_host

# Each command and each pull opens a session of its own, which would read all service models again.
botocore.session.create_loader = cache(botocore.session.create_loader)


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as account:
        yield account


@pytest.fixture
def key_rotation(account: Account, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    assert account
    return CommandLine(capsys)


@pytest.fixture
def host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnersHost]:
    with an_owners_host(tmp_path, capsys, monkeypatch) as host:
        yield host
