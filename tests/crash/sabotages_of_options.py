"""Sabotages of what options of a single user decide: whose readers count, and when they are looked
for."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

OF_OPTIONS = (
    Sabotage(
        "a reader of one user counts for everybody",
        "domain/situation.py",
        "        if self.settings.readers_of(self.user.ref.name):",
        "        if self.settings.secret_reader_arns or self.settings.user_options:",
        Promise.NOT_CUT_OFF,
        "faults",
        "superseded, not fetched, with a reader of somebody else",
    ),
    Sabotage(
        "a reader of one user may read every secret",
        "domain/settings.py",
        "        own = () if user_name is None else self.options_of(user_name).reader_arns\n",
        "        own = [a for each in self.user_options.values() for a in each.reader_arns]\n",
        Promise.READ_FIRST,
        "faults",
        "due, one of two has an own reader",
    ),
    Sabotage(
        "a change of a user's own readers waits for the next warning",
        "aws/parameters.py",
        '_OF_ACCESS = ("secret_reader_arns", "kms_key_arn", "user_options_sha256")',
        '_OF_ACCESS = ("secret_reader_arns", "kms_key_arn")',
        Promise.READERS,
        "faults",
        "settled, an own reader removed",
    ),
    Sabotage(
        "who had a key gets a first one again",
        "domain/situation.py",
        "        return self.secret.announced is not None or bool(self._values)",
        "        return False",
        Promise.FIRST_KEY,
        "faults",
        "first key, made and deleted",
    ),
    Sabotage(
        "the records alone tell who had a key",
        "domain/situation.py",
        "        return self.secret.announced is not None or bool(self._values)",
        "        return self.secret.announced is not None",
        Promise.FIRST_KEY,
        "people",
        "first key",
    ),
    Sabotage(
        "a first key that was not announced is forgotten after three days",
        "domain/ages.py",
        "    return FIRST_KEY_RECENT if settings.options_of(user_name).first_key else RECENT",
        "    return RECENT if settings.name else FIRST_KEY_RECENT",
        Promise.NOTIFIED_FIRST,
        "faults",
        "died after the store of a first key, a week ago",
    ),
    Sabotage(
        "a first key replaces what a person made at the same time",
        "domain/situation.py",
        "        return self.secret.holds(older) or not self._was_made_beside_none(newer)",
        "        return bool(older)",
        Promise.PERSONS_KEY,
        "people",
        "first key",
    ),
    Sabotage(
        "another run is not looked for before a first key is made",
        "run/issue.py",
        "        _confirm_no_key(run, progress)\n",
        "        pass\n",
        Promise.FIRST_KEY,
        "overlaps",
        "first key",
    ),
)
