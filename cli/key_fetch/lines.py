"""What people read: one harmless line."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Free text without control, format, or separator characters but the space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
