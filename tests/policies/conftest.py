"""One recording, one rendering and one simulation for all tests of this folder."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.policies.denied import denied
from tests.policies.examination import Findings, Installation, examine
from tests.policies.partitions import AWS, CHINA, GOVCLOUD, Partition
from tests.policies.question import ADMINISTRATOR, DEFAULT_KEY_POLICY, Document, Question
from tests.policies.recording import recorded
from tests.policies.rendering import render
from tests.policies.required import administration_of_the_key, in_a_vpc, not_in_a_vpc, required

Recording = tuple[list[Question], dict[str, Document]]
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
    calls, secret_policies = recording
    secret = secret_policies["due, with readers"]

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
        forbidden = denied()
        if run == "vpc":
            allowed += in_a_vpc()
            forbidden += not_in_a_vpc()
        return Installation(
            own | others,
            tuple(own),
            [there for question in allowed for there in partition.question(question)],
            [there for question in forbidden for there in partition.question(question)],
        )

    aws = installation("aws")
    too_much = copy.deepcopy(aws.documents["role"])
    too_much["Statement"].append(
        {"Sid": "TooMuch", "Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    )
    return examine(
        {
            "aws": aws,
            "vpc": installation("vpc"),
            "china": installation("china", CHINA),
            "govcloud": installation("govcloud", GOVCLOUD),
            "iam:*": Installation(
                {**aws.documents, "role": too_much}, ["role"], aws.allowed, aws.denied
            ),
        }
    )
