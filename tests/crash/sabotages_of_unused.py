"""Sabotages of what decides about a key that nobody uses."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

OF_UNUSED = (
    Sabotage(
        "a last use that cannot be read is none",
        "run/progress.py",
        "    return replace(user, last_used={key.id: world.directory.last_used(key) for key in "
        "user.keys})\n",
        "    try:\n"
        "        used = {key.id: world.directory.last_used(key) for key in user.keys}\n"
        "    except Exception:\n"
        "        used = dict.fromkeys(key.id for key in user.keys)\n"
        "    return replace(user, last_used=used)\n",
        Promise.UNUSED,
        "faults",
        "unused, used since the warning",
    ),
    Sabotage(
        "a key that nobody uses is disabled without a warning",
        "domain/unused.py",
        "    verbs = (Verb.DISABLE,) if is_warned else (Verb.PREPARE, Verb.WARN)\n",
        "    verbs = (Verb.DISABLE,)\n",
        Promise.UNUSED,
        "faults",
        "unused, to be warned",
    ),
    Sabotage(
        "a key that is switched on again goes by the old warning",
        "run/retire.py",
        "        run.world.secrets.forget_unused_warning(secret)\n",
        "        pass\n",
        Promise.UNUSED,
        "faults",
        "unused, switched on again",
    ),
    Sabotage(
        "an unused key goes although another run has begun to replace it",
        "run/retire.py",
        "    return next((k.id for k in progress.user.keys if k.is_active and k.id != key_id), None)\n",
        "    return None\n",
        Promise.NAMED_END,
        "overlaps",
        "unused, on its day",
    ),
)
