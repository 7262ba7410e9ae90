"""What the operator sees: tables on standard output, progress and errors on standard error.

In a pipe the tables are plain columns, however wide, one row a line. What is shown may be somebody
else's: a tag's value, an error of AWS. Nothing of it steers the terminal, or is a formula.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.prompt import Confirm
from rich.table import Column, Table
from rich.text import Text

from key_rotation.notify.text import one_line

# A spreadsheet takes a cell that begins so for a formula (OWASP: CSV injection).
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_PLAIN_COLUMNS = 100_000


class Screen:
    """Both streams of one command, as they are when it starts."""

    def __init__(self) -> None:
        self._out = Console(file=sys.stdout, highlight=False)
        self._err = Console(file=sys.stderr, highlight=False)
        self._is_terminal = self._out.is_terminal

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str | Text]],
        wrapping: Collection[str] = (),
    ) -> None:
        """One line a row; on a terminal that is too narrow, the columns `wrapping` take more."""
        table = Table(
            *(
                Column(heading, no_wrap=heading not in wrapping, overflow="fold")
                for heading in headings
            ),
            box=box.SIMPLE_HEAD if self._is_terminal else None,
            pad_edge=False,
            padding=(0, 1 if self._is_terminal else 2, 0, 0),
            header_style="bold",
        )
        for row in rows:
            table.add_row(*(_harmless(cell) for cell in row))
        if self._is_terminal:
            self._out.print(table)
            return
        plain = Console(width=_PLAIN_COLUMNS, color_system=None, highlight=False)
        with plain.capture() as captured:
            plain.print(table)
        self._write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))

    def gap(self) -> None:
        """An empty line between plain tables; on a terminal they have their own."""
        if not self._is_terminal:
            self._write("\n")

    def say(self, text: str, style: str = "") -> None:
        """A sentence of the answer."""
        if self._is_terminal:
            self._out.print(Text(one_line(text), style=style))
        else:
            self._write(f"{one_line(text)}\n")

    def document(self, value: Any) -> None:
        """As JSON; beyond what JSON escapes by itself there is one control character."""
        self._write(json.dumps(value, indent=2).replace("\x7f", "\\u007f") + "\n")

    def csv(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """As CSV. A text that a spreadsheet would calculate gets an apostrophe in front."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
        self._write(text.getvalue())

    def text(self, text: str) -> None:
        """Lines for another program, as they are: nothing of them may be somebody else's."""
        self._write(text)

    def _write(self, text: str) -> None:
        """As it is."""
        sys.stdout.write(text)

    def note(self, text: str) -> None:
        """Something to know that is no part of the answer."""
        self._err.print(Text(one_line(text), style="yellow"), soft_wrap=True)

    def error(self, text: str) -> None:
        """One line."""
        line = Text.assemble(("key-rotation: ", "bold red"), one_line(text))
        self._err.print(line, soft_wrap=True)

    def confirms(self, question: str) -> bool:
        """Whether somebody at a terminal says yes; nobody is asked where there is none."""
        if not (sys.stdin.isatty() and self._err.is_terminal):
            return False
        self.note(question)
        try:
            return Confirm.ask("Go on", console=self._err, default=False)
        except EOFError:
            return False

    @contextmanager
    def counting(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """A bar; the function yielded moves it to so many of so many."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with self._progress(*columns) as progress:
            task = progress.add_task(what, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    @contextmanager
    def following(self, what: str) -> Iterator[Callable[[int, int, str], None]]:
        """A bar, and beside it what is in work; the function yielded moves it as in `counting`."""
        rest = Column(no_wrap=True, ratio=1)  # what finds no room there is left out
        columns = (
            *(TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn()),
            TextColumn("{task.fields[at]}", markup=False, table_column=rest),
        )
        with self._progress(*columns, whole_line=True) as progress:
            task = progress.add_task(what, total=None, at="")

            def show(done: int, total: int, at: str) -> None:
                progress.update(task, completed=done, total=total, at=one_line(at))

            yield show

    @contextmanager
    def spinning(self, what: str) -> Iterator[Callable[[str], None]]:
        """A spinner for work of unknown length; each call of the function yielded is counted."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[on]}"),
        )
        with self._progress(*columns) as progress:
            task = progress.add_task(what, total=None, on="")
            calls = 0

            def tick(call: str) -> None:
                nonlocal calls
                calls += 1
                progress.update(task, on=f": {calls} calls, at {call}")

            yield tick

    def _progress(self, *columns: Any, whole_line: bool = False) -> Progress:
        """Gone when it ends, and nothing at all where standard error is no terminal."""
        return Progress(
            *columns,
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
            expand=whole_line,
        )


def _harmless(cell: str | Text) -> Text:
    """Text, for a string would be read as markup."""
    return Text(one_line(cell)) if isinstance(cell, str) else Text(one_line(cell.plain), cell.style)


def _csv_cell(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    line = one_line(cell)
    return f"'{line}" if line.startswith(_FORMULA) else line
