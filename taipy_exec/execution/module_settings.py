"""Settings of modules that one job may change and the next one must not notice.

Each class saves the settings at its creation, and `restore` puts them back. A module that is
imported later is restored to its initial state. No module is imported only for this.
"""

from __future__ import annotations

import logging
import random
import sys
import warnings
from typing import Any

_Logger = tuple[int, bool, bool, list[logging.Handler]]


class _Settings:
    """Two objects are equal if they hold the same settings."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


class LogSettings(_Settings):
    """Levels and handlers of all loggers, and the level of `logging.disable`."""

    def __eq__(self, other: object) -> bool:
        # The default level is INFO, but it is a different object from a user's INFO.
        return (
            isinstance(other, LogSettings)
            and super().__eq__(other)
            and self._root[0] is other._root[0]
        )

    __hash__ = None

    def __init__(self) -> None:
        manager = logging.Logger.manager
        self._disable = manager.disable
        self._root = _settings_of(logging.getLogger())
        self._loggers = {
            name: _settings_of(found)
            for name, found in manager.loggerDict.items()
            if isinstance(found, logging.Logger)
        }

    def restore(self) -> None:
        """Put back all changed settings. A new logger gets the settings of a fresh one."""
        manager = logging.Logger.manager
        if manager.disable != self._disable:
            logging.disable(self._disable)
        _restore_logger(logging.getLogger(), self._root)
        for name, found in list(manager.loggerDict.items()):
            if isinstance(found, logging.Logger):
                _restore_logger(found, self._loggers.get(name) or _fresh(found))


def _settings_of(logger: logging.Logger) -> _Logger:
    return logger.level, logger.propagate, logger.disabled, list(logger.handlers)


def _fresh(logger: logging.Logger) -> _Logger:
    """The settings of a fresh logger. A library may have given it a handler that does nothing."""
    handlers: list[logging.Handler] = [
        handler for handler in logger.handlers if isinstance(handler, logging.NullHandler)
    ]
    return logging.NOTSET, True, False, handlers


def _restore_logger(logger: logging.Logger, known: _Logger) -> None:
    level, propagate, disabled, handlers = known
    if logger.level is not level:
        logger.setLevel(level)
    logger.propagate, logger.disabled = propagate, disabled
    if logger.handlers != handlers:
        logger.handlers[:] = handlers


class WarningSettings(_Settings):
    """Which warnings are shown, and how."""

    def __init__(self) -> None:
        self._filters = list(warnings.filters)
        self._show = warnings.showwarning

    def restore(self) -> None:
        """Put back all changed settings."""
        warnings.showwarning = self._show
        if warnings.filters != self._filters:
            warnings.filters[:] = self._filters  # type: ignore[index]
            # Python reads the filters again when it leaves this block.
            with warnings.catch_warnings():
                pass


class RandomNumbers:
    """Random numbers: unpredictable, unless a module has seeded them during its import."""

    def __init__(self) -> None:
        self._before = random.getstate()
        self._seeded: Any = None
        self._seeded_of_numpy: Any = None

    def remember(self) -> None:
        """Save the state after a module was imported."""
        now = random.getstate()
        if now != self._before:
            self._before = self._seeded = now
        if _numpy_is_seeded():
            self._seeded_of_numpy = sys.modules["numpy.random"].get_state()

    def restore(self) -> None:
        """Remove the effects of a job's seed."""
        if self._seeded is not None:
            random.setstate(self._seeded)
        else:
            random.seed()
        if self._seeded_of_numpy is not None:
            sys.modules["numpy.random"].set_state(self._seeded_of_numpy)
        elif _numpy_is_seeded():
            sys.modules["numpy.random"].seed()

    def before_import(self) -> None:
        """Save the state before a module is imported."""
        self._before = random.getstate()


def _numpy_is_seeded() -> bool:
    """Whether `numpy.random.seed` was called: after that, numpy has no seed sequence any more."""
    found: Any = sys.modules.get("numpy.random")
    if found is None:
        return False
    generator = getattr(found.mtrand._rand, "_bit_generator", None)
    return getattr(generator, "seed_seq", generator) is None


class DecimalSettings(_Settings):
    """The context of decimal numbers."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DecimalSettings) and self._text == other._text

    def __init__(self) -> None:
        found: Any = sys.modules.get("decimal")
        self._context = found.getcontext().copy() if found else None
        self._text = repr(self._context)

    def restore(self) -> None:
        """Replace a changed context by a copy of the saved one."""
        found: Any = sys.modules.get("decimal")
        if found is None:
            return
        known = self._context or found.Context()
        if repr(found.getcontext()) != repr(known):
            found.setcontext(known.copy())
