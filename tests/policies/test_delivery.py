"""The roles of examples/delivery have what they need and no more, and each piece is needed."""

from __future__ import annotations

import pytest

from tests.policies.conftest import Rendered
from tests.policies.delivering import ROLES, allowed, forbidden
from tests.policies.examination import Findings, Installation, examine
from tests.policies.question import DEFAULT_KEY_POLICY


@pytest.fixture(scope="module")
def delivering(rendered: Rendered) -> dict[str, Findings]:
    """By recipe."""
    return examine(
        {
            recipe: Installation(
                {**rendered[recipe.replace("-", "_")], "default key": DEFAULT_KEY_POLICY},
                [policy for role in roles for policy in (role.policy, role.trust)],
                [question for role in roles for question in allowed(role)],
                [question for role in roles for question in forbidden(role)],
            )
            for recipe, roles in ROLES.items()
        }
    )


@pytest.mark.parametrize("recipe", ROLES)
def test_each_role_may_do_what_it_needs(delivering: dict[str, Findings], recipe: str) -> None:
    assert delivering[recipe].refused == []


@pytest.mark.parametrize("recipe", ROLES)
def test_no_role_may_do_more(delivering: dict[str, Findings], recipe: str) -> None:
    assert delivering[recipe].granted == []


# modules/consumer gives both; test_fetching.py shows what for.
OF_THE_CONSUMER = {
    f"{recipe} deliver, DecryptTheSecret: StringEquals kms:ViaService"
    for recipe in ("parameter", "ci-variable")
}


@pytest.mark.parametrize("recipe", ROLES)
def test_no_piece_is_unneeded(delivering: dict[str, Findings], recipe: str) -> None:
    assert len(delivering[recipe].noticed_by) > 8
    assert set(delivering[recipe].unneeded) - OF_THE_CONSUMER == set()


@pytest.mark.parametrize("recipe", ROLES)
def test_aws_sends_the_context_that_they_ask_for(
    delivering: dict[str, Findings], recipe: str
) -> None:
    assert delivering[recipe].ignored == {}
