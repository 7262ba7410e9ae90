"""The options of users in as many parameters as settings.tf makes of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256
from math import ceil, log2
from typing import Any

_IN_A_GROUP = 160
_BYTES = 4096
_GRAIN = 16


def chunks(options: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """JSON by the last segment of the parameter's name; of more than 20 users."""
    groups = 2 ** max(0, ceil(log2(len(options) / _IN_A_GROUP)))
    names: dict[int, list[str]] = defaultdict(list)
    for name in sorted(options):
        names[int(sha256(name.encode()).hexdigest()[:8], 16) % groups].append(name)
    found: dict[str, str] = {}
    for group, members in sorted(names.items()):
        packed: list[dict[str, Any]] = [{}]
        room = _BYTES
        for name in members:
            size = ceil(len(_json({name: options[name]})) / _GRAIN) * _GRAIN
            if size > room:
                packed.append({})
                room = _BYTES
            packed[-1][name] = options[name]
            room -= size
        found |= {f"{group:02d}-{number:03d}": _json(users) for number, users in enumerate(packed)}
    return found


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
