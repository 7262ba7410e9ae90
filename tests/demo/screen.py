"""How the demo speaks: numbered steps, signs of life, errors."""

from __future__ import annotations

import re
import time

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.text import Text

COLUMNS = 100
_LINE_EVERY_SECONDS = 6.0  # where nothing can spin


class Screen:
    """One console, on which no text is markup. Steps show the seconds since it was made."""

    def __init__(self) -> None:
        found = Console()
        width = min(found.width, COLUMNS) if found.is_terminal else COLUMNS
        self.console = Console(width=width, highlight=False, markup=False, emoji=False, record=True)
        self._spinner = self.console.status("", spinner_style="cyan")
        self._began = self._told = time.monotonic()
        self._step = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def shown(self) -> str:
        """All that was printed so far, without line breaks and frames."""
        return re.sub(r"[\s\u2500-\u257f]+", "", self.console.export_text(clear=False))

    def show(self, shown: RenderableType, whole_lines: bool = False) -> None:
        """Prints; what was worked at is at its end."""
        self._spinner.stop()
        self._told = time.monotonic()
        self.console.print(shown, soft_wrap=whole_lines)

    def step(self, title: str) -> None:
        """A heading: what is about to happen."""
        self._step += 1
        heading = (f"{self._step}  {title}", "bold"), (f"  {self.seconds:.0f} s", "dim")
        self.show("")
        self.show(Rule(Text.assemble(*heading), align="left", style="cyan"))

    def done(self, text: str) -> None:
        """Something that was checked and is so."""
        self.show(Text.assemble(("✔ ", "green"), _harmless(text)))

    def fail(self, text: str) -> None:
        self.show(Text.assemble(("error: ", "bold red"), _harmless(text)))

    def tell(self, text: str) -> None:
        """How far the work is: a spinner until something is shown, or a line now and then."""
        if self.console.is_terminal:
            self._spinner.update(Text(text, overflow="ellipsis", no_wrap=True))
            self._spinner.start()
        elif time.monotonic() - self._told > _LINE_EVERY_SECONDS:
            self.show(Text(f"… {self.seconds:3.0f} s  {text}", style="dim"))


def _harmless(text: str) -> Text:
    """An error may have somebody else's words: nothing of it steers the terminal."""
    return Text("".join(c if c.isprintable() or c == "\n" else " " for c in text))
