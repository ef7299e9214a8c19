"""What is shown: results on stdout, everything on the way there on stderr. rich is imported when something is drawn.

Colour only on a terminal, and never with NO_COLOR or TERM=dumb (https://no-color.org). The width is the terminal's, else COLUMNS, else 80.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

#: Without a terminal, silence is broken after so many seconds.
HEARTBEAT = 30.0

#: How the words of AWS and of our records are coloured.
STYLES = {
    "succeeded": "green", "COMPLETED": "green", "healthy": "green", "RUNNING": "green", "ACTIVE": "green",
    "failed": "red", "FAILED": "red", "unhealthy": "red", "skipped": "yellow", "IN_PROGRESS": "yellow", "PENDING": "yellow",
}  # fmt: skip


@dataclass
class Screen:
    """One command's output. With `as_json` stdout carries one JSON object and nothing else."""

    as_json: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def out(self) -> Console:
        """rich's console on stdout."""
        return self._console(stderr=False)

    @cached_property
    def err(self) -> Console:
        """rich's console on stderr."""
        return self._console(stderr=True)

    def say(self, line: str) -> None:
        """One line on the way to the result: plain text to stderr, not wrapped."""
        click.echo(line, err=True)

    def result(self, data: Any, draw: Callable[[], None]) -> None:
        """The result: `data` with --json, else what `draw` prints.

        `data` is plain: dicts, lists, strings, numbers, booleans, None; its shape is in schemas/.
        """
        if self.as_json:
            click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        else:
            draw()

    def print(self, *renderables: RenderableType) -> None:
        """Draw on stdout; text wraps at the width."""
        for each in renderables:
            self.out.print(each, markup=False, highlight=False)

    def line(self, text: str) -> None:
        """One line of a log to stdout, as it is: neither wrapped nor interpreted."""
        click.echo(text)

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        title: str = "",
        right: Sequence[str] = (),
    ) -> None:
        """A table on stdout; only its last column wraps. `right`: columns whose values stand to the right. None is shown as `-`."""
        self.print(self._table(columns, rows, title, right))

    def facts(self, pairs: Sequence[tuple[str, Any]]) -> None:
        """Names and values, one pair a line; pairs without a value are left out."""
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in pairs:
            if value not in (None, ""):
                grid.add_row(Text(name, style="bold"), Text(str(value), style=style_of(value)))
        self.print(grid)

    @contextlib.contextmanager
    def progress(self, now: Callable[[], float]) -> Iterator[Progress]:
        """For long work: on a terminal a status line with phase, elapsed time and last line below the lines; else a heartbeat.

        Args:
            now: seconds that never go back.
        """
        progress = Progress(self, now)
        if not self.err.is_terminal or self.as_json:
            yield progress
            return
        with self.err.status("", spinner="dots") as status:
            progress.show = status.update
            yield progress

    def _console(self, *, stderr: bool) -> Console:
        from rich.console import Console

        columns = self.environment.get("COLUMNS", "")
        given = int(columns) if columns.isdecimal() and int(columns) else 80
        width = None if stderr or Console(stderr=stderr).is_terminal else given
        return Console(stderr=stderr, width=width, soft_wrap=False, emoji=False)

    def _table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str, right: Sequence[str]
    ) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table(
            box=SIMPLE_HEAD,
            title=title or None,
            title_justify="left",
            title_style="bold",
            pad_edge=False,
            padding=(0, 1),
        )
        for name in columns:
            last = name == columns[-1]
            justify: Any = "right" if name in right else "left"
            table.add_column(name, justify=justify, no_wrap=not last, overflow="fold" if last else "ellipsis")
        for row in rows:
            table.add_row(*(Text("-" if each is None else str(each), style=style_of(each)) for each in row))
        return table


@dataclass
class Progress:
    """Lines go through `line`; `phase` names what is being done; `tick` is called often and keeps the display alive."""

    screen: Screen
    now: Callable[[], float]
    show: Callable[[str], None] | None = None
    phase: str = "starting"
    last: str = ""

    def __post_init__(self) -> None:
        self._began = self._spoke = self.now()

    def line(self, text: str) -> None:
        """One line, which stays."""
        self.noted(text)
        if self.show is None:
            click.echo(text, err=True)
        else:
            self.screen.err.print(text, markup=False, highlight=False, soft_wrap=True)

    def noted(self, text: str) -> None:
        """A line that is shown elsewhere."""
        self.last, self._spoke = text, self.now()

    def output(self, text: str) -> None:
        """A line of the result, which stays: to stdout, with --json to stderr."""
        if self.show is not None and self.screen.out.is_terminal:
            # Both streams are one terminal: whoever draws the status line has to know of every line.
            self.line(text)
            return
        self.noted(text)
        click.echo(text, err=self.screen.as_json)

    def tick(self) -> None:
        """Show the time that has passed."""
        at = self.now()
        last = "" if self.last in ("", self.phase) else self.last
        if self.show is not None:
            from rich.markup import escape

            parts = [self.phase, elapsed(at - self._began), *([last] if last else [])]
            # One line, beside the spinner: what wraps cannot be taken back.
            self.show(escape(" · ".join(parts)[: self.screen.err.width - 3]))
        elif at - self._spoke >= HEARTBEAT:
            self._spoke = at
            said = f"; last line: {last}" if last else ""
            click.echo(f"{self.phase}: {elapsed(at - self._began)} so far{said}", err=True)


def elapsed(seconds: float) -> str:
    """`0:07`, `12:34`, `1:02:03`."""
    whole = int(max(0.0, seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 120 else f"{minutes} min {rest} s"


def plural(count: int, what: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def style_of(value: Any) -> str:
    """The colour of a known word."""
    return STYLES.get(str(value), "")
