"""Everything that can be taken away from a policy, piece by piece."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.policies.question import Document


@dataclass(frozen=True)
class Mutation:
    """A policy without one piece. `actions` and `resources` are those of the statement it was taken
    from: no other request can be answered differently."""

    name: str
    document: Document
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def concerns(self, action: str, resource: str) -> bool:
        return any(
            fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions
        ) and any(fnmatchcase(resource, pattern) for pattern in self.resources)


def mutations(document: Document) -> Iterator[Mutation]:
    """Each statement, action, condition, and value of several, removed in turn."""
    for index, statement in enumerate(document["Statement"]):
        # A statement with NotAction may answer any request.
        actions = tuple(_listed(statement.get("Action", "*")))
        # The policy of a role says nothing of a resource, since that is the role.
        resources = tuple(_listed(statement.get("Resource", "*")))
        sid = statement["Sid"]

        def without(
            what: str,
            remove: Any,
            index: int = index,
            sid: str = sid,
            actions: tuple[str, ...] = actions,
            resources: tuple[str, ...] = resources,
        ) -> Mutation:
            mutant = copy.deepcopy(document)
            remove(mutant["Statement"][index])
            return Mutation(f"{sid}: {what}", mutant, actions, resources)

        rest = [s for number, s in enumerate(document["Statement"]) if number != index]
        yield Mutation(f"{sid}: the statement", {**document, "Statement": rest}, actions, resources)
        for part in ("Action", "NotAction"):
            for value in _several(statement.get(part, [])):
                yield without(f"{part} {value}", _remover((part,), value), actions=(value,))
        for value in _several(statement.get("Resource", [])):
            yield without(f"Resource {value}", _remover(("Resource",), value), resources=(value,))
        if "Principal" not in statement and statement["Resource"] != "*":
            yield without("Resource, widened to all", _widen, resources=("*",))
        for kind, principals in _mapping(statement.get("Principal")).items():
            for value in _several(principals):
                yield without(f"Principal {value}", _remover(("Principal", kind), value))
        for operator, operands in statement.get("Condition", {}).items():
            for key, values in operands.items():

                def remove(mutant: Any, operator: str = operator, key: str = key) -> None:
                    del mutant["Condition"][operator][key]
                    if not mutant["Condition"][operator]:
                        del mutant["Condition"][operator]

                yield without(f"{operator} {key}", remove)
                for value in _several(values):
                    yield without(
                        f"{operator} {key} = {value}",
                        _remover(("Condition", operator, key), value),
                    )


def _widen(statement: Any) -> None:
    statement["Resource"] = "*"


def _remover(path: tuple[str, ...], value: str) -> Any:
    def remove(statement: Any) -> None:
        place = statement
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = [other for other in place[path[-1]] if other != value]

    return remove


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _several(value: str | list[str]) -> list[str]:
    """The values, if there is more than one: without its only one a part means nothing."""
    listed = _listed(value)
    return listed if len(listed) > 1 else []


def _mapping(principal: Any) -> dict[str, Any]:
    return principal if isinstance(principal, dict) else {}
