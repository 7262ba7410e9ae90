"""The console script `key-rotation`, where its libraries may be missing.

An owner's host installs `key-fetch` alone, and this script comes with it.
"""

from __future__ import annotations

import sys

_NEEDED = ("jinja2", "rich")


def main() -> int:
    """The exit status of the command line, or 2 if it cannot be loaded."""
    try:
        from .main import main as run
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _NEEDED:
            raise
        print(  # there is no screen without rich
            f"key-rotation: {library} is not installed: pip install 'key-rotation[operator]'",
            file=sys.stderr,
        )
        return 2
    return run()
