"""The names in `users` that are no managed user's: a typing error, a user who is gone, or one whom
somebody forgot to tag. Nobody is rotated for being named."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain.model import Event
from ..domain.settings import Settings
from ..notify.coverage import ACCOUNT, NAMED
from ..notify.digest import DigestLine
from ..notify.response import Row
from ..ports import Scan

REASON = "named_in_vain"


def named_in_vain(settings: Settings, scan: Scan) -> dict[str, str]:
    """These names, and why. Those with options come first: they look as if they had an effect. Not
    of whom something else is said: tags that are unread or unexpected, out of reach."""
    managed = {user.ref.name for user in scan.managed}
    said = {*managed, *scan.unread, *scan.unexpected, *scan.out_of_reach}
    users = {user.name: user for user in scan.users.values()}
    in_lower_case = {name.lower(): name for name in users}
    tag, found = settings.user_tag, {}
    for name in sorted({*settings.user_options, *settings.user_names} - said):
        options = ", ".join(settings.options_of(name).names)
        if (twin := in_lower_case.get(name.lower(), name)) != name:
            why = f"the user's name is {twin!r}: write it so"
        elif name not in users:
            why = "no IAM user has that name"
        elif (barrier := settings.reach.refuses(users[name].arn)) is not None:
            why = f"the user is out of the function's reach, by {barrier}"
        else:
            why = f"the user does not carry the tag {tag.key} = {tag.value}: keys are not rotated"
        found[name] = f"named in `users`, but {why}" + (
            f". The options ({options}) have no effect" if options else ""
        )
    return dict(sorted(found.items(), key=lambda item: not settings.options_of(item[0]).names))


def rows(found: Mapping[str, str]) -> list[Row]:
    """Rows of the response, as many as one reads."""
    names = list(found)
    listed = [Row(name, "report", REASON, None, found[name]) for name in names[:NAMED]]
    if (more := len(names) - NAMED) > 0:
        listed.append(Row(ACCOUNT, "report", REASON, None, _more(more)))
    return listed


def lines(found: Mapping[str, str]) -> list[DigestLine]:
    """Lines of the digest, as many as one reads."""
    names = list(found)
    listed = [
        DigestLine(Event.UNMATCHED, name, f"{name}: {found[name]}", None, REASON)
        for name in names[:NAMED]
    ]
    if (more := len(names) - NAMED) > 0:
        listed.append(
            DigestLine(Event.UNMATCHED, ACCOUNT, _more(more), None, REASON, stands_for=more)
        )
    return listed


def _more(more: int) -> str:
    return f"and {more} more names in `users`: key-rotation status"
