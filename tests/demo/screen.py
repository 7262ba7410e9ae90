"""How the demo speaks: numbered steps, signs of life, errors."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

COLUMNS = 100
_LINE_EVERY_SECONDS = 6.0  # where nothing can spin


class Screen:
    """One console; `began` is when the demo began."""

    def __init__(self) -> None:
        found = Console()
        width = min(found.width, COLUMNS) if found.is_terminal else COLUMNS
        self.console = Console(width=width, highlight=False, soft_wrap=False, record=True)
        self._began = time.monotonic()
        self._step = 0

    def shown(self) -> str:
        """All that was printed so far, without line breaks and frames."""
        return re.sub(r"[\s\u2500-\u257f]+", "", self.console.export_text(clear=False))

    def step(self, title: str) -> None:
        """A heading: what is about to happen."""
        self._step += 1
        elapsed = f"{time.monotonic() - self._began:.0f} s"
        self.console.print()
        self.console.rule(
            f"[bold]{self._step}  {title}[/bold]  [dim]{elapsed}[/dim]", align="left", style="cyan"
        )

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style))

    def command(self, text: str) -> None:
        """A line to be copied: never broken."""
        self.console.print(Text(f"    {text}", style="cyan"), soft_wrap=True)

    def done(self, text: str) -> None:
        """Something that was checked and is so."""
        self.console.print(Text.assemble(("✔ ", "green"), text))

    def skip(self, text: str) -> None:
        """Something that this LocalStack cannot show, and why."""
        self.console.print(Text.assemble(("- ", "yellow"), ("skipped: ", "yellow"), text))

    def fail(self, text: str) -> None:
        self.console.print(Text.assemble(("error: ", "bold red"), text))

    @contextmanager
    def working(self, text: str) -> Iterator[Working]:
        """Signs of life until the block ends."""
        working = Working(self.console, text)
        with working:
            yield working


class Working:
    """A spinner on a terminal, a line every few seconds elsewhere."""

    def __init__(self, console: Console, text: str) -> None:
        self._console = console
        self._status = console.status(text, spinner_style="cyan") if console.is_terminal else None
        self._text, self._began = text, time.monotonic()
        self._ended = threading.Event()
        self._beat = threading.Thread(target=self._print_lines, daemon=True)

    def __enter__(self) -> None:
        if self._status is not None:
            self._status.start()
        else:
            self._beat.start()

    def __exit__(self, *_error: object) -> None:
        if self._status is not None:
            self._status.stop()
        else:
            self._ended.set()
            self._beat.join()

    def update(self, text: str) -> None:
        self._text = text
        if self._status is not None:
            self._status.update(Text(text, overflow="ellipsis", no_wrap=True))

    def _print_lines(self) -> None:
        while not self._ended.wait(_LINE_EVERY_SECONDS):
            elapsed = time.monotonic() - self._began
            self._console.print(Text(f"… {elapsed:3.0f} s  {self._text}", style="dim"))
