"""Asking before something is removed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from taipy_exec.cli.render import line
from taipy_exec.errors import UsageError

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams


def can_ask(streams: Streams) -> bool:
    """Whether a user is at the terminal and can answer."""
    is_terminal = bool(sys.stdin and sys.stdin.isatty() and streams.err.is_terminal)
    return is_terminal and not streams.json


def confirm_removal(streams: Streams, what: str) -> None:
    """Let the user confirm on a terminal. Raises UsageError elsewhere, Exit for a no."""
    if not can_ask(streams):
        raise UsageError(f"this would remove {what}", "confirm it with --yes")
    streams.err.print(line(f"Remove {what}? [y/N] "), end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        streams.note("nothing was removed")
        raise typer.Exit(0)
