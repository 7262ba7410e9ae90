"""What the demo claims, each checked in the account itself after the run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.localstack.backdoor import Mail

from .runs import log_lines
from .stage import Account, HeldKey

_FETCH_DAYS = 7  # of examples/complete


class ClaimError(Exception):
    """Something that the demo promises did not happen."""


@dataclass
class Scene:
    """What is known of the play so far; `held` are the keys that the users were given, `texts`
    what came in elsewhere than in a mailbox."""

    account: Account
    outputs: Mapping[str, Any]
    held: Mapping[str, Sequence[HeldKey]]
    report: Mapping[str, Any]
    mails: dict[str, Mail] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def secret_of(self, user: str) -> dict[str, Any]:
        """What a reader of the user's secret gets."""
        name = f"{self.outputs['secret_name_prefix']}{user}"
        answer = self.account.secrets.get_secret_value(SecretId=name)
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value

    def new_key_of(self, user: str) -> HeldKey:
        value = self.secret_of(user)
        return HeldKey(value["AccessKeyId"], value["SecretAccessKey"])


def require(holds: bool, claim: str, found: object = None) -> str:
    """The claim. Raises ClaimError if it does not hold."""
    if not holds:
        raise ClaimError(f"not so: {claim}" + (f" (found: {found})" if found is not None else ""))
    return claim


def rotation(scene: Scene) -> Iterator[str]:
    """What the scheduled run did to each user, and what it left alone."""
    old = {user: [key.id for key in keys] for user, keys in scene.held.items()}
    now = {user: scene.account.statuses(user) for user in scene.held}

    yield rotated(scene, "alice", old["alice"][0], now["alice"], old_status="Inactive")
    yield rotated(scene, "build-agent", old["build-agent"][0], now["build-agent"], "Active")
    yield _told_until_when(scene, old["build-agent"][0])
    for user, why in (("carol", "her key is young"), ("erin", "she is not managed")):
        untouched = now[user] == dict.fromkeys(old[user], "Active")
        yield require(untouched, f"{user} is untouched: {why}", now[user])
    yield require(
        now["dave"] == dict.fromkeys(old["dave"], "Active")
        and "Placeholder" in scene.secret_of("dave")
        and "will be replaced" in scene.mails["dave"]["subject"],
        "dave is warned, and can try a secret that holds a placeholder",
        now["dave"],
    )
    yield require(
        now["frank"] == {old["frank"][0]: "Inactive", old["frank"][1]: "Active"},
        "frank's idle key is Inactive, the one he uses Active",
        now["frank"],
    )
    rotated(scene, "legacy-import", old["legacy-import"][0], now["legacy-import"], "Active")
    yield require(
        f"legacy-import: new key {scene.new_key_of('legacy-import').id}"
        in _prose(scene.mails["operators"]),
        "legacy-import's secret was made on demand, and the operators are to pass it on",
    )
    yield require(scene.report["failed"] == 0, "no user failed", scene.report["failed"])


def secrecy(scene: Scene, shown: str, state: str, outputs: Sequence[str]) -> str:
    """No secret access key, old or new, is anywhere but in its secret.

    `shown` is what the demo has printed; `outputs` are answers of the function; `state` is
    Terraform's.
    """
    rotated = ("alice", "build-agent", "legacy-import")
    keys = [key for held in scene.held.values() for key in held]
    keys += [scene.new_key_of(user) for user in rotated]
    places = {
        "what was printed here": [shown],
        "the function's log": log_lines(scene.account, scene.outputs["function_name"]),
        "a mail": [mail["raw"] + mail["body"] for mail in scene.account.backdoor.mails()],
        "a card or an event": scene.texts,
        "the Terraform state": [state],
        "an answer of the function": outputs,
    }
    for place, texts in places.items():
        for key in keys:
            if any(key.secret in text for text in texts):
                raise ClaimError(f"a secret access key (of {key.id}) is in {place}")
    return "no secret access key in any log line, mail, card, event, answer, the state, or above"


def rotated(scene: Scene, user: str, old: str, statuses: Mapping[str, str], old_status: str) -> str:
    """The user's keys are the old one, with that status, and the one in the secret, which works."""
    new = scene.new_key_of(user)
    claim = f"{user}: the new key is in the secret and works with STS, the old one is {old_status}"
    require(statuses == {old: old_status, new.id: "Active"}, claim, statuses)
    arn = scene.account.sts(new).get_caller_identity()["Arn"]
    return require(arn.endswith(f":user/{user}"), claim, arn)


def _told_until_when(scene: Scene, old: str) -> str:
    mail = scene.mails["build-agent"]["message"]
    received = datetime.fromisoformat(scene.mails["build-agent"]["received_at"]).astimezone(UTC)
    days = [received + timedelta(days=_FETCH_DAYS, minutes=-m) for m in range(3)]
    lines = [f"Old key: {old}, works until {day:%Y-%m-%d %H:%M} UTC" for day in days]
    claim = f"build-agent's mail says until when the old key works: {days[0]:%Y-%m-%d}"
    return require(any(line in mail for line in lines), claim)


def _prose(mail: Mail) -> str:
    """A mail's text without its line breaks."""
    return " ".join(str(mail["message"]).split())
