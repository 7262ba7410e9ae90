"""A measurement in a process of its own, so that its memory and its modules are its own, too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def in_a_process(module: str, what: DataclassInstance, parameters: str) -> str:
    """What `python -m module WHAT PARAMETERS` prints, both in JSON. It finds what this process
    finds. Raises CalledProcessError."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", module, json.dumps(asdict(what)), parameters],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def say(progress: str) -> None:
    """On standard error, at once: a whole benchmark takes minutes."""
    print(progress, file=sys.stderr, flush=True)
