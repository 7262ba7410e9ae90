"""What other programs get on the event bus: one event for each thing that happened to a key.

Standard library and our own data only. `docs/event.schema.json` is the schema of `detail`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ..domain.action import Verb
from ..domain.model import UserRef

SOURCE = "iam-access-key-rotation"
# What is sent, and as which detail-type. A rotation is sent once the new key can be fetched.
DETAIL_TYPES = {
    Verb.WARN: "Access Key Warned",
    Verb.ANNOUNCE: "Access Key Rotated",
    Verb.REMIND: "Access Key Reminded",
    Verb.DISABLE: "Access Key Disabled",
    Verb.DELETE: "Access Key Deleted",
    Verb.HOLD: "Access Key Held",
    Verb.BLOCK: "Access Key Blocked",
}


@dataclass(frozen=True, slots=True)
class Transition:
    """Something that happened to a key. `access_key_id` is the new key of a rotation.

    `superseded_access_key_id` is the key that a rotation replaced, `superseded_key_until` when it
    stops working at the latest; None when it is disabled at once, or there is none. `note` is the
    reason that somebody gave for an emergency or a request, `run` the request id of the run.
    """

    verb: Verb
    time: datetime
    user: UserRef
    access_key_id: str
    reason: str
    secret_arn: str | None
    installation: str
    run: str
    superseded_access_key_id: str | None = None
    superseded_key_until: datetime | None = None
    note: str | None = None

    @property
    def detail_type(self) -> str:
        return DETAIL_TYPES[self.verb]

    def detail(self) -> dict[str, Any]:
        """JSON-ready, as the schema has it."""
        until = self.superseded_key_until
        return {
            "version": 1,
            "installation": self.installation,
            "run": self.run,
            "account_id": self.user.account_id,
            "user": asdict(self.user),
            "access_key_id": self.access_key_id,
            "superseded_access_key_id": self.superseded_access_key_id,
            "superseded_key_until": until.strftime("%Y-%m-%dT%H:%M:%SZ") if until else None,
            "reason": self.reason,
            "note": self.note,
            "secret_arn": self.secret_arn,
        }
