"""The keys of users who are not managed, as IAM lists them: `--exact`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from key_rotation.domain.model import AccessKey, KeyStatus
from key_rotation.notify.response import describe

from ..connection import MAX_WORKERS


def read_unmanaged_keys(
    iam: Any, users: Sequence[str], progress: Callable[[int, int], None]
) -> tuple[Mapping[str, tuple[AccessKey, ...]], Mapping[str, str]]:
    """The keys of each of these users, and why those of the others could not be listed. A call for
    each; `progress` gets how many are done, and of how many."""

    def read(user: str) -> tuple[AccessKey, ...] | str:
        try:
            return tuple(
                AccessKey(
                    key["AccessKeyId"], KeyStatus(key["Status"]), key["CreateDate"].astimezone(UTC)
                )
                for page in iam.get_paginator("list_access_keys").paginate(UserName=user)
                for key in page["AccessKeyMetadata"]
            )
        except (BotoCoreError, ClientError) as error:
            return describe(error)

    keys, unread = dict[str, tuple[AccessKey, ...]](), dict[str, str]()
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        for done, (user, found) in enumerate(zip(users, pool.map(read, users), strict=True), 1):
            progress(done, len(users))
            if isinstance(found, str):
                unread[user] = found
            else:
                keys[user] = found
    return keys, unread
