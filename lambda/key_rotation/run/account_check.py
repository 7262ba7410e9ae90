"""What slips through, said once a week: who has keys and is not managed, names in `users` that are
no managed user's, owners whose address gets nothing.

No record says when it was last said: that it is the same day of each week does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..domain.coverage import Coverage
from ..domain.model import Audience, Event, ManagedUser
from ..domain.settings import Settings
from ..notify.coverage import ACCOUNT, NAMED, coverage_lines
from ..notify.digest import DigestLine
from ..ports import Notifier
from . import named_users

_UNHEARD = "no_confirmed_subscription"
_INSTEAD = {
    Audience.OPERATOR: "the operators get the messages",
    Audience.NOBODY: "and no operator gets the messages either",
}


@dataclass
class AccountCheck:
    """One run's look at the account as a whole. `lines` say what was found."""

    settings: Settings
    notifier: Notifier
    lines: list[DigestLine] = field(default_factory=list)

    def run(
        self,
        coverage: Coverage | None,
        named_in_vain: Mapping[str, str],
        users: Iterable[ManagedUser],
    ) -> None:
        """`users` are the managed ones. Raises what reading the subscriptions raises; the rest is
        said until then."""
        if coverage is not None:
            self.lines += coverage_lines(coverage, self.settings)
        self.lines += named_users.lines(named_in_vain)
        unheard = unheard_owners(users, self.settings, self.notifier)
        self.lines += [
            DigestLine(Event.UNMATCHED, name, f"{name}: {why}", None, _UNHEARD)
            for name, why in list(unheard.items())[:NAMED]
        ]
        if (more := len(unheard) - NAMED) > 0:
            text = f"and {more} more owners without a subscription: key-rotation status"
            self.lines.append(
                DigestLine(Event.UNMATCHED, ACCOUNT, text, None, _UNHEARD, stands_for=more)
            )


def unheard_owners(
    users: Iterable[ManagedUser], settings: Settings, notifier: Notifier
) -> dict[str, str]:
    """The managed users who have an address in `users` that gets nothing, and why. The
    subscriptions are read once, and not at all where nobody has an address."""
    found = {}
    for user in sorted(users, key=lambda each: each.ref.name):
        if settings.user_names.get(user.ref.name):
            instead = _INSTEAD.get(notifier.audience(user.ref, Event.WARNED))
            if instead is not None:
                found[user.ref.name] = (
                    "the subscription of the owner's address is not confirmed, or is gone: "
                    f"{instead}. Apply again, and have it confirmed"
                )
    return found
