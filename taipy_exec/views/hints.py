"""Commands in hints: the options with which they mean the same application."""

from __future__ import annotations


def as_argument(where: str) -> str:
    """The options of `Location.where` for a command that takes the application as its argument."""
    return where.replace(" -a ", " ", 1)
