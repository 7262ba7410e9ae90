"""What SECURITY.md and docs/threats.md say of tampering, where the guard is ours."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from key_rotation.aws.directory import IamDirectory
from key_rotation.domain.model import Event
from key_rotation.domain.settings import Reach, UserTag
from tests.unit.builders import ago, key, secret, stamp
from tests.unit.test_run import changes, one_user, run

ROOT = Path(__file__).resolve().parents[2]
ARN = "arn:aws:iam::123456789012:user/alice"
SECURITY = (ROOT / "SECURITY.md").read_text()
SAID = SECURITY + (ROOT / "docs/threats.md").read_text()


def test_the_tests_and_targets_that_it_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    files = [path.as_posix() for path in (ROOT / "tests").rglob("*.py")]

    for name in re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", SAID):
        assert any(file.endswith(f"/{name}") for file in files), name
    for target in re.findall(r"`make ([\w-]+)`", SAID):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_it_is_two_pages_at_most() -> None:
    assert len(SECURITY.split()) < 1500


@pytest.mark.parametrize("value", ["Enabled", " enabled", "enabled ", "disabled", ""])
def test_no_value_but_the_marks_own_marks_a_user(value: str) -> None:
    class Iam:
        """One page of users, as IAM answers it."""

        def get_paginator(self, _operation: str) -> Iam:
            return self

        def paginate(self, **_: object) -> list[object]:
            tags = [{"Key": "Access-Key-Rotation", "Value": value}]
            detail = {"UserName": "alice", "UserId": "AIDA", "Arn": ARN, "Tags": tags}
            return [{"UserDetailList": [detail | {"CreateDate": ago(1000)}]}]

    mark, reach = UserTag("access-key-rotation", "enabled"), Reach("/", ())
    scan = IamDirectory(Iam(), mark, reach, bulk=True, max_workers=1).scan()  # type: ignore[arg-type]

    assert scan.managed == ()
    assert scan.unexpected == {"alice": value}


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({"max-key-age-days": "3650"}, id="a longer life"),
        pytest.param({"max-key-age-days": "0"}, id="none"),
        pytest.param({"max-key-age-days": "never"}, id="an exemption"),
        pytest.param({"grace-days": "365"}, id="a grace beyond the ceiling"),
    ],
)
def test_no_override_tag_exempts_a_due_key(tags: dict[str, str]) -> None:
    account = one_user(key("A", 90), tags=tags)

    run(account)

    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_a_hold_ends_at_the_ceiling() -> None:
    said = {Event.ENDING: stamp("A", 4)}
    pair = secret("B", "A", announced=stamp("B", 31), notices=said)
    account = one_user(
        key("A", 80), key("B", 31), secret=pair, tags={"hold-until": "9999-12-31"}, password=False
    )

    run(account)

    assert account.statuses() == {"A": "Inactive", "B": "Active"}


def test_a_value_that_another_wrote_into_the_secret_disables_nothing() -> None:
    """Their put makes theirs the current version, under an id that is not of a key."""
    theirs = replace(
        secret(None, "B", announced=stamp("B", 10)),
        versions={"f" * 64: frozenset({"AWSCURRENT"})},
    )
    account = one_user(key("A", 60), key("B", 10), secret=theirs, password=True)

    run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}


@pytest.mark.parametrize("of", ["A", "B", "AKIAOTHER"])
def test_a_forged_record_of_an_announcement_disables_nothing(of: str) -> None:
    account = one_user(key("A", 60), key("B", 10), secret=secret(announced=stamp(of, 40)))

    run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}


def test_a_forged_record_of_inactivity_deletes_no_active_key() -> None:
    pair = secret("B", "A", announced=stamp("B", 1), inactive_since=stamp("A", 400))
    account = one_user(key("A", 60), key("B", 1), secret=pair, password=False)

    run(account)

    assert set(account.statuses()) == {"A", "B"}
    assert "delete" not in account.calls


def test_a_secret_of_somebody_else_is_not_written_to() -> None:
    account = one_user(key("A", 90), secret=secret(managed_by=None))

    run(account)

    assert changes(account) == ["notify_operators"]
    assert account.statuses() == {"A": "Active"}
