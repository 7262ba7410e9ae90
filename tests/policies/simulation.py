"""The simulator: many questions, one Node process, which evaluates policies as IAM does."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.policies.question import Document, Question

# AWS's data has one name for the keys of every encryption context, in which the simulator finds no
# other: it knows variable parts of a key only behind a slash. We have conditions on two, of which a
# request has one: that of Secrets Manager, or that of Parameter Store.
_CONTEXTS_OF_KMS = re.compile(r"kms:EncryptionContext:(SecretARN|PARAMETER_ARN)\b")
_CONTEXT_OF_KMS = "kms:EncryptionContext:${EncryptionContextKey}"
SCRIPT = Path(__file__).resolve().parents[2] / "build/simulator/simulate.mjs"


@dataclass(frozen=True)
class Trial:
    """A question, and the policies as they are for it."""

    question: Question
    documents: Mapping[str, Document]


@dataclass(frozen=True)
class Answer:
    """`ignored` are keys of the context that AWS does not send with such a request."""

    verdict: str
    ignored: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.verdict == "Allowed"


def simulate(trials: Sequence[Trial]) -> list[Answer]:
    """The answers, in order. Raises ValueError for a question that AWS's own data does not know."""
    documents: list[Document] = []
    numbers: dict[int, int] = {}

    def number(trial: Trial, name: str | None) -> int | None:
        """Of a policy that does not apply, or has no statement left, None."""
        if name is None or not trial.documents[name]["Statement"]:
            return None
        document = trial.documents[name]
        if id(document) not in numbers:
            numbers[id(document)] = len(documents)
            documents.append(document)
        return numbers[id(document)]

    questions = [
        {
            "principal": question.principal,
            "action": question.action,
            "resource": question.resource,
            "account": question.account,
            "context": question.context,
            "identity": [
                found for name in question.identity if (found := number(trial, name)) is not None
            ],
            "resourcePolicy": number(trial, question.resource_policy),
            "boundary": number(trial, question.boundary),
            "serviceControl": number(trial, question.service_control),
        }
        for trial in trials
        for question in [trial.question]
    ]
    done = subprocess.run(
        ["node", str(SCRIPT)],
        input=_CONTEXTS_OF_KMS.sub(
            _CONTEXT_OF_KMS, json.dumps({"documents": documents, "questions": questions})
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the policy simulator failed: {done.stderr}")
    answers = json.loads(done.stdout)
    for trial, answer in zip(trials, answers, strict=True):
        if isinstance(answer, str):
            raise ValueError(f"{trial.question}: {answer}")
    return [Answer(answer["verdict"], tuple(answer["ignored"])) for answer in answers]
