"""A secret that somebody else made is taken over; two installations find each other; a destroyed
one comes back."""

from __future__ import annotations

import re

from .adoption import NAME, OWNER, Adoption


def test_a_secret_of_somebody_else_is_taken_over(adopted: Adoption) -> None:
    done = adopted.taken_over()

    assert re.search(r" 1 imported, \d+ added, 1 changed, 0 destroyed", done.summary), done.summary
    assert done.text == "by hand"
    assert isinstance(done.answer, dict), done.answer
    rows = [(row["action"], row["reason"]) for row in done.answer["users"] if row["user"] == OWNER]
    assert ("rotate", "key_too_old") in rows, done.answer


def test_another_installation_for_the_same_users_is_refused_by_name(adopted: Adoption) -> None:
    assert (
        "user_tag: another installation of this account manages the users tagged "
        f"access-key-rotation = {NAME}: {NAME} in eu-west-1. Two would rotate the same keys"
    ) in (adopted.refused() or "")


def test_a_destroyed_installation_comes_back_by_one_apply(adopted: Adoption) -> None:
    done = adopted.returned()

    assert "DeletedDate" in done.destroyed
    assert re.search(r" 2 imported, \d+ added, \d+ changed, 0 destroyed", done.summary), (
        done.summary
    )
    assert done.changes == []
    assert "DeletedDate" not in done.described
    assert done.described["KmsKeyId"] == done.destroyed["KmsKeyId"]
    assert done.kms_key_state == "Enabled"
    assert done.after == done.before


def test_the_key_in_it_is_its_owners_and_nobody_else_may_read_it(adopted: Adoption) -> None:
    done = adopted.returned()

    assert done.after["UserName"] == OWNER
    assert done.after["AccessKeyId"] in done.keys
    assert done.policy == done.wanted_policy
