"""What the owner of a key does with the commands of a mail."""

from __future__ import annotations

import json
from typing import Any

from .account import HeldKey
from .shell import Shell, command


def move_to_the_new_key(shell: Shell, mail: str, user: str, old: HeldKey) -> tuple[Any, str]:
    """A service fetches the key with its old one, puts it into its profile, and checks it.

    Returns what the secret held, and the ARN that the check printed. Raises ShellError.
    """
    shell.add_profile(user, old)
    own = f"--profile {user}"  # the reader's own, as the mail asks
    value = json.loads(shell.run(command(mail, "aws secretsmanager"), profile=user))
    typed = {
        "AWS Access Key ID": value["AccessKeyId"],
        "AWS Secret Access Key": value["SecretAccessKey"],
        "Default region name": "",
        "Default output format": "",
    }
    configure = command(mail, "aws configure").replace("--profile default", own)
    shell.run(configure, typed, profile=user)
    check = command(mail, "aws sts").replace("--profile default", own)
    return value, json.loads(shell.run(check, profile=user))["Arn"]


def pull_the_new_key(shell: Shell, secret_arn: str, user: str, old: HeldKey) -> tuple[str, str]:
    """A service pulls the key with its old one, and once more, as by a timer.

    Returns what the second pull said, and the ARN that the check printed. Raises ShellError.
    """
    shell.add_profile(user, old)
    pull = f"key-fetch pull --secret-id {secret_arn} --profile {user}"
    shell.run(pull)
    again = shell.run(pull)
    return again, json.loads(shell.run(f"aws sts get-caller-identity --profile {user}"))["Arn"]


def never_copy_a_key_again(
    shell: Shell, mail: str, signed_in: tuple[HeldKey, str]
) -> tuple[str, str]:
    """A person who is signed in has the AWS CLI fetch the key, whenever it needs one.

    Returns the ARN that the check printed, and what the CLI says of the profile. Raises ShellError.
    """
    shell.add_profile("signed-in", *signed_in)
    shell.run(command(mail, "aws secretsmanager"), profile="signed-in")
    once = command(mail, "aws configure set credential_process")
    shell.run(once.replace("YOUR-SIGN-IN-PROFILE", "signed-in"))  # as the mail asks
    shell.run(command(mail, "aws configure set region"))
    check = command(mail, "aws sts get-caller-identity --profile rotated")
    arn = json.loads(shell.run(check))["Arn"]
    return arn, shell.run("aws configure list --profile rotated")
