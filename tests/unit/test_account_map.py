"""The map of accounts: what it says, and what is wrong with it, by file, account and field."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from key_rotation_cli.accounts.map import (
    DEFAULTS,
    FIELDS,
    VARIABLES,
    AccountMap,
    AccountMapError,
    read_map,
)

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "multi-account"
FILE = "accounts.auto.tfvars.json"


def read(folder: Path, text: str) -> AccountMap:
    file = folder / FILE
    file.write_text(text)
    return read_map(file)


def test_the_example_is_read_whole() -> None:
    found = read_map(EXAMPLE / FILE)

    assert found.ids == {
        "security": "111122223333", "shop": "444455556666", "warehouse": "777788889999",
    }  # fmt: skip
    assert list(found.ids) == sorted(found.ids)
    assert (found.central, found.region, found.role_name) == ("security", "eu-west-1", "terraform")
    assert found.unknown == []


def test_the_map_may_have_another_role_region_and_name(tmp_path: Path) -> None:
    said = {"role_name": "teams/viewer", "region": "us-gov-west-1", "name": "rotation"}
    found = read(tmp_path, json.dumps({"accounts": {"a": {"id": "1" * 12}}, **said}))

    assert (found.role_name, found.region, found.name) == tuple(said.values())
    assert found.central is None


def test_variables_and_defaults_are_the_examples() -> None:
    text = (EXAMPLE / "variables.tf").read_text()
    declared = re.findall(r'^variable "(\w+)" \{(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    defaults = {
        name: found[1]
        for name, body in declared
        if (found := re.search(r'^  default += "(.*)"$', body, re.MULTILINE))
    }
    [fields] = re.findall(r"account_fields = (\[.*\])", text)

    assert sorted(name for name, _ in declared) == sorted(VARIABLES)
    assert json.loads(fields) == list(FIELDS)
    assert defaults == DEFAULTS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "json: not JSON: Expecting", id="not JSON"),
        pytest.param("\udcff", "json: not JSON: ", id="not text"),
        pytest.param("[]", "json: not a JSON object: it needs accounts", id="a list"),
        pytest.param("{}", "json needs accounts: a map from names", id="no accounts"),
        pytest.param('{"accounts": {}}', "needs accounts", id="no account"),
        pytest.param('{"accounts": ["a"]}', "needs accounts: a map", id="a list of names"),
        pytest.param(
            '{"accounts": {"a": {}}}', "accounts.a: must be an object with an id", id="no id"
        ),
        pytest.param('{"accounts": {"a": null}}', "accounts.a: must be an object", id="null"),
        pytest.param(
            '{"accounts": {"a": {"id": 111122223333}}}',
            "accounts.a.id: must be the 12 digits",
            id="a number",
        ),
        pytest.param(
            '{"accounts": {"a": {"id": "111122223333"}, "b": {"id": "111122223333"}}}',
            "accounts.b.id: a has the same id",
            id="twice",
        ),
        pytest.param(
            '{"central_account": "b", "accounts": {"a": {"id": "111122223333"}}}',
            "central_account: there is no account 'b'",
            id="an unknown central account",
        ),
        pytest.param(
            '{"role_name": "", "accounts": {"a": {"id": "111122223333"}}}',
            "role_name: '' cannot be a role name; without the field it is 'terraform'",
            id="no role",
        ),
        pytest.param(
            '{"role_name": ["a"], "accounts": {"a": {"id": "111122223333"}}}',
            r"role_name: \['a'\] cannot be a role name",
            id="a list of roles",
        ),
        pytest.param(
            '{"region": "Ireland", "accounts": {"a": {"id": "111122223333"}}}',
            "region: 'Ireland' cannot be a region",
            id="no region",
        ),
        pytest.param(
            '{"name": "../x", "accounts": {"a": {"id": "111122223333"}}}',
            "name: '../x' cannot be a name",
            id="no name",
        ),
    ],
)
def test_a_map_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / FILE
    file.write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(AccountMapError, match=f"^{tmp_path}/accounts.*{message}"):
        read_map(file)


def test_a_map_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AccountMapError, match=r"none\.json: No such file or directory"):
        read_map(tmp_path / "none.json")


def test_unknown_fields_are_named(tmp_path: Path) -> None:
    accounts = {"shop": {"id": "1" * 12, "max_age": 3}}
    found = read(tmp_path, json.dumps({"accounts": accounts, "regoin": "eu-west-1"}))

    with pytest.raises(
        AccountMapError,
        match=r"json: there is no field regoin, accounts\.shop\.max_age; known ",
    ):
        found.refuse_unknown()


def test_a_map_without_unknown_fields_is_not_refused() -> None:
    read_map(EXAMPLE / FILE).refuse_unknown()


def test_accounts_are_chosen_by_name() -> None:
    found = read_map(EXAMPLE / FILE)

    assert found.chosen(None) == ["security", "shop", "warehouse"]
    assert found.chosen("warehouse, shop,shop") == ["warehouse", "shop"]
    with pytest.raises(AccountMapError, match="--only: there is no account 'shopp'; known: secur"):
        found.chosen("shop,shopp")
