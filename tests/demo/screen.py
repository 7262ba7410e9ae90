"""How the demo speaks: numbered steps, signs of life, errors."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

COLUMNS = 100
_LINE_EVERY_SECONDS = 6.0  # where nothing can spin


class Screen:
    """One console, on which no text is markup. Steps show the seconds since it was made."""

    def __init__(self) -> None:
        found = Console()
        width = min(found.width, COLUMNS) if found.is_terminal else COLUMNS
        self.console = Console(width=width, highlight=False, markup=False, emoji=False, record=True)
        self._began = self._told = time.monotonic()
        self._step = 0
        self._status: Status | None = None

    def shown(self) -> str:
        """All that was printed so far, without line breaks and frames."""
        return re.sub(r"[\s\u2500-\u257f]+", "", self.console.export_text(clear=False))

    def step(self, title: str) -> None:
        """A heading: what is about to happen."""
        self._step += 1
        elapsed = f"  {time.monotonic() - self._began:.0f} s"
        heading = Text.assemble((f"{self._step}  {title}", "bold"), (elapsed, "dim"))
        self.console.print()
        self.console.rule(heading, align="left", style="cyan")

    def say(self, text: str) -> None:
        self.console.print(_harmless(text))

    def command(self, text: str) -> None:
        """A line to be copied: never broken."""
        self.console.print(Text(f"    {text}", style="cyan"), soft_wrap=True)

    def done(self, text: str) -> None:
        """Something that was checked and is so."""
        self.console.print(Text.assemble(("✔ ", "green"), _harmless(text)))

    def fail(self, text: str) -> None:
        self.console.print(Text.assemble(("error: ", "bold red"), _harmless(text)))

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Signs of life until the block ends, as `tell` has them."""
        if self.console.is_terminal:
            with self.console.status(Text(text), spinner_style="cyan") as self._status:
                yield
            self._status = None
        else:
            self._told = time.monotonic()
            yield

    def tell(self, text: str) -> None:
        """How far the work is: beside the spinner, or a line every few seconds."""
        if self._status is not None:
            self._status.update(Text(text, overflow="ellipsis", no_wrap=True))
        elif time.monotonic() - self._told > _LINE_EVERY_SECONDS:
            self._told = time.monotonic()
            self.console.print(Text(f"… {self._told - self._began:3.0f} s  {text}", style="dim"))


def _harmless(text: str) -> Text:
    """An error may have somebody else's words: nothing of it steers the terminal."""
    return Text("".join(c if c.isprintable() or c == "\n" else " " for c in text))
