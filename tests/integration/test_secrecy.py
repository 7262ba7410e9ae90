"""After all else: every secret access key that there ever was is searched for in all that is left.

It may be in its user's secret, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.stage.account import list_secrets
from tests.stage.runs import log_lines
from tests.stage.terraform import Terraform

from .stage import Stage

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
Places = dict[str, str]


@pytest.fixture(scope="module")
def places(stage: Stage, complete: Any, terraform_of: Callable[[Any], Terraform]) -> Places:
    """All that was said, written down, and answered, by place."""
    account, terraform = stage.account, terraform_of(complete)
    return {
        "the function's log": "\n".join(log_lines(account, stage.function)),
        "the mails": json.dumps(account.backdoor.mails()),
        "the messages that programs got": "\n".join(stage.queue.bodies),
        "the answers of the function": repr([stage.first_report, *stage.answers]),
        "the dead letters": json.dumps(list(_dead_letters(stage)), default=str),
        "the metrics": json.dumps(
            list(account.metrics.get_paginator("list_metrics").paginate()), default=str
        ),
        "the secrets' names, descriptions and tags": json.dumps(
            [
                account.secrets.describe_secret(SecretId=name)
                for name in list_secrets(account, stage.outputs["secret_name_prefix"])
            ],
            default=str,
        ),
        "the settings": json.dumps(
            list(
                account.ssm.get_paginator("get_parameters_by_path").paginate(
                    Path=stage.outputs["config_path"]
                )
            ),
            default=str,
        ),
        "the users and their tags": json.dumps(
            list(account.iam.get_paginator("get_account_authorization_details").paginate()),
            default=str,
        ),
        "the function's configuration": json.dumps(
            account.functions.get_function(FunctionName=stage.function), default=str
        ),
        "the Terraform state": terraform.state.read_text(),
        "the Terraform outputs": json.dumps(terraform.outputs()),
        "a Terraform plan": terraform.plan(dry_run="true"),
        "the recorded test state": "\n".join(
            file.read_text() for file in EXAMPLES.glob("*/tf_resources.json")
        ),
    }


def test_no_secret_access_key_is_anywhere_but_in_its_secret(stage: Stage, places: Places) -> None:
    stage.note_keys()
    held = {key.id: key.secret for keys in stage.held.values() for key in keys}
    ever: Mapping[str, str] = stage.keys_ever | held

    assert set(stage.account.backdoor.secret_access_keys()) <= set(ever)
    assert len(ever) > len(held)  # the function made some
    found = [
        f"the secret of {key_id} is in {place}"
        for place, text in places.items()
        for key_id, secret in ever.items()
        if secret in text
    ]
    assert found == []


def test_the_search_finds_what_is_there(stage: Stage, places: Places) -> None:
    """Each place has what belongs there, so that it was looked at."""
    new = stage.secret("it-alice")

    assert new["SecretAccessKey"] in stage.account.backdoor.secret_access_keys().values()
    for place in ("the function's log", "the mails", "the answers of the function"):
        assert new["AccessKeyId"] in places[place], place
    assert [place for place, text in places.items() if len(text) < 3] == []
    assert "announced" in places["the secrets' names, descriptions and tags"]


def _dead_letters(stage: Stage) -> Iterator[Any]:
    account = stage.account
    name = stage.outputs["dead_letter_queue_arn"].rpartition(":")[2]
    url = account.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    yield account.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
    )
