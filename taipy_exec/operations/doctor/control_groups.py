"""The limits that a container, a unit or a shell sets to what runs in it (Linux)."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_MINE = Path("/proc/self/cgroup")
# Version 1 shows this number if there is no limit: the greatest one, in whole pages.
_NO_LIMIT = 1 << 60


def memory_limit() -> int | None:
    """Bytes that all processes here may take together, None without a limit."""
    files = [("memory", "memory.max"), ("memory", "memory.limit_in_bytes")]
    limits = [number for kind, name in files for number in _numbers(kind, name)]
    return min((limit for limit in limits if limit < _NO_LIMIT), default=None)


def processes_left() -> tuple[int | None, str]:
    """How many more processes and threads may be started, and what limits them."""
    found: list[tuple[int, str]] = []
    used = next(_numbers("pids", "pids.current"), None)
    limit = min(_numbers("pids", "pids.max"), default=None)
    if limit is not None and used is not None:
        found.append((limit - used, "the container's or the unit's limit"))
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    # The kernel does not apply it to root.
    if soft != resource.RLIM_INFINITY and os.getuid():
        found.append((soft - _own_threads(), "ulimit -u"))
    return min(found, default=(None, ""))


def _own_threads() -> int:
    """How many threads this user has."""
    total, mine = 0, os.getuid()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == mine:
                total += sum(1 for _ in (process / "task").iterdir())
        except OSError:
            continue
    return total


def _numbers(kind: str, name: str) -> Iterator[int]:
    """The contents of a file in this process's group and then in each group above it."""
    for folder in _folders(kind):
        try:
            yield int((folder / name).read_text())
        except (OSError, ValueError):
            continue  # there is no such file, or it says "max"


def _folders(kind: str) -> Iterator[Path]:
    try:
        lines = _MINE.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        # "0::/group" of version 2, "4:memory:/group" of version 1.
        _, _, rest = line.partition(":")
        kinds, _, group = rest.partition(":")
        if kinds and kind not in kinds.split(","):
            continue
        root = _GROUPS / kind if kinds else _GROUPS
        folder = root / group.strip("/")
        yield folder
        yield from (above for above in folder.parents if above.is_relative_to(root))
