"""Reads the one fact that a decision asks for, through the ports."""

from __future__ import annotations

from dataclasses import replace

from ..domain.model import Event, Fact, ManagedUser
from ..ports import World


def read_fact(world: World, user: ManagedUser, fact: Fact) -> ManagedUser:
    """The user, with this fact read. Raises whatever the reading raises."""
    match fact:
        case Fact.SECRET:
            return replace(user, secret=world.secrets.describe(user.ref))
        case Fact.LAST_USED:
            used = {key.id: world.directory.last_used(key) for key in user.keys}
            return replace(user, last_used=used)
        case Fact.PASSWORD:
            return replace(user, has_password=world.directory.has_password(user.ref))
    assert fact is Fact.AUDIENCE
    return replace(user, audience=world.notifier.audience(user.ref, Event.ROTATED))
