"""One recording, one rendering and one simulation for all tests of this folder."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.policies import bare, central
from tests.policies.denied import denied, elsewhere, out_of_reach
from tests.policies.examination import Findings, Installation, examine
from tests.policies.fetching import (
    CONSUMER,
    consumed,
    fetched_by_the_owner,
    not_consumed,
    not_fetched_by_the_owner,
    secrets,
)
from tests.policies.guardrails import (
    BOUNDARY,
    SERVICE_CONTROL,
    SESSION_READS,
    SESSION_SECRET,
    beyond_the_boundary,
    guarded,
    refused,
    still_possible,
)
from tests.policies.partitions import AWS, CHINA, GOVCLOUD, UNDER_A_PATH, Partition
from tests.policies.question import (
    ADMINISTRATOR,
    DEFAULT_KEY_POLICY,
    Document,
    Question,
    condition_keys,
    distinct,
)
from tests.policies.recording import Recording, recorded
from tests.policies.rendering import render
from tests.policies.required import administration_of_the_key, in_a_vpc, not_in_a_vpc, required

Rendered = dict[str, dict[str, Document]]


@pytest.fixture(scope="session")
def _inputs() -> tuple[Recording, Rendered]:
    """Terraform renders while the handler is recorded."""
    with ThreadPoolExecutor(1) as beside:
        rendering = beside.submit(render)
        return recorded(), rendering.result()


@pytest.fixture(scope="session")
def recording(_inputs: tuple[Recording, Rendered]) -> Recording:
    return _inputs[0]


@pytest.fixture(scope="session")
def rendered(_inputs: tuple[Recording, Rendered]) -> Rendered:
    return _inputs[1]


@pytest.fixture(scope="session")
def findings(recording: Recording, rendered: Rendered) -> dict[str, Findings]:
    """By installation; `iam:*` is one whose role has a statement too many."""
    secret = recording.secret_policies["due, with readers"]
    # Early, since there are thousands: of most, nothing differs that any policy asks for.
    asked = condition_keys(
        secret, *(each for of_a_run in rendered.values() for each in of_a_run.values())
    )

    def once(questions: list[Question]) -> list[Question]:
        return distinct([question.with_context_of(asked) for question in questions])

    calls = once(recording.calls)

    def installation(run: str, partition: Partition = AWS) -> Installation:
        own_key = f"{run}_key" in rendered
        own = rendered[run] | {"secret": partition.document(secret)}
        if own_key:
            own["key"] = rendered[f"{run}_key"]["key"]
        others = {
            "administrator": ADMINISTRATOR,
            "default key": partition.document(DEFAULT_KEY_POLICY),
        }
        allowed = [*calls, *required(), *(administration_of_the_key() if own_key else ())]
        forbidden = [*denied(), *elsewhere(calls)]
        if run == "vpc":
            allowed += in_a_vpc()
            forbidden += not_in_a_vpc()
        return Installation(
            own | others,
            tuple(own),
            [there for question in allowed for there in partition.question(question)],
            [
                *(there for question in forbidden for there in partition.question(question)),
                *(out_of_reach() if partition is UNDER_A_PATH else ()),
            ],
        )

    def guardrails(run: str, of: str, partition: Partition = AWS) -> Installation:
        """The guardrails of that run around an installation: they alone are to be proven."""
        around = installation(of, partition)
        beyond = beyond_the_boundary(vpc=of == "vpc")

        def there(questions: list[Question]) -> list[Question]:
            return [each for question in questions for each in partition.question(question)]

        return Installation(
            {
                **around.documents,
                **rendered[run],
                SESSION_SECRET: partition.document(SESSION_READS),
            },
            (SERVICE_CONTROL, BOUNDARY),
            guarded([*around.allowed, *there(still_possible())]),
            guarded([*there(refused()), *there(beyond)]),
        )

    def fetching(run: str, of: str, partition: Partition = AWS) -> Installation:
        """The consumer of one user's key beside an installation: its policies are to be proven."""
        others = {name: partition.document(each) for name, each in secrets(secret).items()}
        return Installation(
            {**installation(of, partition).documents, **others, **rendered[run]},
            CONSUMER,
            [there for question in consumed() for there in partition.question(question)],
            [there for question in not_consumed() for there in partition.question(question)],
        )

    def nothing_refuses(guarded: Installation) -> Installation:
        """The same without guardrails: everything that they refuse is possible."""
        free = [
            replace(question, service_control=None, boundary=None) for question in guarded.denied
        ]
        return Installation(guarded.documents, (), free, ())

    aws = installation("aws")
    guarded_aws = guardrails("guardrails", "aws")
    too_much = copy.deepcopy(aws.documents["role"])
    too_much["Statement"].append(
        {"Sid": "TooMuch", "Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    )
    return examine(
        {
            "aws": aws,
            "vpc": installation("vpc", UNDER_A_PATH),
            "china": installation("china", CHINA),
            "govcloud": installation("govcloud", GOVCLOUD),
            "guardrails": guarded_aws,
            "guardrails, in a VPC, with a key of one's own": guardrails(
                "guardrails_vpc", "vpc", UNDER_A_PATH
            ),
            "guardrails, china": guardrails("guardrails_china", "china", CHINA),
            "no guardrails": nothing_refuses(guarded_aws),
            "bare": bare.installation(calls, once(recording.bare), rendered["bare"], secret),
            "central": central.installation(rendered["central"]),
            "consumer": fetching("consumer", "aws"),
            "consumer, china": fetching("consumer_china", "china", CHINA),
            "consumer, govcloud": fetching("consumer_govcloud", "govcloud", GOVCLOUD),
            "key-fetch": Installation(
                {**aws.documents, **secrets(secret)},
                (),
                fetched_by_the_owner(),
                not_fetched_by_the_owner(),
            ),
            "iam:*": Installation(
                {**aws.documents, "role": too_much}, ["role"], aws.allowed, aws.denied
            ),
        }
    )
