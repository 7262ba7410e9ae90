"""How an act is written: it does something, and says what in words. One that is impossible at its
time raises `PassedOverError`."""

from __future__ import annotations

from collections.abc import Callable

from tests.soak.eye import Eye

NAMES = ("alice", "bob", "build-agent")
TAG = "access-key-rotation"
# With the name of a user, and a number that chooses among keys or values.
Doing = Callable[[Eye, str, int], str]


class PassedOverError(Exception):
    """The act is impossible now."""


def need(holds: object) -> None:
    if not holds:
        raise PassedOverError


def key_of(eye: Eye, name: str, pick: int, status: str | None = None) -> str:
    """A key of this user, with this status if one is given."""
    ids = [i for i, key in eye.keys(name).items() if status in (None, key.status)]
    need(ids)
    return ids[pick % len(ids)]
