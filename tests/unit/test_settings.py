"""Settings: every bad parameter is refused, and the message names it."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given

from key_rotation.domain.settings import Settings, SettingsError, UserTag, parse_settings
from key_rotation.domain.user_options import NO_OPTIONS
from tests.defaults import default_parameters, defaults
from tests.unit.strategies import accepted_settings

PATH = "/key-rotation/config"
TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:key-rotation"
ROLE = "arn:aws:iam::123456789012:role/team/reader"
PARAMETERS = default_parameters(name="key-rotation")


def parse(**changes: str) -> Settings:
    return parse_settings(PARAMETERS | changes, PATH)


def refusal(parameters: dict[str, str]) -> str:
    """The message of the refusal, without what precedes the problem: "parameter <path>/"."""
    with pytest.raises(SettingsError) as refused:
        parse_settings(parameters, PATH)
    message = str(refused.value)
    assert message.startswith(f"parameter {PATH}/")
    return message.removeprefix(f"parameter {PATH}/")


def test_defaults_of_the_module_are_accepted() -> None:
    as_parsed = {
        "name": "key-rotation",
        "user_tag": UserTag("access-key-rotation", "enabled"),
        "coverage_exempt_tag": None,
        "secret_reader_arns": (),
        "never_user_arns": (),
        "operator_emails": (),
        "secret_tags": (),
        "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/of-the-module",
        "topic_arn": TOPIC_ARN,
        "event_bus_arn": "arn:aws:events:eu-west-1:123456789012:event-bus/default",
        "user_options_sha256": NO_OPTIONS,
    }

    assert parse() == Settings(**defaults() | as_parsed)


def test_parameters_of_a_newer_version_are_ignored() -> None:
    assert parse(added_later="anything") == parse()


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_missing_parameter_is_named(name: str) -> None:
    present = {key: value for key, value in PARAMETERS.items() if key != name}

    assert refusal(present) == f"{name} is missing"


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        pytest.param({"dry_run": "true"}, "dry_run", True, id="true"),
        pytest.param(
            {"require_confirmed_subscription": "false"},
            "require_confirmed_subscription",
            False,
            id="false",
        ),
        pytest.param({"hold_until_moved": "false"}, "hold_until_moved", False, id="not held"),
        pytest.param({"remind_before_days": "6"}, "remind_before_days", 6, id="reminded"),
        pytest.param({"idle_after_days": "1"}, "idle_after_days", 1, id="least number of days"),
        pytest.param(
            {"disable_unused_after_days": "45"}, "disable_unused_after_days", 45, id="unused"
        ),
        pytest.param({"idle_after_days": "99999"}, "idle_after_days", 99999, id="most days"),
        pytest.param(
            {"secret_reader_arns": json.dumps([ROLE, ROLE.replace("role", "user")])},
            "secret_reader_arns",
            (ROLE, ROLE.replace("role", "user")),
            id="readers in order",
        ),
        pytest.param(
            {"secret_reader_arns": json.dumps([ROLE.replace("aws", "aws-us-gov", 1)])},
            "secret_reader_arns",
            (ROLE.replace("aws", "aws-us-gov", 1),),
            id="reader in another partition",
        ),
        pytest.param(
            {"secret_tags": '{"b": "2", "a": ""}'},
            "secret_tags",
            (("a", ""), ("b", "2")),
            id="tags sorted",
        ),
        pytest.param(
            {"user_tag": '{"value": "", "key": "rotate me"}'},
            "user_tag",
            UserTag("rotate me", ""),
            id="tag with no value",
        ),
        pytest.param(
            {"coverage_exempt_tag": '{"key": "Access-Key-Rotation", "value": "exempt"}'},
            "coverage_exempt_tag",
            UserTag("Access-Key-Rotation", "exempt"),
            id="another value exempts",
        ),
    ],
)
def test_value_is_read(changes: dict[str, str], name: str, value: object) -> None:
    assert getattr(parse(**changes), name) == value


NUMBERS = [field.name for field in fields(Settings) if field.type == "int"]
LEAST = {
    "max_key_age_days": 2,
    "delete_after_days": 1,
    "idle_after_days": 1,
    "min_grace_days_without_console": 1,
    "max_iam_writes_per_second": 1,
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("-1", id="negative"),
        pytest.param("1.5", id="fraction"),
        pytest.param("ninety", id="word"),
        pytest.param(" 90", id="space"),
        pytest.param("90\n", id="newline"),
        pytest.param("1e2", id="exponent"),
        pytest.param("٩٠", id="digits that are not ASCII"),
        pytest.param("100000", id="too long to be days"),
        pytest.param("null", id="null"),
    ],
)
def test_what_is_no_whole_number_is_refused(name: str, text: str) -> None:
    assert refusal(PARAMETERS | {name: text}) == f"{name} must be a whole number, not {text!r}"


@pytest.mark.parametrize(("name", "least"), LEAST.items())
def test_fewer_days_than_the_least_are_refused(name: str, least: int) -> None:
    text = str(least - 1)

    assert refusal(PARAMETERS | {name: text}) == f"{name} must be at least {least}, not {text}"


@pytest.mark.parametrize("name", [name for name in NUMBERS if name not in LEAST])
def test_zero_means_none_elsewhere(name: str) -> None:
    relaxed = {"grace_days": "0", name: "0"}
    if name == "max_overlap_days":
        assert refusal(PARAMETERS | relaxed).startswith("max_overlap_days (0) must be at least 10")
    else:
        assert getattr(parse(**relaxed), name) == 0


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        pytest.param("dry_run", "True", "must be true or false, not 'True'", id="Python's True"),
        pytest.param("dry_run", "1", "must be true or false, not '1'", id="one"),
        pytest.param(
            "require_confirmed_subscription", "", "must be true or false, not ''", id="no boolean"
        ),
        pytest.param(
            "hold_until_moved", "no", "must be true or false, not 'no'", id="held in a word"
        ),
        pytest.param("user_tag", "enabled", "must be JSON, an object", id="tag is no JSON"),
        pytest.param("user_tag", '["a", "b"]', "must be JSON, an object", id="tag is a list"),
        pytest.param("user_tag", '{"key": "a"}', "must be a JSON object", id="tag has no value"),
        pytest.param(
            "user_tag", '{"key": "a", "value": 1}', "must be a JSON object", id="value is a number"
        ),
        pytest.param(
            "user_tag",
            '{"key": "a", "value": "b", "x": "c"}',
            "must be a JSON object",
            id="tag has more",
        ),
        pytest.param(
            "user_tag", '{"key": "", "value": "b"}', "must name a tag key", id="tag key is empty"
        ),
        pytest.param("user_tag", "null", "must be JSON, an object", id="tag is null"),
        pytest.param("coverage_exempt_tag", "none", "must be JSON, an object", id="exempt none"),
        pytest.param(
            "coverage_exempt_tag",
            '{"key": "Access-key-rotation", "value": "enabled"}',
            "must not be user_tag, which makes a user managed",
            id="exempt and managed",
        ),
        pytest.param(
            "secret_reader_arns", "null", "must be JSON, a list of ARNs", id="readers null"
        ),
        pytest.param(
            "secret_reader_arns", f'"{ROLE}"', "must be JSON, a list of ARNs", id="readers no list"
        ),
        pytest.param("secret_reader_arns", "[1]", "holds 1, which", id="reader is a number"),
        pytest.param("operator_emails", "{}", "must be JSON, a list of e-mail", id="no list"),
        pytest.param("operator_emails", '["ops"]', "holds 'ops', which is not", id="no address"),
        pytest.param("operator_emails", "[7]", "holds 7, which is not", id="address is a number"),
        pytest.param(
            "operator_emails",
            '["ops@example.com\\n"]',
            "holds 'ops@example.com\\n', which is not a plain e-mail address",
            id="address of two lines",
        ),
        pytest.param("secret_reader_arns", '["*"]', "holds '*', which", id="reader is anybody"),
        pytest.param(
            "secret_reader_arns",
            '["arn:aws:iam::123456789012:root"]',
            "holds 'arn:aws:iam::123456789012:root', which",
            id="reader is an account",
        ),
        pytest.param(
            "secret_reader_arns",
            '["arn:aws:iam::123456789012:role/*"]',
            "holds 'arn:aws:iam::123456789012:role/*', which",
            id="reader is a pattern",
        ),
        pytest.param(
            "secret_reader_arns",
            '["arn:aws:sts::123456789012:assumed-role/a/b"]',
            "holds 'arn:aws:sts::123456789012:assumed-role/a/b', which",
            id="reader is a session",
        ),
        pytest.param(
            "secret_reader_arns",
            json.dumps([ROLE, "arn:aws:iam::1:role/a"]),
            "holds 'arn:aws:iam::1:role/a', which",
            id="second reader has no account",
        ),
        pytest.param(
            "secret_reader_arns",
            json.dumps([f"{ROLE} or more"]),
            f"holds '{ROLE} or more', which",
            id="reader and something behind it",
        ),
        pytest.param("secret_tags", "[]", "must be JSON, an object of tags", id="tags are a list"),
        pytest.param(
            "secret_tags", '{"a": 1}', "must be a JSON object of strings", id="tag is a number"
        ),
        pytest.param("user_options_sha256", "", "must be a SHA-256, and marks, not", id="no hash"),
        pytest.param("name", "", "must be a name", id="no name"),
        pytest.param("name", "x y", "must be a name", id="name with a space"),
        pytest.param("secret_name_prefix", " ", "must be letters", id="no prefix"),
        pytest.param("secret_name_prefix", "a,*/", "must be letters", id="prefix with a star"),
        pytest.param("kms_key_arn", "", "must be the ARN of a KMS key", id="no key"),
        pytest.param("kms_key_arn", "nonsense", "must be the ARN of a KMS key", id="bad key"),
        pytest.param("topic_arn", "\n", "must be the ARN of an SNS topic", id="no topic"),
        pytest.param("topic_arn", "nonsense", "must be the ARN of an SNS topic", id="bad topic"),
    ],
)
def test_malformed_parameter_is_named(name: str, text: str, problem: str) -> None:
    assert refusal(PARAMETERS | {name: text}).startswith(f"{name} {problem}")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            {"warn_before_days": "90"},
            "warn_before_days (90) must be less than max_key_age_days (90)",
            id="warned at birth",
        ),
        pytest.param(
            {"grace_days": "60", "max_overlap_days": "60"},
            "grace_days (60) and delete_after_days (30) must together be less than "
            "max_key_age_days (90)",
            id="no room for grace and deletion",
        ),
        pytest.param(
            {"grace_days": "31", "hold_until_moved": "false"},
            "grace_days (31) must not exceed max_overlap_days (30)",
            id="grace over the overlap",
        ),
        pytest.param(
            {"min_grace_days_without_console": "31", "hold_until_moved": "false"},
            "min_grace_days_without_console (31) must not exceed max_overlap_days (30)",
            id="time to fetch over the overlap",
        ),
        pytest.param(
            {"grace_days": "3"},
            "remind_before_days (3) must be less than grace_days (3), unless that is 0: a reminder "
            "beyond the grace would have to come before the new key. 0 means no reminder",
            id="reminded beyond the grace",
        ),
        pytest.param(
            {"min_grace_days_without_console": "3"},
            "remind_before_days (3) must be less than min_grace_days_without_console (3): a "
            "reminder beyond the grace would have to come before the new key. 0 means no reminder",
            id="reminded beyond the time to fetch",
        ),
        pytest.param(
            {"grace_days": "28"},
            "max_overlap_days (30) must be at least 31: the longer of grace_days (28) and "
            "min_grace_days_without_console (7), plus remind_before_days (3), at least 1. "
            "Otherwise hold_until_moved has no room to hold a key. Raise max_overlap_days, or set "
            "hold_until_moved to false",
            id="no room to hold after the grace",
        ),
        pytest.param(
            {"min_grace_days_without_console": "30", "remind_before_days": "0"},
            "max_overlap_days (30) must be at least 31: the longer of grace_days (0) and "
            "min_grace_days_without_console (30), plus remind_before_days (0), at least 1. "
            "Otherwise hold_until_moved has no room to hold a key. Raise max_overlap_days, or set "
            "hold_until_moved to false",
            id="no room to hold after the time to fetch",
        ),
        pytest.param(
            {"hold_while_used_days": "31"},
            "hold_while_used_days (31) must not exceed max_overlap_days (30)",
            id="hold over the overlap",
        ),
        pytest.param(
            {"max_overlap_days": "60"},
            "max_overlap_days (60) and delete_after_days (30) must together be less than "
            "max_key_age_days (90)",
            id="no room for overlap and deletion",
        ),
        pytest.param(
            {"disable_unused_after_days": "7"},
            "disable_unused_after_days (7) must be 0, or more than warn_before_days (7), and at "
            "least 2: the owner of an unused key is warned so long before it is disabled, and at "
            "least one day",
            id="unused at its warning",
        ),
        pytest.param(
            {"disable_unused_after_days": "1", "warn_before_days": "0"},
            "disable_unused_after_days (1) must be 0, or more than warn_before_days (0), and at "
            "least 2: the owner of an unused key is warned so long before it is disabled, and at "
            "least one day",
            id="unused at birth",
        ),
        pytest.param(
            {"disable_unused_after_days": "91"},
            "disable_unused_after_days (91) must not exceed max_key_age_days (90): a key is "
            "replaced at that age, so no key would ever be unused for so long. 0 means never",
            id="unused for longer than it lives",
        ),
    ],
)
def test_contradiction_is_named(changes: dict[str, str], problem: str) -> None:
    assert refusal(PARAMETERS | changes) == problem


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"warn_before_days": "89"}, id="warned a day after birth"),
        pytest.param(
            {"grace_days": "30", "hold_until_moved": "false"}, id="grace as long as the overlap"
        ),
        pytest.param(
            {"min_grace_days_without_console": "30", "hold_until_moved": "false"},
            id="time to fetch as long as the overlap",
        ),
        pytest.param({"grace_days": "27"}, id="grace and reminder as long as the overlap"),
        pytest.param(
            {"min_grace_days_without_console": "27"},
            id="time to fetch and reminder as long as the overlap",
        ),
        pytest.param({"grace_days": "29", "remind_before_days": "0"}, id="held without a reminder"),
        pytest.param({"grace_days": "4"}, id="reminded a day after the announcement"),
        pytest.param(
            {"min_grace_days_without_console": "4"}, id="reminded a day after it can be fetched"
        ),
        pytest.param(
            {"grace_days": "1", "remind_before_days": "0"}, id="grace too short for a reminder"
        ),
        pytest.param(
            {"grace_days": "0", "remind_before_days": "6"}, id="no grace with a console password"
        ),
        pytest.param({"hold_while_used_days": "30"}, id="hold as long as the overlap"),
        pytest.param({"max_overlap_days": "59"}, id="overlap and deletion just fit"),
        pytest.param({"disable_unused_after_days": "8"}, id="unused a day after its warning"),
        pytest.param({"disable_unused_after_days": "90"}, id="unused for as long as it lives"),
        pytest.param(
            {
                "max_key_age_days": "4",
                "warn_before_days": "0",
                "max_overlap_days": "2",
                "min_grace_days_without_console": "1",
                "remind_before_days": "0",
                "delete_after_days": "1",
            },
            id="shortest possible life",
        ),
    ],
)
def test_boundary_is_accepted(changes: dict[str, str]) -> None:
    settings = parse(**changes)

    assert {name: str(getattr(settings, name)).lower() for name in changes} == changes


@given(accepted_settings())
def test_settings_of_the_properties_are_accepted(drawn: Settings) -> None:
    names = [field.name for field in fields(Settings) if field.type in ("int", "bool")]
    texts = {name: json.dumps(getattr(drawn, name)) for name in names}

    settings = parse(**texts)

    assert {name: json.dumps(getattr(settings, name)) for name in names} == texts


def test_refusal_shows_no_other_parameter() -> None:
    assert "name" not in refusal(PARAMETERS | {"dry_run": "maybe"})
