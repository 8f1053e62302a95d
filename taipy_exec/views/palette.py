"""The look of a status: its glyph, and its colours on a light and on a dark background."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taipy_exec.model.status import Status
from taipy_exec.views.words import GLYPHS


@dataclass(frozen=True, slots=True)
class Tone:
    """Colours of a box; `text` has a contrast of 4.5 or more on `fill`."""

    fill: str
    stroke: str
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a status in both schemes; `dashed`: the outline, if nothing ran to the end."""

    light: Tone
    dark: Tone
    dashed: bool = False


PLAIN = Look(Tone("#f6f8fa", "#8c959f", "#1f2328"), Tone("#21262d", "#7d8590", "#e6edf3"))
_GREEN = (Tone("#dafbe1", "#1a7f37", "#0f5323"), Tone("#12261e", "#3fb950", "#aff5b4"))
_AMBER = (Tone("#fff8c5", "#9a6700", "#633c01"), Tone("#2e2410", "#d29922", "#f8e3a1"))
_GREY = (Tone("#f6f8fa", "#818b98", "#59636e"), Tone("#161b22", "#656c76", "#9198a1"))
LOOKS: Mapping[str, Look] = {
    "SUBMITTED": Look(*_GREY, dashed=True),
    "BLOCKED": Look(*_GREY),
    "PENDING": Look(Tone("#e6fafa", "#1b7c83", "#104d52"), Tone("#0d2528", "#39c5cf", "#b3f0ff")),
    "RUNNING": Look(Tone("#ddf4ff", "#0969da", "#0a3069"), Tone("#0c2d6b", "#58a6ff", "#cae8ff")),
    "CANCELED": Look(*_AMBER),
    "FAILED": Look(Tone("#ffebe9", "#cf222e", "#82071e"), Tone("#3c1618", "#f85149", "#ffdcd7")),
    "COMPLETED": Look(*_GREEN),
    "SKIPPED": Look(*_GREEN, dashed=True),
    "ABANDONED": Look(*_AMBER, dashed=True),
}


def look(status: str) -> Look:
    """The look of a status; the plain look for an unknown status."""
    return LOOKS.get(status, PLAIN)


def class_name(status: str) -> str:
    """The status as a class of CSS, Mermaid or DOT."""
    return status.lower() if status in LOOKS else "other"


def glyph(status: str, *, unicode: bool = True) -> str:
    """One character for a status, as everywhere on the command line; `?` for an unknown one."""
    return GLYPHS[Status[status]][0 if unicode else 1] if status in LOOKS else "?"


def tally(tasks: Iterable[str], statuses: Mapping[str, str]) -> list[tuple[str, int]]:
    """The number of `tasks` in each status, in the order of a job's life."""
    counts = Counter(statuses[task] for task in tasks if task in statuses)
    order = {status: n for n, status in enumerate(LOOKS)}
    return sorted(counts.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
