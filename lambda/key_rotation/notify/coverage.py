"""What is said of users who are not managed and have active keys: a row, and lines of a digest."""

from __future__ import annotations

from ..domain.coverage import Coverage, NotManaged, UnmanagedUser
from ..domain.model import Event
from ..domain.settings import Settings
from .digest import DigestLine
from .response import Measure, Row
from .text import counted, day, minute

# In responses and digests, what concerns no single user.
ACCOUNT = "(account)"
# So many of a kind are named in one response, or digest; of the others it says how many they are.
NAMED = 25
_WHY = {
    NotManaged.NO_TAG: "",
    NotManaged.UNEXPECTED_TAG_VALUE: "; the tag has an unexpected value",
    NotManaged.OUT_OF_REACH: "; out of the function's reach",
    NotManaged.TAGS_UNREAD: "; the tags could not be read",
}


def summary(coverage: Coverage, max_key_age_days: int) -> str:
    """How many there are, in one line."""
    users, over = coverage.users, coverage.keys_over_limit
    at_least = "" if coverage.is_known else "at least "
    who = "user who is not managed has" if len(users) == 1 else "users who are not managed have"
    text = (
        f"{at_least}{len(users)} {who} active keys, {counted(over, 'key')} over the limit of "
        f"{max_key_age_days} days"
    )
    if new := sum(user.is_new for user in users):
        text += f", {new} new"
    return text + (f"; {coverage.exempt} more exempt" if coverage.exempt else "")


def not_known(coverage: Coverage) -> str:
    """Why the number is not known."""
    return f"nobody knows how many users who are not managed have keys: {coverage.unknown}"


def coverage_rows(coverage: Coverage, settings: Settings) -> list[Row]:
    """Rows of the response: how many there are, if any, and what is not known of others."""
    rows = []
    if coverage.users:
        text = summary(coverage, settings.max_key_age_days)
        rows.append(Row(ACCOUNT, "report", "unmanaged_users", None, text))
    if not coverage.is_known:
        rows.append(Row(ACCOUNT, "report", "coverage_unknown", None, not_known(coverage)))
    return rows


def coverage_lines(coverage: Coverage, settings: Settings) -> list[DigestLine]:
    """Lines of the digest: one for each such user, the new ones first, as many as people read."""
    limit = settings.max_key_age_days
    lines = [
        DigestLine(Event.UNMANAGED, user.name, f"{user.name}: {told(user, limit)}", None, user.why)
        for user in coverage.users[:NAMED]
    ]
    if (more := len(coverage.users) - NAMED) > 0:
        text = f"and {more} more: key-rotation status --unmanaged"
        lines.append(
            DigestLine(Event.UNMANAGED, ACCOUNT, text, None, "unmanaged_users", stands_for=more)
        )
    if not coverage.is_known:
        text = not_known(coverage)
        lines.append(DigestLine(Event.FAILED, ACCOUNT, text, None, "coverage_unknown"))
    return lines


def told(user: UnmanagedUser, max_key_age_days: int) -> str:
    """What is known of such a user, in a line."""
    text = "new, " if user.is_new else ""
    text += f"{counted(user.keys, 'active key')} since {day(user.since)} or earlier"
    if user.over_limit:
        which = "" if user.keys == user.over_limit == 1 else f"{user.over_limit} "
        text += f", {which}over the limit of {max_key_age_days} days"
    used = f"last used on {minute(user.last_used)}" if user.last_used else "never used"
    return f"{text}, {used}{_WHY[user.why]}"


def coverage_measures(coverage: Coverage) -> list[Measure]:
    """The gauges, if the numbers are known: an unread report must not look like nobody."""
    if not coverage.is_known:
        return []
    return [
        Measure("UnmanagedUsersWithKeys", len(coverage.users)),
        Measure("UnmanagedKeysOverLimit", coverage.keys_over_limit),
    ]
