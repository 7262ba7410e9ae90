"""The readers of all secrets: each must exist, or AWS refuses every policy.

Those of a single user are not looked up: there may be thousands, and only that user's policy is
refused for them, which is a failure of that user alone.
"""

from __future__ import annotations

from threading import Lock

from ..domain.settings import Settings, SettingsError
from ..ports import Directory, UnknownPrincipalError


class Readers:
    """The readers of one run. Several threads may ask."""

    def __init__(self, directory: Directory, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings
        self._arns = settings.secret_reader_arns
        self._account_id = settings.account_id
        self._parameter = f"parameter /{settings.name}/config/secret_reader_arns"
        self._checked = False
        self._refused: set[str] = set()
        self._checking = Lock()

    def check(self, account_id: str) -> None:
        """Once, before the first change; whoever comes second waits for the first's answer. Raises
        SettingsError naming a reader that does not exist."""
        with self._checking:
            if self._checked:
                return
            missing = self._directory.missing(account_id, self._arns)
            if missing:
                raise SettingsError(f"{self._parameter} names {missing[0]}, which does not exist")
            self._checked = True

    def explain(self, error: Exception, user: str) -> SettingsError | None:
        """The error that ends the run, once the policies of two users were refused, and a reader of
        another account may be the cause: nothing else shows that such a one is gone. One refused
        policy may be the owner's own fault, so it is a failure of that user alone."""
        suspects = [arn for arn in self._arns if arn.split(":")[4] != self._account_id]
        if not isinstance(error, UnknownPrincipalError) or not suspects:
            return None
        if self._settings.options_of(user).reader_arns:
            return None  # it may be one of these
        with self._checking:
            self._refused.add(user)
            if len(self._refused) < 2:
                return None
        return SettingsError(
            f"{self._parameter}: AWS refused the policies of {len(self._refused)} secrets. They "
            f"have these principals in common, and one of them does not exist or is not known yet: "
            f"{', '.join(suspects)} ({error})"
        )
