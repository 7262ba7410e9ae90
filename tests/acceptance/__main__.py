"""`python -m tests.acceptance`, in the environment of `make acceptance`.

| variable | meaning |
|---|---|
| `ACCEPT_COST=yes` | needed on AWS: it costs some cents |
| `ACCEPT_ON=localstack` | on the LocalStack that the environment names, or on the embedded one |
| `CLEAN=<name>` | removes what a test of that name left behind, and does nothing else |

Ends with 0 only if every step passed or an emulator cannot show it, and nothing is left; with 2 if
it was not begun.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from tests.demo.screen import Screen
from tests.localstack import process, server
from tests.localstack.endpoint import LocalStackError, from_environment

from .cloud import AccountError, Cloud, on_aws, on_localstack
from .consent import ConsentError, check_consent, plan_of
from .folder import Folder, FolderError
from .protocol import Protocol
from .removal import WrongNameError, check_name
from .report import Report
from .scene import Scene
from .story import EXPECTED, play, remove

_REFUSED = (
    *(AccountError, ConsentError, FolderError, LocalStackError, WrongNameError),
    *(BotoCoreError, ClientError),
)


def main(environ: Mapping[str, str] = os.environ) -> int:
    """The whole test; its exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    screen = Screen()
    clean = environ.get("CLEAN")
    started = False
    try:
        name = check_name(clean) if clean else f"akr-accept-{secrets.token_hex(4)}"
        emulated = is_emulated(environ)
        started = emulated and from_environment() is None and process.find() is None
        cloud = on_localstack(server.ensure_running()) if emulated else on_aws(environ)
        screen.show(plan_of(cloud, name, removes=bool(clean)))
        if not clean:
            check_consent(environ, emulated)
        return _test(screen, cloud, Folder.of(cloud, name), only_remove=bool(clean))
    except _REFUSED as error:
        screen.fail(str(error))
        return 2
    except KeyboardInterrupt:
        screen.fail("interrupted before anything was made")
        return 130
    finally:
        if started:
            server.stop()


def is_emulated(environ: Mapping[str, str]) -> bool:
    """Whether it runs on a LocalStack. An address of one is enough, so that nobody who means it
    works in their account."""
    named = environ.get("AWS_ENDPOINT_URL") or environ.get("LOCALSTACK_HOST")
    on = environ.get("ACCEPT_ON", "localstack" if named else "aws")
    if on not in ("aws", "localstack") or (on == "aws" and named):
        raise ConsentError(
            f"ACCEPT_ON={on}: must be localstack, or aws without AWS_ENDPOINT_URL and "
            "LOCALSTACK_HOST"
        )
    return on == "localstack"


def _test(screen: Screen, cloud: Cloud, folder: Folder, only_remove: bool) -> int:
    protocol = Protocol()
    report = Report(screen, protocol, cloud, folder)
    scene = Scene(cloud, folder.name, folder.terraform(screen.tell), screen.tell, folder.variables)
    status = 0
    try:
        scene.terraform.init()
        report.began(scene.terraform)
        if not only_remove:
            play(scene, protocol, report.show)
    except KeyboardInterrupt:  # SIGTERM too
        status = 130
        report.show(protocol.fail("interrupted", "the steps behind this one were not run"))
    except EXPECTED as error:
        report.show(protocol.fail("terraform init", str(error)))
    finally:
        for again in (signal.SIGINT, signal.SIGTERM):  # a second one must not leave half of it
            signal.signal(again, signal.SIG_IGN)
        remove(scene, protocol, report.show)
        scene.terraform.clean_up()
    report.write()
    if protocol.succeeded and status == 0:
        folder.discard()
        screen.done(f"the protocol is in {report.page}")
        return 0
    screen.fail(f"not all passed: see {report.page}")
    if protocol.left_something:
        screen.fail(f"something is left: make acceptance CLEAN={folder.name}")
    else:
        folder.discard()
    return status or 1


if __name__ == "__main__":
    sys.exit(main())
