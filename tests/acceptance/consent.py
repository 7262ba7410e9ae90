"""What the test makes and costs, said before it begins, and the consent to that."""

from __future__ import annotations

from collections.abc import Mapping

from .cloud import Cloud

_MAKES = """\
It makes, all under this name: one installation of the module (function, role, KMS key, topic, \
queue, alarms, dashboard, parameters, log, a schedule that is off), two IAM users with an access \
key each, their secrets, a role that reads them, an EventBridge bus and two queues. It removes all \
of them at the end, also after a failure or Ctrl-C. The KMS key waits 30 days for its deletion, \
without cost. What the function measured stays in CloudWatch for 15 months.
It touches nothing else, whatever the account has. The installation has a tag, a user path, a \
secret prefix, a bus and a topic of its own, and IAM denies its function all other users and \
secrets. It reads names, tags and credential report of all users, as every installation does."""
_COSTS = """\
It costs some cents: a month of the KMS key is $1, of a secret $0.40, of an alarm $0.10, of the \
dashboard $3 and of each metric $0.30, and all of them are there for less than an hour."""


class ConsentError(Exception):
    """Nobody has agreed to this, or nobody can: the text says what to do."""


def plan_of(cloud: Cloud, name: str, removes: bool) -> str:
    """Where it works, as whom, and what it does there."""
    where = f"LocalStack at {cloud.endpoint_url}" if cloud.emulator else "AWS"
    head = f"{name}: account {cloud.account_id}, {cloud.region}, on {where}"
    head += f", as {cloud.identity['Arn']}"
    if removes:
        return f"{head}\nIt removes what is there of this name."
    return f"{head}\n{_MAKES}\n{'Here it costs nothing.' if cloud.emulator else _COSTS}"


def check_consent(environ: Mapping[str, str], emulated: bool) -> None:
    """Raises ConsentError unless somebody agreed to the cost. An emulator costs nothing."""
    if not emulated and environ.get("ACCEPT_COST") != "yes":
        raise ConsentError(
            "nothing is made. To agree to this account and these costs, set ACCEPT_COST=yes; to "
            "try it without an account, set ACCEPT_ON=localstack"
        )
