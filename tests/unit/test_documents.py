"""What the documents promise is there: tables, links, make targets, reasons, payloads, samples."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scripts.docs import ANY, PAGES, REFERENCE, ROOT, inputs, outputs, with_tables

from key_rotation.domain.action import Reason, Verb
from key_rotation.domain.model import Event
from key_rotation.domain.overrides import GRACE_DAYS, HOLD_UNTIL, MAX_KEY_AGE_DAYS
from key_rotation.notify.response import Report, Row
from key_rotation.run.payload import parse_payload

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
README = (ROOT / "README.md").read_text()
WORDS_OF_README = 900
LINE = 128
_GENERATED = ("build", "node_modules")


def _documents() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.md")):
        folders = path.relative_to(ROOT).parts[:-1]
        if not any(name in _GENERATED or name.startswith(".") for name in folders):
            yield path


DOCUMENTS = [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in _documents()]
MODULES = [pytest.param(module, id=page.parent.name) for module, page in PAGES.items()]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _links(text: str) -> list[str]:
    prose = re.sub(r"`[^`\n]*`", "", _without_blocks(text))
    images = re.findall(r' (?:src|srcset)="([^"\s]+)"', prose)
    return images + re.findall(r"\]\(([^)\s]+)\)", prose)


def _prose(text: str) -> str:
    """The lines outside of tables and code."""
    lines = _without_blocks(text).splitlines()
    return "\n".join(line for line in lines if not re.match(r" *\||    ", line))


def _anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _code(text: str) -> Iterator[str]:
    """What stands between backticks, in code blocks, and on lines that are indented as code."""
    yield from re.findall(r"`([^`\n]+)`", text)
    yield from re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)
    yield from re.findall(r"^ {4,}.+$", text, re.MULTILINE)


def _made_targets(text: str) -> set[str]:
    return {
        target
        for code in _code(text)
        for target in re.findall(r"(?:^|[\s;&])make ([a-z][a-z-]*)", code)
    }


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("table", [pytest.param(inputs, id="inputs"), pytest.param(outputs)])
def test_every_block_of_the_hcl_has_one_row(table: Callable[[Path], str], module: Path) -> None:
    kind, source = ("variable", "variables.tf") if table is inputs else ("output", "outputs.tf")
    declared = re.findall(rf'^{kind} "(\w+)"', (module / source).read_text(), re.MULTILINE)

    assert declared
    assert re.findall(r"^\| `(\w+)` \|", table(module), re.MULTILINE) == declared


@pytest.mark.parametrize("module", MODULES)
def test_tables_are_what_the_hcl_says(module: Path) -> None:
    text = PAGES[module].read_text()

    assert with_tables(text, module) == text, "run: make docs"


def test_every_module_has_its_tables() -> None:
    found = {
        file.parent
        for folder in ("modules", "examples")
        for file in (ROOT / folder).rglob("variables.tf")
    }

    assert set(PAGES) == {ROOT, *found}
    assert len(found) > 5


@pytest.mark.parametrize("text", ["# A title", "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"])
def test_a_page_without_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lacks the marker"):
        with_tables(text)


@pytest.mark.parametrize("source", ["function", "monitoring", "iam"])
def test_every_field_of_an_object_has_its_default(source: str) -> None:
    """The defaults are in the local values of the variable's name: HCL's `any` has none."""
    hcl = (ROOT / f"{source}.tf").read_text()
    name = "user_tag" if source == "iam" else source
    [row] = re.findall(rf"^\| `{name}` \| (.*) \| {ANY} \| `{{}}` \|$", inputs(), re.MULTILINE)
    [body] = re.findall(rf"^  {name} = {{\n(.*?)^  }}$", hcl, re.MULTILINE | re.DOTALL)
    fields_of_it = dict(re.findall(r"^    (\w+) += (.*)$", body, re.MULTILINE))

    assert fields_of_it
    for field, expression in fields_of_it.items():
        assert f"`{field}` (" in row
        literal = re.search(r'null\), ("[^"]+"|\d+|true|\[\])\)', expression)
        if literal:
            assert f"`{field}` ({literal[1]}" in row


def test_the_readme_is_two_screens() -> None:
    assert len(_prose(README).split()) <= WORDS_OF_README


@pytest.mark.parametrize("document", DOCUMENTS)
def test_lines_of_prose_are_short(document: Path) -> None:
    text = _without_blocks(document.read_text())
    long = [line for line in text.splitlines() if len(line) > LINE]

    assert [line for line in long if not re.match(r" *\||    ", line)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_resolve(document: Path) -> None:
    for link in _links(document.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target.read_text()), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_exist(document: Path) -> None:
    assert _made_targets(document.read_text()) - TARGETS == set()


def test_a_made_up_target_is_seen() -> None:
    assert _made_targets("Run `make coffee`, or\n\n    make tea  # now\n\nmake sure.") == {
        "coffee",
        "tea",
    }


@pytest.mark.parametrize("word", [*Reason, *Verb])
def test_every_reason_and_verb_is_in_the_architecture(word: Reason | Verb) -> None:
    assert f"`{word}`" in ARCHITECTURE


@pytest.mark.parametrize("event", list(Event))
def test_every_event_is_in_the_architecture(event: Event) -> None:
    assert f"`{event}`" in ARCHITECTURE


@pytest.mark.parametrize("name", [MAX_KEY_AGE_DAYS, GRACE_DAYS, HOLD_UNTIL])
def test_every_override_is_in_the_reference(name: str) -> None:
    assert f"| `access-key-rotation:{name}` |" in REFERENCE.read_text()


def test_payloads_shown_are_accepted() -> None:
    texts = [path.read_text() for path in _documents()]
    shown = [payload for text in texts for payload in re.findall(r"--payload '(.+?)'", text)]
    listed = re.findall(r"^\| `(\{.*\})` \|", REFERENCE.read_text(), re.MULTILINE)
    shown += listed

    assert len(shown) > 5
    assert len(listed) == 5
    for payload in shown:
        parse_payload(json.loads(payload))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_json_samples_are_json(document: Path) -> None:
    for block in _blocks(document.read_text(), "json"):
        json.loads(block)


def test_sample_response_has_the_fields_of_a_response() -> None:
    report = Report(False, datetime(2026, 6, 1, tzinfo=UTC), 1, ())
    samples = [json.loads(block) for block in _blocks(ARCHITECTURE, "json")]
    [response] = [sample for sample in samples if "scanned" in sample]

    assert list(response) == list(report.response())
    assert {tuple(row) for row in response["users"]} == {tuple(f.name for f in fields(Row))}
