"""How an owner fetches a key: the commands, and the link to the console."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import quote

from .text import quoted

_CONSOLES = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


@dataclass(frozen=True, slots=True)
class Fetching:
    """The ways to the secret `secret_arn`, whose owner is `name`."""

    name: str
    secret_arn: str

    def command(self) -> str:
        return (
            f"aws secretsmanager get-secret-value --region {shlex.quote(self._region)}"
            f" --secret-id {shlex.quote(self.secret_arn)} --query SecretString --output text"
        )

    def both_ways(self) -> str:
        """As a mail has it."""
        return f"""\
On the command line, with credentials of {self.name}:

    {self.command()}

In the console, signed in as {self.name} (choose "Retrieve secret value"):

{self.console_link()}"""

    def next_steps(self) -> tuple[str, ...]:
        """As a chat has it."""
        return (
            f"Fetch it with credentials of {self.name}: `{self.command()}`",
            f'Or sign in as {self.name}, and choose "Retrieve secret value": {self.console_link()}',
        )

    def never_copy_again(self) -> str:
        """Signing in must not need the key itself: it would be lost with the key that it replaces.
        And a profile that holds a key ignores its `credential_process`, so it is a new one."""
        command = quoted(f"{self.command()} --profile default")
        return f"""\
Or never copy a key again. If you may read the secret without this key (by a role, or single
sign-on), the AWS CLI and SDKs can fetch the key themselves. In the next command put the profile
that you sign in with in place of "default"; "rotated" is the new profile that uses the key:

    aws configure set credential_process {command} --profile rotated"""

    def console_link(self) -> str:
        _, partition, _, region, _, _, name = self.secret_arn.split(":", 6)
        host = _CONSOLES.get(partition, "console.aws.amazon.com")
        name = quote(name[:-7], safe="")  # an ARN ends in a dash and six random characters
        region = quote(region, safe="")
        return f"https://{region}.{host}/secretsmanager/secret?name={name}&region={region}"

    @property
    def _region(self) -> str:
        return self.secret_arn.split(":")[3]
