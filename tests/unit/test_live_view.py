"""The frames of a live view cover each other, also on a terminal that became narrower."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from taipy_exec.cli.frame import LiveView

UP = "\x1b[1A"
LINES = ("x" * 55 + " " * 20, "y" * 10, "z" * 60)


def drawn(*widths: int) -> list[int]:
    """How many rows each frame after the first went up to, with these widths of the terminal."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=widths[0], height=30, color_system=None)
    content = Text("\n".join(LINES), no_wrap=True, overflow="crop")
    found = []
    with LiveView(get_renderable=lambda: content, console=console, auto_refresh=False) as live:
        for width in widths:
            console.width = width
            before = len(file.getvalue())
            live.refresh()
            found.append(file.getvalue()[before:].count(UP))
    return found[1:]


def test_a_frame_on_the_same_terminal_goes_up_to_the_first_line() -> None:
    assert drawn(80, 80) == [2]


def test_a_frame_on_a_narrower_terminal_covers_the_lines_that_became_several_rows() -> None:
    # 55 and 60 letters take two rows of 40 each; the spaces at the end are not written.
    assert drawn(80, 40) == [4]
    # Then the lines are cropped: at 40 they take two rows of 20.
    assert drawn(80, 40, 20) == [4, 4]


def test_a_frame_on_a_wider_terminal_goes_up_no_further() -> None:
    assert drawn(40, 80) == [2]
