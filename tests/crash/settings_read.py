"""The settings as a run has read them, which may not be what they are by now."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.iam.models import iam_backends
from moto.ssm.models import ssm_backends

from key_rotation.aws.parameters import user_options_path
from tests.aws.account import ACCOUNT_ID, PATH, REGION


class AsRead[T]:
    """`values` are all that a run may have read: somebody may write between two of its pages."""

    def __init__(self, look: Callable[[], T]) -> None:
        self._look = look
        self.values = [look()]
        self._reads = False

    def after(self, call: str) -> None:
        """This call has just had its effect."""
        reads = call == "ssm:GetParametersByPath"
        if reads:
            self.values = [*(self.values if self._reads else ()), self._look()]
        if call != "person":
            self._reads = reads


def parameter(name: str) -> str:
    """Its value now."""
    return str(_newest(f"{PATH}/{name}")[-1].value)


def options(name: str) -> dict[str, Any]:
    """Of this user, as `Account.set_user_options` wrote them."""
    path = f"{user_options_path(PATH)}/00-000"
    return next((_parsed(found.value) for found in _newest(path)), {}).get(name, {})


@cache
def _parsed(value: str) -> dict[str, dict[str, Any]]:
    users: dict[str, dict[str, Any]] = json.loads(value)
    return users


def _newest(path: str) -> list[Any]:
    """moto's newest version of this parameter, if there is one."""
    return dict.get(ssm_backends[ACCOUNT_ID][REGION]._parameters, path, [])[-1:]


def with_password() -> frozenset[str]:
    """The users who have a console password now."""
    users = iam_backends[ACCOUNT_ID]["aws"].users
    return frozenset(name for name, user in users.items() if user.password)


def wanting_a_first_key() -> frozenset[str]:
    """The users who are to get one."""
    users = iam_backends[ACCOUNT_ID]["aws"].users
    return frozenset(name for name in users if options(name).get("first_key"))


def is_managed(name: str) -> bool:
    return user_tag(name, "access-key-rotation") == "enabled"


def user_tag(name: str, key: str) -> str | None:
    """Of this user, as it is now; IAM compares keys without regard to case."""
    iam = iam_backends[ACCOUNT_ID]["aws"]
    tags: dict[str, Any] = iam.tagger.get_tag_dict_for_resource(iam.users[name].arn)
    return next((str(tags[one]) for one in tags if one.lower() == key), None)
