"""What people and programs get from the first run, and what they do with it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from tests.localstack.backdoor import Mail
from tests.stage import owners
from tests.stage.account import HeldKey
from tests.stage.example import ROOT
from tests.stage.listeners import Channel, EventQueue
from tests.stage.shell import AWS_CLI, Shell

from . import tables
from .scene import Scene, only, require
from .screen import Screen

HOMES = ROOT / "build" / "demo"
_ON_THE_BUS = ("announce", "block", "delete", "disable", "hold", "warn")


def show_mails(screen: Screen, scene: Scene, person: str, service: str) -> dict[str, Mail]:
    """The mails of both owners and of the operators; those of the owners, by name."""
    screen.step("What they find in their mailboxes")
    addresses = {user: about["email"] for user, about in scene.users.items()}
    readers = {mail["to"] for mail in scene.account.backdoor.mails()}
    operators = sorted(readers - set(addresses.values()))
    require(bool(operators), "an address gets nothing but the operators' digest")
    mails = {
        user: _mail(scene, str(addresses[user]), f" of {user} in ") for user in (person, service)
    }
    digest = _mail(scene, operators[0], "Access key rotation in ")
    for mail, title in (
        (mails[person], f"{person}: her old key is off at once, since she can sign in without it"),
        (
            mails[service],
            f"{service}: its old key works for another week, to fetch the new one with",
        ),
        (digest, "the operators: one digest a run"),
    ):
        screen.console.print(tables.mail_panel(mail, title))
    return mails


def show_card(screen: Screen, channel: Channel, person: str) -> None:
    """What a chat channel shows of the person's rotation."""
    screen.step(f"What a chat channel that follows {person} shows")
    card = only(channel.cards(), "one card of one rotation is in the channel")
    screen.console.print(tables.card_panel(card))


def show_event(
    screen: Screen, scene: Scene, queue: EventQueue, service: str, report: Mapping[str, Any]
) -> None:
    """What a program gets from the bus; it fetches the key that the event names."""
    screen.step(f"What a program that uses the key of {service} gets")
    number = sum(row["action"] in _ON_THE_BUS for row in report["users"])
    about = ("Access Key Rotated", service)
    events = [
        event
        for event in queue.receive(number)
        if (event["detail-type"], event["detail"]["user"]["name"]) == about
    ]
    event = only(events, f"one event about the rotation of {service}")
    screen.console.print(tables.event_panel(event))
    key_id = event["detail"]["access_key_id"]
    fetched = scene.account.secret_value(event["detail"]["secret_arn"])["AccessKeyId"]
    claim = f"one of {number} events on the bus: its secret_arn leads to the new key {key_id}"
    screen.done(require(fetched == key_id, claim, fetched))


def follow_as_service(screen: Screen, scene: Scene, mail: Mail, service: str) -> None:
    """The service fetches the new key with the old one, uses it, and checks it."""
    screen.step(f"{service} does what its mail says, with the old key")
    shell, old = _shell(screen, scene, service), scene.held[service][0]
    value, arn = owners.move_to_the_new_key(shell, mail["message"], service, old)
    is_new = value["AccessKeyId"] == scene.new_key_of(service).id
    claim = f"{service} is who it was, now with the new key"
    screen.done(require(is_new and arn.endswith(f":user/{service}"), claim, arn))


def follow_as_person(
    screen: Screen, scene: Scene, mail: Mail, person: str, sign_in: tuple[HeldKey, str]
) -> None:
    """`sign_in` is a key, and its session token, of somebody signed in with a password."""
    screen.step(f"{person}, signed in with her password, never copies a key again")
    shell, new = _shell(screen, scene, person), scene.new_key_of(person)
    arn, profile = owners.never_copy_a_key_again(shell, mail["message"], sign_in)
    uses_it = new.id[-4:] in profile and "custom-process" in profile
    claim = f"credential_process hands out {new.id}, and STS takes it for {person}"
    screen.done(require(uses_it and arn.endswith(f":user/{person}"), claim, profile))


def _mail(scene: Scene, address: str, subject: str) -> Mail:
    def wanted(mail: Mail) -> bool:
        is_ours = (mail["kind"], mail["topic_arn"]) == ("notification", scene.outputs["topic_arn"])
        return is_ours and subject in mail["subject"]

    mails = scene.account.backdoor.wait_for_mails(address, wanted)
    mail: Mail = only(mails, f"one mail to {address} about{subject}")
    return mail


def _shell(screen: Screen, scene: Scene, user: str) -> Shell:
    home = HOMES / f"home-of-{user}"
    shutil.rmtree(home, ignore_errors=True)
    return Shell(screen.console, home, AWS_CLI, scene.account.endpoint.url)
