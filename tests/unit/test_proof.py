"""docs/proof.md: its tables are those of the sources, and nothing in them is without a proof."""

from __future__ import annotations

import re

import pytest

from tests.crash.known_faults import KNOWN_FAULTS, KnownFault
from tests.crash.promises import Promise
from tests.crash.proof import DOCUMENT, written
from tests.crash.sabotage import ROOT
from tests.crash.sabotages import ALL

NAMES = {sabotage.name for sabotage in ALL}


def test_the_tables_are_those_of_the_sources() -> None:
    text = DOCUMENT.read_text()
    assert written(text) == text, "run `python -m tests.crash.proof`"


def test_a_table_without_its_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="lacks the marks of the table promises"):
        written("# What would be noticed\n")


@pytest.mark.parametrize("promise", Promise)
def test_each_promise_notices_a_sabotage(promise: Promise) -> None:
    assert [sabotage.name for sabotage in ALL if sabotage.promise is promise]


def test_each_promise_of_the_document_is_one_of_the_harness() -> None:
    document = (ROOT / "docs" / "architecture.md").read_text()
    in_document = set(re.findall(r"^\| (\d+b?) \| ", document, re.MULTILINE))
    of_harness = {promise.value.split(":")[0] for promise in Promise if ":" in promise.value}
    assert in_document == of_harness


@pytest.mark.parametrize("fault", KNOWN_FAULTS, ids=lambda fault: fault.what[:40])
def test_each_fault_is_noticed_by_what_is_there(fault: KnownFault) -> None:
    assert fault.sabotages or fault.tests
    assert set(fault.sabotages) <= NAMES
    for test in fault.tests:
        path, name = test.split("::")
        beginning = rf'^run "{name}"' if path.endswith(".hcl") else rf"^def {name}\("
        assert re.search(beginning, (ROOT / path).read_text(), re.MULTILINE), test
