"""`key-rotation restore`: the way back when something broke without the old key."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from key_rotation.domain.model import ManagedUser
from key_rotation.domain.settings import Settings
from key_rotation.handler import world_of
from key_rotation.notify.text import minute
from key_rotation.ports import World
from key_rotation.run.gather import decided

from .account import settings_of
from .aws_errors import AWS_ERRORS
from .connection import RESTORATION, Connection, OperatorClock
from .exits import DeclinedError, Exit
from .options import connect, shared
from .restoration import NotRestorableError, Restoration
from .screen import Screen
from .unused_key import any_restoration

CALLS = RESTORATION


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "restore",
        parents=[shared()],
        help="switch a user's superseded or unused key on again",
        description="Switches the superseded key of a user on again, beside its successor, or the "
        "only one, which was disabled since nobody used it. Sets the tag hold-until so that the "
        "next run does not undo it. Disables nothing.",
    )
    parser.add_argument("user", metavar="USER", help="IAM user name")
    parser.add_argument(
        "--until",
        type=_date,
        metavar="DATE",
        help="last day, like 2026-01-31 (default: as long as max_overlap_days allows)",
    )
    parser.add_argument(
        "--not-leaked",
        action="store_true",
        help="you know that the key was not disabled because it leaked",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    connection = connect(arguments, CALLS)
    with screen.spinning("reading the user"):
        settings = settings_of(connection, arguments.name)
        world = world_of(connection.clients(), settings, OperatorClock())
        user = _user(world, settings, arguments.user)
        try:
            user, found = _restoration(world, settings, user, arguments.until)
        except NotRestorableError as refused:
            raise DeclinedError(str(refused), Exit.FINDINGS) from None
    if found.suspicion is not None and not arguments.not_leaked:
        why = "that is what an emergency does, or a rotation that somebody asked for. "
        raise DeclinedError(
            f"{found.suspicion}: {why if found.successor else 'somebody may have had a reason. '}"
            "A key that leaked, or that is with somebody who left, must stay off; if you know "
            "that it did not, repeat with --not-leaked",
            Exit.FINDINGS,
        )
    if not arguments.dry_run:
        _carry_out(connection, world, user, found, screen)
    _tell(user, found, arguments.dry_run, screen)
    return Exit.OK


def _user(world: World, settings: Settings, name: str) -> ManagedUser:
    for user in world.directory.scan().managed:
        if user.ref.name == name:
            return replace(user, keys=world.directory.keys(user.ref))
    tag = settings.user_tag
    raise DeclinedError(
        f"{name!r} is not an IAM user of this account that carries the tag {tag.key} = {tag.value}"
    )


def _restoration(
    world: World, settings: Settings, user: ManagedUser, until: date | None
) -> tuple[ManagedUser, Restoration]:
    now = world.clock.now()
    return decided(world, user, lambda known: any_restoration(known, settings, now, until))


def _carry_out(
    connection: Connection, world: World, user: ManagedUser, found: Restoration, screen: Screen
) -> None:
    """The tag first, and the record of a leak: a run between two calls must find the one and not
    the other. The record inactive-since last: without it the key would count as seen inactive all
    along, should somebody disable it before the next run."""
    if found.is_to_be_tagged:
        tags = [{"Key": found.tag, "Value": found.value}]
        connection.client("iam").tag_user(UserName=user.ref.name, Tags=tags)
    secret = user.secret
    if secret is not None and found.key.id in secret.leaked:
        world.secrets.record(secret, leaked=secret.leaked - {found.key.id})
    if not found.key.is_active:
        world.keys.enable(user.ref, found.key.id)
    record = secret.inactive_since if secret is not None else None
    if secret is not None and record is not None and record.access_key_id == found.key.id:
        try:
            world.secrets.forget_inactive(secret)
        except AWS_ERRORS as error:
            screen.note(f"the record inactive-since stays for the next run to clear: {error}")


def _tell(user: ManagedUser, found: Restoration, dry_run: bool, screen: Screen) -> None:
    key, verb = found.key.id, "would be" if dry_run else "is"
    if found.successor is None or found.off_again is None:
        _tell_of_unused(user, found, verb, screen)
        return
    successor = found.successor.id
    screen.say(f"{user.ref.name}: {key} {verb} active again, beside its successor {successor}")
    screen.say(f"{found.tag} = {found.value}")
    again = f"{key} will be disabled again by the first run after {minute(found.off_again)}"
    if found.once_moved is not None:
        again += f", or after {minute(found.once_moved)} if {successor} is in use by then"
    screen.say(again)


def _tell_of_unused(user: ManagedUser, found: Restoration, verb: str, screen: Screen) -> None:
    key = found.key.id
    screen.say(f"{user.ref.name}: {key} {verb} active again")
    if found.off_again is not None:
        screen.say(f"{found.tag} = {found.value}")
        screen.say(
            f"if nobody uses {key}, its owner is warned, and it will be disabled again by the "
            f"first run after {minute(found.off_again)}"
        )
    if found.replaced_at is not None:
        screen.say(f"{key} will be replaced by the first run after {minute(found.replaced_at)}")


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from None
