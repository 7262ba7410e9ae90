"""Whose the value in a secret is, where its tag may have been removed or forged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from key_rotation.domain.left_behind import is_predecessors
from key_rotation.domain.model import Access, Grant, SecretState, placeholder_id
from tests.unit.builders import ALICE, key, secret

OWN = Grant(ALICE.id, ALICE.arn, frozenset())
ANOTHERS = Grant("AIDAFORMER", None, frozenset())
NOBODYS = Grant(None, None, frozenset())


def holding(version: str) -> SecretState:
    return replace(secret(user_id=None), versions={version: frozenset({"AWSCURRENT"})})


BY_HAND = holding("0c5d9f1e-6f6b-4a52-9f57-1b6f7d3c0a11")
GONE = secret("GONE", user_id=None)
TAGGED = secret("GONE")


def unread() -> Access:
    raise AssertionError("the policy need not be read")


def asked(state: SecretState, grant: Grant | None) -> bool:
    access = Access(as_wanted=False, owner_reads=False, grant=grant)
    return is_predecessors(state, ALICE.id, (key("A", 40),), lambda: access)


@pytest.mark.parametrize(
    ("state", "grant", "expected"),
    [
        pytest.param(GONE, NOBODYS, True, id="no tag, and a policy for one who is gone"),
        pytest.param(GONE, ANOTHERS, True, id="no tag, and a policy for another"),
        pytest.param(GONE, None, True, id="no tag, and no policy of ours"),
        pytest.param(GONE, OWN, False, id="no tag, and a policy for the user"),
        pytest.param(TAGGED, NOBODYS, True, id="a forged tag, and a policy for one who is gone"),
        pytest.param(TAGGED, ANOTHERS, True, id="a forged tag, and a policy for another"),
        pytest.param(TAGGED, None, False, id="the tag, and no policy of ours"),
        pytest.param(TAGGED, OWN, False, id="the tag, and the policy"),
        pytest.param(BY_HAND, None, False, id="put by hand, and no policy of ours"),
        pytest.param(BY_HAND, NOBODYS, True, id="put by hand, and a policy for one who is gone"),
    ],
)
def test_what_is_none_of_the_users_keys(
    state: SecretState, grant: Grant | None, expected: bool
) -> None:
    assert asked(state, grant) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(secret("GONE", user_id="AIDAFORMER"), True, id="the tag of another"),
        pytest.param(secret("A", user_id=None), False, id="the user's key"),
        pytest.param(secret("GONE", "A", user_id=None), False, id="… as the previous one"),
        pytest.param(secret(user_id=None), False, id="no value"),
        pytest.param(holding(placeholder_id(ALICE.id, 1)), False, id="a placeholder"),
    ],
)
def test_what_is_known_without_the_policy(state: SecretState, expected: bool) -> None:
    assert is_predecessors(state, ALICE.id, (key("A", 40),), unread) is expected
