"""Numbers in sentences."""

from __future__ import annotations


def count(number: int, what: str) -> str:
    """`1 active key`, `2 active keys`."""
    return f"{number} {what}" + ("" if number == 1 else "s")
