"""Reads what a decision asks for, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..domain.model import Event, Fact, ManagedUser, Needs
from ..ports import World


def decided[T](
    world: World, user: ManagedUser, decide: Callable[[ManagedUser], T | Needs]
) -> tuple[ManagedUser, T]:
    """Asks until it is decided. Returns the user, with the facts that this took, and the decision.

    `user` has their keys. Raises whatever the reading raises.
    """
    while isinstance(outcome := decide(user), Needs):
        user = read_fact(world, user, outcome.fact)
    return user, outcome


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
