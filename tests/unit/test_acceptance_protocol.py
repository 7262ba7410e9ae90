"""The protocol of `make acceptance`: what it says, and which ids of a page it claims."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from scripts.docs import ROOT

from tests.acceptance.claims import CLAIMS
from tests.acceptance.protocol import About, Finding, Line, Protocol, Verdict, as_markdown
from tests.acceptance.story import STEPS

NAME = "akr-accept-0a1b2c3d"
PAGE = (ROOT / "docs" / "not-yet-seen.md").read_text()
LISTED = re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE, re.MULTILINE)
ABOUT = About(
    NAME,
    datetime(2026, 6, 1, tzinfo=UTC),
    "123456789012",
    "eu-west-1",
    {"terraform": "1.11.4", "provider aws": "6.69.1"},
    emulator=False,
)
PASSED = Finding(Verdict.PASS, "IAM made one in 4 s")


def all_passed() -> Protocol:
    steps = [*(step.name for step in STEPS), "removal", "leftovers"]
    return Protocol([Line(step, PASSED) for step in steps])


def but(step: str, verdict: Verdict, facts: str = "f") -> Protocol:
    """All passed, but for one."""
    lines = all_passed().lines
    assert step in {line.step for line in lines}
    return Protocol(
        [Line(one.step, Finding(verdict, facts)) if one.step == step else one for one in lines]
    )


# --- What it claims


def _ids_after(heading: str) -> list[str]:
    """The ids of the list below a line of the page."""
    text = PAGE.partition(heading)[2]
    return re.findall(r"`([a-z0-9-]+)`", text.partition("\n\n")[2].partition("\n\n")[0])


def test_each_id_of_the_list_says_whether_it_is_shown() -> None:
    shown = _ids_after("It shows these:")
    not_shown = _ids_after("It does not show these:")

    assert len(LISTED) > 20
    assert sorted(shown) == sorted(CLAIMS)
    assert sorted([*shown, *not_shown]) == sorted(LISTED)
    assert [n for n, claim in CLAIMS.items() if f"- `{n}`: {claim.shows}\n" not in PAGE] == []


@pytest.mark.parametrize("claimed", CLAIMS)
def test_an_id_rests_on_steps_that_are_run(claimed: str) -> None:
    steps = CLAIMS[claimed].steps

    assert steps
    assert set(steps) <= {step.name for step in STEPS} | {"removal", "leftovers"}


def test_all_ids_are_seen_if_all_passes() -> None:
    assert list(all_passed().seen(ABOUT)) == list(CLAIMS)


def test_an_emulator_shows_none() -> None:
    assert all_passed().seen(replace(ABOUT, emulator=True)) == {}


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.NOT_RUN, Verdict.NOT_SEEN])
@pytest.mark.parametrize(
    ("claimed", "step"), [(name, step) for name, claim in CLAIMS.items() for step in claim.steps]
)
def test_an_id_needs_each_of_its_steps(claimed: str, step: str, verdict: Verdict) -> None:
    assert claimed not in but(step, verdict).seen(ABOUT)


def test_another_version_of_the_provider_shows_nothing_of_it() -> None:
    older = replace(ABOUT, versions={"provider aws": "5.100.0"})

    assert CLAIMS.keys() - all_passed().seen(older).keys() == {"provider-6"}


def test_a_report_that_was_there_shows_nothing() -> None:
    protocol = but("credential report", Verdict.PASS, "there was one")

    assert CLAIMS.keys() - protocol.seen(ABOUT).keys() == {"credential-report"}


# --- The protocol


def test_the_page_has_what_an_auditor_asks_for() -> None:
    page = as_markdown(all_passed(), ABOUT)

    assert "- at: 2026-06-01 00:00 UTC" in page
    assert "account …9012, eu-west-1" in page
    assert "- provider aws: 6.69.1" in page
    assert "| kms | pass | IAM made one in 4 s |" in page
    assert "- `install`: " in page
    assert "123456789012" not in page


def test_a_fact_stays_in_its_cell() -> None:
    page = as_markdown(Protocol([Line("kms", Finding(Verdict.FAIL, "a | b\nc"))]), ABOUT)

    assert "| kms | FAIL | a \\| b c |" in page


def test_the_page_of_an_emulator_shows_no_id() -> None:
    page = as_markdown(all_passed(), replace(ABOUT, emulator=True))

    assert "Nothing: this was an emulator." in page
    assert [name for name in CLAIMS if f"`{name}`" in page] == []


@pytest.mark.parametrize(
    ("verdict", "succeeded"),
    [(Verdict.FAIL, False), (Verdict.NOT_RUN, False), (Verdict.NOT_SEEN, True)],
)
def test_one_failure_fails_it(verdict: Verdict, succeeded: bool) -> None:
    assert but("kms", verdict).succeeded is succeeded


def test_nothing_is_no_success() -> None:
    assert not Protocol().succeeded


def test_what_was_interrupted_is_no_success() -> None:
    protocol = all_passed()
    protocol.fail("interrupted", "the steps behind this one were not run")

    assert not protocol.succeeded
    assert "- result: something failed" in as_markdown(protocol, ABOUT)


@pytest.mark.parametrize("step", ["removal", "leftovers"])
def test_what_may_be_left_is_known(step: str) -> None:
    assert not all_passed().left_something
    assert but(step, Verdict.FAIL).left_something
    assert Protocol().left_something
