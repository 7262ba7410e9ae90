"""What a terminal gets, and what a pipe."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.text import Text

from key_rotation_cli import hand_over
from key_rotation_cli import screen as screen_module
from key_rotation_cli.screen import Screen
from key_rotation_cli.status_table import show
from tests.unit.builders import NOW
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

    users, uses, [counts] = [part.splitlines() for part in out.split("\n\n")]
    assert len(users) == 1 + len(keys())
    assert len(uses) == 1 + len(list(hand_over.rows(excerpt().statuses, NOW)))
    assert counts.startswith("7 managed of 38 IAM users")
    assert "\x1b" not in out


def test_progress_leaves_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    with screen.counting("reading users") as tell:
        tell(1, 2)
    with screen.spinning("a dry run") as tick:
        tick("iam:ListAccessKeys")
    with screen.following("reading accounts") as follow:
        follow(1, 2, "shop 3/56")

    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("narrow_terminal")
def test_progress_is_seen_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    with screen.counting("reading users") as tell:
        tell(1, 2)

    assert "1/2" in capsys.readouterr().err


@pytest.mark.usefixtures("narrow_terminal")
def test_progress_says_what_is_in_work_as_far_as_there_is_room(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    with screen.following("reading accounts") as follow:
        follow(7, 40, ", ".join(f"[b]account-{number} 3/56" for number in range(16)))
    err = capsys.readouterr().err
    last = [line for line in err.replace("\r", "\n").splitlines() if "reading accounts" in line][-1]

    assert "7/40" in last
    assert "[b]account-0 3/56" in last
    assert "account-9" not in err


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


class Keyboard(io.StringIO):
    """Standard input, of a terminal or a pipe."""

    def __init__(self, typed: str, is_terminal: bool) -> None:
        super().__init__(typed)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("typed", "at_a_terminal", "is_yes"),
    [
        pytest.param("y\n", True, True, id="yes"),
        pytest.param("n\n", True, False, id="no"),
        pytest.param("\n", True, False, id="enter alone"),
        pytest.param("what\ny\n", True, True, id="asked again"),
        pytest.param("", True, False, id="closed"),
        pytest.param("y\n", False, False, id="a pipe is no person"),
    ],
)
def test_only_a_person_confirms(
    typed: str,
    at_a_terminal: bool,
    is_yes: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("sys.stdin", Keyboard(typed, at_a_terminal))

    assert Screen().confirms("robot is cut off. Disable?") is is_yes

    printed = capsys.readouterr()
    assert ("robot is cut off" in printed.err) is at_a_terminal


def test_nobody_is_asked_who_does_not_see_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("y\n", True))

    assert Screen().confirms("Disable?") is False


# What AWS, a tag's value, or another person's text may hold.
HOSTILE = (
    "a\x1b[2J\x1b]0;title\x07b",
    "a\x9b31mb",
    "a\rb\x08\x7f\x00",
    "left \u202e right \u2066 \u200b \ufeff",
    "separators \u2028 and \u2029",
)
WAYS: dict[str, Callable[[Screen, str], None]] = {
    "a cell": lambda screen, text: screen.table(("user",), [[text]]),
    "a cell with a style": lambda screen, text: screen.table(("user",), [[Text(text, "red")]]),
    "a sentence": lambda screen, text: screen.say(text, "bold"),
    "a note": lambda screen, text: screen.note(text),
    "an error": lambda screen, text: screen.error(text),
    "JSON": lambda screen, text: screen.document({"said": text}),
    "CSV": lambda screen, text: screen.csv(("said",), [[text]]),
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("on_a_terminal", [False, True])
def test_no_text_steers_the_terminal(
    way: str,
    text: str,
    on_a_terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if on_a_terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    WAYS[way](Screen(), text)

    printed = "".join(capsys.readouterr())
    own = re.sub(r"\x1b\[[0-9;]*m", "", printed)  # the styles are ours
    assert [c for c in own if not c.isprintable() and c != "\n"] == []
    assert text[:1] in own


def test_everything_leaves_through_the_screen() -> None:
    package = Path(screen_module.__file__).parent
    # entry.py runs where rich is missing.
    ours = ("screen.py", "entry.py")
    others = [file for file in package.rglob("*.py") if file.name not in ours]

    assert [
        f.name
        for f in others
        if re.search(r"\bprint\(|Console\(|std(out|err)\.write\(", f.read_text())
    ] == []


# -- CSV -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        pytest.param("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0", id="equals"),
        pytest.param("+admin", "'+admin", id="plus"),
        pytest.param("-admin", "'-admin", id="minus"),
        pytest.param("@admin", "'@admin", id="at"),
        pytest.param("\t=1", "'=1", id="tab"),
        pytest.param("\r=1", "'=1", id="carriage return"),
        pytest.param("\n=1", "'=1", id="line feed"),
        pytest.param("\uff1d1", "'\uff1d1", id="full width"),
        pytest.param("alice@example=x", "alice@example=x", id="inside"),
        pytest.param("'quoted", "'quoted", id="an apostrophe"),
        pytest.param(-3, "-3", id="a number"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_no_cell_is_a_formula(cell: object, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    Screen().csv(("a", "b"), [[cell, "x"]])

    assert list(csv.reader(capsys.readouterr().out.splitlines())) == [["a", "b"], [shown, "x"]]
