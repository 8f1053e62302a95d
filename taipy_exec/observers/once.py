"""Warnings that are told once, however often there is a reason."""

from __future__ import annotations

from collections.abc import Callable


class Once:
    """Passes on the first sentence only."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.told = False

    def __call__(self, text: str) -> None:
        if not self.told:
            self.told = True
            self._tell(text)
