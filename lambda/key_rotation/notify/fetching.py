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


# Fails loudly where it is pasted as it stands: the profile "default" may hold the very key that the
# next rotation disables.
SIGN_IN_PROFILE = "YOUR-SIGN-IN-PROFILE"
ROTATED_PROFILE = "rotated"


@dataclass(frozen=True, slots=True)
class Fetching:
    """The ways to the secret `secret_arn`, whose owner is `name`.

    has_password: whether the owner has a console password; None if no run had to read that.
    has_key: whether a key of the owner's works that is not the one in the secret.
    """

    name: str
    secret_arn: str
    has_password: bool | None = None
    has_key: bool = True

    def command(self) -> str:
        return (
            f"aws secretsmanager get-secret-value --region {shlex.quote(self._region)}"
            f" --secret-id {shlex.quote(self.secret_arn)} --query SecretString --output text"
        )

    def ways(self) -> str:
        """As a mail has them: what the reader can do leads, and what they cannot do is left out."""
        console = f"""\
In the console, signed in as {self.name} (choose "Retrieve secret value"):

{self.console_link()}"""
        command_line = f"""\
On the command line, with {self._credentials}:

    {self.command()}"""
        if self.has_password is False:
            return command_line
        first, second = (command_line, console) if self.has_key else (console, command_line)
        return f"{first}\n\n{second}"

    def next_steps(self) -> tuple[str, ...]:
        """As a chat has them."""
        command_line = f"Fetch it with {self._credentials}: `{self.command()}`"
        console = (
            f'Sign in as {self.name}, and choose "Retrieve secret value": {self.console_link()}'
        )
        if self.has_password is False:
            return (command_line,)
        return (command_line, console) if self.has_key else (console, command_line)

    def never_copy_again(self) -> str:
        """A profile that holds a key ignores its `credential_process`, so it is a new one."""
        command = quoted(f"{self.command()} --profile {SIGN_IN_PROFILE}")
        return f"""\
Or never copy a key again. If you can read the secret without this key (with a role or single
sign-on), the AWS CLI and SDKs fetch the key themselves. Replace {SIGN_IN_PROFILE} with the
profile that you sign in with. "{ROTATED_PROFILE}" is the new profile that uses the key:

    aws configure set credential_process {command} --profile {ROTATED_PROFILE}

    aws configure set region {shlex.quote(self._region)} --profile {ROTATED_PROFILE}"""

    @property
    def _credentials(self) -> str:
        return f"credentials of {self.name}" if self.has_key else "a role that may read the secret"

    def console_link(self) -> str:
        _, partition, _, region, _, _, name = self.secret_arn.split(":", 6)
        host = _CONSOLES.get(partition, "console.aws.amazon.com")
        name = quote(name[:-7], safe="")  # an ARN ends in a dash and six random characters
        region = quote(region, safe="")
        return f"https://{region}.{host}/secretsmanager/secret?name={name}&region={region}"

    @property
    def _region(self) -> str:
        return self.secret_arn.split(":")[3]
