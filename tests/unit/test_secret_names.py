"""The name of a user's secret."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from key_rotation.aws.secrets import secret_name

PREFIX = "iam-access-key/"
IAM_ALPHABET = string.ascii_letters + string.digits + "_+=,.@-"
# "CreateSecret" in the Secrets Manager API reference.
SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")

user_names = st.text(IAM_ALPHABET, min_size=1, max_size=64)
# Names that look alike once a comma or a plus is written in another way.
confusable_names = st.lists(
    st.sampled_from(["+", ",", "2", "B", "C", "+2B", "+2C", "a"]), min_size=1, max_size=20
).map("".join)


def decoded(name: str) -> str:
    """The user name that a secret's name stands for, read independently of how it is written."""
    return re.sub(r"\+([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), name)


@pytest.mark.parametrize(
    ("user", "name"),
    [
        pytest.param("alice", "iam-access-key/alice", id="plain"),
        pytest.param("Alice.B-c_d=e@f", "iam-access-key/Alice.B-c_d=e@f", id="what both allow"),
        pytest.param("a,b", "iam-access-key/a+2Cb", id="comma"),
        pytest.param("a+b", "iam-access-key/a+2Bb", id="plus"),
        pytest.param("a+2Cb", "iam-access-key/a+2B2Cb", id="what a comma is written as"),
        pytest.param("+,+", "iam-access-key/+2B+2C+2B", id="nothing else"),
    ],
)
def test_secret_is_named_after_the_user(user: str, name: str) -> None:
    assert secret_name(PREFIX, user) == name


@hypothesis_settings(deadline=None, max_examples=500)
@given(user=user_names | confusable_names)
def test_name_can_be_read_back_so_no_two_users_share_a_secret(user: str) -> None:
    assert decoded(secret_name(PREFIX, user).removeprefix(PREFIX)) == user


@hypothesis_settings(deadline=None, max_examples=500)
@given(one=user_names | confusable_names, other=user_names | confusable_names)
def test_names_differ_where_users_do(one: str, other: str) -> None:
    assert (secret_name(PREFIX, one) == secret_name(PREFIX, other)) == (one == other)


@hypothesis_settings(deadline=None)
@given(user=user_names)
def test_secrets_manager_accepts_the_name(user: str) -> None:
    assert SECRET_NAME.fullmatch(secret_name(PREFIX, user))


def test_longest_names_fit() -> None:
    assert SECRET_NAME.fullmatch(secret_name("p" * 256, "," * 64))


@pytest.mark.parametrize("character", IAM_ALPHABET)
def test_terraform_writes_the_same_name(character: str) -> None:
    # secrets.tf: replace(replace(user, "+", "+2B"), ",", "+2C")
    for user in (character, f"{character}{character}", f"+{character},"):
        terraform = user.replace("+", "+2B").replace(",", "+2C")
        assert secret_name(PREFIX, user) == f"{PREFIX}{terraform}"
