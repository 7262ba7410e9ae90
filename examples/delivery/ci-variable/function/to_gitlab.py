"""Copies a user's access key from its secret into two CI/CD variables of a GitLab project.

The one of the type `file` holds a credentials file: a single write replaces id and secret, so no
job can get the id of one key and the secret of another. GitLab masks no value of several lines. So
the other variable holds the secret access key alone, masked and hidden: what a masked variable
holds does not show in job logs.

GitLab's API: https://docs.gitlab.com/api/project_level_variables/
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import boto3

from rotated_key import RotatedKey, current_key, sts_for

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

LOG = logging.getLogger(__name__)

_REDIRECT = "give the address of GitLab itself: the token follows no redirect"
_HINTS = {
    301: _REDIRECT,
    302: _REDIRECT,
    400: "GitLab finds a field wrong, such as the environment scope",
    401: "the token is wrong, expired or revoked: put a new one into its secret",
    403: "the token needs the scope api, and its role must be Maintainer",
    404: "there is no such project, or the token does not reach it",
}


class GitLabError(Exception):
    """GitLab did not take a variable. The text holds neither the token nor the key."""


def handler(_event: object, _context: object) -> None:
    """Copies what the secret holds now, whoever asks for it.

    An event is a hint: it may come twice, or late, or be forged. So nothing in it is used.
    An error goes to Lambda, which tries twice more and then keeps the event as a dead letter.
    """
    env = os.environ
    secrets = boto3.client("secretsmanager")
    user = env["USER_NAME"]
    key = current_key(secrets, sts_for, env["SECRET_ARN"], user)
    if key is None:
        LOG.info("the key of %s was not rotated yet: nothing is written", user)
        return
    token = read_token(secrets, env["TOKEN_SECRET_ARN"])
    project = Project(env["GITLAB_URL"], env["GITLAB_PROJECT"], token)
    write(project, env["VARIABLE"], env["ENVIRONMENT_SCOPE"], env["PROTECTED"] == "true", key)
    LOG.info("%s of %s now holds %s, the key of %s", env["VARIABLE"], project.id, key.id, user)


def read_token(secrets: SecretsManagerClient, secret_arn: str) -> str:
    """The token that GitLab asks for. Raises GitLabError if the secret holds something else."""
    token = secrets.get_secret_value(SecretId=secret_arn).get("SecretString", "").strip()
    if not re.fullmatch(r"[!-~]+", token):  # http.client would quote it in its error
        raise GitLabError(f"{secret_arn} must hold the token of GitLab and nothing else")
    return token


@dataclass(frozen=True)
class Project:
    """A project, by its number or path, of the GitLab at a URL."""

    url: str
    id: str
    token: str = field(repr=False)
    seconds: float = 10  # to wait for an answer

    def put(
        self, key: str, scope: str, fields: Mapping[str, object], new: Mapping[str, object]
    ) -> None:
        """Sets a variable of an environment scope. `new` are fields for its creation only.

        Raises GitLabError if GitLab refuses, OSError if it cannot be reached or is silent too long,
        and HTTPException if it does not speak HTTP.
        """
        fields = {**fields, "environment_scope": scope}
        scoped = urlencode({"filter[environment_scope]": scope})
        status = self._send("PUT", f"/{quote(key, safe='')}?{scoped}", fields)
        if status == 404:  # no such variable; or no such project, as the next answer will tell
            status = self._send("POST", "", {"key": key, **fields, **new})
        if status not in (200, 201):
            raise GitLabError(
                f"GitLab answers {status} for the variable {key} of the project {self.id}: "
                + _HINTS.get(status, "see the log of GitLab")
            )

    def _send(self, method: str, path: str, fields: Mapping[str, object]) -> int:
        """The status. A redirect is not followed: the token is for this host alone."""
        url = urlsplit(self.url)
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = connect(url.netloc, timeout=self.seconds)
        variables = f"{url.path.rstrip('/')}/api/v4/projects/{quote(self.id, safe='')}/variables"
        headers = {
            "Content-Type": "application/json",
            "PRIVATE-TOKEN": self.token,
            "User-Agent": "access-key-delivery",
        }
        try:
            connection.request(method, f"{variables}{path}", json.dumps(fields), headers)
            return connection.getresponse().status
        finally:
            connection.close()


def write(project: Project, variable: str, scope: str, protected: bool, key: RotatedKey) -> None:
    """The mask first: a job that starts between the two has the old key, whole."""
    common = {"variable_type": "file", "protected": protected, "raw": True}
    mask = {**common, "value": key.secret, "description": f"Masks the secret of {variable}."}
    project.put(f"{variable}_MASK", scope, mask, {"masked_and_hidden": True})
    about = "Credentials file with the current access key. Written after each rotation."
    file = {**common, "value": key.credentials_file(), "description": about}
    project.put(variable, scope, file, {})
