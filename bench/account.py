"""The state of an emulated AWS account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from key_rotation.aws.parameters import user_options_path

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:access-key-rotation"
CONFIG_PATH = "/access-key-rotation/config"


@dataclass
class Key:
    """One access key."""

    id: str
    created: datetime
    active: bool = True
    secret_access_key: str = "x" * 40


@dataclass
class User:
    """One IAM user, with a console password."""

    name: str
    id: str
    created: datetime
    tags: dict[str, str]
    keys: list[Key]

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT_ID}:user/{self.name}"


@dataclass
class Secret:
    """One secret: the stages of its versions, its tags, policy and key; values are not kept."""

    name: str
    tags: dict[str, str]
    versions: dict[str, list[str]]
    policy: str = ""
    kms_key_id: str | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:{self.name}-AbCdEf"


@dataclass
class Account:
    """Everything that a run reads and writes."""

    users: dict[str, User] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    user_options: dict[str, str] = field(default_factory=dict)
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    published: int = 0
    announced: int = 0
    keys_made: int = 0
    report_ready_at: float | None = None

    def parameters_under(self, path: str) -> dict[str, str]:
        """The settings, or the options of single users, by the last segment of their names."""
        return {CONFIG_PATH: self.parameters, user_options_path(CONFIG_PATH): self.user_options}[
            path
        ]

    def due(self, now: datetime, days: int = 90) -> list[Key]:
        """The active keys that are at or over the limit."""
        return [
            key
            for user in self.users.values()
            for key in user.keys
            if key.active and (now - key.created).days >= days
        ]
