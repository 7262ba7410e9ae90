"""Policies, held against what must be allowed and what must be denied."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tests.policies.mutations import Mutation, mutations
from tests.policies.question import Document, Question, condition_keys, distinct
from tests.policies.simulation import Answer, Trial, simulate


@dataclass(frozen=True)
class Installation:
    """Policies by name, those of them that are to be proven, and what is asked of them."""

    documents: Mapping[str, Document]
    proven: Collection[str]
    allowed: Sequence[Question]
    denied: Sequence[Question]


@dataclass
class Findings:
    """`refused` should be allowed, `granted` should be denied. `noticed_by` maps each piece of the
    policies to what would change without it: a piece of which that is empty is not needed."""

    refused: list[str] = field(default_factory=list)
    granted: list[str] = field(default_factory=list)
    noticed_by: dict[str, list[str]] = field(default_factory=dict)
    ignored: dict[str, set[str]] = field(default_factory=dict)

    @property
    def unneeded(self) -> list[str]:
        return [piece for piece, changes in self.noticed_by.items() if not changes]


@dataclass(frozen=True)
class _Check:
    """A trial, where its outcome goes, and what is expected."""

    trial: Trial
    allowed: bool
    findings: Findings
    piece: str | None = None


def examine(installations: Mapping[str, Installation]) -> dict[str, Findings]:
    """Asks everything, of the policies as they are and of every mutation of them."""
    findings = {name: Findings() for name in installations}
    checks = [
        check
        for name, installation in installations.items()
        for check in _checks(installation, findings[name])
    ]
    answers = simulate([check.trial for check in checks])
    for check, answer in zip(checks, answers, strict=True):
        _conclude(check, answer)
    return findings


def _checks(installation: Installation, findings: Findings) -> list[_Check]:
    documents = installation.documents
    keys = condition_keys(*documents.values())
    expected = [
        (question, allowed)
        for allowed, questions in ((True, installation.allowed), (False, installation.denied))
        for question in distinct([question.with_context_of(keys) for question in questions])
    ]
    checks = [
        _Check(Trial(question, documents), allowed, findings) for question, allowed in expected
    ]
    for name in installation.proven:
        for mutation in mutations(documents[name]):
            piece = f"{name}, {mutation.name}"
            findings.noticed_by[piece] = []
            mutated = {**documents, name: mutation.document}
            checks += [
                _Check(Trial(question, mutated), allowed, findings, piece)
                for question, allowed in expected
                if _concerns(mutation, name, question)
            ]
    return checks


def _concerns(mutation: Mutation, name: str, question: Question) -> bool:
    return question.is_answered_by(name) and mutation.concerns(question.action, question.resource)


def _conclude(check: _Check, answer: Answer) -> None:
    question, findings = check.trial.question, check.findings
    if answer.ignored:
        findings.ignored.setdefault(question.action, set()).update(answer.ignored)
    if answer.allowed == check.allowed:
        return
    if check.piece is not None:
        findings.noticed_by[check.piece].append(str(question))
    elif check.allowed:
        findings.refused.append(f"{question}: {answer.verdict}")
    else:
        findings.granted.append(str(question))
