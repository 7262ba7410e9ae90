"""What an acceptance test found, line by line, on a screen and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .claims import CLAIMS, Claim

_COLUMNS = ("step", "verdict", "what was seen")


class Verdict(StrEnum):
    """What came of one step. An emulator never passes a step that it does not evaluate."""

    PASS = "pass"
    FAIL = "FAIL"
    NOT_SEEN = "not seen here: emulator"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Finding:
    """A verdict, and the facts that it rests on. No fact holds a secret."""

    verdict: Verdict
    facts: str


@dataclass(frozen=True)
class Line:
    """One step of the protocol."""

    step: str
    finding: Finding


@dataclass(frozen=True)
class About:
    """Where and with what it ran. `account_id` is shown by its last four digits."""

    name: str
    at: datetime
    account_id: str
    region: str
    versions: Mapping[str, str]
    emulator: bool


@dataclass
class Protocol:
    """The lines so far."""

    lines: list[Line] = field(default_factory=list)

    def add(self, step: str, finding: Finding) -> Line:
        self.lines.append(Line(step, finding))
        return self.lines[-1]

    def fail(self, step: str, facts: str) -> Line:
        return self.add(step, Finding(Verdict.FAIL, facts))

    @property
    def succeeded(self) -> bool:
        """Whether all was run and nothing failed."""
        bad = (Verdict.FAIL, Verdict.NOT_RUN)
        return bool(self.lines) and not any(line.finding.verdict in bad for line in self.lines)

    @property
    def left_something(self) -> bool:
        """Whether the removal failed, or found something afterwards."""
        ends = {line.step: line.finding.verdict for line in self.lines}
        return any(ends.get(step) is not Verdict.PASS for step in ("removal", "leftovers"))

    def seen(self, about: About) -> dict[str, Claim]:
        """Which lines of docs/not-yet-seen.md are now seen, by id. An emulator shows none."""
        if about.emulator:
            return {}
        passed = {
            line.step: line.finding.facts
            for line in self.lines
            if line.finding.verdict is Verdict.PASS
        }
        return {
            name: claim
            for name, claim in CLAIMS.items()
            if set(claim.steps) <= passed.keys()
            and claim.fact in passed[claim.steps[0]]
            and claim.holds_with(about.versions)
        }


def as_markdown(protocol: Protocol, about: About) -> str:
    """The page build/acceptance.md."""
    where = f"account …{about.account_id[-4:]}, {about.region}"
    versions = (f"- {what}: {version}" for what, version in about.versions.items())
    head = [
        f"# Acceptance test {about.name}",
        "",
        f"- at: {about.at:%Y-%m-%d %H:%M} UTC",
        f"- where: {f'LocalStack, {where}' if about.emulator else where}",
        *versions,
        f"- result: {'all passed' if protocol.succeeded else 'something failed'}",
        "",
    ]
    rows = [(line.step, line.finding.verdict, line.finding.facts) for line in protocol.lines]
    return "\n".join([*head, *_table(_COLUMNS, rows), "", *_seen(protocol, about)]) + "\n"


def _seen(protocol: Protocol, about: About) -> Iterable[str]:
    yield "## Now seen on AWS"
    yield ""
    if about.emulator:
        yield "Nothing: this was an emulator."
        return
    seen = protocol.seen(about)
    if not seen:
        yield "Nothing."
    for name, claim in seen.items():
        yield f"- `{name}`: {claim.shows}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield f"| {' | '.join(_cell(text) for text in row)} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
