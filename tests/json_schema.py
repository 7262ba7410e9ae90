"""As much of JSON Schema as our own schemas use; a keyword that is not known here is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, type] = {"object": dict, "string": str, "null": type(None)}
_ABOUT = {"$schema", "title", "description"}


def problems(value: Any, schema: Mapping[str, Any], where: str = "$") -> list[str]:
    """What is wrong with the value, one line each; empty if nothing is."""
    found: list[str] = []
    for keyword, rule in schema.items():
        match keyword:
            case "type":
                names = [rule] if isinstance(rule, str) else rule
                if type(value) not in [_TYPES[name] for name in names]:
                    found.append(f"{where} is not of type {rule}")
            case "const":
                if value != rule or type(value) is not type(rule):
                    found.append(f"{where} is not {rule!r}")
            case "pattern":
                if isinstance(value, str) and not re.search(rule, value):
                    found.append(f"{where} does not match {rule}")
            case "required":
                found += [f"{where} lacks {name}" for name in rule if name not in value]
            case "properties":
                for name in set(rule) & set(value):
                    found += problems(value[name], rule[name], f"{where}.{name}")
            case "additionalProperties":
                assert rule is False
                extra = set(value) - set(schema["properties"])
                found += [f"{where} has {name}, which is not in the schema" for name in extra]
            case _ if keyword not in _ABOUT:
                raise ValueError(f"this checker does not know {keyword!r}")
    return found
