"""AWS as key-fetch sees it: one secret, and whose a key is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .aws_errors import no_region, refuse_web_page, refuses_key, translate
from .failures import NotAcceptedError
from .key import Identity, Key
from .secret import Secret, parse, region_of

# A pull that cannot reach AWS says so within half a minute; the next one is not far.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="key-fetch",
)


class Aws(Protocol):
    """The port. Every method raises FetchError."""

    def secret(self, key: Key | None = None) -> Secret:
        """What the secret holds, in a call signed with `key`, or else by botocore's chain."""

    def identity(self, key: Key) -> Identity:
        """Whose `key` is. Raises NotAcceptedError if AWS does not accept it."""

    def own_key(self) -> Key | None:
        """The long-lived key that the chain signs with; None if it signs with anything else."""


def open_session(profile: str | None, credentials_file: str | None = None) -> Any:
    """A session of that profile, or of the environment; nothing is read yet."""
    session = botocore.session.Session(profile=profile)
    if credentials_file is not None:
        session.set_config_variable("credentials_file", credentials_file)
    return session


def credentials_path(session: Any) -> str:
    """Where botocore looks: AWS_SHARED_CREDENTIALS_FILE, or `~/.aws/credentials`."""
    path: str = session.get_config_variable("credentials_file")
    return path


class Botocore:
    """The port `Aws` on a botocore session. `signer` says what signs: `the profile x`."""

    def __init__(
        self,
        session: Any,
        secret_id: str,
        region: str | None,
        environment: Mapping[str, str],
        signer: str,
    ) -> None:
        """The region is that of the ARN, else `region`, else AWS_REGION, else as in botocore.

        Raises FetchError if there is none.
        """
        self._session = session
        self._secret_id = secret_id
        self._signer = signer
        self._region = region_of(secret_id) or region or environment.get("AWS_REGION")
        if not self._region:
            with self._translating():
                self._region = session.get_config_variable("region")
        if not self._region:
            raise no_region()

    def secret(self, key: Key | None = None) -> Secret:
        with self._translating():
            client = self._client("secretsmanager", key)
            answer = client.get_secret_value(SecretId=self._secret_id)
        return parse(answer.get("SecretString"), answer["ARN"])

    def identity(self, key: Key) -> Identity:
        with self._translating(f"the key {key.id}"):
            client = self._client("sts", key)
            try:
                answer = client.get_caller_identity()
            except ClientError as error:
                code = refuses_key(error)
                if code is None:
                    raise
                raise NotAcceptedError(key.id, code) from None
        return Identity(answer["Arn"], answer["Account"])

    def own_key(self) -> Key | None:
        with self._translating():
            found = self._session.get_credentials()
        if found is None or isinstance(found, RefreshableCredentials) or found.token:
            return None
        return Key(found.access_key, found.secret_key)

    def _client(self, service: str, key: Key | None) -> Any:
        signed: dict[str, str | None] = {}
        if key is not None:
            signed = {
                "aws_access_key_id": key.id,
                "aws_secret_access_key": key.secret,
                "aws_session_token": key.token,
            }
        client = self._session.create_client(
            service, region_name=self._region, config=_CONFIG, **signed
        )
        client.meta.events.register("before-parse", refuse_web_page)
        return client

    @contextmanager
    def _translating(self, signer: str | None = None) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError, ResponseParserError, RuntimeError) as error:
            raise translate(error, signer or self._signer, self._secret_id) from None
