"""What the operator is notified of an emergency: above all, whether the leaked key is off."""

from __future__ import annotations

import pytest

from key_rotation.domain.settings import SettingsError
from key_rotation.notify.response import Report, RotationFailedError, Row
from key_rotation.run.notices import EmergencyBlockedError
from key_rotation.run.payload import PayloadError
from key_rotation_cli.emergency import answered, failed
from key_rotation_cli.exits import Exit
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
