"""Flags of the command line that are given by environment variables."""

from __future__ import annotations

import os


def is_set(variable: str) -> bool:
    """Whether the variable turns its flag on, by the words that Typer takes."""
    return os.environ.get(variable, "").lower() in ("1", "true", "t", "yes", "y", "on")
