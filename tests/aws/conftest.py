from collections.abc import Iterator

import pytest

from tests.aws.account import Account, an_account
from tests.aws.command_line import CommandLine


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as account:
        yield account


@pytest.fixture
def key_rotation(account: Account, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    assert account
    return CommandLine(capsys)
