"""Sabotages of the pulling side: of key-fetch, and of what the function makes of its trials."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

_KEY_FETCH = "cli/key_fetch"

OF_PULLS = (
    Sabotage(
        "a pull does not replace the file as a whole",
        "credentials_file.py",
        "            self._write(text.encode(_encoding()))\n"
        "            os.replace(self.temporary, self.path)\n",
        "            self.path.write_bytes(text.encode(_encoding()))\n",
        Promise.PULLS,
        "pulls",
        "due again, a host pulls",
        _KEY_FETCH,
    ),
    Sabotage(
        "a pull takes a key that STS refuses",
        "trial.py",
        "            if left <= 0:\n                raise\n",
        "            if left <= 0:\n"
        "                from .key import Identity\n"
        '                return Identity("arn:aws:iam::123456789012:user/alice", "123456789012")\n',
        Promise.PULLS,
        "pulls",
        "due again, a host pulls",
        _KEY_FETCH,
    ),
    Sabotage(
        "a trial of the new key counts as a move",
        "domain/hand_over.py",
        "    return new is not None and not (is_beside and new.service == _TRIED_BY)",
        "    return new is not None",
        Promise.NOT_CUT_OFF,
        "pulls",
        "superseded, a host pulls late",
    ),
)
