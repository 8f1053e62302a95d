"""The time of day, for what is compared with earlier times of the same submission."""

from __future__ import annotations

import time

# It goes on while the machine sleeps, unlike the monotonic clock.
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """Seconds since the epoch that never jump: the time when it was set, and what has passed since.

    Somebody may set the machine's clock, or the network may correct it, while jobs run; a
    submission must not seem to have taken an hour, or less than nothing, because of that.
    """

    def __init__(self) -> None:
        self.set()

    def set(self) -> None:
        """Take the machine's time: nothing is compared with an earlier one."""
        self._offset = time.time() - time.clock_gettime(_BOOT)

    def __call__(self) -> float:
        return time.clock_gettime(_BOOT) + self._offset
