"""Ten thousand runs on made-up input: each ends in a clear error before any change, or is right.

Every case is a whole run on an account in memory. What is made up is drawn from a seed: the
payload, the settings, the user's tags, and a name over IAM's full alphabet, comma included. Each
part is labelled right or wrong when it is made, so that it is known how the run must end.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from key_rotation.domain.model import UserRef, version_id
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.settings import SettingsError, parse_settings
from key_rotation.notify.response import RotationFailedError
from key_rotation.run.payload import PayloadError, parse_payload
from key_rotation.run.run import Rotation
from tests.unit.builders import ACCOUNT, NOW, ago, key, user
from tests.unit.fakes import FakeAccount
from tests.unit.test_mail import assert_is_harmless, commands
from tests.unit.test_run import MUTATING
from tests.unit.test_settings import PARAMETERS, PATH, TOPIC_ARN

CASES = 10_000
BATCHES = 20
IAM_NAME = string.ascii_letters + string.digits + "_+=,.@-"
TAG_CHARACTERS = string.ascii_letters + string.digits + " _.:/=+-@äßñ鍵Ж１\u2028"
HOSTILE = "\x00\x07\x1b\r\n\t\x7f\x85\u202e\ufeff<>&;'\"`$(){}[]|\\%!*?~#"
OLD = "AKIAIOSFODNN7EXAMPLE"
OTHER = "AKIAI44QH8DHBEXAMPLE"

# No link can be made of these.
REASON_CHARACTERS = "".join(
    c for c in TAG_CHARACTERS + HOSTILE if c.isprintable() and c not in "./:\u3002\uff0e\uff61"
)
Made = tuple[Any, bool]  # a value, and whether it is a right one


def text(rng: random.Random, alphabet: str, least: int, most: int) -> str:
    return "".join(rng.choices(alphabet, k=rng.randint(least, most)))


def junk(rng: random.Random, most: int = 40) -> str:
    """Text with at least one character that no value of ours may hold."""
    around = text(rng, TAG_CHARACTERS + HOSTILE, 0, most)
    at = rng.randint(0, len(around))
    return around[:at] + rng.choice(HOSTILE) + around[at:]


# -- what is made up -------------------------------------------------------------------------------


def payload(rng: random.Random, name: str) -> Made:
    reason = text(rng, REASON_CHARACTERS, 0, 100) + "x"
    wrong_reasons = [
        "",
        " \n",
        "r" * 501,
        5,
        f"{reason} www.{reason}",
        f"{reason}\n",
        f"//{reason}",
    ]
    emergency = {"user": name, "access_key_id": OLD, "reason": reason}
    request = {"users": [name], "reason": reason}
    wrong_name = rng.choice([junk(rng), "", "n" * 65, 7, None, [name]])
    return rng.choice(
        (
            ({}, True),
            ({}, True),
            ({"dry_run": rng.random() < 0.5}, True),
            ({"users": [name, *([name] if rng.random() < 0.1 else [])]}, True),
            ({"emergency": emergency}, True),
            ({"rotate": request}, True),
            ({junk(rng): {}}, False),
            (rng.choice([junk(rng), 1, None, [], True, 1.5]), False),
            ({"dry_run": rng.choice(["true", 1, None, [], junk(rng)])}, False),
            ({"users": rng.choice([[], {}, name, [wrong_name], [name, wrong_name], None])}, False),
            ({"users": [text(rng, IAM_NAME, 40, 60) + "nobody"]}, False),
            ({"emergency": emergency | {"user": wrong_name}}, False),
            ({"emergency": emergency | {"reason": rng.choice(wrong_reasons)}}, False),
            ({"emergency": emergency | {"access_key_id": rng.choice([junk(rng), "A", 1])}}, False),
            ({"emergency": emergency | {"access_key_id": "AKIA" + "0" * 16}}, False),
            ({"emergency": emergency | {junk(rng): "x"}}, False),
            ({"emergency": emergency, "users": [name]}, False),
            ({"rotate": request | {"users": rng.choice([[], name, [wrong_name]])}}, False),
            ({"rotate": request | {"reason": rng.choice(wrong_reasons)}}, False),
            ({"rotate": request | {junk(rng): "x"}}, False),
            ({"rotate": request, "emergency": emergency}, False),
        )
    )


def wrong_integer(rng: random.Random) -> str:
    return rng.choice(
        [junk(rng), "", "-1", "1.5", " 7", "7\n", "123456", "\u0667", "1e2", "0x7", "+7"]
    )


def wrong_json(rng: random.Random) -> str:
    return rng.choice([junk(rng), "", "null", "7", '"x"', "[" * 2000, '{"a":' * 2000, "{}}", "NaN"])


WRONG_SETTINGS: dict[str, Callable[[random.Random], str]] = {
    **{name: wrong_integer for name, value in PARAMETERS.items() if value.isdigit()},
    **{
        name: lambda rng: rng.choice([junk(rng), "", "True", "yes", "1", " true"])
        for name in ("dry_run", "require_confirmed_subscription")
    },
    "name": lambda rng: rng.choice([junk(rng), "", "1a", "a" * 49, "a\n"]),
    "secret_name_prefix": lambda rng: rng.choice([junk(rng), "", "a,b", "p" * 257, "a\n"]),
    "kms_key_arn": lambda rng: rng.choice(
        [junk(rng), "", "alias/x", PARAMETERS["kms_key_arn"] + "\n"]
    ),
    "topic_arn": lambda rng: rng.choice([junk(rng), "", f"{TOPIC_ARN}:x y"]),
    "user_tag": lambda rng: rng.choice(
        [
            wrong_json(rng),
            json.dumps({"key": junk(rng), "value": "x"}),
            json.dumps({"key": "x", "value": junk(rng)}),
            json.dumps({"key": "x"}),
            json.dumps({"key": "", "value": "x"}),
            json.dumps({"key": "x", "value": 1}),
            json.dumps({"key": "k" * 129, "value": "x"}),
        ]
    ),
    "coverage_exempt_tag": lambda rng: rng.choice(
        ["", "None", "{}", "NULL", json.dumps({"key": "x"}), PARAMETERS["user_tag"]]
    ),
    "secret_tags": lambda rng: rng.choice(
        [
            wrong_json(rng),
            json.dumps({junk(rng): "x"}),
            json.dumps({"x": junk(rng)}),
            json.dumps({"x": 1}),
            '{"x": "\\ud800"}',
            json.dumps({"k" * 129: "x"}),
            json.dumps({"x": "v" * 257}),
        ]
    ),
    "operator_emails": lambda rng: rng.choice(
        [wrong_json(rng), json.dumps([junk(rng)]), json.dumps(["a@b"]), json.dumps([1])]
    ),
    "secret_reader_arns": lambda rng: rng.choice(
        [
            wrong_json(rng),
            json.dumps([junk(rng)]),
            json.dumps([1]),
            json.dumps([f"arn:aws:iam::{ACCOUNT}:root"]),
            json.dumps([f"arn:aws:iam::{ACCOUNT}:role/a b"]),
        ]
    ),
}


def parameters(rng: random.Random) -> tuple[dict[str, str], str | None]:
    """The parameters, and the name of the one that is wrong, if one is."""
    right = PARAMETERS | {
        "secret_tags": json.dumps(
            {text(rng, TAG_CHARACTERS, 1, 128): text(rng, TAG_CHARACTERS, 0, 256)}
        ),
        "hold_while_used_days": str(rng.randint(0, 7)),
        "dry_run": rng.choice(["false", "false", "false", "true"]),
        text(rng, TAG_CHARACTERS, 1, 9) + "?": junk(rng),  # no setting of ours
    }
    if rng.random() < 0.7:
        return right, None
    wrong = rng.choice(sorted(WRONG_SETTINGS))
    if rng.random() < 0.1:
        del right[wrong]
    else:
        right[wrong] = WRONG_SETTINGS[wrong](rng)
    return right, wrong


def overrides(rng: random.Random) -> dict[str, str]:
    def some_case(name: str) -> str:
        return "".join(rng.choice((c.upper(), c.lower())) for c in name)

    days = [str(rng.randint(0, 100)), text(rng, TAG_CHARACTERS, 0, 20), "-1", "007", "١٢"]
    dates = [
        "2026-07-01",
        "2026-13-01",
        "9999-12-31",
        "0001-01-01",
        text(rng, TAG_CHARACTERS, 0, 20),
    ]
    return {
        some_case(name): rng.choice(values)
        for name, values in (
            ("max-key-age-days", days),
            ("grace-days", days),
            ("hold-until", dates),
            (text(rng, TAG_CHARACTERS, 1, 20), [text(rng, TAG_CHARACTERS, 0, 256)]),
        )
        if rng.random() < 0.3
    }


@dataclass(frozen=True)
class Case:
    """One run's input. `wrong` is what the error must name, None if all is right."""

    name: str
    payload: Any
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    ages: tuple[float, ...]
    password: bool
    wrong_payload: bool
    wrong_setting: str | None


