"""Nothing is missing in what the policies are held against.

Each place in the function's source that calls AWS has a call on record, and each action of the role
is that of a recorded call, or of what AWS does in the role's name.
"""

from __future__ import annotations

from tests.policies.bare import not_made
from tests.policies.behalf import by_lambda_itself
from tests.policies.question import Document
from tests.policies.recording import Recording
from tests.policies.required import NETWORK, required
from tests.policies.sites import Site, sites

# Signed with the user's own new key, to see that it works: the role has no part in it.
WITH_THE_NEW_KEY = {Site("keys.py", "IamKeys.works", "get_caller_identity")}

Rendered = dict[str, dict[str, Document]]


def test_each_place_that_calls_aws_is_on_record(recording: Recording) -> None:
    assert sites() - recording.sites == WITH_THE_NEW_KEY


def test_each_place_on_record_is_known(recording: Recording) -> None:
    """A way to call AWS that the search of the source does not know would be missed by it."""
    known = {site.operation for site in sites()}
    assert {site.operation for site in recording.sites} == known - {"get_caller_identity"}


def test_the_role_has_the_actions_of_the_calls_and_no_others(
    recording: Recording, rendered: Rendered
) -> None:
    on_its_behalf = {question.action for question in (*by_lambda_itself(), *required())}
    made = {question.action for question in recording.calls}
    role = _allowed(rendered["aws"]["role"])
    assert made <= role
    assert role - made <= on_its_behalf
    assert _allowed(rendered["vpc"]["role"]) - role == {action for action, _ in NETWORK}


def test_what_is_left_out_needs_fewer_actions(recording: Recording, rendered: Rendered) -> None:
    left_out = {question.action for question in not_made(recording.calls, recording.bare)}
    missing = _allowed(rendered["aws"]["role"]) - _allowed(rendered["bare"]["role"])
    assert missing == {
        "iam:GetAccountAuthorizationDetails",
        "iam:GetRole",
        "iam:GetUser",
        "secretsmanager:DeleteSecret",
    }
    # Of these two, other resources: the options of users, and the account's own bus.
    assert left_out - missing == {"events:PutEvents", "ssm:GetParametersByPath"}


def _allowed(role: Document) -> set[str]:
    return {
        action
        for statement in role["Statement"]
        if statement["Effect"] == "Allow"
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
