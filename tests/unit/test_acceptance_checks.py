"""What `make acceptance` makes of AWS's answers: every check passes, and every check can fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.acceptance import judge
from tests.acceptance.cloud import Refusal
from tests.acceptance.protocol import Finding, Verdict
from tests.unit.acceptance_arrivals import CASES as ARRIVALS

USER, SERVICE, OLD, NEW = "akr-accept-0a1b2c3d-alice", "build-agent", "AKIAOLD", "AKIANEW"
ACCOUNT, NAME = "123456789012", "akr-accept-0a1b2c3d"
OWNER, OWNER_ID = f"arn:aws:iam::{ACCOUNT}:user/{NAME}/{USER}", "AIDACKCEVSQ6C2EXAMPLE"
READER, ACCOUNT_ROOT = f"arn:aws:iam::{ACCOUNT}:role/reader", f"arn:aws:iam::{ACCOUNT}:root"
SECRET = "wJalrXUtnFEMI"


def row(action: str, reason: str, key: str | None = OLD, user: str = USER) -> dict[str, Any]:
    return {"user": user, "action": action, "reason": reason, "access_key_id": key, "detail": ""}


def answer(*rows: dict[str, Any], failed: int = 0, scanned: int = 2) -> dict[str, Any]:
    return {"users": list(rows), "failed": failed, "scanned": scanned}


EMERGENCY = (
    row("record", "emergency"),
    row("rotate", "emergency"),
    row("disable", "emergency"),
    row("announce", "emergency", NEW),
)


def policy(**changed: Any) -> str:
    """The policy as docs/architecture.md shows it; AWS writes a list of one as one value."""
    allow = {
        "Sid": "OwnerAndReadersMayRead",
        "Effect": "Allow",
        "Principal": {"AWS": [ACCOUNT_ROOT, READER, changed.get("owner", OWNER)]},
        "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        "Resource": "*",
    }
    deny = {
        "Sid": "NobodyElseMayRead",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
        "Condition": {
            "ArnNotEquals": {"aws:PrincipalArn": changed.get("reader", READER)},
            "StringNotEquals": {"aws:userid": [changed.get("owner_id", OWNER_ID)]},
        },
    }
    return json.dumps({"Statement": [allow, deny, *changed.get("more", [])][: changed.get("n", 9)]})


def value(**changed: Any) -> dict[str, Any]:
    found = {
        "Version": 1,
        "AccessKeyId": NEW,
        "SecretAccessKey": SECRET,
        "UserName": USER,
        "AccountId": ACCOUNT,
        "CreateDate": "2026-06-01T12:00:00Z",
        "Smtp": {"eu-west-1": {"UserName": NEW, "Password": "p"}},
        **changed,
    }
    return {field: content for field, content in found.items() if content is not None}


def line(action: str, key: str, **more: str) -> str:
    change = {"message": "key changed", "action": action, "access_key_id": key, "user": USER}
    return json.dumps(change | more)


LOG = ["START RequestId: 1", line("create", NEW), line("disable", OLD)]
REFUSED = Refusal("AccessDeniedException", "… with an explicit deny in a resource-based policy")
PUBLIC = {"PolicyValidationPassed": False}
STATUS = {"installation": NAME, "users": [{"user": SERVICE}, {"user": USER}], "unread": []}
PLAN = {"dry_run": True, "scanned": 2, "users": [row("report", "named_in_vain")]}
DECIDED = {"the function": "allowed", "no function": "explicitDeny"}

refused = partial(judge.is_refused, emulated=False, what="w", because="explicit deny")
admitted = partial(judge.is_admitted, emulated=False, what="w")
removed = partial(judge.removal, made_by_terraform="a/t", made_by_function="a/f")
request = partial(judge.request, user=USER, before={OLD: "Active"})
emergency = partial(judge.emergency, user=USER, old=OLD)
keys = partial(judge.keys, old=OLD, new=NEW)
in_secret = partial(judge.value, user=USER, account_id=ACCOUNT, smtp=["eu-west-1"])
as_promised = partial(
    judge.policy, owner_arn=OWNER, owner_id=OWNER_ID, reader=READER, root=ACCOUNT_ROOT, user=USER
)
valid = partial(judge.validation, public=PUBLIC)
simulated = partial(judge.simulated, wanted=DECIDED, emulated=False, why="")
ordinary = partial(judge.ordinary_run, users=2)
report = partial(judge.credential_report, seconds=4.0, users=7)
status = partial(judge.status, name=NAME, users=[USER, SERVICE])
plan = partial(judge.plan, users=2)
log = partial(judge.log, wanted={("create", NEW): USER, ("disable", OLD): USER}, secret=[SECRET])
left = partial(judge.leftovers, pending_keys=["k (until 2026-07-01)"])

# A check, an answer that passes, and answers each of which must fail.
CASES: tuple[tuple[Callable[[Any], Finding], Any, tuple[Any, ...]], ...] = (
    (refused, REFUSED, (None, Refusal("Throttling"), Refusal("AccessDeniedException", "no Allow"))),
    (admitted, None, (REFUSED,)),
    (
        removed,
        {"a/t": True, "a/f": False},
        ({}, {"a/t": False, "a/f": False}, {"a/t": True}, {"a/t": True, "a/f": True}),
    ),
    (judge.second_plan, [], (["update aws_sqs_queue.dead_letters"],)),
    (
        lambda found: request(found[0], after=found[1]),
        (answer(row("report", "rotated_today")), {OLD: "Active"}),
        (
            (answer(), {OLD: "Active"}),
            (answer(row("report", "not_managed")), {OLD: "Active"}),
            (answer(row("rotate", "requested")), {OLD: "Active"}),
            (answer(row("report", "rotated_today")), {OLD: "Active", NEW: "Active"}),
            ({"errorMessage": "boom"}, {OLD: "Active"}),
        ),
    ),
    (
        emergency,
        answer(*EMERGENCY),
        (
            answer(),
            answer(*EMERGENCY[:3]),
            answer(*EMERGENCY, failed=1),
            answer(*EMERGENCY, row("fail", "error")),
            answer(*EMERGENCY[:2], row("disable", "emergency", NEW), EMERGENCY[3]),
            answer(*EMERGENCY[:3], row("announce", "key_too_old", NEW)),
            answer(*(one | {"user": SERVICE} for one in EMERGENCY)),
            {"errorMessage": "boom"},
        ),
    ),
    (
        keys,
        {OLD: "Inactive", NEW: "Active"},
        (
            {OLD: "Active", NEW: "Active"},
            {OLD: "Inactive", NEW: "Inactive"},
            {NEW: "Active"},
            {OLD: "Inactive", NEW: "Active", "AKIAMORE": "Active"},
        ),
    ),
    (
        in_secret,
        value(),
        (
            value(AccessKeyId=None),
            value(UserName=SERVICE),
            value(AccountId="210987654321"),
            value(Smtp=None),
            value(Smtp={"us-east-1": {"UserName": NEW}}),
            value(Smtp={"eu-west-1": {"UserName": OLD}}),
            value(More="field"),
        ),
    ),
    (
        as_promised,
        policy(),
        (
            policy(n=1),
            policy(owner=OWNER_ID),
            policy(owner_id="AIDAOTHER"),
            policy(reader="*"),
            policy(more=[{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]),
        ),
    ),
    (valid, {"PolicyValidationPassed": True}, ({"PolicyValidationPassed": False},)),
    (
        partial(judge.validation, {"PolicyValidationPassed": True}),
        PUBLIC,
        ({"PolicyValidationPassed": True},),
    ),
    (
        simulated,
        DECIDED,
        ({}, DECIDED | {"no function": "allowed"}, DECIDED | {"the function": "implicitDeny"}),
    ),
    (
        ordinary,
        answer(row("report", "unmanaged_users", None, "(account)")),
        (
            answer(scanned=1),
            answer(failed=1),
            answer(row("report", "no_credential_report", None, "(account)")),
            answer(row("report", "no_bulk_read", None, "(account)")),
            answer(row("rotate", "key_too_old")),
            {"errorMessage": "boom"},
        ),
    ),
    (report, ["STARTED", "COMPLETE"], ([], ["STARTED", "INPROGRESS"])),
    (
        status,
        STATUS,
        (
            STATUS | {"installation": "other"},
            STATUS | {"users": [{"user": USER}]},
            STATUS | {"unread": [{"user": USER, "error": "e"}]},
        ),
    ),
    (
        plan,
        PLAN,
        (PLAN | {"dry_run": False}, PLAN | {"scanned": 0}, PLAN | {"users": [row("rotate", "r")]}),
    ),
    (
        log,
        LOG,
        (
            [],
            LOG[:2],
            [*LOG, line("create", "AKIAMORE")],
            [LOG[0], LOG[1], line("disable", OLD, user=SERVICE)],
            [*LOG, f"it is {SECRET}"],
        ),
    ),
    (left, [], (["user alice"],)),
    *ARRIVALS,
)
FAILURES = [
    pytest.param(check, bad, id=f"{number}-{i}")
    for number, (check, _good, bads) in enumerate(CASES)
    for i, bad in enumerate(bads)
]


@pytest.mark.parametrize(("check", "good", "_bad"), CASES)
def test_what_is_promised_passes(
    check: Callable[[Any], Finding], good: object, _bad: object
) -> None:
    finding = check(good)

    assert finding.verdict is Verdict.PASS, finding.facts


@pytest.mark.parametrize(("check", "bad"), FAILURES)
def test_anything_else_fails(check: Callable[[Any], Finding], bad: object) -> None:
    finding = check(bad)

    assert finding.verdict is Verdict.FAIL
    assert finding.facts


@pytest.mark.parametrize(
    "finding",
    [
        judge.is_refused(None, True, "w"),
        judge.is_admitted(None, True, "w"),
        judge.validation(None, None),
        judge.simulated(DECIDED, DECIDED, True, "not evaluated"),
    ],
)
def test_an_emulator_passes_nothing_that_it_does_not_evaluate(finding: Finding) -> None:
    assert finding.verdict is Verdict.NOT_SEEN


def test_an_emulator_can_fail() -> None:
    assert judge.is_refused(Refusal("InternalError"), True, "w").verdict is Verdict.FAIL
    assert judge.is_admitted(Refusal("InternalError"), True, "w").verdict is Verdict.FAIL


def test_no_fact_is_a_secret() -> None:
    assert SECRET not in in_secret(value()).facts
    assert SECRET not in log([*LOG, f"it is {SECRET}"]).facts


def test_a_report_that_was_there_measures_nothing() -> None:
    assert judge.MADE in report(["STARTED", "COMPLETE"]).facts
    assert judge.MADE not in report(["COMPLETE"]).facts


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ([Verdict.PASS, Verdict.NOT_SEEN], Verdict.NOT_SEEN),
        ([Verdict.NOT_SEEN, Verdict.FAIL, Verdict.PASS], Verdict.FAIL),
        ([Verdict.PASS], Verdict.PASS),
    ],
)
def test_the_worst_of_several_counts(verdicts: list[Verdict], worst: Verdict) -> None:
    assert judge.together(Finding(one, "f") for one in verdicts).verdict is worst
