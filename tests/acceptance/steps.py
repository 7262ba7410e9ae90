"""The steps about users, keys, secrets and what arrives. Each asks AWS, and `judge` decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from . import arrivals, judge
from .cloud import Credentials, refusal
from .protocol import Finding, Verdict
from .scene import Scene, User, retried

_SECONDS = 60.0  # for what comes by a queue, and for a disabled key to be refused everywhere


def apply(scene: Scene) -> Finding:
    summary = scene.terraform.apply(**scene.variables)
    scene.outputs = scene.terraform.outputs()
    scene.cloud.client("lambda").get_waiter("function_active_v2").wait(
        FunctionName=scene.module["function_name"]
    )
    return judge.finding(bool(scene.outputs), summary)


def second_plan(scene: Scene) -> Finding:
    return judge.second_plan(scene.terraform.changes(**scene.variables))


def users(scene: Scene) -> Finding:
    """Two users with the tag from the beginning, and a key that STS takes."""
    iam, name, found = scene.cloud.client("iam"), scene.name, []
    for user_name in (f"{name}-alice", f"{name}-build-agent"):
        scene.tell(f"making {user_name}")
        tags = [{"Key": name, "Value": "enabled"}]
        made = iam.create_user(UserName=user_name, Path=f"/{name}/", Tags=tags)["User"]
        key = iam.create_access_key(UserName=user_name)["AccessKey"]
        first = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        scene.users.append(User(user_name, made["Arn"], made["UserId"], first))
        found.append(_signs(scene, scene.users[-1], first))
    return judge.together(found)


def request(scene: Scene) -> Finding:
    """A request comes too early for a key that was replaced today, and must not touch it."""
    user = scene.person
    before = scene.statuses(user)
    answer = scene.invoke({"rotate": {"users": [user.name], "reason": "acceptance test"}})
    return judge.request(answer, user.name, before, scene.statuses(user))


def emergencies(scene: Scene) -> Finding:
    """Both keys are replaced now, as if they had leaked: no other way replaces a key of today."""
    found = []
    for user in scene.users:
        scene.tell(f"replacing the key of {user.name}")
        about = {"user": user.name, "access_key_id": user.first.id, "reason": "acceptance test"}
        answer, _took = retried(
            lambda about=about: scene.invoke({"emergency": about}),  # type: ignore[misc]
            lambda answer: any(row["action"] == "rotate" for row in answer.get("users", ())),
        )
        one = judge.emergency(answer, user.name, user.first.id)
        error = "" if "users" in answer else f"; {answer.get('errorMessage', answer)}"
        found.append(Finding(one.verdict, one.facts + error))
    return judge.together(found)


def values(scene: Scene) -> Finding:
    """The reader, who has no permission but by the policies of the secrets, reads both."""
    assumed = scene.cloud.client("sts").assume_role(
        RoleArn=scene.outputs["reader_arn"], RoleSessionName=scene.name
    )["Credentials"]
    reader = Credentials(
        assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"]
    )
    found = []
    for user in scene.users:
        value = scene.secret_value(user, reader)
        user.new = Credentials(value["AccessKeyId"], value["SecretAccessKey"])
        scene.values[user.name] = value
        smtp = [scene.cloud.region] if user is scene.person else []
        found.append(judge.value(value, user.name, scene.cloud.account_id, smtp))
    return judge.together(found)


def keys(scene: Scene) -> Finding:
    """By IAM and by STS: the new key is the user's, and the old one signs no more."""
    found = []
    seconds = 0 if scene.emulated else _SECONDS
    for user in scene.users:
        by_iam, _took = retried(
            lambda user=user: judge.keys(scene.statuses(user), user.first.id, user.current.id),  # type: ignore[misc]
            lambda finding: finding.verdict is Verdict.PASS,
            seconds,
        )
        found.append(by_iam)
        found.append(_signs(scene, user, user.current))
        old = scene.cloud.client("sts", user.first)
        refused, _took = retried(
            lambda old=old: refusal(old.get_caller_identity),  # type: ignore[misc]
            lambda refused: refused is not None,
            seconds,
        )
        what = f"STS for the old key of {user.name}"
        found.append(judge.is_refused(refused, scene.emulated, what, judge.INVALID_KEY))
    return judge.together(found)


def _signs(scene: Scene, user: User, key: Credentials) -> Finding:
    """STS takes a key for that of its user, at once or after some seconds."""
    sts = scene.cloud.client("sts", key)
    refused, took = retried(lambda: refusal(sts.get_caller_identity), lambda found: found is None)
    if refused is not None:
        return judge.finding(False, f"STS refuses {key.id} of {user.name}: {refused.code}")
    arn = sts.get_caller_identity()["Arn"]
    return judge.finding(arn == user.arn, f"STS: {key.id} is {arn} after {took:.0f} s")