def made(seed: int) -> Case:
    rng = random.Random(seed)  # noqa: S311 - test data
    name = text(rng, IAM_NAME, 1, 64)
    given, right = payload(rng, name)
    found, wrong = parameters(rng)
    ages = rng.choice([(90.0,), (400.0,), (85.0,), (10.0,), (95.0, 20.0), (200.0, 90.0)])
    return Case(name, given, found, overrides(rng), ages, rng.random() < 0.5, not right, wrong)


def test_every_kind_of_case_is_made() -> None:
    cases = [made(seed) for seed in range(CASES)]
    right = [case for case in cases if not case.wrong_payload and case.wrong_setting is None]

    assert len(right) > CASES / 10
    assert {case.wrong_setting for case in cases} == {None, *WRONG_SETTINGS, "secret_tags"}
    assert set("".join(case.name for case in cases)) == set(IAM_NAME)
    assert {len(case.name) for case in cases} == set(range(1, 65))
    assert len({repr(case) for case in cases}) == CASES


# -- and what comes of it --------------------------------------------------------------------------


def account_of(case: Case) -> FakeAccount:
    account = FakeAccount()
    keys = [key(key_id, age) for key_id, age in zip((OLD, OTHER), case.ages, strict=False)]
    one = user(*keys, password=case.password, tags=dict(case.tags))
    ref = UserRef(case.name, "AIDAMADEUP", f"arn:aws:iam::{ACCOUNT}:user/team/{case.name}")
    account.add(replace(one, ref=ref))
    return account


