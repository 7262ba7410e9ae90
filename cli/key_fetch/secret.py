"""The secret that the rotation writes: its name, and its value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .failures import Exit, FetchError
from .key import Identity, Key

# arn:<partition>:secretsmanager:<region>:<account>:secret:<name>-<six characters>
_ARN = re.compile(r"arn:[\w-]+:secretsmanager:([\w-]+):(\d+):secret:\S+", re.ASCII)
# IAM documents an id as word characters. A secret access key may hold no blank and no line feed:
# one could forge a line of the credentials file.
_ID = re.compile(r"\w{4,128}", re.ASCII)
_SECRET_ACCESS_KEY = re.compile(r"[!-~]{4,512}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that holds a key, and the name of its user, where the value has one."""

    arn: str
    key: Key
    user: str | None = None

    @property
    def account(self) -> str | None:
        """12 digits; None if `arn` is none."""
        found = _ARN.fullmatch(self.arn)
        return found[2] if found else None

    def may_belong_to(self, owner: Identity) -> bool:
        """False if the value names another user, or the secret is of another account."""
        return owner.account == self.account and self.user in (None, owner.user)


def region_of(secret_id: str) -> str | None:
    """The region of an ARN; None for a name. Raises FetchError for a malformed ARN."""
    if not secret_id.startswith("arn:"):
        return None
    found = _ARN.fullmatch(secret_id)
    if found is None:
        raise FetchError(
            Exit.USAGE, f"--secret-id {secret_id} is neither the ARN of a secret nor a name"
        )
    return found[1]


def parse(text: str | None, arn: str) -> Secret:
    """The key in the value of the secret `arn`; None is a value of bytes.

    Raises FetchError: a placeholder, or no key. No part of the value is in its text.
    """
    if text is None:
        raise _unusable(arn, "its value is no text")
    value = _json(text)
    if _is_placeholder(text, value):
        raise placeholder(arn)
    if not isinstance(value, dict):
        raise _unusable(arn, "its value is no JSON object")
    key_id, secret = value.get("AccessKeyId"), value.get("SecretAccessKey")
    if not (isinstance(key_id, str) and _ID.fullmatch(key_id)):
        raise _unusable(arn, "its field AccessKeyId is no access key id")
    if not (isinstance(secret, str) and _SECRET_ACCESS_KEY.fullmatch(secret)):
        raise _unusable(arn, "its field SecretAccessKey is no secret access key")
    user = value.get("UserName")
    return Secret(arn, Key(key_id, secret), user if isinstance(user, str) else None)


def placeholder(secret: str) -> FetchError:
    return FetchError(
        Exit.PLACEHOLDER,
        f"the secret {secret} holds no key yet: the key was not rotated yet. You can read the "
        "secret, and that is all to try before the first rotation",
    )


def _json(text: str) -> object:
    """The text itself if it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_placeholder(text: str, value: object) -> bool:
    if isinstance(value, dict):
        return "Placeholder" in value and "AccessKeyId" not in value
    return value is text and "AccessKey" not in text


def _unusable(arn: str, why: str) -> FetchError:
    return FetchError(
        Exit.UNUSABLE,
        f"the secret {arn} is unusable: {why}. Nothing was changed. Tell your platform team: "
        "somebody wrote to it",
    )


def foreign(secret: Secret, found: Identity, but: str) -> FetchError:
    """The secret's key belongs to `found`; `but` ends the sentence."""
    return FetchError(
        Exit.UNUSABLE,
        f"the key {secret.key.id} in the secret {secret.arn} belongs to {found.arn}, {but}. "
        "Nothing was changed. Tell your platform team: somebody wrote to the secret",
    )
