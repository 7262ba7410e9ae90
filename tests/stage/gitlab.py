"""GitLab's API for a project's CI/CD variables, as it is documented: a server for tests.

https://docs.gitlab.com/api/project_level_variables/ has the fields and answers, and
https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable what can be masked. What an error says is
from lib/api/ci/variables.rb and its spec.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.serving import served

_NEW = {
    "variable_type": "env_var",
    "protected": False,
    "masked": False,
    "hidden": False,
    "raw": False,
    "environment_scope": "*",
    "description": None,
}
_BOTH = {"value", "description", "environment_scope", "protected", "raw", "variable_type"}
_FIELDS = {
    "POST": {*_BOTH, "key", "masked", "masked_and_hidden"},
    "PUT": {*_BOTH, "masked"},
}
_TYPES = {"env_var", "file"}
_PATH = re.compile(r"/api/v4/projects/([^/]+)/variables(?:/([^/]+))?")

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Request:
    """What was asked; `body` are the fields as they came."""

    method: str
    path: str
    token: str | None
    body: Mapping[str, Any]


@dataclass
class GitLab:
    """One GitLab, with projects by path. `tokens` are the roles of their holders (`maintainer`).

    `broken` is a status that it answers everything with, while it is set; `location` a place that
    it then sends its clients to.
    """

    url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    projects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    broken: int | None = None
    location: str | None = None

    def variable(self, project: str, key: str, scope: str = "*") -> dict[str, Any] | None:
        """The variable with its value, as a job would get it; None if there is none."""
        found = [v for v in self._of(project, key) if v["environment_scope"] == scope]
        return dict(found[0]) if found else None

    def answer(self, request: Request) -> Answer:
        """Status and document."""
        self.requests.append(request)
        if self.broken is not None:
            return self.broken, {"message": f"{self.broken}: {request.body.get('value')}"}
        role = self.tokens.get(request.token or "")
        if role is None:
            return 401, {"message": "401 Unauthorized"}
        url = urlsplit(request.path)
        path = _PATH.fullmatch(url.path)
        if path is None:  # the slash in the path of a project must be encoded
            return 404, {"error": "404 Not Found"}
        project = unquote(path[1])
        if project not in self.projects:
            return 404, {"message": "404 Project Not Found"}
        if role != "maintainer":
            return 403, {"message": "403 Forbidden"}
        unknown = set(request.body) - _FIELDS[request.method]
        assert not unknown, f"GitLab's documentation knows no field {unknown}"
        if request.body.get("variable_type", "file") not in _TYPES:
            return 400, {"error": "variable_type does not have a valid value"}
        if request.method == "POST" and path[2] is None:
            return self._create(project, request.body)
        if request.method == "PUT" and path[2] is not None:
            scope = parse_qs(url.query).get("filter[environment_scope]", [None])[0]
            return self._update(project, unquote(path[2]), scope, request.body)
        return 405, {"error": "405 Not Allowed"}

    def _create(self, project: str, body: Mapping[str, Any]) -> Answer:
        for required in ("key", "value"):
            if required not in body:
                return 400, {"error": f"{required} is missing"}
        if {"masked", "masked_and_hidden"} <= set(body):
            return 400, {"error": "masked, masked_and_hidden are mutually exclusive"}
        hidden = body.get("masked_and_hidden", False)
        given = {key: value for key, value in body.items() if key != "masked_and_hidden"}
        made = {**_NEW, **given, "hidden": hidden}
        made["masked"] = made["masked"] or hidden
        if self.variable(project, made["key"], made["environment_scope"]):
            return 400, {"message": {"key": [f"({made['key']}) has already been taken"]}}
        if error := _invalid(made):
            return error
        self.projects[project].append(made)
        return 201, _shown(made)

    def _update(self, project: str, key: str, scope: str | None, body: Mapping[str, Any]) -> Answer:
        found = [v for v in self._of(project, key) if scope in (None, v["environment_scope"])]
        if not found:
            return 404, {"message": "404 Variable Not Found"}
        if len(found) > 1:
            text = "There are multiple variables with provided parameters."
            return 409, {"message": f"{text} Please use 'filter[environment_scope]'"}
        if found[0]["hidden"] and not body.get("masked", True):
            text = "The visibility setting cannot be changed for masked and hidden variables."
            return 400, {"message": {"base": [text]}}
        changed = {**found[0], **body}
        if error := _invalid(changed):
            return error
        found[0].update(changed)
        return 200, _shown(changed)

    def _of(self, project: str, key: str) -> list[dict[str, Any]]:
        return [variable for variable in self.projects[project] if variable["key"] == key]


def _invalid(variable: Mapping[str, Any]) -> Answer | None:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,255}", variable["key"]):
        return 400, {"message": {"key": ["can contain only letters, digits and '_'."]}}
    maskable = r"\S{8,}" if variable["raw"] else r"[a-zA-Z0-9_+=/@:.~-]{8,}"
    if variable["masked"] and not re.fullmatch(maskable, variable["value"]):
        return 400, {"message": {"value": ["is invalid"]}}
    return None


def _shown(variable: Mapping[str, Any]) -> dict[str, Any]:
    """A hidden value is never shown again."""
    return {**variable, "value": None if variable["hidden"] else variable["value"]}


@contextmanager
def gitlab() -> Iterator[GitLab]:
    """Runs one on this machine, on a free port."""
    running = GitLab()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body: dict[str, Any] = {}
            length = int(self.headers.get("Content-Length", 0))
            if self.headers.get("Content-Type") == "application/json":
                body = json.loads(self.rfile.read(length))
            token = self.headers.get("PRIVATE-TOKEN")
            status, document = running.answer(Request(self.command, self.path, token, body))
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if running.location:
                self.send_header("Location", running.location)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server names them

        def log_message(self, *_arguments: object) -> None:
            pass

    with served(Handler) as running.url:
        yield running
