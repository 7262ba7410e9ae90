"""Whether the last active key of a user that the handler disabled was unused, and its owner warned.

Held against moto, which knows when each key was used, and against what was published: no rule of
the product is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.aws.account import Account
from tests.crash.settings_read import parameter, user_tag
from tests.crash.uses_read import UsesRead

# A digest names the minute at which its run began.
_GRAIN = timedelta(minutes=1)


class UnusedKeys:
    """What was said of keys that nobody uses."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._warned: dict[str, list[datetime]] = {}
        self._disabled: set[str] = set()
        self._switched_on: dict[str, datetime] = {}
        self.uses = UsesRead(account)

    def begin_run(self) -> None:
        self.uses.forget()

    def after(self, call: str) -> None:
        self.uses.after(call)

    def heard(self, data: dict[str, Any], is_new: bool) -> None:
        """This was published; just now, if it `is_new`."""
        is_digest = data["event"] == "digest"
        if is_new:
            at = self._account.clock.now()
        elif is_digest:
            at = datetime.strptime(data["run"], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
        else:
            return  # the digest of that run says when
        for line in data["lines"] if is_digest else [data]:
            if line.get("reason") != "unused":
                continue
            if line["event"] == "warned":
                self._warned.setdefault(line["access_key_id"], []).append(at)
            if line["event"] == "disabled":
                self._disabled.add(line["access_key_id"])

    def switched_on(self, key_id: str, at: datetime) -> None:
        """Somebody did so then, or later: what was said before is over."""
        self._switched_on[key_id] = at

    def broken(self, name: str, key_id: str, key: Any) -> Iterator[str]:
        """What it breaks that the handler disabled this key of moto's just now, and left none."""
        now = self._account.clock.now()
        tagged = user_tag(name, "access-key-rotation:disable-unused-after-days")
        days = timedelta(days=int(tagged or parameter("disable_unused_after_days")))
        ahead = timedelta(days=max(1, int(parameter("warn_before_days"))))
        since = key.create_date.replace(tzinfo=UTC)
        seen = self.uses.of(key)
        if seen is not None:
            since = max(since, seen.timestamp.replace(tzinfo=UTC))
        if not days or now - since < days:
            yield f"{key_id} was disabled, and was in use until {since}"
        begins = max(since, self._switched_on.get(key_id, since))
        warned = [at for at in self._warned.get(key_id, ()) if begins < at]
        if not any(now - at >= ahead - _GRAIN for at in warned):
            yield f"{key_id} was disabled as unused, and its owner was warned at {warned}"
        if key_id not in self._disabled:
            yield f"{key_id} was disabled as unused, and nobody was told"
