"""The tables of docs/proof.md, from the sources: `python -m tests.crash.proof` writes them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.crash.known_faults import KNOWN_FAULTS, KnownFault
from tests.crash.promises import Promise
from tests.crash.sabotage import ROOT
from tests.crash.sabotages import ALL
from tests.crash.settings_table import TABLE

DOCUMENT = ROOT / "docs" / "proof.md"
_MARK = "<!-- {what} {name} (made by tests/crash/proof.py) -->"
_POLICIES = (
    "each statement, action, condition and value taken from the role's policy, one by one "
    "(`tests/policies/mutations.py`, noticed by `make policies`)"
)


def of_promises() -> Iterator[str]:
    """Each promise, and the sabotages that it notices."""
    yield "| promise | sabotages that break it |"
    yield "|---|---|"
    for promise in Promise:
        named = [sabotage.name for sabotage in ALL if sabotage.promise is promise]
        named += [_POLICIES] if promise is Promise.UNTAGGED else []
        yield f"| {promise.value} | {' · '.join(named)} |"


def of_faults() -> Iterator[str]:
    """Each fault that was found once, what brings it back, and what notices that."""
    promises = {sabotage.name: sabotage.promise for sabotage in ALL}
    yield "| fault | sabotage: the promise that notices it | test |"
    yield "|---|---|---|"
    for fault in KNOWN_FAULTS:
        noticed = " · ".join(f"{name}: {_number(promises[name])}" for name in fault.sabotages)
        yield f"| {fault.what} | {noticed} | {' · '.join(_tests(fault))} |"


def of_settings() -> Iterator[str]:
    """Each setting that is tried with another value than the default, and where."""
    yield "| setting | situations |"
    yield "|---|---|"
    for name, scenarios in TABLE.items():
        kind, _, setting = name.rpartition(" ")
        shown = name if "time" in name else f"{kind} `{setting}`".strip()
        yield f"| {shown} | {' · '.join(scenarios)} |"


TABLES = {"promises": of_promises, "faults": of_faults, "settings": of_settings}


def _number(promise: Promise) -> str:
    """Its number in the documents, or what it says."""
    number, _, _ = promise.value.partition(":")
    return f"promise {number}" if len(number) < len("14b") else promise.value


def _tests(fault: KnownFault) -> Iterator[str]:
    for test in fault.tests:
        path, _, name = test.partition("::")
        yield f"[{name}](../{path})"


def written(text: str) -> str:
    """The document with its tables as they are now. Raises ValueError if a mark is missing."""
    for name, rows in TABLES.items():
        begin, end = (_MARK.format(what=what, name=name) for what in ("begin", "end"))
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not (found and ended):
            raise ValueError(f"{DOCUMENT.name} lacks the marks of the table {name}")
        text = f"{before}{begin}\n" + "\n".join(rows()) + f"\n{end}{after}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
