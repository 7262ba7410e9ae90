"""What a terminal gets, and what a pipe."""

from __future__ import annotations

import pytest

from key_rotation_cli.screen import Screen
from key_rotation_cli.status import show
from tests.unit.sample import excerpt


@pytest.fixture
def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def keys() -> list[str]:
    return [key.id for status in excerpt().statuses for key in status.keys]


@pytest.mark.usefixtures("narrow_terminal")
def test_narrow_terminal_shows_every_key_id_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show(excerpt(), Screen())
    out = capsys.readouterr().out

    assert [key for key in keys() if key not in out] == []
    assert "…" not in out


def test_pipe_gets_one_line_a_row_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    show(excerpt(), Screen())
    out = capsys.readouterr().out

    assert len(out.splitlines()) == 1 + len(keys()) + 1
    assert "\x1b" not in out


def test_progress_leaves_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    with screen.counting("reading users") as tell:
        tell(1, 2)
    with screen.spinning("a dry run") as tick:
        tick("iam:ListAccessKeys")

    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("narrow_terminal")
def test_progress_is_seen_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    with screen.counting("reading users") as tell:
        tell(1, 2)

    assert "1/2" in capsys.readouterr().err


def test_error_is_one_line_whatever_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().error("first\n  second " + "x" * 300)

    assert capsys.readouterr().err == "key-rotation: first second " + "x" * 300 + "\n"


def test_markup_in_what_is_shown_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.table(("user",), [["[bold]alice[/bold]"]])
    screen.error("[red]no[/red]")
    printed = capsys.readouterr()

    assert "[bold]alice[/bold]" in printed.out
    assert "[red]no[/red]" in printed.err
