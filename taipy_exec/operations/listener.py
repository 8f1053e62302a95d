"""A listener gets the messages of an operation while it works: a terminal, a page, a log."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Gets messages for people, each one sentence without a prefix such as `warning:`."""

    def note(self, message: str) -> None:
        """Show what happens."""

    def hint(self, message: str) -> None:
        """Show the next command to type."""

    def warn(self, message: str) -> None:
        """Show what the user should change."""