def policies(scene: Scene) -> Finding:
    client = scene.cloud.client("secretsmanager")
    root = scene.cloud.arn("iam", "root")
    return judge.together(
        judge.policy(
            client.get_resource_policy(SecretId=scene.secret_id(user))["ResourcePolicy"],
            *(user.arn, user.id, scene.outputs["reader_arn"], root, user.name),
        )
        for user in scene.users
    )


def validation(scene: Scene) -> Finding:
    """ValidateResourcePolicy makes the checks of BlockPublicPolicy, and changes nothing."""
    client = scene.cloud.client("secretsmanager")
    secret = scene.secret_id(scene.person)
    own = client.get_resource_policy(SecretId=secret)["ResourcePolicy"]
    statement = {"Effect": "Allow", "Principal": "*", "Resource": "*"}
    public = {"Version": "2012-10-17", "Statement": [statement | {"Action": "secretsmanager:*"}]}
    answers: list[Mapping[str, Any]] = []

    def ask() -> None:
        for policy in (own, json.dumps(public)):
            answers.append(client.validate_resource_policy(SecretId=secret, ResourcePolicy=policy))

    refused = refusal(ask)
    if refused is not None and not scene.emulated:
        return judge.finding(False, f"ValidateResourcePolicy: {refused.code}, {refused.message}")
    return judge.validation(*(answers if refused is None else (None, None)))


def owner(scene: Scene) -> Finding:
    """Each owner reads their own secret with the new key, and has no permission of their own."""
    found = []
    for user in scene.users:
        refused, took = retried(
            lambda user=user: refusal(lambda: scene.secret_value(user, user.current)),  # type: ignore[misc]
            lambda refused: refused is None,
        )
        what = f"{user.name} reads their own secret after {took:.0f} s"
        found.append(judge.is_admitted(refused, scene.emulated, what))
    return judge.together(found)


def other_user(scene: Scene) -> Finding:
    holder, owner = scene.service, scene.person
    refused = refusal(lambda: scene.secret_value(owner, holder.current))
    what = f"{holder.name} reads the secret of {owner.name}"
    return judge.is_refused(refused, scene.emulated, what)


def administrator(scene: Scene) -> Finding:
    return judge.together(
        judge.is_refused(
            refusal(lambda user=user: scene.secret_value(user)),  # type: ignore[misc]
            *(scene.emulated, f"the caller reads the secret of {user.name}"),
            because="explicit deny",
        )
        for user in scene.users
    )


def kms(scene: Scene) -> Finding:
    """Both secrets are on the key, which the caller cannot use. Nobody gets a ciphertext that
    kms:Decrypt could be tried with; the key's policy treats these three alike."""
    kms, key = scene.cloud.client("kms"), scene.module["kms_key_arn"]
    secrets = scene.cloud.client("secretsmanager")
    found = []
    for user in scene.users:
        used = secrets.describe_secret(SecretId=scene.secret_id(user)).get("KmsKeyId", "none")
        on_it = used.rpartition("/")[2] == key.rpartition("/")[2]
        found.append(judge.finding(on_it, f"{user.name}: key {used.rpartition('/')[2]}"))
    calls: Mapping[str, Callable[[], object]] = {
        "Encrypt": lambda: kms.encrypt(KeyId=key, Plaintext=b"acceptance"),
        "GenerateDataKey": lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
    }
    for call, ask in calls.items():
        found.append(judge.is_refused(refusal(ask), scene.emulated, f"kms:{call} by the caller"))
    return judge.together(found)


def topic_and_queue(scene: Scene) -> Finding:
    """The caller forges no message, and no dead letter."""
    sns, sqs = scene.cloud.client("sns"), scene.cloud.client("sqs")
    queue = scene.module["dead_letter_queue_arn"].rpartition(":")[2]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    topic = scene.module["topic_arn"]
    calls: Mapping[str, Callable[[], object]] = {
        "sns:Publish": lambda: sns.publish(TopicArn=topic, Message="forged"),
        "sqs:SendMessage": lambda: sqs.send_message(QueueUrl=url, MessageBody="forged"),
    }
    return judge.together(
        judge.is_refused(refusal(ask), scene.emulated, f"{call} by the caller", because="deny")
        for call, ask in calls.items()
    )


def events(scene: Scene) -> Finding:
    enough = arrivals.are_enough(len(scene.users))
    bodies = scene.queue("events_url").wait_for(enough, _SECONDS)
    scene.arrived.extend(bodies)
    return arrivals.events(bodies, scene.name, scene.replaced)


def transformer(scene: Scene) -> Finding:
    return arrivals.transformer(scene.arrived, scene.name)


def messages(scene: Scene) -> Finding:
    wanted = len(scene.users)
    bodies = scene.queue("messages_url").wait_for(lambda found: len(found) >= wanted, _SECONDS)
    topic, account = scene.module["topic_arn"], scene.cloud.account_id
    return arrivals.messages(bodies, topic, account, scene.replaced)
