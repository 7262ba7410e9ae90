"""Whom the topic reaches: operators who would not get the digest, owners whose address gets
nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from key_rotation.domain.settings import Settings
from key_rotation.ports import Scan, UnreachedOperator, World
from key_rotation.run.account_check import unheard_owners

from .aws_errors import AWS_ERRORS, describe


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """`unreached` are operators who would not get the digest; `unheard` are owners whose address
    gets nothing, and why. With an `error` nothing is known of either."""

    unreached: tuple[UnreachedOperator, ...] = ()
    unheard: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    def gap(self) -> list[str]:
        """That they could not be read, and why, in a sentence."""
        return [] if self.error is None else [f"the subscriptions could not be read: {self.error}"]


ALL_REACHED = Subscriptions()


def read_subscriptions(world: World, settings: Settings, scan: Scan) -> Subscriptions:
    """Of the operators and of all managed users. Who may not ask sees all the rest, so that an
    error is an answer, too."""
    try:
        unreached = tuple(world.notifier.unreached_operators())
        return Subscriptions(unreached, unheard_owners(scan.managed, settings, world.notifier))
    except AWS_ERRORS as error:
        return Subscriptions(error=describe(error))
