"""When a key was last used, in words and as data: it helps to find the program that uses it."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain.model import LastUse
from .text import iso, minute, one_line

# By key id, as IAM knows it; None for a key that was never used.
LastUses = Mapping[str, LastUse | None]


def last_use(use: LastUse | None) -> str:
    """As the rest of "the key was …"."""
    if use is None:
        return "never used"
    by = f" by {one_line(use.service)}" if use.service else ""
    where = f" in {one_line(use.region)}" if use.region else ""
    return f"last used on {minute(use.time)}{by}{where}"


def of_all(uses: LastUses) -> str:
    """Of several keys, so that their owner can choose."""
    return "; ".join(f"{key_id} was {last_use(use)}" for key_id, use in uses.items())


def used_data(uses: LastUses) -> dict[str, dict[str, str | None] | None]:
    """For programs."""
    return {
        key_id: {"time": iso(use.time), "service": use.service, "region": use.region}
        if use
        else None
        for key_id, use in uses.items()
    }
