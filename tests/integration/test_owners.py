"""An owner runs the commands of the mail, as they are, with the AWS CLI."""

from __future__ import annotations

from tests.stage import owners
from tests.stage.shell import Shell

from .stage import Stage
from .test_notices import mails_to


def test_a_service_moves_to_the_new_key_with_the_old_one(stage: Stage, shell: Shell) -> None:
    user = "it-build-agent"
    [old] = stage.held[user]
    [mail] = mails_to(stage, user)

    value, arn = owners.move_to_the_new_key(shell, mail["message"], user, old)

    assert value["AccessKeyId"] == stage.secret(user)["AccessKeyId"]
    assert value["AccessKeyId"] in (shell.home / ".aws" / "credentials").read_text()
    assert arn.endswith(f":user/{user}")


def test_a_person_who_is_signed_in_never_copies_a_key_again(stage: Stage, shell: Shell) -> None:
    [mail] = mails_to(stage, "it-alice")

    arn, profile = owners.never_copy_a_key_again(shell, mail["message"], stage.signed_in)

    assert arn.endswith(":user/it-alice")
    assert stage.secret("it-alice")["AccessKeyId"][-4:] in profile
    assert "custom-process" in profile
