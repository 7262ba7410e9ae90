"""What people and programs get from the first run, and what they do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.localstack.backdoor import Mail
from tests.stage import owners
from tests.stage.account import HeldKey, mails_about
from tests.stage.example import OPERATORS
from tests.stage.listeners import Channel, EventQueue

from . import tables
from .scene import PERSON, SERVICE, Scene, only

_ON_THE_BUS = ("announce", "block", "delete", "disable", "hold", "remind", "warn")


def show_mails(scene: Scene) -> dict[str, Mail]:
    """The mails of both owners and of the operators; those of the owners, by name."""
    scene.screen.step("What they find in their mailboxes")
    mails = {
        user: _mail(scene, scene.outputs["iam_users"][user]["email"], f" of {user} in ")
        for user in (PERSON, SERVICE)
    }
    digest = _mail(scene, OPERATORS, "Access key rotation in ")
    for mail, title in (
        (mails[PERSON], f"{PERSON}: her old key is off at once, since she can sign in without it"),
        (mails[SERVICE], f"{SERVICE}: its old key works for another week, to fetch the new one"),
        (digest, "the operators: one digest a run"),
    ):
        scene.screen.show(tables.mail_panel(mail, title))
    return mails


def show_card(scene: Scene, channel: Channel) -> None:
    """What a chat channel shows of the person's rotation."""
    scene.screen.step(f"What a chat channel that follows {PERSON} shows")
    card = only(channel.cards(), "one card of one rotation is in the channel")
    scene.screen.show(tables.card_panel(card))


def show_event(scene: Scene, queue: EventQueue, report: Mapping[str, Any]) -> None:
    """What a program gets from the bus; it fetches the key that the event names."""
    scene.screen.step(f"What a program that uses the key of {SERVICE} gets")
    number = sum(row["action"] in _ON_THE_BUS for row in report["users"])
    about = ("Access Key Rotated", SERVICE)
    found = queue.receive(number)
    events = [e for e in found if (e["detail-type"], e["detail"]["user"]["name"]) == about]
    event = only(events, f"one event about the rotation of {SERVICE}")
    scene.screen.show(tables.event_panel(event))
    key_id = event["detail"]["access_key_id"]
    fetched = scene.account.secret_value(event["detail"]["secret_arn"])["AccessKeyId"]
    claim = f"one of {number} events on the bus: its secret_arn leads to the new key {key_id}"
    scene.show(claim, fetched == key_id, fetched)


def pull_as_service(scene: Scene) -> None:
    """The service pulls the new key with the old one, as a timer on its host does."""
    scene.screen.step(f"{SERVICE}'s host pulls the new key with the old one: no hand, no mail")
    shell, old, new = scene.shell_of(SERVICE), scene.held[SERVICE][0], scene.new_key_of(SERVICE)
    arn = scene.outputs["user_secret_arns"][SERVICE]
    again, whose = owners.pull_the_new_key(shell, arn, SERVICE, old)
    claim = f"{SERVICE} is who it was, now with the new key; the next pull finds nothing new"
    is_new = f"nothing new: the profile {SERVICE} already holds {new.id}" in again
    scene.show(claim, is_new and whose.endswith(f":user/{SERVICE}"), again)


def follow_as_person(scene: Scene, mail: Mail, sign_in: tuple[HeldKey, str]) -> None:
    """`sign_in` is a key, and its session token, of somebody signed in with a password."""
    scene.screen.step(f"{PERSON}, signed in with her password, never copies a key again")
    shell, new = scene.shell_of(PERSON), scene.new_key_of(PERSON)
    arn, profile = owners.never_copy_a_key_again(shell, mail["message"], sign_in)
    uses_it = new.id[-4:] in profile and "custom-process" in profile
    claim = f"credential_process hands out {new.id}, and STS takes it for {PERSON}"
    scene.show(claim, uses_it and arn.endswith(f":user/{PERSON}"), profile)


def _mail(scene: Scene, address: str, subject: str) -> Mail:
    mails = mails_about(scene.account, scene.outputs["topic_arn"], subject, address)
    mail: Mail = only(mails, f"one mail to {address} about{subject}")
    return mail
