"""Warnings that are shown once, even if they occur more often."""

from __future__ import annotations

from collections.abc import Callable


class Once:
    """Passes on only the first sentence."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.told = False

    def __call__(self, text: str) -> None:
        if not self.told:
            self.told = True
            self._tell(text)
