"""Options of single users: parsed from chunks, whole or not at all; what each wrong one says."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from key_rotation.domain.settings import Settings, SettingsError, with_user_options
from key_rotation.domain.user_options import (
    NO_OPTIONS,
    UserOptions,
    options_sha256,
    parse_user_options,
)
from tests.unit.builders import SETTINGS, settings

PATH = "/key-rotation/users"
ROLE = "arn:aws:iam::123456789012:role/team/deploy"
OTHER = "arn:aws:iam::999999999999:user/elsewhere"
EVERYBODYS = "arn:aws:iam::123456789012:role/platform"


def chunk(**users: Any) -> str:
    return json.dumps(users)


def loaded(*chunks: str) -> Settings:
    """The settings with these chunks, as Terraform pins them."""
    named = {f"00-{number:03}": text for number, text in enumerate(chunks)}
    pinned = replace(SETTINGS, user_options_sha256=options_sha256(named))
    return with_user_options(pinned, named, PATH)


def refusal(*chunks: str) -> str:
    with pytest.raises(SettingsError) as refused:
        loaded(*chunks)
    return str(refused.value)


def test_every_option_is_read() -> None:
    options = {"reader_arns": [ROLE, OTHER], "first_key": True, "smtp_regions": ["eu-west-1"]}

    assert loaded(chunk(alice=options)).user_options == {
        "alice": UserOptions((ROLE, OTHER), first_key=True, smtp_regions=("eu-west-1",))
    }


def test_users_of_all_chunks_are_there() -> None:
    found = loaded(chunk(alice={"first_key": True}), chunk(bob={"reader_arns": [ROLE]}))

    assert found.options_of("alice").first_key
    assert found.options_of("bob").reader_arns == (ROLE,)


def test_a_user_without_options_has_none() -> None:
    assert SETTINGS.options_of("alice") == UserOptions()
    assert UserOptions().names == ()


def test_the_options_that_a_user_has_are_named() -> None:
    assert UserOptions((ROLE,), smtp_regions=("eu-west-1",)).names == (
        "reader_arns",
        "smtp_regions",
    )


def test_the_readers_of_a_user_are_everybodys_and_their_own() -> None:
    found = replace(
        loaded(chunk(alice={"reader_arns": [ROLE, EVERYBODYS]})), secret_reader_arns=(EVERYBODYS,)
    )

    assert found.readers_of("alice") == (EVERYBODYS, ROLE)
    assert found.readers_of("bob") == (EVERYBODYS,)
    assert found.readers_of(None) == (EVERYBODYS,)


def test_names_are_told_apart_by_case() -> None:
    assert loaded(chunk(Alice={"reader_arns": [ROLE]})).readers_of("alice") == ()


# -- the set as a whole ----------------------------------------------------------------------------


def test_the_hash_is_that_of_lines_as_sha256sum_writes_them() -> None:
    """As settings.tf joins them; tests/terraform/options.tftest.hcl has the other side."""
    one, two = (sha256(text).hexdigest() for text in (b"one", b"two"))
    lines = f"{one}  00-000\n{two}  00-001\n"

    assert options_sha256({"00-001": "two", "00-000": "one"}) == (
        f"{sha256(lines.encode()).hexdigest()} 00-000:{one[:8]} 00-001:{two[:8]}"
    )


@pytest.mark.parametrize(("chunks", "size"), [(250, 64 + 250 * 16), (251, 64)])
def test_the_marks_fit_into_a_parameter_or_are_left_out(chunks: int, size: int) -> None:
    assert len(options_sha256({f"00-{number:03}": "" for number in range(chunks)})) == size


def test_no_chunk_has_the_hash_of_nothing() -> None:
    assert options_sha256({}) == NO_OPTIONS == sha256(b"").hexdigest()


WRITTEN = {"00-000": chunk(alice={"first_key": True}), "00-001": chunk(bob={"first_key": True})}


@pytest.mark.parametrize(
    ("found", "named"),
    [
        pytest.param({}, ["00-000 is missing", "00-001 is missing"], id="all missing"),
        pytest.param({"00-000": WRITTEN["00-000"]}, ["00-001 is missing"], id="one missing"),
        pytest.param({**WRITTEN, "00-002": "{}"}, ["00-002 was added"], id="one added"),
        pytest.param({**WRITTEN, "x:y z": "{}"}, ["x:y z was added"], id="with an odd name"),
        pytest.param({**WRITTEN, "00-001": chunk(bob={})}, ["00-001 was changed"], id="changed"),
        pytest.param(
            {"00-000": WRITTEN["00-001"], "00-001": WRITTEN["00-000"]},
            ["00-000 was changed", "00-001 was changed"],
            id="two swapped",
        ),
        pytest.param(
            {"00-000": WRITTEN["00-000"], "01-000": WRITTEN["00-001"]},
            ["00-001 is missing", "01-000 was added"],
            id="one renamed",
        ),
    ],
)
def test_another_set_than_terraforms_is_refused_by_name(
    found: dict[str, str], named: list[str]
) -> None:
    what = ", ".join(f"{PATH}/{name}" for name in named)

    assert refused(found, options_sha256(WRITTEN)).startswith(
        f"the parameters under {PATH} are not as Terraform wrote them ({what}): an apply is under"
    )


def test_where_there_are_no_marks_the_path_is_named() -> None:
    without_marks, _, _ = options_sha256(WRITTEN).partition(" ")

    assert refused({"00-000": WRITTEN["00-000"]}, without_marks).startswith(
        f"the parameters under {PATH} are not as Terraform wrote them (one is missing, was added, "
    )


def test_a_mark_that_fits_is_no_proof() -> None:
    other = {**WRITTEN, "00-001": chunk(bob={})}
    forged = options_sha256(WRITTEN)[:64] + options_sha256(other)[64:]

    assert "(one is missing, was added, or was changed)" in refused(other, forged)


def refused(found: dict[str, str], written: str) -> str:
    with pytest.raises(SettingsError) as error:
        with_user_options(settings(user_options_sha256=written), found, PATH)
    return str(error.value)


# -- one entry -------------------------------------------------------------------------------------

HERE = f"parameter {PATH}/00-000"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", f"{HERE} must be JSON, an object of users, not ''", id="empty"),
        pytest.param("[]", f"{HERE} must be JSON, an object of users, not '[]'", id="a list"),
        pytest.param("[" * 100_000, f"{HERE} must be JSON", id="nested too deep"),
        pytest.param(
            '{"team/alice": {}}',
            f"{HERE}, user 'team/alice': that is not the name of an IAM user",
            id="no name",
        ),
        pytest.param(
            chunk(alice=[]), f"{HERE}, user 'alice': must be an object of options", id="no object"
        ),
        pytest.param(
            chunk(alice={"readers": [ROLE]}),
            f"{HERE}, user 'alice': there is no option 'readers'. Options are: first_key, "
            "reader_arns, smtp_regions",
            id="unknown option",
        ),
        pytest.param(
            chunk(alice={"reader_arns": ROLE}),
            f"{HERE}, user 'alice': reader_arns must be a list of ARNs, not '{ROLE}'",
            id="readers are no list",
        ),
        pytest.param(
            chunk(alice={"reader_arns": [ROLE, "*"]}),
            f"{HERE}, user 'alice': reader_arns holds '*', which is not the ARN of an IAM user",
            id="reader is anybody",
        ),
        pytest.param(
            chunk(alice={"reader_arns": [None]}),
            f"{HERE}, user 'alice': reader_arns holds None, which is not the ARN",
            id="reader is null",
        ),
        pytest.param(
            chunk(alice={"first_key": "true"}),
            f"{HERE}, user 'alice': first_key must be true or false, not 'true'",
            id="flag is a text",
        ),
        pytest.param(
            chunk(alice={"first_key": 1}),
            f"{HERE}, user 'alice': first_key must be true or false, not 1",
            id="flag is a number",
        ),
        pytest.param(
            chunk(alice={"smtp_regions": "eu-west-1"}),
            f"{HERE}, user 'alice': smtp_regions must be a list of regions, not 'eu-west-1'",
            id="regions are no list",
        ),
        pytest.param(
            chunk(alice={"smtp_regions": ["Ireland"]}),
            f"{HERE}, user 'alice': smtp_regions holds 'Ireland', which is not a region such as",
            id="no region",
        ),
        pytest.param(
            chunk(alice={"smtp_regions": ["eu-west-1\n"]}),
            f"{HERE}, user 'alice': smtp_regions holds 'eu-west-1\\n', which is not a region",
            id="region of two lines",
        ),
    ],
)
def test_a_wrong_entry_is_named(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


def test_a_user_in_two_chunks_is_refused() -> None:
    assert refusal(chunk(alice={}), chunk(alice={})) == (
        f"parameter {PATH}/00-001, user 'alice': the user is there twice"
    )


@pytest.mark.parametrize(
    "region",
    ["eu-west-1", "us-gov-west-1", "ap-southeast-12", "us-isob-east-1", "eusc-de-east-1"],
)
def test_regions_of_every_kind_are_taken(region: str) -> None:
    assert loaded(chunk(alice={"smtp_regions": [region]})).options_of("alice").smtp_regions


@given(st.text() | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps))
def test_whatever_a_chunk_holds_it_is_read_or_refused_by_name(text: str) -> None:
    said = HERE
    try:
        parse_user_options({"00-000": text}, PATH)
    except ValueError as error:
        said = str(error)
    assert said.startswith(HERE)
