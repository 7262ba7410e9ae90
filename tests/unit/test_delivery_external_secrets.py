"""examples/delivery/external-secrets: the manifests are what External Secrets takes, and agree.

tests/unit/schemas/external_secrets.json is made from the published types of the operator by
scripts/external_secrets_schema.py.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "delivery" / "external-secrets"
SCHEMA = json.loads((ROOT / "tests" / "unit" / "schemas" / "external_secrets.json").read_text())
MANIFESTS: dict[str, Any] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))
}
HELD = ("secret-store", "external-secret")
# Any key will do: names of the resulting Secret's data; the rest of metadata is Kubernetes' own.
FREE = (("metadata",), ("spec", "target", "template", "data"))

Place = tuple[str | int, ...]


def _errors(manifest: object) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(manifest)]


def _fields(value: object, place: Place = ()) -> Iterator[Place]:
    """The place of each field that the schema names."""
    if place in FREE:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*place, name)
            yield from _fields(inner, (*place, name))
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _fields(inner, (*place, number))


def _at(manifest: Any, place: Place) -> Any:
    for step in place:
        manifest = manifest[step]
    return manifest


PLACES = [
    pytest.param(name, place, id=f"{name}: {'.'.join(map(str, place))}")
    for name in HELD
    for place in _fields(MANIFESTS[name])
]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", HELD)
def test_the_operator_takes_it(name: str) -> None:
    assert _errors(MANIFESTS[name]) == []


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_misspelt_field_is_refused(name: str, place: Place) -> None:
    manifest = copy.deepcopy(MANIFESTS[name])
    *parent, field = place
    fields = _at(manifest, tuple(parent))
    fields[f"{field}s"] = fields.pop(field)

    assert _errors(manifest) != []


@pytest.mark.parametrize(
    ("name", "place", "wrong"),
    [
        ("secret-store", ("apiVersion",), "external-secrets.io/v1beta1"),
        ("secret-store", ("spec", "provider", "aws", "service"), "SecretManager"),
        ("external-secret", ("spec", "secretStoreRef", "kind"), "Store"),
        ("external-secret", ("spec", "refreshInterval"), 3600),
        ("external-secret", ("spec", "target", "deletionPolicy"), "Keep"),
    ],
)
def test_a_wrong_value_is_refused(name: str, place: Place, wrong: object) -> None:
    manifest = copy.deepcopy(MANIFESTS[name])
    *parent, field = place
    _at(manifest, tuple(parent))[field] = wrong

    assert _errors(manifest) != []


def test_the_manifests_name_each_other() -> None:
    account, store, secret = (
        MANIFESTS[name] for name in ("service-account", "secret-store", "external-secret")
    )
    aws = store["spec"]["provider"]["aws"]

    assert {manifest["metadata"]["namespace"] for manifest in MANIFESTS.values()} == {"build"}
    assert aws["auth"]["jwt"]["serviceAccountRef"]["name"] == account["metadata"]["name"]
    assert secret["spec"]["secretStoreRef"] == {
        "kind": store["kind"],
        "name": store["metadata"]["name"],
    }
    [entry] = secret["spec"]["dataFrom"]
    assert entry["extract"]["key"].split(":")[3] == aws["region"]


def test_the_role_is_for_that_service_account() -> None:
    [module] = hcl2.loads((FOLDER / "main.tf").read_text())["module"]
    [reader] = module.values()
    metadata = MANIFESTS["service-account"]["metadata"]
    role = metadata["annotations"]["eks.amazonaws.com/role-arn"].partition("/")[2]

    assert _plain(reader["name"]) == role
    assert _plain(reader["subject"]) == (
        f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}"
    )


def test_the_template_uses_fields_of_the_secret() -> None:
    """They are what docs/architecture.md shows, and a placeholder has neither."""
    template = MANIFESTS["external-secret"]["spec"]["target"]["template"]
    shown = (ROOT / "docs" / "architecture.md").read_text()

    used = {name: re.findall(r"\{\{ \.(\w+) \}\}", text) for name, text in template["data"].items()}

    assert used == {
        "AWS_ACCESS_KEY_ID": ["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": ["SecretAccessKey"],
    }
    for [name] in used.values():
        assert re.search(rf'^  "{name}": "', shown, re.MULTILINE)


def _plain(text: str) -> str:
    """A literal as what it stands for: python-hcl2 may leave the quotes in place."""
    return text.strip('"')
