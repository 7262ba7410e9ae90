"""What an answer of AWS means for a step. Nothing here calls anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .cloud import Refusal
from .protocol import Finding, Verdict

DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
)
INVALID_KEY = ("InvalidClientTokenId", "UnrecognizedClientException")
MADE = "IAM made one in"


def finding(holds: bool, facts: str) -> Finding:
    return Finding(Verdict.PASS if holds else Verdict.FAIL, facts)


def is_refused(
    refused: Refusal | None,
    emulated: bool,
    what: str,
    expected: Sequence[str] = DENIED,
    because: str = "",
) -> Finding:
    """A call must be refused with one of these codes, and with `because` in the message. An
    emulator serves what it does not evaluate."""
    if refused is None and emulated:
        return Finding(Verdict.NOT_SEEN, f"{what}: served, since nothing evaluates it")
    if refused is None:
        return Finding(Verdict.FAIL, f"{what}: served")
    if refused.code in expected and because in refused.message:
        return Finding(Verdict.PASS, f"{what}: {refused.code}" + (because and f", {because}"))
    return Finding(Verdict.FAIL, f"{what}: {refused.code}, {refused.message}")


def is_admitted(refused: Refusal | None, emulated: bool, what: str) -> Finding:
    """A call must be served. An emulator would serve it to anybody."""
    if refused is not None:
        return Finding(Verdict.FAIL, f"{what}: {refused.code}, {refused.message}")
    if emulated:
        return Finding(Verdict.NOT_SEEN, f"{what}: served, as to anybody")
    return Finding(Verdict.PASS, what)


def together(findings: Iterable[Finding]) -> Finding:
    """One finding of several: the worst verdict, and all facts. Raises ValueError for none."""
    found = list(findings)
    order = (Verdict.FAIL, Verdict.NOT_RUN, Verdict.NOT_SEEN, Verdict.PASS)
    worst = min((one.verdict for one in found), key=order.index)
    return Finding(worst, "; ".join(one.facts for one in found))


def removal(secrets: Mapping[str, bool], made_by_terraform: str, made_by_function: str) -> Finding:
    """After a destroy, whether each secret waits for its deletion: that of Terraform does, and
    that of the function stays, as docs/operations.md says."""
    said = ", ".join(
        f"{name.rpartition('/')[2]} {'waits for its deletion' if waits else 'stays'}"
        for name, waits in sorted(secrets.items())
    )
    holds = dict(secrets) == {made_by_terraform: True, made_by_function: False}
    return finding(holds, f"secrets after the destroy: {said or 'none'}")


def second_plan(changes: Sequence[str]) -> Finding:
    return finding(not changes, "no changes" if not changes else f"it would {', '.join(changes)}")


def request(
    answer: Mapping[str, Any], user: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Finding:
    """A request for a key that was replaced today: the function says so, and does nothing."""
    rows = [(row["action"], row["reason"]) for row in _of(answer, user)]
    holds = rows == [("report", "rotated_today")] and before == after
    kept = "its keys are as they were" if before == after else "its keys have changed"
    return finding(holds, f"{_rows(rows)}; {kept}")


def emergency(answer: Mapping[str, Any], user: str, old: str) -> Finding:
    """The rows of a replaced key, and no failure."""
    rows = {row["action"]: (row["reason"], row["access_key_id"]) for row in _of(answer, user)}
    holds = (
        rows.keys() == {"record", "rotate", "announce", "disable"}
        and all(reason == "emergency" for reason, _key in rows.values())
        and rows["rotate"][1] == rows["disable"][1] == old
        and answer.get("failed") == 0
    )
    said = _rows((action, reason) for action, (reason, _key) in rows.items())
    return finding(holds, f"{old}: {said}")


def keys(statuses: Mapping[str, str], old: str, new: str) -> Finding:
    """After an emergency: the old key is off, and the one in the secret is on."""
    said = ", ".join(f"{key} {status}" for key, status in sorted(statuses.items()))
    return finding(old != new and dict(statuses) == {old: "Inactive", new: "Active"}, said)


def value(found: Mapping[str, Any], user: str, account_id: str, smtp: Sequence[str]) -> Finding:
    """The fields of a secret, as docs/architecture.md shows them. Values are not told."""
    fields = {"Version", "AccessKeyId", "SecretAccessKey", "UserName", "AccountId", "CreateDate"}
    passwords = found.get("Smtp", {})
    holds = (
        found.keys() == (fields | {"Smtp"} if smtp else fields)
        and (found["UserName"], found["AccountId"]) == (user, account_id)
        and sorted(passwords) == sorted(smtp)
        and all(one["UserName"] == found["AccessKeyId"] for one in passwords.values())
    )
    return finding(holds, f"{user}: {', '.join(sorted(found))}")


def policy(found: str, owner_arn: str, owner_id: str, reader: str, root: str, user: str) -> Finding:
    """The policy of a secret is the one that docs/architecture.md shows, and no statement more."""
    allow = {
        "Sid": "OwnerAndReadersMayRead",
        "Effect": "Allow",
        "Principal": {"AWS": {owner_arn, reader, root}},
        "Action": {"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
        "Resource": {"*"},
    }
    deny = {
        "Sid": "NobodyElseMayRead",
        "Effect": "Deny",
        "Principal": {"*"},
        "Action": {"secretsmanager:GetSecretValue"},
        "Resource": {"*"},
        "Condition": {
            "ArnNotEquals": {"aws:PrincipalArn": {reader}},
            "StringNotEquals": {"aws:userid": {owner_id}},
        },
    }
    statements = [_as_sets(one) for one in json.loads(found)["Statement"]]
    holds = len(statements) == 2 and allow in statements and deny in statements
    return finding(holds, f"{user}: {'as documented' if holds else ' '.join(found.split())}")


def validation(own: Mapping[str, Any] | None, public: Mapping[str, Any] | None) -> Finding:
    """Secrets Manager validates ours, and refuses one that lets everybody read. None: it was not
    asked, since the emulator has no such call."""
    if own is None or public is None:
        return Finding(Verdict.NOT_SEEN, "the emulator has no ValidateResourcePolicy")
    passed, refused = own["PolicyValidationPassed"], not public["PolicyValidationPassed"]
    errors = ", ".join(str(error) for error in own.get("ValidationErrors", ()))
    facts = f"ours {'passes' if passed else f'is refused: {errors}'}; one for everybody "
    return finding(passed and refused, facts + ("is refused" if refused else "passes, too"))


def simulated(
    decisions: Mapping[str, str], wanted: Mapping[str, str], emulated: bool, why: str
) -> Finding:
    """Each request of a simulation was decided as wanted. An emulator decides nothing."""
    said = ", ".join(f"{request} {decision}" for request, decision in decisions.items())
    if emulated:
        return Finding(Verdict.NOT_SEEN, why)
    return finding(dict(decisions) == dict(wanted), said or "nothing was decided")


def ordinary_run(answer: Mapping[str, Any], users: int) -> Finding:
    """A run over all managed users finds these, by bulk reads, and has nothing to do."""
    account = {row["reason"] for row in _of(answer, "(account)")}
    rows = answer.get("users", ())
    changed = [row["user"] for row in rows if row["action"] in ("rotate", "disable", "fail")]
    slow = sorted({"no_bulk_read", "no_credential_report"} & account)
    numbers = (answer.get("scanned"), answer.get("failed"))
    facts = f"{numbers[0]} managed users, {numbers[1]} failed; "
    facts += f"without bulk reads: {', '.join(slow)}" if slow else "both bulk reads worked"
    facts += f"; changed or failed: {', '.join(changed)}" if changed else ""
    return finding(numbers == (users, 0) and not slow and not changed, facts)


def credential_report(states: Sequence[str], seconds: float, users: int) -> Finding:
    """IAM has made one. If the first answer has it already, nothing was measured."""
    if not states or states[-1] != "COMPLETE":
        return finding(False, f"no report after {seconds:.0f} s: {', '.join(states)}")
    if len(states) == 1:
        return finding(True, f"there was one of the last 4 hours, of {users} users")
    return finding(True, f"{MADE} {seconds:.0f} s, of {users} users")


def status(document: Mapping[str, Any], name: str, users: Sequence[str]) -> Finding:
    """`key-rotation status` shows this installation, and these users with nothing unread."""
    shown = sorted(user["user"] for user in document["users"])
    holds = document["installation"] == name and shown == sorted(users) and not document["unread"]
    unread = len(document["unread"])
    return finding(holds, f"status: {', '.join(shown) or 'nobody'}; {unread} unread")


def plan(document: Mapping[str, Any], users: int) -> Finding:
    """`key-rotation plan` is a dry run over these users that plans no rotation."""
    planned = [row["user"] for row in document["users"] if row["action"] == "rotate"]
    holds = document["dry_run"] is True and document["scanned"] == users and not planned
    return finding(holds, f"plan: {document['scanned']} users, {len(planned)} rotations")


def log(
    lines: Sequence[str], wanted: Mapping[tuple[str, str], str], secret: Sequence[str]
) -> Finding:
    """Each change, by action and key, has one line for its user, and no line holds a secret."""
    if any(text in line for line in lines for text in secret):
        return finding(False, "the log holds a secret access key")
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    changes = [entry for entry in entries if entry.get("message") == "key changed"]
    found = [((one["action"], one["access_key_id"]), one["user"]) for one in changes]
    holds = sorted(found) == sorted(wanted.items())
    return finding(holds, f"{len(found)} changes of keys in {len(lines)} lines, no secret in them")


def leftovers(found: Sequence[str], pending_keys: Sequence[str]) -> Finding:
    """Nothing of that name is there. A KMS key that waits for its deletion costs nothing."""
    stays = f"KMS key {', '.join(pending_keys)} waits for its deletion" if pending_keys else ""
    if found:
        return finding(False, f"still there: {', '.join(found)}" + (f"; {stays}" if stays else ""))
    return finding(True, f"nothing of that name; {stays or 'no KMS key waits'}")


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{action} ({reason})" for action, reason in rows) or "no row"


def _of(answer: Mapping[str, Any], user: str) -> list[Mapping[str, Any]]:
    """The rows of one user; none if the run failed."""
    return [row for row in answer.get("users", ()) if row["user"] == user]


def _as_sets(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement, the same for every way to write it down: one value is a list of one."""
    return {
        element: content if element in ("Sid", "Effect") else _set(content)
        for element, content in statement.items()
    }


def _set(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _set(value) for key, value in content.items()}
    return {content} if isinstance(content, str) else set(content)
