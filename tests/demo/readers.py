"""What people and programs get from the run, and what they do with it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from tests.json_schema import problems
from tests.localstack.backdoor import Mail

from . import tables
from .aws_cli import ROOT, Installation
from .claims import Scene, require
from .listeners import Channel, EventQueue
from .screen import Screen
from .shell import Shell, command
from .stage import ExampleUser, HeldKey

_SCHEMA = ROOT / "docs" / "event.schema.json"
_TOLD = ("announce", "block", "delete", "disable", "hold", "warn")


class Readers:
    """The readers of one run: `person` signs in to the console, `service` has its key alone."""

    def __init__(
        self,
        screen: Screen,
        scene: Scene,
        installation: Installation,
        homes: Path,
        person: str,
        service: str,
    ) -> None:
        self._screen = screen
        self._scene = scene
        self._installation = installation
        self._homes = homes
        self._person, self._service = person, service

    def show_mails(self) -> None:
        scene, person, service = self._scene, self._person, self._service
        self._screen.step("What they find in their mailboxes")
        users: dict[str, ExampleUser] = scene.outputs["iam_users"]
        for user in (person, service, "dave", "frank"):
            scene.mails[user] = self._mail(str(users[user]["email"]), f" of {user} in ")
        readers = {mail["to"] for mail in scene.account.backdoor.mails()}
        operators = sorted(readers - {user["email"] for user in users.values()})
        require(bool(operators), "an address hears of nothing but the operators' digest")
        scene.mails["operators"] = self._mail(operators[0], "Access key rotation in ")
        for reader, title in (
            (person, f"{person}: her old key is off at once, since she can sign in without it"),
            (service, f"{service}: its old key works on for a week, to fetch the new one with"),
            ("operators", "the operators: one digest a run"),
        ):
            self._screen.console.print(tables.mail_panel(scene.mails[reader], title))

    def show_card(self, channel: Channel) -> None:
        """What a Slack channel shows of the person's rotation."""
        self._screen.step(f"What a chat channel that hears of {self._person} shows")
        cards = channel.cards()
        require(len(cards) == 1, "one card of one rotation is in the channel", len(cards))
        [card] = cards
        self._scene.texts.append(json.dumps(card))
        new = self._scene.new_key_of(self._person)
        shown = card["content"]
        self._screen.console.print(tables.card_panel(card))
        claim = f"the card names the new key {new.id}, and says how to fetch it"
        fetch = any("aws secretsmanager" in step for step in shown["nextSteps"])
        self._screen.done(require(new.id in shown["description"] and fetch, claim, shown))

    def show_event(self, queue: EventQueue) -> None:
        """What a program gets from the bus; it fetches the key of which it is told."""
        scene = self._scene
        self._screen.step(f"What a program that uses the key of {self._service} gets")
        rows = [row for row in scene.report["users"] if row["action"] in _TOLD]
        events = queue.receive(len(rows))
        scene.texts.append(json.dumps(events))
        schema = json.loads(_SCHEMA.read_text())
        wrong = [problem for event in events for problem in problems(event["detail"], schema)]
        claim = f"{len(events)} events on the bus, each of docs/event.schema.json"
        require(len(events) == len(rows) and not wrong, claim, wrong or len(rows))
        [event] = [
            event
            for event in events
            if event["detail-type"] == "Access Key Rotated"
            and event["detail"]["user"]["name"] == self._service
        ]
        self._screen.console.print(tables.event_panel(event))
        self._screen.done(claim)
        detail = event["detail"]
        answer = scene.account.secrets.get_secret_value(SecretId=detail["secret_arn"])
        fetched = json.loads(answer["SecretString"])["AccessKeyId"]
        claim = f"its secret_arn leads to the new key {detail['access_key_id']}"
        self._screen.done(require(fetched == detail["access_key_id"], claim, fetched))

    def follow_as_service(self) -> None:
        scene, service = self._scene, self._service
        self._screen.step(f"{service} does what its mail says, with the old key")
        shell = self._shell(service)
        shell.add_profile(service, scene.held[service][0])
        mail = scene.mails[service]["message"]
        own = f"--profile {service}"  # "put the name of your own profile in place of default"
        value = json.loads(shell.run(command(mail, "aws secretsmanager"), profile=service))
        new = scene.new_key_of(service)
        require(value["AccessKeyId"] == new.id, "the mail's command fetches the new key", value)
        shell.run(
            command(mail, "aws configure").replace("--profile default", own),
            {
                "AWS Access Key ID": value["AccessKeyId"],
                "AWS Secret Access Key": value["SecretAccessKey"],
                "Default region name": "",
                "Default output format": "",
            },
            profile=service,
        )
        check = command(mail, "aws sts").replace("--profile default", own)
        arn = json.loads(shell.run(check, profile=service))["Arn"]
        claim = f"{service} is who it was, now with the new key"
        self._screen.done(require(arn.endswith(f":user/{service}"), claim, arn))

    def follow_as_person(self, sign_in: tuple[HeldKey, str]) -> None:
        """`sign_in` is a key, and its session token, of somebody signed in with a password."""
        scene, person = self._scene, self._person
        self._screen.step(f"{person}, signed in with her password, never copies a key again")
        shell = self._shell(person)
        shell.add_profile("signed-in", *sign_in)
        mail = scene.mails[person]["message"]
        shell.run(command(mail, "aws secretsmanager"), profile="signed-in")
        # As the mail asks: the profile that she signs in with, and then the new one.
        once = command(mail, "aws configure set credential_process")
        shell.run(once.replace("--profile default", "--profile signed-in"))
        check = command(mail, "aws sts").replace("--profile default", "--profile rotated")
        arn = json.loads(shell.run(check))["Arn"]
        require(arn.endswith(f":user/{person}"), f"{person}'s profile is {person}", arn)
        used = shell.run("aws configure list --profile rotated")
        new = scene.new_key_of(person)
        claim = f"credential_process hands out {new.id}, and STS takes it"
        self._screen.done(require(new.id[-4:] in used and "custom-process" in used, claim, used))

    def _mail(self, address: str, subject: str) -> Mail:
        topic = self._scene.outputs["topic_arn"]
        mails = self._scene.account.backdoor.wait_for_mails(
            address,
            lambda mail: (
                mail["kind"] == "notification"
                and mail["topic_arn"] == topic
                and subject in mail["subject"]
            ),
        )
        require(len(mails) == 1, f"one mail to {address} about{subject}", len(mails))
        return mails[0]

    def _shell(self, user: str) -> Shell:
        with self._screen.working("the AWS CLI is being installed") as working:
            while not self._installation.is_done():
                working.update("the AWS CLI is being installed")
                time.sleep(0.2)
            cli = self._installation.wait()
        home = self._homes / f"home-of-{user}"
        shutil.rmtree(home, ignore_errors=True)
        return Shell(self._screen.console, home, cli, self._scene.account.endpoint.url)
