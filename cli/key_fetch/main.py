"""The console script `key-fetch`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .failures import Exit, FetchError
from .lines import one_line

if TYPE_CHECKING:
    from .aws import Botocore

_EPILOG = (
    "Exit status: 0 done, or nothing new; 2 wrong arguments; 20 not rotated yet; 21 access denied; "
    "22 sign-in refused, expired or missing; 23 AWS does not accept the new key yet; 24 AWS cannot "
    "be reached; 25 no such secret; 26 the credentials file cannot be read or written; 27 another "
    "pull is at work; 28 the secret is unusable; 1 anything else. docs/key-fetch.md has the rest."
)


def main(
    argv: Sequence[str] | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Runs one command; its exit status. Bad arguments end in SystemExit(2), as argparse has it.

    `clock` counts seconds, and `sleep` passes them: for a new key that AWS does not accept yet.
    """
    arguments = _parse(list(sys.argv[1:] if argv is None else argv))
    try:
        return _run(arguments, clock, sleep)
    except FetchError as error:
        return _failed(error)
    except KeyboardInterrupt:
        return _failed(FetchError(Exit.INTERRUPTED, "interrupted"))
    except Exception as error:
        from .aws_errors import unexpected

        return _failed(unexpected(error))


def _run(
    arguments: argparse.Namespace, clock: Callable[[], float], sleep: Callable[[float], None]
) -> int:
    if arguments.command == "pull":
        _pull(arguments, clock, sleep)
        return Exit.DONE
    if arguments.command == "process":
        return _process(arguments)
    return _env(arguments)


def _pull(
    arguments: argparse.Namespace, clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    from .aws import Botocore, credentials_path, open_session
    from .credentials_file import CredentialsFile
    from .pull import Pull

    file = CredentialsFile.at(arguments.credentials_file or credentials_path(open_session(None)))
    signer = arguments.sign_in_profile or arguments.profile
    session = open_session(signer, None if arguments.sign_in_profile else str(file.path))
    Pull(
        profile=arguments.profile,
        file=file,
        signs_elsewhere=arguments.sign_in_profile is not None,
        wait=arguments.wait,
        clock=clock,
        sleep=sleep,
        say=_say,
    ).run(
        lambda: Botocore(
            session, arguments.secret_id, arguments.region, os.environ, f"the profile {signer}"
        )
    )


def _process(arguments: argparse.Namespace) -> int:
    from .process import answer, not_within_itself

    with not_within_itself(os.environ, arguments.secret_id):
        aws = _chain(arguments)
        print(answer(aws, timedelta(minutes=arguments.lifetime_minutes), datetime.now(UTC)))
    return Exit.DONE


def _env(arguments: argparse.Namespace) -> int:
    from .run_command import environment_with, run

    key = _chain(arguments).secret().key
    return run(arguments.words, environment_with(key, os.environ))


def _chain(arguments: argparse.Namespace) -> Botocore:
    """Signed by botocore's chain: any kind of profile, or the environment."""
    from .aws import Botocore, open_session

    profile: str | None = arguments.profile
    signer = f"the profile {profile}" if profile else "your environment"
    session = open_session(profile)
    return Botocore(session, arguments.secret_id, arguments.region, os.environ, signer)


def _say(text: str) -> None:
    """A pull goes on where nobody can read what it says: on a full disk, in a closed pipe."""
    try:
        print(one_line(text), flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: FetchError) -> int:
    print(f"key-fetch: {one_line(str(error))}", file=sys.stderr, flush=True)
    return error.status


def _parse(argv: list[str]) -> argparse.Namespace:
    """What follows `--` is a command, which is no business of ours."""
    words: list[str] = []
    if "--" in argv:
        at = argv.index("--")
        argv, words = argv[:at], argv[at + 1 :]
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command == "env" and not words:
        parser.error("env: give the command after `--`")
    if arguments.command != "env" and words:
        parser.error(f"{arguments.command} takes no command")
    arguments.words = words
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="key-fetch",
        description="Fetch the access key that the rotation put into your secret.",
        epilog=_EPILOG,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    pull = commands.add_parser(
        "pull",
        help="put the new key into a profile of the credentials file",
        description="Puts the key of the secret into a profile of the credentials file, once AWS "
        "accepts it. Signs with the profile's present key.",
    )
    _add_shared(pull)
    pull.add_argument("--profile", required=True, type=_profile, help="the profile of the key")
    pull.add_argument(
        "--sign-in-profile",
        metavar="NAME",
        help="sign with this profile instead: for the first key of a host, or after the old one "
        "was disabled",
    )
    pull.add_argument(
        "--credentials-file",
        metavar="FILE",
        help="AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials by default",
    )
    pull.add_argument(
        "--wait",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long AWS may refuse the new key, as it spreads (60)",
    )
    process = commands.add_parser(
        "process",
        help="the answer of a credential_process, with an expiration",
        description="Prints the key of the secret as the answer of a credential_process.",
    )
    _add_shared(process)
    _add_signer(process)
    process.add_argument(
        "--lifetime-minutes",
        type=_minutes,
        default=60,
        metavar="N",
        help="when the program asks again: 1 to 720 (60)",
    )
    env = commands.add_parser(
        "env",
        usage="%(prog)s --secret-id ID [--profile NAME] [--region R] -- COMMAND [ARG...]",
        help="run a command with the key in its environment",
        description="Runs a command with the key of the secret in its environment.",
    )
    _add_shared(env)
    _add_signer(env)
    return parser


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--secret-id", required=True, type=_name, metavar="ID", help="the secret's ARN, or its name"
    )
    parser.add_argument(
        "--region", metavar="R", help="of a secret that is given by name; an ARN says its own"
    )


def _add_signer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile", metavar="NAME", help="the profile that reads the secret, of any kind"
    )


def _name(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise argparse.ArgumentTypeError("that is neither the ARN of a secret nor a name")
    return text


def _profile(text: str) -> str:
    if not text.strip() or text != text.strip() or any(c in "[]\r\n" for c in text):
        raise argparse.ArgumentTypeError("no profile can have that name")
    return text


def _seconds(text: str) -> float:
    return _within(0, 3600, text, "seconds")


def _minutes(text: str) -> float:
    return _within(1, 720, text, "minutes")


def _within(least: float, most: float, text: str, unit: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{least} to {most} {unit}")
    return number
