"""`key-fetch process`: the key of the secret as the answer of a `credential_process`.

The answer expires, so that a program that runs for weeks asks again, and takes a new key by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from .aws import Aws
from .failures import Exit, FetchError, NotAcceptedError
from .key import Key
from .secret import foreign

# Long enough for a call, and over soon: the next call asks again.
_MEANWHILE = timedelta(minutes=1)
_GUARD = "KEY_FETCH_PROCESS"


def answer(aws: Aws, lifetime: timedelta, now: datetime) -> str:
    """A line of JSON, as the AWS SDKs read it.

    It is the key that signs, for a minute, while AWS does not accept a new one yet: no call of a
    running program is to be refused. Raises FetchError.
    """
    secret = aws.secret()
    own = aws.own_key()
    if own is None or own.id == secret.key.id:
        return _text(secret.key, now + lifetime)
    try:
        accepted = aws.identity(secret.key)
    except NotAcceptedError:
        if not secret.may_belong_to(aws.identity(own)):
            raise
        return _text(own, now + _MEANWHILE)
    if accepted.account != secret.account:
        raise foreign(secret, accepted, "and not to the account of the secret")
    return _text(secret.key, now + lifetime)


@contextmanager
def not_within_itself(environment: MutableMapping[str, str], secret_id: str) -> Iterator[None]:
    """A profile that signs with this very process would start it again and again.

    botocore hands the environment on. Raises FetchError.
    """
    before = environment.get(_GUARD, "")
    if secret_id in before.split():
        raise FetchError(
            Exit.SIGN_IN,
            "key-fetch process was started by itself: name a profile that signs in without it "
            "(--profile)",
        )
    environment[_GUARD] = f"{before} {secret_id}"
    try:
        yield
    finally:
        environment[_GUARD] = before


def _text(key: Key, expiration: datetime) -> str:
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": key.id,
            "SecretAccessKey": key.secret,
            "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
