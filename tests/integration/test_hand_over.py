"""A service is given a new key, and days pass: what it does decides when the old key goes."""

from __future__ import annotations

from collections.abc import Callable

from tests.stage.account import HeldKey

from .stage import Person, Stage
from .test_deployed import rows

OPERATORS = "security@example.com"  # an address that no user has


class Service:
    """Nothing but a key; `days` pass for it alone."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self._stage = stage
        self._person = person
        self._secret = f"{stage.outputs['secret_name_prefix']}{person.name}"
        [self.old] = person.keys

    def run(self, days: float = 0) -> list[tuple[str, str]]:
        """What the next run does, after so many days."""
        self._stage.account.backdoor.let_days_pass(self._person.name, self._secret, days)
        name = self._person.name
        return rows(self._stage.run({"users": [name]}), name)

    def fetch(self) -> HeldKey:
        """With the old key, as the mail says."""
        value = self._stage.account.secret_value(self._secret, self.old)
        return HeldKey(value["AccessKeyId"], value["SecretAccessKey"])

    def use(self, key: HeldKey) -> None:
        """For more than to ask STS whose it is, which may be a trial of the key."""
        self._stage.account.secret_value(self._secret, key)

    def statuses(self) -> dict[str, str]:
        return self._person.statuses()


def test_a_service_is_waited_for_until_it_has_moved(
    stage: Stage, person: Callable[..., Person]
) -> None:
    service = Service(stage, person(95, password=False))
    assert service.run() == [("rotate", "key_too_old"), ("announce", "key_too_old")]
    assert service.run(days=3) == []
    assert service.run(days=1) == [("remind", "not_fetched")]
    assert service.run() == []
    assert service.run(days=3) == [("hold", "not_fetched")]

    new = service.fetch()  # which uses the old key, too
    assert service.run() == [("hold", "still_in_use")]

    service.use(new)
    assert service.run() == [("disable", "superseded")]
    assert service.statuses() == {service.old.id: "Inactive", new.id: "Active"}


def test_the_operators_read_what_uses_the_old_key(
    stage: Stage, person: Callable[..., Person]
) -> None:
    service = Service(stage, person(95, password=False))
    service.run()
    service.fetch()
    service.run(days=4)

    [digest] = stage.account.backdoor.wait_for_mails(
        OPERATORS, lambda mail: f"key {service.old.id} is disabled on" in _text(mail)
    )

    assert "by secretsmanager in eu-west-1" in _text(digest)
    assert "Reminded: the old key goes soon, and its owner has not moved" in _text(digest)


def test_who_has_moved_hears_nothing_more(stage: Stage, person: Callable[..., Person]) -> None:
    service = Service(stage, person(95, password=False))
    service.run()
    new = service.fetch()
    service.run(days=2)
    service.use(new)

    assert service.run(days=2) == []
    assert service.run(days=3) == [("disable", "moved")]


def _text(mail: dict[str, str]) -> str:
    return " ".join(mail["message"].split())
