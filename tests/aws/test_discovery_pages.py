"""Discovery with AWS's page sizes, and what it costs: its calls follow the keys that are due."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.population import Population
from key_rotation.ports import DiscoveryError
from tests.aws.emulated import Wire
from tests.aws.test_discovery import GAAD


def test_all_pages_are_read() -> None:
    wire = Wire(Population(2_500, due=3), {})

    response = wire.run()

    assert (response["scanned"], response["counts"]["rotate"]) == (2_500, 3)
    assert wire.calls[f"iam:{GAAD}"] == 3


@pytest.mark.parametrize(
    ("refuse", "operation"),
    [
        pytest.param({GAAD: 3}, GAAD, id="in bulk"),
        pytest.param({GAAD: -1, "ListUsers": 3}, "ListUsers", id="one by one"),
    ],
)
def test_when_the_last_page_fails_nothing_is_done_and_it_says_so(
    refuse: dict[str, int], operation: str
) -> None:
    """Nobody is taken for unmanaged, and nobody of the first pages is rotated by guess."""
    wire = Wire(Population(2_500, due=2_500), refuse)

    with pytest.raises(DiscoveryError) as failed:
        wire.run()

    assert str(failed.value) == (
        f"{operation} failed after 2 page(s) with 2000 user(s) (ServiceFailure): nobody knows "
        "which of the others are managed, so nothing was changed"
    )
    assert wire.changed() == set()


def test_discovery_does_not_grow_with_the_managed_users() -> None:
    few, many = Wire(Population(100, due=0), {}), Wire(Population(1_000, due=0), {})
    unmanaged = Wire(Population(1_000, due=0, managed=False), {})
    for wire, secrets in ((few, 100), (many, 1_000), (unmanaged, 0)):
        wire.run()
        # Once a week, which is today, the secrets are listed twice, a hundred a call, and each
        # one's policy is read.
        assert wire.calls.pop("secretsmanager:ListSecrets") <= 20
        assert wire.calls.pop("secretsmanager:GetResourcePolicy", 0) == secrets

    assert few.calls == many.calls
    assert few.calls.total() <= 10
    # Who is not managed has keys, so there is a digest.
    digest = Counter(["sns:ListSubscriptionsByTopic", "sns:Publish"])
    digest["sns:GetSubscriptionAttributes"] = 2
    assert unmanaged.calls - digest == few.calls


def test_a_due_key_takes_thirteen_calls_of_which_six_change_something() -> None:
    none, some = Wire(Population(50, due=0), {}), Wire(Population(50, due=10), {})
    none.run()
    some.run()

    once = {"sns:ListSubscriptionsByTopic": 1, "sns:GetSubscriptionAttributes": 2, "sns:Publish": 1}
    once["events:PutEvents"] = 2  # ten transitions a call
    per_key = some.calls - none.calls - Counter(once)
    assert per_key.total() == 13 * 10
    assert sum(per_key[name] for name in some.changed()) == 6 * 10
