"""Reads what a decision asks for, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..domain.action import Fact, Needs
from ..domain.emergency import decide_emergency
from ..domain.model import Event, ManagedUser
from ..domain.policy import decide
from ..domain.request import decide_request
from ..domain.settings import Settings
from ..ports import World
from .payload import Payload, PayloadError
from .progress import Progress, with_last_use


def begin(world: World, settings: Settings, user: ManagedUser, payload: Payload) -> Progress:
    """Lists the user's keys, and reads what the decision on them needs.

    Raises PayloadError for an emergency about a key that is not the user's.
    """
    listed_at = world.clock.now()
    user = replace(user, keys=world.directory.keys(user.ref))
    emergency, request = payload.emergency, payload.rotate
    if request is not None:
        asked = request.note
        user, decision = decided(
            world, user, lambda u: decide_request(u, settings, world.clock.now())
        )
        return Progress(user, decision, listed_at, asked)
    if emergency is None:
        user, decision = decided(world, user, lambda u: decide(u, settings, world.clock.now()))
        return Progress(user, decision, listed_at)
    key_id = emergency.access_key_id
    if key_id not in {key.id for key in user.keys}:
        raise PayloadError(
            f"emergency.access_key_id: user {user.ref.name} has no access key {key_id}"
        )
    at_all_costs = emergency.even_if_nobody_can_fetch
    user, decision = decided(
        world,
        user,
        lambda u: decide_emergency(u, key_id, settings, world.clock.now(), at_all_costs),
    )
    return Progress(user, decision, listed_at, emergency.note, is_emergency=True)


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
            return with_last_use(world, user)
        case Fact.PASSWORD:
            return replace(user, has_password=world.directory.has_password(user.ref))
    assert fact is Fact.AUDIENCE
    return replace(user, audience=world.notifier.audience(user.ref, Event.ROTATED))
