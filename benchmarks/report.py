"""The result rows with a verdict, the printed table, and the JSON file."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. `ours` (taipy-exec) and `limit` (baseline) are texts with units.

    `samples` hold the single runs. `target` is the highest allowed `value`, or the lowest with
    `at_least`. None means no target. `unit` follows the value ("x" for a ratio).
    """

    name: str
    ours: str
    limit: str
    value: float
    unit: str = "x"
    target: float | None = None
    at_least: bool = False
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        """Whether the value, as printed, meets its target."""
        if self.target is None:
            return True
        value = float(_number(self.value))
        return value >= self.target if self.at_least else value <= self.target


def print_table(rows: Sequence[Row], *, judged: bool = True) -> None:
    """Print the rows as a table. Without `judged` (a smoke run) no row has a verdict."""
    lines = [("measurement", "taipy-exec", "baseline", "value", "target", "")]
    for row in rows:
        bound = "-" if row.target is None else f"{'>=' if row.at_least else '<='} {row.target:g}"
        verdict = "" if row.target is None or not judged else "ok" if row.is_met else "MISS"
        value = f"{_number(row.value)} {row.unit}"
        lines.append((row.name, row.ours, row.limit, value, bound, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    for number, line in enumerate(lines):
        first, *others = (
            text.ljust(width) if column in (0, 4, 5) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join((first, *others)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths).rstrip())


def print_verdict(rows: Iterable[Row]) -> None:
    """Print the number of met targets, and the names of the missed ones."""
    targets = [row for row in rows if row.target is not None]
    missed = [row.name for row in targets if not row.is_met]
    print(f"\n{len(targets) - len(missed)} of {len(targets)} targets met")
    for name in missed:
        print(f"MISS: {name}")


def write_json(path: Path, rows: Sequence[Row], **facts: object) -> None:
    """Write all rows with their single runs."""
    found = {
        "schema": "taipy-exec-bench/1",
        "machine": machine(),
        **facts,
        "rows": [{**asdict(row), "ok": row.is_met} for row in rows],
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def machine() -> str:
    """A short description of the machine and its load."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0]
    noise = " (other programs use it too: expect noise)" if load > 1 else ""
    return (
        f"Python {platform.python_version()}, {platform.system()}, {cores} cores, "
        f"load {load:.1f}{noise}"
    )


def disk(folder: Path) -> str:
    """The file system of a folder, in the words of `df`."""
    try:
        printed = subprocess.run(
            ["df", "-PT", str(folder)], capture_output=True, text=True, check=True
        ).stdout
        device, kind = printed.splitlines()[-1].split()[:2]
    except (OSError, subprocess.CalledProcessError, ValueError):
        return "unknown file system"
    return f"{kind} on {device}"


def seconds_text(seconds: float) -> str:
    """Seconds as text, in a suitable unit."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1.0:
        return f"{seconds * 1e3:.3g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.2f} s"


def rate_text(per_second: float) -> str:
    """Jobs per second as text."""
    return f"{per_second:,.0f} jobs/s" if per_second >= 100 else f"{per_second:.3g} jobs/s"


def _number(value: float) -> str:
    return (
        f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2f}"
    )
