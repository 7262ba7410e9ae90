"""An access key, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Key:
    """What signs a call. `token` belongs to temporary credentials only."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """The principal that a key belongs to, as STS says it. `account` is 12 digits."""

    arn: str
    account: str

    @property
    def user(self) -> str:
        """The last part of the ARN: of an IAM user, the name without its path."""
        return self.arn.rpartition("/")[2]
