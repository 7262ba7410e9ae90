"""Takes away everything of one acceptance test, and looks for what is left of it.

All that it lists or deletes begins with the name of the test, which nothing else can have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from .cloud import Cloud

TAG = "acceptance-test"  # with the name, on all that Terraform makes here
_NAME = re.compile(r"akr-accept-[0-9a-f]{8}")


class WrongNameError(Exception):
    """This is not the name of an acceptance test."""


def check_name(name: str) -> str:
    """The name. Raises WrongNameError unless it is one that this test makes."""
    if not _NAME.fullmatch(name):
        raise WrongNameError(
            f"{name!r} is not akr-accept- and 8 hexadecimal digits: nothing is deleted"
        )
    return name


def remove_users(cloud: Cloud, name: str) -> list[str]:
    """Deletes the users under the path of the test, with their keys; their names."""
    iam = cloud.client("iam")
    users = list(_users(cloud, check_name(name)))
    for user in users:
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=user)
    return users


def remove_secrets(cloud: Cloud, name: str) -> list[str]:
    """Deletes the secrets of the test at once, those too that wait for their deletion; their
    names."""
    client = cloud.client("secretsmanager")
    secrets = list(_secrets(cloud, check_name(name)))
    for secret in secrets:
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    return secrets


def leftovers(cloud: Cloud, name: str) -> list[str]:
    """What is there of this name, as "kind name". Not the KMS key: see `kms_key_states`."""
    check_name(name)
    return [
        f"{kind} {found}" for kind, look in _KINDS.items() for found in sorted(look(cloud, name))
    ]


def secrets_by_deletion(cloud: Cloud, name: str) -> dict[str, bool]:
    """The secrets of the test by name, and whether each waits for its deletion."""
    return {found["Name"]: "DeletedDate" in found for found in _listed_secrets(cloud, name)}


def kms_keys_of(cloud: Cloud, name: str) -> set[str]:
    """The ids of the KMS keys of the test: by the alias, which goes with the test; and by the tag,
    since a key whose apply was interrupted has no alias."""
    by_alias = {found["TargetKeyId"] for found in _listed_aliases(cloud, check_name(name))}
    pages = _pages(
        cloud,
        "resourcegroupstaggingapi",
        "get_resources",
        TagFilters=[{"Key": TAG, "Values": [name]}],
        ResourceTypeFilters=["kms:key"],
    )
    tagged = (one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"])
    return by_alias | {arn.rpartition("/")[2] for arn in tagged}


def kms_key_states(cloud: Cloud, key_ids: Iterable[str]) -> tuple[list[str], list[str]]:
    """The keys that wait for their deletion, with its day; and the others, with their state."""
    pending, other = [], []
    for key_id in sorted(key_ids):
        key = cloud.client("kms").describe_key(KeyId=key_id)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            pending.append(f"{key_id} (until {key['DeletionDate']:%Y-%m-%d})")
        else:
            other.append(f"KMS key {key_id} ({key['KeyState']})")
    return pending, other


def _pages(cloud: Cloud, service: str, operation: str, **arguments: Any) -> Iterator[Any]:
    yield from cloud.client(service).get_paginator(operation).paginate(**arguments)


def _users(cloud: Cloud, name: str) -> Iterator[str]:
    for page in _pages(cloud, "iam", "list_users", PathPrefix=f"/{name}/"):
        yield from (user["UserName"] for user in page["Users"])


def _listed_secrets(cloud: Cloud, name: str) -> Iterator[Any]:
    for page in _pages(cloud, "secretsmanager", "list_secrets", IncludePlannedDeletion=True):
        yield from (one for one in page["SecretList"] if one["Name"].startswith(f"{name}/"))


def _secrets(cloud: Cloud, name: str) -> Iterator[str]:
    yield from (secret["Name"] for secret in _listed_secrets(cloud, name))


def _roles(cloud: Cloud, name: str) -> Iterator[str]:
    """With their paths: that of the claim on the tag has the name (claim.tf)."""
    for page in _pages(cloud, "iam", "list_roles"):
        for role in page["Roles"]:
            if role["RoleName"] in (name, f"{name}-reader") or role["Path"].endswith(f"/{name}/"):
                yield role["Arn"].partition(":role/")[2]


def _functions(cloud: Cloud, name: str) -> Iterator[str]:
    for page in _pages(cloud, "lambda", "list_functions"):
        found = (function["FunctionName"] for function in page["Functions"])
        yield from (function for function in found if function.startswith(name))


def _log_groups(cloud: Cloud, name: str) -> Iterator[str]:
    prefix = f"/aws/lambda/{name}"
    for page in _pages(cloud, "logs", "describe_log_groups", logGroupNamePrefix=prefix):
        yield from (group["logGroupName"] for group in page["logGroups"])


def _topics(cloud: Cloud, name: str) -> Iterator[str]:
    for page in _pages(cloud, "sns", "list_topics"):
        found = (topic["TopicArn"].rpartition(":")[2] for topic in page["Topics"])
        yield from (topic for topic in found if topic.startswith(name))


def _queues(cloud: Cloud, name: str) -> Iterator[str]:
    for page in _pages(cloud, "sqs", "list_queues", QueueNamePrefix=name):
        yield from (url.rpartition("/")[2] for url in page.get("QueueUrls", ()))


def _rules(cloud: Cloud, name: str) -> Iterator[str]:
    found = cloud.client("events").list_rules(NamePrefix=name)["Rules"]
    yield from (rule["Name"] for rule in found)


def _buses(cloud: Cloud, name: str) -> Iterator[str]:
    found = cloud.client("events").list_event_buses(NamePrefix=name)["EventBuses"]
    yield from (bus["Name"] for bus in found)


def _parameters(cloud: Cloud, name: str) -> Iterator[str]:
    path = f"/{name}"
    for page in _pages(cloud, "ssm", "get_parameters_by_path", Path=path, Recursive=True):
        yield from (parameter["Name"] for parameter in page["Parameters"])


def _alarms(cloud: Cloud, name: str) -> Iterator[str]:
    for page in _pages(cloud, "cloudwatch", "describe_alarms", AlarmNamePrefix=name):
        for kind in ("MetricAlarms", "CompositeAlarms"):
            yield from (alarm["AlarmName"] for alarm in page.get(kind, ()))


def _dashboards(cloud: Cloud, name: str) -> Iterator[str]:
    for page in _pages(cloud, "cloudwatch", "list_dashboards", DashboardNamePrefix=name):
        yield from (found["DashboardName"] for found in page.get("DashboardEntries", ()))


def _listed_aliases(cloud: Cloud, name: str) -> Iterator[Any]:
    for page in _pages(cloud, "kms", "list_aliases"):
        yield from (one for one in page["Aliases"] if one["AliasName"] == f"alias/{name}")


def _aliases(cloud: Cloud, name: str) -> Iterator[str]:
    yield from (alias["AliasName"] for alias in _listed_aliases(cloud, name))


_KINDS: dict[str, Callable[[Cloud, str], Iterator[str]]] = {
    "user": _users,
    "secret": _secrets,
    "role": _roles,
    "function": _functions,
    "log group": _log_groups,
    "topic": _topics,
    "queue": _queues,
    "rule": _rules,
    "bus": _buses,
    "parameter": _parameters,
    "alarm": _alarms,
    "dashboard": _dashboards,
    "alias": _aliases,
}
