"""The deployed function is killed in the middle of a rotation; the next scheduled runs repair it.

A few points on a real process; tests/crash tries every call. What the emulator cannot do is wait:
everything about the user is made older instead, keys and records alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.stage.account import HeldKey
from tests.stage.runs import Failure

from .stage import Person, Stage

RECORDS = "access-key-rotation:"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Another run may be at work for 20 minutes; a key that another run made is verified after an hour;
# an orphan is deleted after 6.
UNTIL_THE_NEXT_RUNS = (timedelta(minutes=21), timedelta(hours=1), timedelta(hours=6))


def let_pass(person: Person, time: timedelta) -> None:
    """Makes the user's keys and records so much older."""
    account = person.stage.account
    for key_id in person.statuses():
        account.backdoor.backdate(key_id, time / timedelta(days=1))

    def earlier(found: re.Match[str]) -> str:
        then = datetime.fromisoformat(found[0]).astimezone(UTC) - time
        return f"{then:%Y-%m-%dT%H:%M:%SZ}"

    records = {
        key: TIME.sub(earlier, value)
        for key, value in person.stage.secret_tags(person.name).items()
        if key.startswith(RECORDS)
    }
    account.secrets.tag_resource(
        SecretId=f"{person.stage.outputs['secret_name_prefix']}{person.name}",
        Tags=[{"Key": key, "Value": value} for key, value in records.items()],
    )


def usable(person: Person) -> list[str]:
    """The active keys that their owner has, or can fetch."""
    known = {key.id for key in person.keys} | {delivered(person)}
    return [id_ for id_, status in person.statuses().items() if status == "Active" and id_ in known]


def delivered(person: Person) -> str | None:
    account = person.stage.account
    try:
        return person.stage.secret(person.name).get("AccessKeyId")
    except account.secrets.exceptions.ResourceNotFoundException:
        return None  # no secret, or none with a value yet


@pytest.mark.parametrize(
    ("when", "call", "left"),
    [
        ("before", "iam:CreateAccessKey", {"old": "Active"}),
        ("after", "iam:CreateAccessKey", {"old": "Active", "orphan": "Active"}),
        ("after", "secretsmanager:PutSecretValue", {"old": "Active", "new": "Active"}),
        ("after", "sns:Publish", {"old": "Active", "new": "Active"}),
        ("after", "iam:UpdateAccessKey", {"old": "Inactive", "new": "Active"}),
    ],
)
def test_the_next_runs_repair_what_a_killed_one_left(
    stage: Stage, person: Callable[..., Person], when: str, call: str, left: dict[str, str]
) -> None:
    somebody = person(100)
    [old] = somebody.keys
    with stage.account.backdoor.killing(stage.function, call, when == "after"):
        killed = stage.invoke({"users": [somebody.name]})
    assert isinstance(killed, Failure)
    assert (killed.type, "killed" in killed.message) == ("Runtime.ExitError", True)
    names = {old.id: "old", delivered(somebody): "new"}
    statuses = somebody.statuses()
    assert {names.get(id_, "orphan"): status for id_, status in statuses.items()} == left
    assert usable(somebody)
    orphans = [id_ for id_ in statuses if id_ not in names]

    for time in UNTIL_THE_NEXT_RUNS:
        let_pass(somebody, time)
        stage.run({})
        assert usable(somebody)
        assert not [id_ for id_ in orphans if somebody.statuses().get(id_) == "Active"]

    value = stage.secret(somebody.name)
    assert somebody.statuses() == {old.id: "Inactive", value["AccessKeyId"]: "Active"}
    new = HeldKey(value["AccessKeyId"], value["SecretAccessKey"])
    assert stage.account.sts(new).get_caller_identity()["Arn"].endswith(f":user/{somebody.name}")
    stage.queue.receive(lambda m: m["event"] == "rotated" and m.get("access_key_id") == new.id)
    assert stage.secret_tags(somebody.name)[f"{RECORDS}announced"].startswith(new.id)
    assert stage.run({})["counts"] == {}
