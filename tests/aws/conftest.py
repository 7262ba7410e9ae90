from collections.abc import Iterator

import pytest

from tests.aws.account import Account, an_account


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as account:
        yield account
