"""Which messages a subscription's filter policy admits; in doubt it admits nothing."""

from __future__ import annotations

import json

import pytest

from key_rotation.aws.filters import admits

TO_ALICE = {"user": "alice", "event": "rotated", "account_id": "123456789012", "audience": "user"}
TO_OPERATORS = {"event": "digest", "account_id": "123456789012", "audience": "operator"}
# What notifications.tf writes for an address that is both a user's and an operator's.
BOTH = {"$or": [{"audience": ["operator"]}, {"audience": ["user"], "user": ["alice", "bob"]}]}


@pytest.mark.parametrize("filter_policy", [None, ""])
@pytest.mark.parametrize("scope", [None, "MessageAttributes", "MessageBody"])
def test_no_filter_admits_everything(filter_policy: str | None, scope: str | None) -> None:
    assert admits(filter_policy, scope, TO_ALICE)


@pytest.mark.parametrize(
    ("policy", "attributes"),
    [
        pytest.param({}, TO_ALICE, id="no conditions"),
        pytest.param({"user": ["alice"]}, TO_ALICE, id="the user"),
        pytest.param({"user": ["bob", "alice"]}, TO_ALICE, id="one of several users"),
        pytest.param({"user": ["alice"], "audience": ["user"]}, TO_ALICE, id="two that both hold"),
        pytest.param({"audience": ["operator"]}, TO_OPERATORS, id="operators"),
        pytest.param(BOTH, TO_ALICE, id="user of a shared address"),
        pytest.param(BOTH, TO_OPERATORS, id="operator of a shared address"),
        pytest.param({"user": [{"exists": True}]}, TO_ALICE, id="attribute is there"),
        pytest.param({"user": [{"exists": False}]}, TO_OPERATORS, id="attribute is not there"),
        pytest.param({"user": [{"prefix": "al"}]}, TO_ALICE, id="prefix"),
        pytest.param({"user": [{"suffix": "ce"}]}, TO_ALICE, id="suffix"),
        pytest.param({"user": [{"equals-ignore-case": "ALICE"}]}, TO_ALICE, id="other case"),
        pytest.param({"user": [{"anything-but": "bob"}]}, TO_ALICE, id="anyone but bob"),
        pytest.param({"user": [{"anything-but": ["bob", "carol"]}]}, TO_ALICE, id="anyone but two"),
        pytest.param({"user": [{"wildcard": "x*"}, "alice"]}, TO_ALICE, id="unknown, or the user"),
    ],
)
def test_filter_admits(policy: object, attributes: dict[str, str]) -> None:
    assert admits(json.dumps(policy), "MessageAttributes", attributes)
    assert admits(json.dumps(policy), None, attributes)


@pytest.mark.parametrize(
    ("policy", "attributes"),
    [
        pytest.param({"user": ["bob"]}, TO_ALICE, id="another user"),
        pytest.param({"user": ["ALICE"]}, TO_ALICE, id="other case"),
        pytest.param({"user": ["alice"]}, TO_OPERATORS, id="user of a message without one"),
        pytest.param({"user": ["alice"], "audience": ["operator"]}, TO_ALICE, id="one that fails"),
        pytest.param({"user": []}, TO_ALICE, id="no values"),
        pytest.param({"$or": [{"user": ["alice"]}]}, TO_ALICE, id="one branch is no choice"),
        pytest.param({"$or": ["x", "y"]}, TO_ALICE, id="branches that are no objects"),
        pytest.param({"user": [{"prefix": "a", "suffix": "z"}]}, TO_ALICE, id="two operators"),
        pytest.param({"team": ["a"]}, TO_ALICE, id="attribute that messages do not have"),
        pytest.param(BOTH, {**TO_ALICE, "user": "carol"}, id="no branch of several"),
        pytest.param({**BOTH, "event": ["held"]}, TO_ALICE, id="a branch, but not the rest"),
        pytest.param({"$or": []}, TO_ALICE, id="no branches"),
        pytest.param({"user": [{"exists": False}]}, TO_ALICE, id="attribute is there"),
        pytest.param({"user": [{"exists": True}]}, TO_OPERATORS, id="attribute is not there"),
        pytest.param({"user": [{"prefix": "lice"}]}, TO_ALICE, id="prefix"),
        pytest.param({"user": [{"suffix": "alic"}]}, TO_ALICE, id="suffix"),
        pytest.param({"user": [{"prefix": ""}]}, TO_OPERATORS, id="prefix of nothing"),
        pytest.param({"user": [{"suffix": ""}]}, TO_OPERATORS, id="suffix of nothing"),
        pytest.param({"user": [{"equals-ignore-case": "bob"}]}, TO_ALICE, id="another, any case"),
        pytest.param({"user": [{"equals-ignore-case": "a"}]}, TO_OPERATORS, id="nothing, any case"),
        pytest.param({"user": [{"anything-but": "alice"}]}, TO_ALICE, id="anyone but alice"),
        pytest.param({"user": [{"anything-but": ["bob", "alice"]}]}, TO_ALICE, id="but these"),
        pytest.param({"user": [{"anything-but": ["bob"]}]}, TO_OPERATORS, id="nothing, but bob"),
        pytest.param({"user": [{"anything-but": "bob"}]}, TO_OPERATORS, id="nothing, but bob too"),
    ],
)
def test_filter_does_not_admit(policy: object, attributes: dict[str, str]) -> None:
    assert not admits(json.dumps(policy), "MessageAttributes", attributes)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param({"user": [{"wildcard": "a*"}]}, id="wildcard"),
        pytest.param({"user": [{"cidr": "10.0.0.0/8"}]}, id="cidr"),
        pytest.param({"user": [{"numeric": ["=", 1]}]}, id="numeric"),
        pytest.param({"user": [{"anything-but": {"prefix": "b"}}]}, id="nested"),
        pytest.param({"user": [{"anything-but": ["bob", 1]}]}, id="a number among names"),
        pytest.param({"user": [{"exists": "true"}]}, id="exists, as text"),
        pytest.param({"user": [{"prefix": 1}]}, id="prefix is a number"),
        pytest.param({"user": [{"invented": "alice"}]}, id="operator of the future"),
        pytest.param({"user": [{}]}, id="no operator"),
        pytest.param({"user": [None, True, 1, ["alice"]]}, id="no condition of text"),
        pytest.param({"user": "alice"}, id="no list"),
        pytest.param({"user": {"name": ["alice"]}}, id="filter of a body"),
        pytest.param({"$or": {"user": ["alice"]}}, id="branches that are no list"),
        pytest.param(["user"], id="list"),
        pytest.param("user", id="text"),
        pytest.param(None, id="null"),
    ],
)
def test_what_is_not_understood_is_not_admitted(policy: object) -> None:
    assert not admits(json.dumps(policy), "MessageAttributes", TO_ALICE)


def test_no_filter_admits_a_message_without_attributes() -> None:
    assert not admits('{"audience": [{"exists": false}]}', "MessageAttributes", {})
    assert admits(None, None, {})


def test_filter_that_is_no_json_is_not_admitted() -> None:
    assert not admits("{user: alice", "MessageAttributes", TO_ALICE)


def test_filter_on_the_body_is_not_admitted() -> None:
    assert not admits('{"user": ["alice"]}', "MessageBody", TO_ALICE)
