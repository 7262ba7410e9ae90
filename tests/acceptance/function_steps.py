"""The steps about the function: its role, an ordinary run, its log, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from . import judge
from .protocol import Finding
from .scene import Scene, retried

ROOT = Path(__file__).resolve().parents[2]
_REPORT_SECONDS = 120.0
_LOG_SECONDS = 60.0
_NOT_EVALUATED = "asked; it evaluates no policy"


def role_users(scene: Scene) -> Finding:
    """Whose keys the role may change, by IAM's own simulator."""
    user = scene.person.arn
    elsewhere = scene.cloud.arn("iam", "user/somebody")
    managed = {f"aws:ResourceTag/{scene.name}": "enabled"}
    change, read = "iam:CreateAccessKey", "secretsmanager:GetSecretValue"
    ours = {"lambda:SourceFunctionArn": scene.module["function_arn"]}
    secret = scene.secret_arn(scene.person)
    asked = {
        "a managed user's key": (change, user, ours | managed),
        "an untagged user's": (change, user, ours),
        "one with another value's": (change, user, ours | dict.fromkeys(managed, "other")),
        "one outside of the path's": (change, elsewhere, ours | managed),
        "the value of a secret": (read, secret, ours),
    }
    wanted = {
        "a managed user's key": "allowed",
        "an untagged user's": "implicitDeny",
        "one with another value's": "implicitDeny",
        "one outside of the path's": "implicitDeny",
        "the value of a secret": "explicitDeny",
    }
    return judge.simulated(_decide(scene, asked), wanted, scene.emulated, _NOT_EVALUATED)


def role_other_callers(scene: Scene) -> Finding:
    """What somebody else who gets the role's credentials may do, by IAM's own simulator."""
    function = scene.module["function_arn"]
    list_users = ("iam:ListUsers", "*")
    source = "lambda:SourceFunctionArn"
    asked = {
        "the function": (*list_users, {source: function}),
        "another function": (*list_users, {source: f"{function}-other"}),
        "no function": (*list_users, {}),
        "no function, a log line": (
            "logs:PutLogEvents",
            scene.cloud.arn("logs", f"log-group:/aws/lambda/{scene.name}:log-stream:1"),
            {},
        ),
    }
    wanted = {
        "the function": "allowed",
        "another function": "explicitDeny",
        "no function": "explicitDeny",
        "no function, a log line": "allowed",
    }
    return judge.simulated(_decide(scene, asked), wanted, scene.emulated, _NOT_EVALUATED)


def _decide(
    scene: Scene, asked: Mapping[str, tuple[str, str, Mapping[str, str]]]
) -> dict[str, str]:
    """IAM's decision on each action, resource and context. An emulator may refuse to decide."""
    iam, decisions = scene.cloud.client("iam"), {}
    for what, (action, resource, context) in asked.items():
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in context.items()
        ]
        try:
            answer = iam.simulate_principal_policy(
                PolicySourceArn=scene.module["role_arn"],
                ActionNames=[action],
                ResourceArns=[resource],
                ContextEntries=entries,
            )
        except ClientError:
            if not scene.emulated:
                raise
            continue
        decisions[what] = answer["EvaluationResults"][0]["EvalDecision"]
    return decisions


def ordinary_run(scene: Scene) -> Finding:
    return judge.ordinary_run(scene.invoke({}), len(scene.users))


def credential_report(scene: Scene) -> Finding:
    """How long IAM takes for one. A report that is younger than 4 hours is returned at once."""
    iam = scene.cloud.client("iam")
    states: list[str] = []

    def ask() -> str:
        states.append(iam.generate_credential_report()["State"])
        return states[-1]

    _state, took = retried(ask, lambda state: state == "COMPLETE", _REPORT_SECONDS)
    users = iam.get_account_summary()["SummaryMap"]["Users"]
    return judge.credential_report(states, took, users)


def command_line(scene: Scene) -> Finding:
    """`key-rotation status` and `plan` with the caller's credentials."""
    users = [user.name for user in scene.users]
    status = _key_rotation(scene, "status")
    plan = _key_rotation(scene, "plan")
    return judge.together(
        [judge.status(status, scene.name, users), judge.plan(plan, len(users))],
    )


def _key_rotation(scene: Scene, command: str) -> Mapping[str, Any]:
    """What a command prints. Raises RuntimeError with its own words if it is no document."""
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("lambda", "cli"))
    done = subprocess.run(
        [sys.executable, "-m", "key_rotation_cli", command, "--json", "--name", scene.name],
        env={**scene.cloud.environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
    )
    try:
        found: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        words = " ".join(done.stderr.split())[-300:]
        raise RuntimeError(
            f"key-rotation {command} ended with {done.returncode}: {words}"
        ) from error
    return found


def log(scene: Scene) -> Finding:
    """The log has each change of a key, and no secret access key."""
    wanted = {("create", one.new): one.user for one in scene.replaced}
    wanted |= {("disable", one.old): one.user for one in scene.replaced}
    secret = [user.current.secret for user in scene.users]
    secret += [user.first.secret for user in scene.users]
    pages = scene.cloud.client("logs").get_paginator("filter_log_events")
    group = f"/aws/lambda/{scene.module['function_name']}"
    found, _took = retried(
        lambda: [
            event["message"]
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        ],
        lambda lines: sum('"key changed"' in line for line in lines) >= len(wanted),
        _LOG_SECONDS,
    )
    return judge.log(found, wanted, secret)
