"""While a run holds a new secret access key, no object of ours shows it, by `repr` or pickle."""

from __future__ import annotations

import copy
import gc
import io
import pickle
from collections.abc import Callable

import pytest

from key_rotation.domain.model import AccessKey, KeyStatus, NewAccessKey
from key_rotation.run.payload import Payload
from key_rotation.run.run import Rotation
from tests.unit.builders import NOW, key, settings, user
from tests.unit.fakes import FakeAccount

SECRET = "secret of NEW1"


def our_objects() -> list[object]:
    return [
        found
        for found in gc.get_objects()
        if str(type(found).__module__).startswith("key_rotation")
    ]


class WithoutAccount(pickle.Pickler):
    """The account in memory is IAM and Secrets Manager: what it holds is not held by us."""

    def persistent_id(self, found: object) -> str | None:
        return "account" if isinstance(found, FakeAccount) else None


def shown(found: object) -> str:
    said = repr(found) + str(found)
    stream = io.BytesIO()
    try:
        WithoutAccount(stream).dump(found)
    except Exception as error:
        said += repr(error)
    return said + repr(stream.getvalue())


@pytest.mark.parametrize(
    "call", ["store", "works", "notify", "record", "disable", "notify_operators"]
)
def test_no_object_of_ours_shows_a_secret_at_any_call_that_follows_the_create(call: str) -> None:
    account = FakeAccount()
    account.add(user(key("A", 90)))
    found: list[object] = []
    seen = 0

    def look() -> None:
        nonlocal seen
        ours = our_objects()
        seen += len(ours)
        found.extend(one for one in ours if SECRET in shown(one))

    account.before(call, *[look] * 5)

    Rotation(account.world(), settings(), Payload(), "this").run()

    assert account.values["alice"] == SECRET
    assert seen > 0 or call not in account.calls
    assert found == []


@pytest.mark.parametrize(
    "serialise", [pickle.dumps, copy.copy, copy.deepcopy, lambda new: new.__reduce_ex__(4)]
)
def test_the_one_object_that_holds_it_lets_no_copy_be_made(
    serialise: Callable[[NewAccessKey], object],
) -> None:
    new = NewAccessKey(AccessKey("AKIA", KeyStatus.ACTIVE, NOW), "hush")

    with pytest.raises(TypeError, match="never serialised"):
        serialise(new)
    assert "hush" not in f"{new} {new!r} {[new]} {vars(type(new))}"
