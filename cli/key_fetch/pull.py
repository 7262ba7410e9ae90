"""`key-fetch pull`: the key of the secret takes the place of the one in a profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .aws import Aws
from .credentials_file import CredentialsFile
from .failures import Exit, FetchError, NotAcceptedError
from .key import Identity, Key
from .lock import locked
from .profiles import Profiles
from .secret import Secret, foreign
from .trial import wait_until_accepted


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull into `profile` of `file`.

    signs_elsewhere: another profile signs, so that this one may have no key yet. wait: seconds in
    which STS may refuse the new key. say: takes each line that a person may want to read.
    """

    profile: str
    file: CredentialsFile
    signs_elsewhere: bool
    wait: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    say: Callable[[str], None]

    def run(self, connect: Callable[[], Aws]) -> None:
        """`connect` is called once the file was read.

        Raises FetchError; then the file is as it was.
        """
        if self.signs_elsewhere:
            self.file.make_folder()
        elif not self.file.exists():
            raise FetchError(
                Exit.FILE,
                f"there is no file {self.file.path}. Pull a first key with --sign-in-profile",
            )
        found = self.file.check()
        with locked(self.file.lock, found):
            if self.file.remove_temporary():
                self.say(f"removed {self.file.temporary}, which a killed pull had left")
            profiles = self._read()
            present = self._present(profiles)
            former = profiles.former(self.profile)
            aws = connect()
            secret = aws.secret(None if self.signs_elsewhere else present)
            if _is_same(present, secret.key):
                self._settle(present, secret, former)
            else:
                self._take(present, secret, aws)

    def _settle(self, present: Key | None, secret: Secret, former: str | None) -> None:
        """Nothing is new. The former key is needed no more once the new one has signed a call."""
        if former is not None and not self.signs_elsewhere:
            self._write(self._fresh(present).without_former(self.profile))
            self.say(f"removed the profile {former}: the new key works")
        elif self.file.is_public():
            self.file.make_private()
            self._say_private()
        self.say(f"nothing new: the profile {self.profile} already holds {secret.key.id}")

    def _take(self, present: Key | None, secret: Secret, aws: Aws) -> None:
        accepted = self._tried(present, secret, aws)
        kept = None if present is None or present.id == secret.key.id else present
        self._write(self._fresh(present).with_key(self.profile, secret.key, kept))
        before = f"{present.id} was replaced by " if present else "it now holds "
        self.say(f"the profile {self.profile}: {before}{secret.key.id} ({accepted.arn})")

    def _tried(self, present: Key | None, secret: Secret, aws: Aws) -> Identity:
        """Whose the new key is: the owner of the present one, or of the secret's account.

        Whoever can write the secret could hand a program the key of somebody else.
        """
        owner = None
        if present is not None and not self.signs_elsewhere:
            owner = self._owner(present, aws)
        accepted = wait_until_accepted(
            lambda: aws.identity(secret.key), self.wait, self.clock, self.sleep
        )
        if owner is not None and accepted.arn != owner.arn:
            raise foreign(secret, accepted, f"not to {owner.arn} like that of {self.profile}")
        if owner is None and accepted.account != secret.account:
            raise foreign(secret, accepted, "and not to the account of the secret")
        return accepted

    def _owner(self, present: Key, aws: Aws) -> Identity:
        try:
            return aws.identity(present)
        except NotAcceptedError:
            raise FetchError(
                Exit.SIGN_IN,
                f"AWS does not accept the key {present.id} of the profile {self.profile} any more. "
                "Nothing was changed: pull again with --sign-in-profile",
            ) from None

    def _read(self) -> Profiles:
        return Profiles(self.file.read(), str(self.file.path))

    def _fresh(self, present: Key | None) -> Profiles:
        """The file as it is now: somebody may have edited another profile during the calls."""
        profiles = self._read()
        if self._present(profiles) != present:
            raise FetchError(
                Exit.FILE,
                f"{self.file.path}: somebody else changed the profile {self.profile} meanwhile. "
                "The file was not changed: pull again",
            )
        return profiles

    def _present(self, profiles: Profiles) -> Key | None:
        if self.signs_elsewhere:
            try:
                return profiles.key(self.profile)
            except FetchError:  # half a key: the new one is to mend that
                return None
        present = profiles.key(self.profile)
        if present is None:
            what = "holds no key" if self.profile in profiles else "is not there"
            raise FetchError(
                Exit.SIGN_IN,
                f"{profiles.source}: the profile {self.profile} {what}. Pull a first key with "
                "--sign-in-profile",
            )
        return present

    def _write(self, text: str) -> None:
        was_public = self.file.is_public()
        self.file.replace(text)
        if was_public:
            self._say_private()

    def _say_private(self) -> None:
        self.say(f"{self.file.path} has mode 0600 now: everybody on this host could read it")


def _is_same(present: Key | None, key: Key) -> bool:
    return present is not None and (present.id, present.secret) == (key.id, key.secret)
