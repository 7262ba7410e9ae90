"""Which lines of docs/not-yet-seen.md the acceptance test shows, when it passes on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """An id is seen if all `steps` passed. `shows` says how much of it, as the page does.

    `needs` is a version that must have been used: what it is of, and how it begins. `fact` must be
    among the facts of the first step.
    """

    steps: tuple[str, ...]
    shows: str
    needs: tuple[str, str] | None = None
    fact: str = ""

    def holds_with(self, versions: Mapping[str, str]) -> bool:
        if self.needs is None:
            return True
        what, start = self.needs
        return versions.get(what, "").startswith(start)


_ROTATED = ("emergencies", "keys")

CLAIMS: Mapping[str, Claim] = {
    "role-reach": Claim(
        (*_ROTATED, "role: users"),
        "the function changes keys of managed users; IAM's simulator refuses it those of others",
    ),
    "role-source-function": Claim(
        (*_ROTATED, "role: other callers"),
        "the function's own requests are admitted; IAM's simulator refuses those of others",
    ),
    "parameters-by-path": Claim(
        (*_ROTATED, "secrets: values"),
        "a run has read the settings and the options of one user",
    ),
    "secret-policy-accepted": Claim(
        (*_ROTATED, "secrets: policies", "secrets: validation"),
        "the function has put the policy of two secrets, one of which it made",
    ),
    "secret-policy-owner": Claim(
        (*_ROTATED, "reads: owner", "reads: other user"),
        "an owner without any permission reads their own secret, and no other",
    ),
    "secret-policy-deny": Claim(
        ("secrets: policies", "reads: administrator"),
        "whoever ran this test is denied the secrets",
    ),
    "kms-via-service": Claim(
        ("reads: owner", "messages", "kms"),
        "secrets and messages come through; whoever ran this test cannot use the key",
    ),
    "topic-and-queue-deny": Claim(
        ("topic and queue",),
        "in part: whoever ran this test is refused. Rules and alarms were not tried",
    ),
    "install": Claim(
        ("apply", "second plan", "removal", "leftovers"),
        "an apply, an empty plan, a destroy, and what it leaves",
    ),
    "claim-role": Claim(
        ("apply", "second plan"),
        "in part: IAM takes the role. A second installation was not tried",
    ),
    "rotation": Claim(
        (*_ROTATED, "secrets: values"),
        "one rotation by an emergency; the ordinary one needs a key that is a day old",
    ),
    "new-key-delay": Claim(
        ("users", "reads: owner"),
        "in part: the seconds until STS and Secrets Manager took a new key, once for each user",
    ),
    "events-arrive": Claim(("events",), "in the queue of a rule on a bus of its own"),
    "message-arrives": Claim(("messages",), "in a queue, by the subscription's filter"),
    "credential-report": Claim(
        ("credential report",),
        "in part: the seconds that it took in this account",
        fact="IAM made one in",
    ),
    "health-transformer": Claim(
        ("transformer",),
        "the same transformer, for an event of the function: AWS alone can send one of AWS Health",
    ),
    "provider-6": Claim(
        ("apply", "second plan", "removal"),
        "the version is in the protocol",
        needs=("provider aws", "6."),
    ),
}
