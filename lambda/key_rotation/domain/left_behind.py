"""Whether a secret holds what somebody left who had the user's name before.

The tag of the owner can be removed, or forged. So what the secret holds decides, and its policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .model import Access, AccessKey, Grant, SecretState

# A run names a version by a sha256; whoever stores a value by hand gets a UUID.
_OF_A_RUN = re.compile("[0-9a-f]{64}")


def is_predecessors(
    secret: SecretState,
    user_id: str,
    keys: Iterable[AccessKey],
    access: Callable[[], Access],
) -> bool:
    """Whether the secret is to be emptied before this user may read it. `keys` are all that the
    user has; `access` reads the policy, which costs a call, and raises what that raises."""
    if secret.user_id not in (None, user_id):
        return True
    if not holds_no_key_of(secret, user_id, keys):
        return False
    return is_left_behind(secret, user_id, access().grant)


def holds_no_key_of(secret: SecretState, user_id: str, keys: Iterable[AccessKey]) -> bool:
    """Whether it holds a value, and none of `keys`, which are all that the user has."""
    return bool(secret.values_for(user_id)) and not any(secret.holds(key) for key in keys)


def is_left_behind(secret: SecretState, user_id: str, grant: Grant | None) -> bool:
    """Whether a secret that holds no key of the user's is a predecessor's: its policy was put for
    another user, or for one who is gone. Where no policy of ours (`grant`) and no tag says whose it
    is, what a run has stored was for somebody else; a value that was put by hand is left."""
    if grant is not None:
        return grant.owner_id != user_id
    versions = secret.values_for(user_id)
    return secret.user_id is None and any(_OF_A_RUN.fullmatch(version) for version in versions)
