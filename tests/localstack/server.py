"""Start, stop or find the LocalStack that tests and demo use.

As a command: `python -m tests.localstack.server start|stop|status|check|install`. `check` tells,
before anything is installed, whether this machine has a Python for it.
Standard library only: it runs before any virtual environment exists.
"""

import argparse
import os
import sys

from . import process, venvs
from .endpoint import (
    Endpoint,
    LocalStackError,
    from_environment,
    is_embedded,
    is_localstack,
    port_from_environment,
)
from .layout import SERVER_LOG


def ensure_running() -> Endpoint:
    """Return the LocalStack to use.

    That is the one that AWS_ENDPOINT_URL or LOCALSTACK_HOST names, else our own, which is started
    if need be (and installed: a minute or two, once). Raises LocalStackError.
    """
    named = from_environment()
    if named is not None:
        return named
    server = process.start(port_from_environment())
    return Endpoint(server.url, embedded=is_embedded(server.url))


def stop() -> bool:
    """End our own LocalStack and its functions; tell whether there was one.

    Raises LocalStackError while another command installs it.
    """
    return process.stop() is not None


def _start() -> int:
    endpoint = ensure_running()
    if endpoint.embedded:
        print(f"LocalStack runs at {endpoint.url} (log: {SERVER_LOG})")
    else:
        print(f"using the LocalStack at {endpoint.url}, which the environment names")
    return 0


def _check() -> int:
    if not _is_named():
        venvs.check()
    return 0


def _install() -> int:
    if not _is_named():
        process.install()
    return 0


def _is_named() -> bool:
    """Whether the environment names a LocalStack, without asking whether it answers."""
    return any(os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "LOCALSTACK_HOST"))


def _stop() -> int:
    print("LocalStack stopped" if stop() else "LocalStack was not running")
    return 0


def _status() -> int:
    named = from_environment()
    if named is not None:
        print(f"the environment names the LocalStack at {named.url}, which answers")
        return 0
    server = process.find()
    if server is None:
        print("LocalStack is not running")
        return 1
    answers = is_localstack(server.url)
    state = "runs" if answers else "does not answer yet"
    print(f"LocalStack {state} at {server.url} (pid {server.pid}, log: {SERVER_LOG})")
    return 0 if answers else 1


def main() -> int:
    """Run the command; return its exit status."""
    commands = {
        "start": _start, "stop": _stop, "status": _status, "check": _check, "install": _install,
    }  # fmt: skip
    parser = argparse.ArgumentParser(
        prog="python -m tests.localstack.server", description="The embedded LocalStack."
    )
    parser.add_argument("command", choices=commands)
    try:
        return commands[parser.parse_args().command]()
    except LocalStackError as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
