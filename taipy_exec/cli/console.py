"""A console on which text from elsewhere cannot control the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from taipy_exec.visible_text import for_terminal, one_line, visible


class SafeConsole(Console):
    """Strings, such as cells of tables, stay on one line; styled text keeps its line breaks.

    A plain string is output of a job, above a live table: it keeps its colours.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        texts = [Text.from_ansi(for_terminal(o)) if isinstance(o, str) else o for o in objects]
        super().print(*texts, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(one_line(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        if isinstance(renderable, Text):
            shown = visible(renderable.plain)
            if shown != renderable.plain:
                renderable = renderable.blank_copy(shown)
        return super().render(renderable, options)