def outcome_of(case: Case, account: FakeAccount) -> Any:
    """The response, or the error of those that a run may end in."""
    try:
        asked = parse_payload(case.payload)
        settings = parse_settings(case.parameters, PATH)
        return Rotation(account.world(), settings, asked, "this").run().response()
    except (PayloadError, SettingsError, RotationFailedError) as error:
        return error


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_run_ends_in_a_clear_error_before_any_change_or_as_it_should(batch: int) -> None:
    for seed in range(batch, CASES, BATCHES):
        case = made(seed)
        account = account_of(case)
        match outcome_of(case, account):
            case PayloadError() as error:
                assert case.wrong_payload, (seed, error)
                assert_clear(seed, str(error), "payload", "dry_run", "users", "emergency", "rotate")
                assert not MUTATING.intersection(account.calls), seed
            case SettingsError() as error:
                assert case.wrong_setting is not None, (seed, error)
                assert_clear(seed, str(error), f"{PATH}/{case.wrong_setting} ")
                assert not MUTATING.intersection(account.calls), seed
            case RotationFailedError() as error:
                # The one thing that a right input may ask for and not get; nothing is changed.
                assert "EmergencyBlockedError" in str(error), (seed, error)
                assert account.statuses(case.name)[OLD] == "Active"
            case response:
                assert not case.wrong_payload, seed
                assert case.wrong_setting is None, seed
                assert_right(seed, case, account, response)


def assert_clear(seed: int, message: str, *names: str) -> None:
    """One line that names what is wrong."""
    assert message.isprintable(), (seed, message)
    assert any(name in message for name in names), (seed, message)


def assert_right(seed: int, case: Case, account: FakeAccount, response: dict[str, Any]) -> None:
    said = [json.dumps(response)]
    for _, _, message in account.notified:
        assert_is_harmless(message)
        assert message.data["user"] == case.name
        assert {argv[0] for argv in commands(message)} <= {"aws", "key-fetch"}, seed
        said.append(message.body())
    for message in account.digests:
        assert_is_harmless(message)
        said.append(message.body())
    assert "secret of" not in "".join(said), seed
    dry = case.parameters["dry_run"] == "true" or case.payload.get("dry_run", False)
    if dry:
        assert not MUTATING.intersection(account.calls), seed
        return
    statuses = account.statuses(case.name)
    active = [key_id for key_id, status in statuses.items() if status == "Active"]
    held = {OLD, OTHER} | {
        key_id
        for key_id in statuses
        if version_id(key_id) in getattr(account.secrets.get(case.name), "versions", {})
    }
    assert held.intersection(active), seed
    if "emergency" in case.payload:
        assert statuses[OLD] != "Active", seed
    elif len(case.ages) == 1:
        settings = parse_settings(case.parameters, PATH)
        limits = limits_for(account.users[case.name].tags, settings)
        due = ago(limits.max_key_age_days) >= NOW - timedelta(days=case.ages[0])
        assert ("NEW1" in statuses) == (due or "rotate" in case.payload), seed
        assert limits.hold_until is None or isinstance(limits.hold_until, date)
