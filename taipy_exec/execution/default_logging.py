"""Log records of a job where nobody has set up logging: they come into its log all the same.

The root logger gets no handler for it, so that `logging.basicConfig` in a task does what it does in
a script. Python itself hands records that no handler takes to `logging.lastResort`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable


class _Level(int):
    """INFO, as it is set here. Whoever sets a level of the same number sets another object."""


_OURS = _Level(logging.INFO)
FORMAT = "%(levelname)s %(name)s: %(message)s"


class DefaultLogging(logging.Handler):
    """Takes records of level INFO and above as long as the root logger has no handler.

    `write` gets what is below WARNING, as bytes; the rest goes to stderr, as Python does it. None:
    all goes to stderr.
    """

    def __init__(self, write: Callable[[bytes], object] | None = None) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter(FORMAT))
        self._write = write
        self._former: logging.Handler | None = None

    def install(self) -> None:
        """Take records from now on, unless the root logger has a handler. Again is no error."""
        root = logging.getLogger()
        if logging.lastResort is not self:
            self._former, logging.lastResort = logging.lastResort, self
        if root.handlers:
            return
        if root.level is _OURS:
            vars(root)["addHandler"] = _step_aside
        if root.level == logging.WARNING:  # any other is somebody's own
            root.setLevel(_OURS)
            vars(root)["addHandler"] = _step_aside

    def pause(self) -> None:
        """Take no records until `install`: no job runs. Levels stay, since to set one is slow."""
        if logging.lastResort is self:
            logging.lastResort = self._former

    def uninstall(self) -> None:
        """Leave logging as it was, where that is still in our hands."""
        root = logging.getLogger()
        vars(root).pop("addHandler", None)
        if root.level is _OURS:
            root.setLevel(logging.WARNING)
        self.pause()

    def emit(self, record: logging.LogRecord) -> None:
        """To be called by `logging` only."""
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
    """The root logger's `addHandler` until somebody calls it: from then on it is as in a script."""
    root = logging.getLogger()
    vars(root).pop("addHandler", None)
    if root.level is _OURS:
        root.setLevel(logging.WARNING)
    root.addHandler(handler)
