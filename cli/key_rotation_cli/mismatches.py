"""What Terraform was told and the account does not have, and who could not be helped in an
emergency: as the weekly digest says it, at any time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from key_rotation.notify.coverage import NAMED
from key_rotation.notify.text import counted

from .account import AccountStatus

_FEW = 5


def mismatches(found: AccountStatus) -> Iterator[str]:
    """In a sentence each; of many of a kind the first ones, and how many more."""
    if found.only:
        return
    for what, whys in (
        ("names in `users`", found.named_in_vain),
        ("owners without a subscription", found.subscriptions.unheard),
    ):
        for name, why in list(whys.items())[:NAMED]:
            yield f"{name}: {why}"
        if (more := len(whys) - NAMED) > 0:
            yield f"and {more} more {what} (--json)"
    for name in (lost := lost_secrets(found))[:NAMED]:
        yield (
            f"{name}: the secret that Terraform made does not exist any more: apply again. Who has "
            "not fetched the key that was in it needs a new one (key-rotation rotate)"
        )
    if (more := len(lost) - NAMED) > 0:
        yield f"and {more} more secrets (--json)"
    if alone := only_own_key_fetches(found):
        has = "has" if len(alone) == 1 else "have"
        yield (
            f"{counted(len(alone), 'managed user')} {has} neither a console password nor a reader: "
            f"in an emergency nobody could fetch the new key (reader_arns): {_listed(alone)}"
        )


def as_document(found: AccountStatus) -> dict[str, Any]:
    """As JSON, for all users who were read. Of subscriptions that were not read there is none."""
    of = found.subscriptions
    is_known = of.error is None
    unreached = {operator.email: operator.why for operator in of.unreached}
    return {
        "named_in_vain": dict(found.named_in_vain),
        "owners_without_subscription": dict(of.unheard) if is_known else None,
        "unreached_operators": unreached if is_known else None,
        "subscriptions_unread": of.error,
        "lost_secrets": lost_secrets(found),
        "only_own_key_fetches": only_own_key_fetches(found),
    }


def lost_secrets(found: AccountStatus) -> list[str]:
    """The managed users of `users` whose secret is gone, as far as their secrets were read."""
    return [
        status.name
        for status in found.statuses
        if status.user.secret is not None
        and not status.user.secret.exists
        and status.name in found.settings.user_names
    ]


def only_own_key_fetches(found: AccountStatus) -> list[str]:
    """The managed users with an active key who have neither a password nor a reader: an ordinary
    rotation leaves them the old key to fetch with, an emergency does not. By the credential report,
    so not of whom it does not know."""
    report = found.credential_report
    rows = {} if report is None else report.rows
    return [
        status.name
        for status in found.statuses
        if any(key.is_active for key in status.keys)
        and not found.settings.readers_of(status.name)
        and (row := rows.get(status.name)) is not None
        and row.user_created == status.user.created
        and row.has_password is False
    ]


def _listed(names: Collection[str]) -> str:
    first, more = list(names)[:_FEW], len(names) - _FEW
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
