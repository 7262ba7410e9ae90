"""Records the calls that the handler makes on the wire, as the requests that IAM has to answer.

Nothing here knows which calls those are: of a call that is new, service and operation are its
action, its parameters tell its resource, and AWS's own data (in the simulator) says whether the two
fit. A parameter that names a resource in a way not known yet ends in an error that names the call.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.config import Config
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

from key_rotation.handler import Clients
from tests.aws.account import SESSION, sts_for
from tests.policies.behalf import on_its_behalf
from tests.policies.names import ACCOUNT_ID, ALICE_ID, FUNCTION_ARN, REGION, of_the_function
from tests.policies.question import Document, Question
from tests.policies.sites import Site, site_of

Resource = tuple[str, dict[str, str]]  # its ARN and its tags


@dataclass
class Recorder:
    """Clients for the handler whose calls are put on record.

    `scenario` says what goes on. `secret_policies` are the policies that the handler last wrote,
    by scenario; `sites`, where in the source the calls came from; `problems`, calls that could not
    be put on record.
    """

    scenario: str = ""
    questions: list[Question] = field(default_factory=list)
    secret_policies: dict[str, Document] = field(default_factory=dict)
    sites: set[Site] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    _clients: dict[tuple[str, int], Any] = field(default_factory=dict)

    @property
    def clients(self) -> Clients:
        """STS is called with the user's own new key: that call is not the role's."""
        return Clients(self._client, lambda: self._client("iam", attempts=1), sts_for)

    def _client(self, service: str, attempts: int = 2) -> Any:
        if (service, attempts) not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
            client = SESSION.client(service, config=config)  # type: ignore[call-overload]
            client.meta.events.register("before-parameter-build", self._on_call)
            self._clients[service, attempts] = client
        return self._clients[service, attempts]

    def _on_call(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        service = _iam_prefix(model.service_model)
        self._note_sites(xform_name(model.name))
        try:
            self._note(service, model.name, params)
        except Exception as error:
            # The handler isolates what fails for one user: this must not be taken for that.
            self.problems.append(f"{service}:{model.name}: {error!r}")
            raise

    def _note_sites(self, operation: str) -> None:
        frame = sys._getframe(1)
        while frame is not None:
            site = site_of(frame.f_code, operation)
            if site is not None:
                self.sites.add(site)
            frame = frame.f_back  # type: ignore[assignment]

    def _note(self, service: str, operation: str, params: Mapping[str, Any]) -> None:
        arn, tags = resource_of(service, operation, params)
        context = {f"aws:ResourceTag/{key}": tags[key] for key in tags}
        question = of_the_function(
            f"{service}:{operation}",
            arn,
            context | _of_the_request(service, params),
            why=self.scenario,
        )
        self.questions.append(question)
        self.questions += on_its_behalf(question, params)
        if operation == "PutResourcePolicy":
            self.secret_policies[self.scenario] = json.loads(_with_ids(params["ResourcePolicy"]))


def _with_ids(policy: str) -> str:
    """moto makes a unique id up; here alice's is always the same."""
    alice = iam_backends[ACCOUNT_ID]["aws"].users.get("alice")
    return policy.replace(alice.id, ALICE_ID) if alice is not None else policy


def resource_of(service: str, operation: str, params: Mapping[str, Any]) -> Resource:
    """The resource that the call names; `*` if it names none."""
    for parameter, find in _RESOURCES.get(service, {}).items():
        if parameter in params:
            return find(params[parameter])
    if operation in ("CreateSecret",):
        return _secret(params["Name"])
    return "*", {}


def _user(name: str) -> Resource:
    user = iam_backends[ACCOUNT_ID]["aws"].users.get(name)
    if user is None:
        return f"arn:aws:iam::{ACCOUNT_ID}:user/{name}", {}
    return user.arn, {tag["Key"]: tag["Value"] for tag in user.tags or []}


def _owner(access_key_id: str) -> Resource:
    for user in iam_backends[ACCOUNT_ID]["aws"].users.values():
        if any(key.access_key_id == access_key_id for key in user.access_keys):
            return _user(user.name)
    raise LookupError(f"nobody has the key {access_key_id}")


def _role(name: str) -> Resource:
    for role in iam_backends[ACCOUNT_ID]["aws"].roles.values():
        if role.name == name:
            return role.arn, {}
    return f"arn:aws:iam::{ACCOUNT_ID}:role/{name}", {}


def _secret(secret_id: str) -> Resource:
    """Random characters end an ARN; here they are always the same, as the tests' accounts are."""
    for secret in secretsmanager_backends[ACCOUNT_ID][REGION].secrets.values():
        if secret_id in (secret.name, secret.arn):
            tags = {tag["Key"]: tag["Value"] for tag in secret.tags or []}
            return re.sub(r"-\w{6}$", "-AbCdEf", secret.arn), tags
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:{secret_id}-AbCdEf", {}


def _subscription(arn: str) -> Resource:
    """SNS asks for the topic of a subscription, whose ARN is the subscription's without its end."""
    return arn.rsplit(":", 1)[0], {}


def _as_named(arn: str) -> Resource:
    return arn, {}


def _parameter(path: str) -> Resource:
    return f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter{path}", {}


# By service and parameter: what it names. The first that a call has counts.
_RESOURCES: dict[str, dict[str, Callable[[Any], Resource]]] = {
    "iam": {"UserName": _user, "AccessKeyId": _owner, "RoleName": _role},
    "secretsmanager": {"SecretId": _secret},
    "sns": {"TopicArn": _as_named, "SubscriptionArn": _subscription},
    "ssm": {"Path": _parameter, "Name": _parameter},
    "sqs": {"QueueUrl": lambda url: _as_named(_queue_arn(url.rsplit("/", 1)[1]))},
    "kms": {"KeyId": _as_named},
    "events": {"Entries": lambda entries: _as_named(entries[0]["EventBusName"])},
    "lambda": {"FunctionName": lambda _name: _as_named(FUNCTION_ARN)},
}


def _queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"


def _of_the_request(service: str, params: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """The context that the request itself brings."""
    context: dict[str, str | tuple[str, ...]] = {}
    for tag in params.get("Tags", []):
        context[f"aws:RequestTag/{tag['Key']}"] = tag["Value"]
    keys = [tag["Key"] for tag in params.get("Tags", [])] + list(params.get("TagKeys", []))
    if keys:
        context["aws:TagKeys"] = tuple(keys)
    if "Namespace" in params:
        context[f"{service}:namespace"] = params["Namespace"]
    if "Entries" in params:
        context[f"{service}:source"] = tuple(entry["Source"] for entry in params["Entries"])
    if "RecoveryWindowInDays" in params:
        context[f"{service}:RecoveryWindowInDays"] = str(params["RecoveryWindowInDays"])
    if "BlockPublicPolicy" in params:
        context[f"{service}:BlockPublicPolicy"] = str(params["BlockPublicPolicy"]).lower()
    return context


def _iam_prefix(model: Any) -> str:
    """IAM's name of the service: that of its signatures, but for CloudWatch."""
    name: str = model.signing_name
    return {"monitoring": "cloudwatch"}.get(name, name)
