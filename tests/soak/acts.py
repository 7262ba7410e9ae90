"""All that people do: what changes something, and what an operator asks the function for."""

from __future__ import annotations

from typing import Any

from tests.soak.acts_on_secrets import ON_SECRETS
from tests.soak.acts_on_settings import ON_SETTINGS
from tests.soak.acts_on_users import ON_USERS
from tests.soak.doing import key_of, need
from tests.soak.eye import Eye


def emergency(eye: Eye, name: str, pick: int) -> dict[str, Any]:
    """The payload for a key of this user."""
    key_id = key_of(eye, name, pick)
    asked = {"user": name, "access_key_id": key_id, "reason": "leaked"}
    return {"emergency": asked | ({"even_if_nobody_can_fetch": True} if pick % 2 else {})}


def request(eye: Eye, name: str, _pick: int) -> dict[str, Any]:
    """The payload that asks for a rotation."""
    need(name in eye.names)
    return {"rotate": {"users": [name], "reason": "the supplier left"}}


EMERGENCY = {"runs an emergency": emergency, "asks for a rotation": request}
OF_THE_ABSENT = ("creates the user", "renames the user back")
DOINGS = ON_USERS | ON_SECRETS | ON_SETTINGS
ACTS = (*DOINGS, *EMERGENCY)
