"""How an owner fetches a key: the commands, and the link to the console."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import quote

from .text import quoted

# The console's host by partition. AWS publishes none for the isolated ones (aws-iso…): there the
# words say the way, since a link of another partition asks for credentials in the wrong place.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
# Fails loudly where it is pasted as it stands: the profile "default" may hold the very key that the
# next rotation disables.
SIGN_IN_PROFILE = "YOUR-SIGN-IN-PROFILE"
_ROTATED_PROFILE = "rotated"
_USE = """\
Put the AccessKeyId and the SecretAccessKey from the secret where the old ones are. For the AWS
CLI, this asks for both. Replace "default" if your profile has another name:

    aws configure --profile default

A program that is running keeps the old key until you restart it."""
_USE_FIRST = """\
Give the AccessKeyId and the SecretAccessKey from the secret to the program that needs them. For the
AWS CLI, this asks for both. Replace "default" if another profile is to have them:

    aws configure --profile default"""


@dataclass(frozen=True, slots=True)
class Fetching:
    """The ways to the secret `secret_arn`, whose owner is `name`.

    has_password: whether the owner has a console password; None if no run had to read that.
    has_readers: whether the settings name others who may read secrets. has_key: whether a key of
    the owner's works that is not the one in the secret. is_first: the owner never had a key before.
    smtp_regions: where the secret has a password for SMTP, too.
    """

    name: str
    secret_arn: str
    has_password: bool | None = None
    has_readers: bool = False
    has_key: bool = True
    is_first: bool = False
    smtp_regions: tuple[str, ...] = ()

    def command(self) -> str:
        return (
            f"aws secretsmanager get-secret-value --region {shlex.quote(self._region)}"
            f" --secret-id {shlex.quote(self.secret_arn)} --query SecretString --output text"
        )

    def pull(self) -> str:
        """The one command that does all, where a key of the owner's signs it; nothing elsewhere."""
        if not self.has_key:
            return ""
        return f"""\
If you have key-fetch, one command does all of this. It fetches the new key, tries it, and writes it
into the profile that holds the old one. Replace "default" if your profile has another name:

    {self._pull_command}

The same by hand:"""

    def ways(self) -> str:
        """As a mail has them: what the reader can do leads, and what they cannot do is left out."""
        found = []
        if self._has_command:
            found.append(f"On the command line, {self._credentials}:\n\n    {self.command()}")
        if self._has_console:
            link = self.console_link()
            found.append(f"{self._console}:" + (f"\n\n{link}" if link else f" {self._by_hand}."))
        return "\n\n".join(self._in_order(found)) or self._by_others

    def next_steps(self, with_pull: bool = False) -> tuple[str, ...]:
        """As a chat has them; with `pull` first where it was offered."""
        found = []
        if self._has_command:
            found.append(f"On the command line, {self._credentials}: `{self.command()}`")
        if self._has_console:
            found.append(f"{self._console}: {self.console_link() or self._by_hand}")
        pull = (f"With key-fetch: `{self._pull_command}`",) if with_pull and self.has_key else ()
        return pull + (tuple(self._in_order(found)) or (self._by_others,))

    def steps(self) -> str:
        """To fetch the key, to use it, and to check it."""
        return f"1. Fetch it\n\n{self.ways()}\n\n{self._use_and_check()}"

    def _use_and_check(self) -> str:
        steps = f"2. Use it\n\n{_USE_FIRST if self.is_first else _USE}\n{self._smtp}"
        check = f"""
3. Check it

This must print the ARN of {self.name}, with the profile that holds the key:

    aws sts get-caller-identity --profile default
"""
        if not self._can_sign_in:
            return steps + check
        return f"""{steps}
{self._never_copy_again()}
{check}
Or, if the AWS CLI fetches the key itself:

    aws sts get-caller-identity --profile {_ROTATED_PROFILE}
"""

    @property
    def _pull_command(self) -> str:
        """The region is that of the ARN."""
        return f"key-fetch pull --secret-id {shlex.quote(self.secret_arn)} --profile default"

    @property
    def _smtp(self) -> str:
        if not self.smtp_regions:
            return ""
        of = " and ".join(self.smtp_regions)
        return f"""

To send mail by the SMTP interface of Amazon SES, use the UserName and the Password that the secret
has under "Smtp", for the region that you send from: {of}. No profile holds
them, so key-fetch does not put them where your mail program looks.
"""

    def console_link(self) -> str | None:
        """None in a partition whose console's host is not known."""
        host = _CONSOLES.get(self.secret_arn.split(":")[1])
        if host is None:
            return None
        name, region = quote(self._secret_name, safe=""), quote(self._region, safe="")
        return f"https://{region}.{host}/secretsmanager/secret?name={name}&region={region}"

    def _never_copy_again(self) -> str:
        """A profile that holds a key ignores its `credential_process`, so it is a new one."""
        command = quoted(f"{self.command()} --profile {SIGN_IN_PROFILE}")
        sign_ins = [f"as {self.name}, by aws login"] if self._has_console else []
        if self.has_readers:
            sign_ins.append("with a role that may read the secret")
        return f"""\
Or never copy a key again. If you can sign in on the command line without this key
({", or ".join(sign_ins)}), the AWS CLI and SDKs fetch the key themselves. Replace
{SIGN_IN_PROFILE} with the profile that you sign in with. "{_ROTATED_PROFILE}" is the new profile
that uses the key:

    aws configure set credential_process {command} --profile {_ROTATED_PROFILE}

    aws configure set region {shlex.quote(self._region)} --profile {_ROTATED_PROFILE}"""

    def _in_order(self, found: list[str]) -> list[str]:
        """A command needs a sign-in that most people without a key have in the console alone."""
        return found if self.has_key else found[::-1]

    @property
    def _has_console(self) -> bool:
        return self.has_password is not False

    @property
    def _can_sign_in(self) -> bool:
        """On the command line, without a key: as far as is known."""
        return self._has_console or self.has_readers

    @property
    def _has_command(self) -> bool:
        return self.has_key or self._can_sign_in

    @property
    def _credentials(self) -> str:
        if self.has_key:
            return f"with credentials of {self.name}"
        sign_ins = ["with a role that may read the secret"] if self.has_readers else []
        if self._has_console:
            sign_ins.append(f"signed in as {self.name} by aws login or in CloudShell")
        return ", or ".join(sign_ins)

    @property
    def _console(self) -> str:
        if self.has_password is None:
            return (
                f"If {self.name} has a console password, sign in to the console and choose "
                '"Retrieve secret value"'
            )
        return f'In the console, signed in as {self.name} (choose "Retrieve secret value")'

    @property
    def _by_hand(self) -> str:
        return f'open the secret "{self._secret_name}" in Secrets Manager, region {self._region}'

    @property
    def _by_others(self) -> str:
        return f"Ask your platform team: {self.name} cannot read the secret without a key."

    @property
    def _secret_name(self) -> str:
        return self.secret_arn.split(":", 6)[6][:-7]  # after it: a dash, six random characters

    @property
    def _region(self) -> str:
        return self.secret_arn.split(":")[3]
