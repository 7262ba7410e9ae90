"""What the operator is notified of an emergency: above all, whether the leaked key is off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from key_rotation.domain.settings import SettingsError
from key_rotation.notify.response import Report, RotationFailedError, Row
from key_rotation.run.notices import EmergencyBlockedError
from key_rotation.run.payload import PayloadError
from key_rotation_cli.emergency import answered, failed, question, send_asking
from key_rotation_cli.exits import Exit
from key_rotation_cli.invocation import Answer
from tests.unit.builders import NOW

KEY = "AKIAIOSFODNN7EXAMPLE"


def response(*rows: Row, dry_run: bool = False) -> dict[str, object]:
    return Report(dry_run, NOW, 1, rows).response()


def row(action: str, detail: str | None = None, key: str | None = KEY) -> Row:
    return Row("alice", action, "emergency", key, detail)


@pytest.mark.parametrize(
    ("rows", "status", "words"),
    [
        pytest.param([row("rotate"), row("disable"), row("announce")], Exit.OK, "is disabled"),
        pytest.param([], Exit.OK, "is inactive already", id="sent twice"),
        pytest.param(
            [row("announce", key="AKIANEW")], Exit.OK, "is inactive already", id="notified"
        ),
        pytest.param(
            [row("rotate", "not done: the keys have changed in the meantime")],
            Exit.FINDINGS,
            "the keys have changed in the meantime",
            id="concurrent_change",
        ),
        pytest.param(
            [row("rotate"), row("disable", "not done: it is not active any more")],
            Exit.FINDINGS,
            "IS STILL ACTIVE",
            id="concurrent_change at the end",
        ),
        pytest.param(
            [row("defer", "the next run takes it up")], Exit.FINDINGS, "send it again", id="late"
        ),
    ],
)
def test_answer(rows: list[Row], status: Exit, words: str) -> None:
    verdict = answered(response(*rows), KEY, asked_for_dry_run=False)

    assert verdict.status is status
    assert words in verdict.text
    assert KEY in verdict.text


def test_dry_run_that_was_asked_for_is_well() -> None:
    planned = response(row("rotate", "dry run"), row("disable", "dry run"), dry_run=True)

    assert answered(planned, KEY, asked_for_dry_run=True).status is Exit.OK


def test_dry_run_of_an_emergency_that_would_be_refused() -> None:
    planned = response(Row("robot", "block", "nobody_can_fetch", KEY, "dry run"), dry_run=True)
    verdict = answered(planned, KEY, asked_for_dry_run=True)

    assert verdict.status is Exit.FINDINGS
    assert "nobody_can_fetch" in verdict.text


def test_dry_run_that_was_not_asked_for_is_told_loudly() -> None:
    planned = response(row("rotate", "dry run"), row("disable", "dry run"), dry_run=True)
    verdict = answered(planned, KEY, asked_for_dry_run=False)

    assert verdict.status is Exit.FINDINGS
    assert "dry_run" in verdict.text
    assert "IS STILL ACTIVE" in verdict.text


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        pytest.param(PayloadError("unknown user"), Exit.USAGE, "nothing was done", id="payload"),
        pytest.param(SettingsError("parameter x"), Exit.USAGE, "nothing was done", id="settings"),
        pytest.param(
            RotationFailedError(
                Report(False, NOW, 1, [Row("alice", "fail", "error", None, "slot_taken")])
            ),
            Exit.FINDINGS,
            "IS STILL ACTIVE",
            id="blocked",
        ),
        pytest.param(EmergencyBlockedError("x"), Exit.AWS, "IS STILL ACTIVE", id="unknown error"),
    ],
)
def test_error(error: Exception, status: Exit, words: str) -> None:
    document = {"errorType": type(error).__name__, "errorMessage": str(error)}
    verdict = failed(document, KEY)

    assert verdict.status is status
    assert words in verdict.text
    assert str(error) in verdict.text


def test_timeout_of_the_function_has_no_type() -> None:
    verdict = failed({"errorMessage": "Task timed out after 900.00 seconds"}, KEY)

    assert verdict.status is Exit.AWS
    assert "IS STILL ACTIVE" in verdict.text


# -- a service that nobody can fetch the new key for -----------------------------------------------

PAYLOAD = {"emergency": {"user": "robot", "access_key_id": KEY, "reason": "leaked"}}
FLAGGED = {"emergency": PAYLOAD["emergency"] | {"even_if_nobody_can_fetch": True}}
REFUSAL = "EmergencyBlockedError: nobody could fetch the key that stays (nobody_can_fetch)"
REFUSED = Answer(
    {"errorType": "RotationFailedError", "errorMessage": f"1 user(s) failed: robot: {REFUSAL}"},
    is_error=True,
)
DONE = Answer(response(row("rotate"), row("disable"), row("announce")), is_error=False)


class FakeFunction:
    """Refuses what lacks the flag, as the function does for a service without readers."""

    def __init__(self, cuts_off: bool = True) -> None:
        self.cuts_off = cuts_off
        self.payloads: list[Mapping[str, Any]] = []

    def __call__(self, payload: Mapping[str, Any]) -> Answer:
        self.payloads.append(payload)
        is_flagged = payload["emergency"].get("even_if_nobody_can_fetch") is True
        return REFUSED if self.cuts_off and not is_flagged else DONE


class FakeOperator:
    def __init__(self, says: bool) -> None:
        self.says = says
        self.asked: list[str] = []

    def __call__(self, text: str) -> bool:
        self.asked.append(text)
        return self.says


@pytest.mark.parametrize(
    ("yes", "says", "payloads", "questions", "answer"),
    [
        pytest.param(False, True, [PAYLOAD, FLAGGED], 1, DONE, id="asked, and yes"),
        pytest.param(False, False, [PAYLOAD], 1, REFUSED, id="asked, and no"),
        pytest.param(True, False, [FLAGGED], 0, DONE, id="--yes"),
    ],
)
def test_nobody_can_fetch(
    yes: bool, says: bool, payloads: list[Any], questions: int, answer: Answer
) -> None:
    function, operator = FakeFunction(), FakeOperator(says)

    assert send_asking(PAYLOAD, function, operator, yes) == answer
    assert function.payloads == payloads
    assert len(operator.asked) == questions


def test_nobody_is_asked_if_somebody_can_fetch() -> None:
    function, operator = FakeFunction(cuts_off=False), FakeOperator(False)

    assert send_asking(PAYLOAD, function, operator, yes=False) == DONE
    assert (function.payloads, operator.asked) == ([PAYLOAD], [])


def test_nobody_is_asked_of_a_dry_run() -> None:
    function, operator = FakeFunction(), FakeOperator(True)
    dry_run = PAYLOAD | {"dry_run": True}

    assert send_asking(dry_run, function, operator, yes=False) == REFUSED
    assert (function.payloads, operator.asked) == ([dry_run], [])


def test_an_older_function_that_does_not_know_the_flag_has_not_refused() -> None:
    error = PayloadError("emergency has an unknown field 'even_if_nobody_can_fetch'")
    answer = Answer({"errorType": "PayloadError", "errorMessage": str(error)}, is_error=True)
    operator = FakeOperator(True)

    assert send_asking(PAYLOAD, lambda _payload: answer, operator, yes=False) == answer
    assert operator.asked == []
    assert failed(answer.document, KEY).status is Exit.USAGE


def test_question_says_who_is_cut_off_and_what_to_do() -> None:
    text = question("robot", KEY)

    assert "the new key of robot:" in text
    assert f"Whatever uses {KEY} stops working now" in text
    assert "secret_reader_arns" in text
    assert "key-rotation restore robot" in text
    assert text.endswith("?")


def test_question_about_a_key_whose_user_is_not_named() -> None:
    text = question(None, KEY)

    assert f"the new key of the user of {KEY}" in text
    assert "key-rotation restore USER --not-leaked" in text


def test_refusal_says_that_the_key_is_still_active_and_what_to_do() -> None:
    verdict = failed(REFUSED.document, KEY)

    assert verdict.status is Exit.FINDINGS
    assert REFUSAL in verdict.text
    assert f"{KEY} IS STILL ACTIVE" in verdict.text
    assert "--yes" in verdict.text
    assert "secret_reader_arns" in verdict.text
