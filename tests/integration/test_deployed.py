"""examples/complete on LocalStack: the schedule has fired, and the function is invoked for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stage.account import HeldKey
from tests.stage.runs import Failure, log_lines, reports
from tests.stage.terraform import Terraform

from .stage import Person, Stage


def rows(report: dict[str, Any], user: str) -> list[tuple[str, str]]:
    return [(row["action"], row["reason"]) for row in report["users"] if row["user"] == user]


def test_a_dry_run_by_setting_says_what_the_first_run_did(stage: Stage) -> None:
    active = {user: {key.id: "Active" for key in keys} for user, keys in stage.held.items()}

    assert stage.planned["dry_run"] is True
    assert stage.after_the_plan == active
    planned = {user: rows(stage.planned, user) for user in stage.held}
    done = {user: rows(stage.first_report, user) for user in stage.held}
    # A plan reads no policy. The first run puts it on Terraform's secrets.
    protected = ("prepare", "secret_protected")
    assert planned == {user: [row for row in did if row != protected] for user, did in done.items()}


def test_the_schedule_rotated_what_was_due(stage: Stage) -> None:
    report = stage.first_report

    assert rows(report, "it-alice") == [
        ("rotate", "key_too_old"),
        ("announce", "key_too_old"),
        ("disable", "superseded"),
    ]
    assert rows(report, "it-build-agent") == [
        ("rotate", "key_too_old"),
        ("announce", "key_too_old"),
    ]
    assert rows(report, "it-dave") == [("prepare", "warning_window"), ("warn", "warning_window")]
    assert rows(report, "it-frank") == [("prepare", "secret_protected"), ("disable", "idle")]
    assert rows(report, "it-carol") == [("prepare", "secret_protected")]
    assert rows(report, "it-erin") == []
    assert (report["failed"], report["deferred"]) == (0, 0)


def test_the_old_key_is_off_for_a_person_and_on_for_a_service(stage: Stage) -> None:
    for user, old_status in (
        ("it-alice", "Inactive"),
        ("it-build-agent", "Active"),
        ("it-legacy-import", "Active"),
    ):
        [old] = stage.held[user]
        new = stage.secret(user)["AccessKeyId"]
        assert stage.account.statuses(user) == {old.id: old_status, new: "Active"}


def test_users_that_are_not_managed_or_not_due_keep_their_keys(stage: Stage) -> None:
    for user in ("it-erin", "it-carol"):
        [key] = stage.held[user]
        assert stage.account.statuses(user) == {key.id: "Active"}


def test_the_idle_key_is_off_and_the_one_in_use_stays(stage: Stage) -> None:
    idle, used = stage.held["it-frank"]

    assert stage.account.statuses("it-frank") == {idle.id: "Inactive", used.id: "Active"}


def test_a_warned_user_keeps_the_key(stage: Stage) -> None:
    [key] = stage.held["it-dave"]

    assert stage.account.statuses("it-dave") == {key.id: "Active"}


@pytest.mark.parametrize("user", ["it-alice", "it-build-agent", "it-legacy-import"])
def test_the_key_in_the_secret_works(stage: Stage, user: str) -> None:
    value = stage.secret(user)

    key = HeldKey(value["AccessKeyId"], value["SecretAccessKey"])
    assert stage.account.sts(key).get_caller_identity()["Arn"].endswith(f":user/{user}")


def test_the_function_made_the_first_key_of_a_service(stage: Stage) -> None:
    """Its reader is a role of the same apply, and the operators pass it on."""
    value = stage.secret("it-mail-relay")

    assert rows(stage.first_report, "it-mail-relay") == [
        ("rotate", "first_key"),
        ("announce", "first_key"),
    ]
    assert stage.account.statuses("it-mail-relay") == {value["AccessKeyId"]: "Active"}
    assert value["Smtp"]["eu-west-1"]["UserName"] == value["AccessKeyId"]
    policy = stage.account.secrets.get_resource_policy(SecretId="integration/it-mail-relay")
    assert "role/integration-test-mail-relay" in policy["ResourcePolicy"]
    policy = stage.account.secrets.get_resource_policy(SecretId="integration/it-build-agent")
    assert "role/" not in policy["ResourcePolicy"]


def test_options_changed_beside_terraform_stop_the_run(stage: Stage) -> None:
    path = stage.outputs["config_path"].replace("/config", "/users")
    [chunk] = stage.account.ssm.get_parameters_by_path(Path=path)["Parameters"]
    assert list(json.loads(chunk["Value"])) == ["it-mail-relay"]

    def put(value: str) -> None:
        stage.account.ssm.put_parameter(
            Name=chunk["Name"], Value=value, Type="String", Overwrite=True
        )

    put("{}")
    try:
        failure = stage.invoke()
    finally:
        put(chunk["Value"])

    assert isinstance(failure, Failure)
    assert failure.type == "SettingsError"
    assert f"the parameters under {path} are not as Terraform wrote them" in failure.message


def test_what_a_program_reads_from_the_topic(stage: Stage) -> None:
    message = stage.queue.receive(
        lambda m: m["event"] == "rotated" and m["user"] == "it-build-agent"
    )

    assert message["attributes"] == {
        "user": "it-build-agent",
        "event": "rotated",
        "account_id": stage.account.id,
        "audience": "user",
    }
    assert message["access_key_id"] == stage.secret("it-build-agent")["AccessKeyId"]
    assert message["superseded_key_until"] > "2026"


def test_a_user_unknown_to_terraform_gets_a_secret(stage: Stage) -> None:
    tags = stage.secret_tags("it-legacy-import")

    assert tags["access-key-rotation:managed-by"] == "integration-test"


def test_the_next_run_does_nothing_and_the_plan_is_empty(
    stage: Stage, complete: Any, terraform_of: Callable[[Any], Terraform]
) -> None:
    mails = stage.account.backdoor.mails()

    assert stage.run()["counts"] == {}
    # Paused before runs are real again: or the schedule would rotate the next test's user.
    with stage.setting("dry_run", "true"):
        stage.schedule.resume()
        try:
            assert terraform_of(complete).changes() == []
        finally:
            stage.schedule.pause()
    # SNS delivers in the background, but a plan takes seconds.
    assert stage.account.backdoor.mails() == mails


def test_a_dry_run_shows_what_the_run_then_does(
    stage: Stage, person: Callable[..., Person]
) -> None:
    somebody = person(100)

    planned = stage.run({"dry_run": True})
    assert list(somebody.statuses().values()) == ["Active"]
    done = stage.run({"users": [somebody.name]})

    assert planned["dry_run"] is True
    assert rows(planned, somebody.name) == rows(done, somebody.name) != []


def test_a_warned_user_reads_the_placeholder(stage: Stage) -> None:
    assert "Placeholder" in stage.secret("it-dave")


def test_an_emergency_replaces_and_disables_at_once(
    stage: Stage, person: Callable[..., Person]
) -> None:
    somebody = person(5, password=False)
    [leaked] = somebody.keys
    emergency = {
        "user": somebody.name,
        "access_key_id": leaked.id,
        "reason": "on a paste site",
        "even_if_nobody_can_fetch": True,
    }

    report = stage.run({"emergency": emergency})

    assert [action for action, _ in rows(report, somebody.name)] == [
        "record",
        "rotate",
        "disable",
        "announce",
    ]
    value = stage.secret(somebody.name)
    assert somebody.statuses() == {leaked.id: "Inactive", value["AccessKeyId"]: "Active"}
    new = HeldKey(value["AccessKeyId"], value["SecretAccessKey"])
    assert stage.account.sts(new).get_caller_identity()["Arn"].endswith(f":user/{somebody.name}")
    assert stage.run({"emergency": emergency})["counts"] == {}


@pytest.mark.parametrize(
    ("payload", "culprit"),
    [
        ({"dryrun": True}, "dryrun"),
        ({"users": ["nobody"]}, "nobody"),
        ({"users": ["it-erin"]}, "it-erin"),
        ({"emergency": {"user": "it-alice"}}, "emergency.access_key_id"),
        ({"rotate": {"users": [], "reason": "x"}}, "rotate.users"),
    ],
)
def test_a_bad_payload_is_one_clear_line(
    stage: Stage, payload: dict[str, Any], culprit: str
) -> None:
    failure = stage.invoke(payload)

    assert isinstance(failure, Failure)
    assert failure.type == "PayloadError"
    assert culprit in failure.message
    assert "\n" not in failure.message


@pytest.mark.parametrize(
    ("setting", "value", "culprit"),
    [
        ("topic_arn", None, "config/topic_arn is missing"),
        ("grace_days", "few", "config/grace_days must be a whole number"),
        ("warn_before_days", "90", "config/warn_before_days"),
    ],
)
def test_a_bad_setting_is_one_clear_line(
    stage: Stage, setting: str, value: str | None, culprit: str
) -> None:
    with stage.setting(setting, value):
        failure = stage.invoke()

    assert isinstance(failure, Failure)
    assert failure.type == "SettingsError"
    assert culprit in failure.message


def test_a_reader_slipped_in_beside_terraform_stops_the_run_before_a_key_is_made(
    stage: Stage, person: Callable[..., Person]
) -> None:
    somebody = person(100)
    slipped_in = f"arn:aws:iam::{stage.account.id}:role/slipped-in"

    with stage.setting("secret_reader_arns", json.dumps([slipped_in])):
        failure = stage.invoke()

    assert isinstance(failure, Failure)
    assert failure.type == "SettingsError"
    assert "config/secret_reader_arns is not as Terraform wrote it" in failure.message
    assert list(somebody.statuses().values()) == ["Active"]


def test_one_users_failure_is_theirs_alone(stage: Stage, person: Callable[..., Person]) -> None:
    fails, served = person(120), person(100)

    with stage.account.backdoor.refused("secretsmanager:PutSecretValue", fails.name):
        failure = stage.invoke({"users": [fails.name, served.name]})

    assert isinstance(failure, Failure)
    assert failure.type == "RotationFailedError"
    assert f"{fails.name}: " in failure.message
    assert "AccessDeniedException" in failure.message
    assert served.name not in failure.message
    report = list(reports(stage.account, stage.function))[-1]
    assert [row for row in rows(report, fails.name) if row[0] != "rotate"] == [("fail", "error")]
    assert ("disable", "superseded") in rows(report, served.name)
    assert stage.secret(served.name)["AccessKeyId"] in served.statuses()

    digest = stage.queue.receive(
        lambda m: m["event"] == "digest" and "failed" in {line["event"] for line in m["lines"]}
    )
    lines = {line["event"]: line for line in digest["lines"]}
    assert {event: line["user"] for event, line in lines.items()} == {
        "failed": fails.name,
        "rotated": served.name,
    }
    assert "AccessDeniedException" in lines["failed"]["text"]

    # The key whose value was refused is gone, the old one works on.
    assert fails.statuses() == {fails.keys[0].id: "Active"}


def test_an_event_that_cannot_be_served_is_kept_in_the_dead_letter_queue(stage: Stage) -> None:
    payload = json.dumps({"users": ["it-nobody"]})

    stage.account.functions.invoke(
        FunctionName=stage.function, InvocationType="Event", Payload=payload
    )

    message = stage.dead_letter()
    assert json.loads(message["Body"]) == json.loads(payload)
    assert "it-nobody" in message["MessageAttributes"]["ErrorMessage"]["StringValue"]
    runs = [line for line in log_lines(stage.account, stage.function) if "it-nobody" in line]
    assert len(runs) == 3, "Lambda tries twice more"


def test_logs_are_json_and_hold_no_secret(stage: Stage) -> None:
    lines = log_lines(stage.account, stage.function)

    entries = [json.loads(line) for line in lines if line.startswith("{")]
    assert {"decision", "done", "run finished"} <= {str(entry.get("message")) for entry in entries}
    for user in ("it-alice", "it-build-agent", "it-legacy-import"):
        assert stage.secret(user)["SecretAccessKey"] not in "\n".join(lines)
