"""The time of day, for comparisons with earlier times of the same submission."""

from __future__ import annotations

import time

# It continues while the machine sleeps, unlike the monotonic clock.
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """Seconds since the epoch that never jump: the time when it was set plus the seconds since.

    A user may set the machine's clock while jobs run, or the network may correct it. Because of
    that, a submission must not seem to have taken an hour, or a negative time.
    """

    def __init__(self) -> None:
        self.set()

    def set(self) -> None:
        """Take the machine's time. No later time is compared with an earlier one."""
        self._offset = time.time() - time.clock_gettime(_BOOT)

    def __call__(self) -> float:
        return time.clock_gettime(_BOOT) + self._offset
