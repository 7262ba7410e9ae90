"""After all else: every secret access key that there ever was is searched for in all that is left.

It may be in its user's secret, and nowhere else.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from key_rotation_cli.exits import Exit
from key_rotation_cli.main import main
from tests.stage.account import list_secrets
from tests.stage.example import EXAMPLES
from tests.stage.runs import log_lines
from tests.stage.terraform import Terraform

from .conftest import VARIABLES
from .stage import Stage

Places = dict[str, str]


@pytest.fixture(scope="module")
def places(
    stage: Stage,
    complete: Any,
    terraform_of: Callable[[Any], Terraform],
    tmp_path_factory: pytest.TempPathFactory,
) -> Places:
    """All that was said, recorded, and answered, by place."""
    page = tmp_path_factory.mktemp("report") / "report.html"
    account, terraform = stage.account, terraform_of(complete)
    return {
        "the function's log": "\n".join(log_lines(account, stage.function)),
        "the mails": json.dumps(account.backdoor.mails()),
        "the messages that programs got": stage.queue.queue.all_bodies(),
        "the events": stage.events.queue.all_bodies(),
        "the cards": json.dumps(stage.channel.cards()),
        "what the command line prints": _printed("status", "--json") + _printed("plan", "--json"),
        "the report": _printed("report", "--html", str(page)) + page.read_text(),
        "the answers of the function": repr([stage.first_report, *stage.answers]),
        "the dead letters": stage.dead_letters.all_bodies(),
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
    for place in (
        "the function's log",
        "the mails",
        "the cards",
        "the answers of the function",
        "what the command line prints",
        "the report",
    ):
        assert new["AccessKeyId"] in places[place], place
    assert [place for place, text in places.items() if len(text) < 3] == []
    assert "announced" in places["the secrets' names, descriptions and tags"]


def _printed(*arguments: str) -> str:
    """What a command of the command line prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main([*arguments, "--name", VARIABLES["name"]]) == Exit.OK
    return printed.getvalue()
