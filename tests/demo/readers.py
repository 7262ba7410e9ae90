"""What people and programs get from the first run, and what they do with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.localstack.backdoor import Mail
from tests.stage.account import HeldKey
from tests.stage.listeners import Channel, EventQueue
from tests.stage.shell import Shell, command

from . import tables
from .scene import Scene, require
from .screen import Screen

ROOT = Path(__file__).resolve().parents[2]
_SCHEMA = ROOT / "docs" / "event.schema.json"
_ON_THE_BUS = ("announce", "block", "delete", "disable", "hold", "warn")


def show_mails(screen: Screen, scene: Scene, person: str, service: str) -> dict[str, Mail]:
    """The mails of both owners and of the operators, by reader."""
    screen.step("What they find in their mailboxes")
    users = scene.users
    readers = {mail["to"] for mail in scene.account.backdoor.mails()}
    operators = sorted(readers - {user["email"] for user in users.values()})
    require(bool(operators), "an address gets nothing but the operators' digest")
    owners = (person, service)
    mails = {user: _mail(scene, str(users[user]["email"]), f" of {user} in ") for user in owners}
    mails["operators"] = _mail(scene, operators[0], "Access key rotation in ")
    for reader, title in (
        (person, f"{person}: her old key is off at once, since she can sign in without it"),
        (service, f"{service}: its old key works for another week, to fetch the new one with"),
        ("operators", "the operators: one digest a run"),
    ):
        screen.console.print(tables.mail_panel(mails[reader], title))
    return mails


def show_card(screen: Screen, scene: Scene, channel: Channel, person: str) -> None:
    """What a chat channel shows of the person's rotation."""
    screen.step(f"What a chat channel that follows {person} shows")
    [card] = channel.cards()
    new, shown = scene.new_key_of(person), card["content"]
    screen.console.print(tables.card_panel(card))
    claim = f"the card names the new key {new.id}, and says how to fetch it"
    fetch = any("aws secretsmanager" in step for step in shown["nextSteps"])
    screen.done(require(new.id in shown["description"] and fetch, claim, shown))


def show_event(screen: Screen, scene: Scene, queue: EventQueue, service: str) -> None:
    """What a program gets from the bus; it fetches the key that the event names."""
    screen.step(f"What a program that uses the key of {service} gets")
    number = sum(row["action"] in _ON_THE_BUS for row in scene.report["users"])
    events = queue.receive(number)
    validator = Draft202012Validator(json.loads(_SCHEMA.read_text()))
    wrong = [error.message for event in events for error in validator.iter_errors(event["detail"])]
    claim = f"{number} events on the bus, each of docs/event.schema.json"
    require(len(events) == number and not wrong, claim, wrong or len(events))
    [event] = [event for event in events if _is_rotation_of(event, service)]
    screen.console.print(tables.event_panel(event))
    screen.done(claim)
    detail = event["detail"]
    answer = scene.account.secrets.get_secret_value(SecretId=detail["secret_arn"])
    fetched, key_id = json.loads(answer["SecretString"])["AccessKeyId"], detail["access_key_id"]
    claim = f"its secret_arn leads to the new key {key_id}"
    screen.done(require(fetched == key_id, claim, fetched))


def follow_as_service(screen: Screen, scene: Scene, mail: Mail, service: str) -> None:
    """The service fetches the new key with the old one, uses it, and checks it."""
    screen.step(f"{service} does what its mail says, with the old key")
    shell = _shell(screen, scene, service)
    shell.add_profile(service, scene.held[service][0])
    text, own = mail["message"], f"--profile {service}"  # the reader's own, as the mail asks
    value = json.loads(shell.run(command(text, "aws secretsmanager"), profile=service))
    shell.run(
        command(text, "aws configure").replace("--profile default", own),
        {
            "AWS Access Key ID": value["AccessKeyId"],
            "AWS Secret Access Key": value["SecretAccessKey"],
            "Default region name": "",
            "Default output format": "",
        },
        profile=service,
    )
    check = command(text, "aws sts").replace("--profile default", own)
    arn = json.loads(shell.run(check, profile=service))["Arn"]
    claim = f"{service} is who it was, now with the new key"
    new = scene.new_key_of(service).id == value["AccessKeyId"]
    screen.done(require(new and arn.endswith(f":user/{service}"), claim, arn))


def follow_as_person(
    screen: Screen, scene: Scene, mail: Mail, person: str, sign_in: tuple[HeldKey, str]
) -> None:
    """`sign_in` is a key, and its session token, of somebody signed in with a password."""
    screen.step(f"{person}, signed in with her password, never copies a key again")
    shell = _shell(screen, scene, person)
    shell.add_profile("signed-in", *sign_in)
    text = mail["message"]
    shell.run(command(text, "aws secretsmanager"), profile="signed-in")
    # As the mail asks: the profile that she signs in with, and then the new one.
    once = command(text, "aws configure set credential_process")
    shell.run(once.replace("--profile default", "--profile signed-in"))
    check = command(text, "aws sts").replace("--profile default", "--profile rotated")
    arn = json.loads(shell.run(check))["Arn"]
    require(arn.endswith(f":user/{person}"), f"{person}'s profile is {person}", arn)
    used, new = shell.run("aws configure list --profile rotated"), scene.new_key_of(person)
    claim = f"credential_process hands out {new.id}, and STS accepts it"
    screen.done(require(new.id[-4:] in used and "custom-process" in used, claim, used))


def _is_rotation_of(event: dict[str, Any], user: str) -> bool:
    return (event["detail-type"], event["detail"]["user"]["name"]) == ("Access Key Rotated", user)


def _mail(scene: Scene, address: str, subject: str) -> Mail:
    topic = scene.outputs["topic_arn"]
    [mail] = scene.account.backdoor.wait_for_mails(
        address,
        lambda mail: (
            (mail["kind"], mail["topic_arn"]) == ("notification", topic)
            and subject in mail["subject"]
        ),
    )
    return mail


def _shell(screen: Screen, scene: Scene, user: str) -> Shell:
    home = ROOT / "build" / "demo" / f"home-of-{user}"
    shutil.rmtree(home, ignore_errors=True)
    cli = ROOT / "build" / "awscli" / "bin"
    return Shell(screen.console, home, cli, scene.account.endpoint.url)
