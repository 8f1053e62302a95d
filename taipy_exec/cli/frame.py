"""A live view on a terminal that may become narrower.

Such a terminal wraps the lines of the last frame that are too long now, so that this takes more
rows than it had. Lines without spaces at their ends wrap less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.live import Live
from rich.segment import Segment

from taipy_exec.cli.live_rows import wrapped

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


class LiveView(Live):
    """Draws each frame over the whole of the one before, however many rows that takes now."""

    _last: Frame | None = None

    def get_renderable(self) -> RenderableType:
        """The next frame."""
        width = self.console.width
        if self._last is not None and width < self._last.width:
            # From here Rich knows how far it has to go up.
            self._live_render._shape = (width, self._last.rows_at(width))
        self._last = Frame(super().get_renderable())
        return self._last


class Frame:
    """The lines that are drawn. `width` is that of the terminal at the last drawing."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content
        self._widths: list[int] = []
        self.width = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._content, options, pad=False)
        trimmed = [list(_trimmed(line)) for line in lines]
        self.width = options.max_width
        self._widths = [Segment.get_line_length(line) for line in trimmed]
        for line in trimmed:
            yield from line
            yield Segment.line()

    def rows_at(self, width: int) -> int:
        """How many rows it takes on a terminal with so many columns."""
        return wrapped(self._widths, width)


def _trimmed(line: list[Segment]) -> Iterator[Segment]:
    end = len(line)
    while end and not line[end - 1].text.strip(" "):
        end -= 1
    yield from line[: end - 1] if end else ()
    if end:
        last = line[end - 1]
        yield Segment(last.text.rstrip(" "), last.style, last.control)
