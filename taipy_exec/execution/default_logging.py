"""Writes log records of a job to its log, also if the user's code has not set up logging.

The root logger gets no handler for this, so that `logging.basicConfig` works in a task as in a
script. Python sends records that no handler takes to `logging.lastResort`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable


class _Level(int):
    """The INFO level set by this module. INFO set by the user's code is a different object."""


_OURS = _Level(logging.INFO)
FORMAT = "%(levelname)s %(name)s: %(message)s"


class DefaultLogging(logging.Handler):
    """Takes records of level INFO and above as long as the root logger has no handler.

    `write` gets the records below WARNING, as bytes. The rest goes to stderr, as in plain Python.
    None: everything goes to stderr.
    """

    def __init__(self, write: Callable[[bytes], object] | None = None) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter(FORMAT))
        self._write = write
        self._former: logging.Handler | None = None

    def install(self) -> None:
        """Take records from now on, unless the root logger has a handler. Idempotent."""
        root = logging.getLogger()
        if logging.lastResort is not self:
            self._former, logging.lastResort = logging.lastResort, self
        if root.handlers:
            return
        if root.level is _OURS:
            vars(root)["addHandler"] = _step_aside
        if root.level == logging.WARNING:  # the user's code has set any other level
            root.setLevel(_OURS)
            vars(root)["addHandler"] = _step_aside

    def pause(self) -> None:
        """Take no records until `install`: no job runs. Levels stay, as setting one is slow."""
        if logging.lastResort is self:
            logging.lastResort = self._former

    def uninstall(self) -> None:
        """Restore logging, except the parts that the user's code has changed since."""
        root = logging.getLogger()
        vars(root).pop("addHandler", None)
        if root.level is _OURS:
            root.setLevel(logging.WARNING)
        self.pause()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. Only `logging` calls this."""
        try:
            text = self.format(record) + "\n"
            if self._write is not None and record.levelno < logging.WARNING:
                self._write(text.encode("utf-8", "backslashreplace"))
            elif sys.stderr is not None:
                sys.stderr.write(text)
                sys.stderr.flush()
        except Exception:
            self.handleError(record)


def _step_aside(handler: logging.Handler) -> None:
    """Replaces the root logger's `addHandler` until its first call. Then all is as in a script."""
    root = logging.getLogger()
    vars(root).pop("addHandler", None)
    if root.level is _OURS:
        root.setLevel(logging.WARNING)
    root.addHandler(handler)
