"""The display of a worker: a live table, or plain lines if there is no terminal."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from taipy_exec.cli.outbox import Outbox
from taipy_exec.cli.render import new_table, status_text
from taipy_exec.cli.streams import Streams
from taipy_exec.execution.load import Load
from taipy_exec.model.job import short_id
from taipy_exec.model.status import Status
from taipy_exec.operations.cluster import plain
from taipy_exec.protocol.order import JobReport
from taipy_exec.views.words import clock, duration
from taipy_exec.worker.assignment import Assignment
from taipy_exec.worker.service import WorkerService

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_SECONDS_PER_FRAME = 0.125
_LINES_BESIDE_ROWS = 9
_NARROW = 70
_RECENT = 5
_SHOW_CURSOR = b"\n\x1b[?25h"


class WorkerTable:
    """Draws a worker as it is; it reads it and never changes anything.

    The thread that runs the worker draws everything and calls `refresh` often: the state that the
    table reads does not change meanwhile.
    """

    def __init__(self, streams: Streams, service: WorkerService, application: str) -> None:
        self._streams = streams
        self._service = service
        self._application = application
        self._began = time.monotonic()
        self._drawn = float("-inf")
        self._rows: list[str] = []
        self._recent: deque[_Ended] = deque(maxlen=_RECENT)
        self._loads: dict[str, Load] = {}
        self._live: Live | None = None
        self._outbox: Outbox | None = None
        self.leaving = False

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the table on the terminal while the block runs, and erase it at the end."""
        from taipy_exec.cli.frame import LiveView

        live = LiveView(
            get_renderable=self.render,
            console=self._streams.err,
            auto_refresh=False,
            transient=True,
            redirect_stdout=True,
            redirect_stderr=True,
        )
        with self._streams.unwaiting() as self._outbox, live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def refresh(self) -> None:
        """Draw the next frame, if it is time for it and the terminal has taken the last one."""
        if self._live is None or self._outbox is None or not self._outbox.is_empty:
            return
        now = time.monotonic()
        if now - self._drawn >= _SECONDS_PER_FRAME:
            self._drawn = now
            self._live.refresh()

    def ended(self, held: Assignment, report: JobReport) -> None:
        """Note a job that has ended here, for the list of the latest."""
        self._recent.appendleft(_Ended(time.time(), held, report))

    def abandon(self) -> None:
        """Before the process exits in the middle of something: show the cursor again."""
        if self._live is not None:
            try:
                os.write(2, _SHOW_CURSOR)
            except OSError:
                pass

    # -- one frame ------------------------------------------------------------------------

    def render(self) -> RenderableType:
        """One frame; with many slots, not higher than half of the terminal."""
        from rich.console import Group
        from rich.text import Text

        console = self._streams.err
        busy = self._place(list(self._service.orders.current()))
        room = max(min(console.height // 2, console.height - _LINES_BESIDE_ROWS), 1)
        parts: list[Any] = [self._header(console.width)]
        trouble = self._trouble()
        if trouble:
            parts.append(Text(trouble, style="yellow", no_wrap=True, overflow=self._overflow))
        shown: Sequence[Assignment | None] = busy
        rest = ""
        if len(busy) > room:
            running = [held for held in busy if held is not None]
            shown = running[:room]
            rest = _rest(len(running) - len(shown), len(busy) - len(running))
        if shown:
            parts.append(self._table(shown, console.width))
        if rest:
            parts.append(Text(f"  {rest}", style="dim"))
        used = sum(part.plain.count("\n") + 1 for part in parts if isinstance(part, Text))
        # The head of each table takes two lines. One line stays free, and one is for the cursor.
        left = console.height - used - (len(shown) + 2 if shown else 0) - 4
        recent = list(self._recent)[: max(left, 0)]
        if recent:
            parts += [Text(""), self._recent_table(recent, console.width)]
        return Group(*parts)

    @property
    def _overflow(self) -> Any:
        return "ellipsis" if self._unicode else "crop"

    @property
    def _unicode(self) -> bool:
        return (self._streams.err.encoding or "").lower().startswith("utf")

    def _place(self, running: Sequence[Assignment]) -> list[Assignment | None]:
        """One item for each slot. A running job stays in its row."""
        by_run = {held.run: held for held in running}
        rows = [run if run in by_run else "" for run in self._rows]
        new = [run for run in by_run if run not in set(rows)]
        for index, run in enumerate(rows):
            if not run and new:
                rows[index] = new.pop(0)
        rows += new
        size = self._service.pool.size
        rows += [""] * (size - len(rows))
        while len(rows) > size and "" in rows:
            # Fewer slots than before: the last free ones disappear.
            del rows[len(rows) - 1 - rows[::-1].index("")]
        self._rows = rows
        return [by_run.get(run) for run in rows]

    def _header(self, width: int) -> Any:
        """Name, connection and counts: one line, or as many as a narrow terminal needs."""
        from rich.text import Text

        service = self._service
        running = sum(1 for run in self._rows if run)
        items = [
            (service.name, "bold"),
            (self._application, ""),
            self._connection(),
            (f"{running}/{service.pool.size} busy", ""),
            (f"{service.orders.done} done", "green" if service.orders.done else "dim"),
            (f"{service.orders.failed} failed", "bold red" if service.orders.failed else "dim"),
            (f"up {_uptime(time.monotonic() - self._began)}", "dim"),
        ]
        if service.orders.canceled:
            items.insert(-1, (f"{service.orders.canceled} canceled", ""))
        if self.leaving:
            items.insert(3, ("leaving", "yellow"))
        text = Text(no_wrap=True, overflow=self._overflow)
        used = 0
        for item, style in items:
            part = Text(plain(item), style=style)
            if used and used + 2 + part.cell_len > width:
                text.append("\n")
                used = 0
            elif used:
                text.append("  ")
                used += 2
            text.append(part)
            used += part.cell_len
        return text

    def _connection(self) -> tuple[str, str]:
        state, version = self._service.connection, self._service.broker_version
        if state == "connected":
            return f"RabbitMQ {version} connected", "green"
        if state == "connecting":
            return "connecting", "yellow"
        if state.startswith("blocked"):
            return f"RabbitMQ {version} blocked", "bold yellow"
        return "not connected", "bold red"

    def _trouble(self) -> str:
        """Why there is no usable connection."""
        state = self._service.connection
        return "" if state in ("connected", "connecting") else plain(state, 500)

    def _table(self, rows: Sequence[Assignment | None], width: int) -> Any:
        narrow = width < _NARROW
        slot_width = max(width // 3, 12) if narrow else 40
        table = new_table()
        overflow = self._overflow
        table.add_column("Slot", no_wrap=True, overflow=overflow)
        table.add_column("Task", no_wrap=True, overflow=overflow, max_width=24 if narrow else 40)
        table.add_column("Time", no_wrap=True, justify="right", min_width=8)
        if not narrow:
            table.add_column("CPU", no_wrap=True, justify="right", min_width=4)
        table.add_column("Job", no_wrap=True, overflow=overflow)
        now = time.monotonic()
        load = self._measured([held for held in rows if held is not None], now)
        for held in rows:
            if held is None:
                table.add_row("idle", style="dim")
                continue
            table.add_row(
                _short_slot(held.worker, slot_width),
                plain(held.order.task),
                "starting" if held.waits_for_process else duration(now - _since(held, now)),
                *([] if narrow else [load.get(held.run, "")]),
                _job(held, narrow=narrow),
            )
        return table

    def _measured(self, running: Sequence[Assignment], now: float) -> dict[str, str]:
        """Run -> the processor load of its job; 100% is one processor."""
        slots = self._service.pool.running
        loads = {}
        for held in running:
            slot = slots.get(held.order.job)
            if slot is not None:
                loads[held.run] = self._loads.get(held.run) or Load(slot.pid, now)
        self._loads = loads
        found = {run: load.look(now) for run, load in loads.items()}
        return {run: f"{load:.0%}" for run, load in found.items() if load is not None}

    def _recent_table(self, recent: Sequence[_Ended], width: int) -> Any:
        narrow = width < _NARROW
        table = new_table()
        overflow = self._overflow
        if not narrow:
            table.add_column("Ended", no_wrap=True)
        table.add_column("Task", no_wrap=True, overflow=overflow, max_width=24 if narrow else 40)
        table.add_column("Status", no_wrap=True)
        table.add_column("Time", no_wrap=True, justify="right")
        table.add_column("Job", no_wrap=True, overflow=overflow)
        for one in recent:
            status = one.status
            table.add_row(
                *([] if narrow else [clock(one.at)]),
                plain(one.held.order.task),
                status if isinstance(status, str) else status_text(status, unicode=self._unicode),
                duration(one.report.duration),
                _job(one.held, narrow=narrow),
            )
        return table


class _Ended(NamedTuple):
    """A job that has ended on this worker."""

    at: float
    held: Assignment
    report: JobReport

    @property
    def status(self) -> Status | str:
        """Its status as far as the worker knows it; in words if the job has not ended elsewhere."""
        if self.held.outdated:
            return "stopped"
        if self.held.handing_back:
            return "handed back"
        if self.report.failure is None:
            return Status.COMPLETED
        return Status.CANCELED if self.held.stopping else Status.FAILED


def _job(held: Assignment, *, narrow: bool) -> str:
    id = plain(short_id(held.order.job))
    return id.rpartition("_")[2] if narrow else id


def _since(held: Assignment, now: float) -> float:
    """When the process of its function began with it: the job's time is counted from then."""
    return held.ready or held.begun or now


class WorkerLines:
    """One line on stderr for each job that begins or ends, if nothing can be redrawn.

    `redacted` leaves secrets out of the jobs' failures.
    """

    def __init__(self, streams: Streams, redacted: Callable[[str], str]) -> None:
        self._streams = streams
        self._redacted = redacted

    def observe(self, held: Assignment, report: JobReport | None) -> None:
        """Print that a job began (no report) or ended."""
        at = time.strftime("%H:%M:%S")
        task = plain(held.order.task)
        if report is None:
            job = plain(short_id(held.order.job))
            self._streams.note(f"{at} {task} RUNNING on {held.worker} ({job})")
        else:
            self._streams.note(f"{at} {task} {self._redacted(ending(held, report))}")


def ending(held: Assignment, report: JobReport) -> str:
    """`done in 0.2s`, `failed in 0.2s: ValueError: ...`."""
    took = f"in {duration(report.duration)}"
    if held.outdated:
        return f"stopped {took}: its result does not count any more"
    if held.handing_back:
        return f"handed back after {duration(report.duration)}"
    failure = report.failure
    if failure is None:
        return f"done {took}"
    if held.stopping:
        return f"canceled after {duration(report.duration)}"
    return f"failed {took}: {plain(failure.summary)}"


def _rest(busy: int, idle: int) -> str:
    """The counts of the slots that have no row."""
    parts = [f"{busy} more busy" if busy else "", f"{idle} idle" if idle else ""]
    return ", ".join(filter(None, parts))


def _short_slot(name: str, width: int) -> str:
    """`host:pid` of at most `width` characters: the host is cut."""
    host, _, pid = name.rpartition(":")
    room = max(width - len(pid) - 1, 3)
    return name if len(host) <= room else f"{host[: room - 2]}..:{pid}"


def _uptime(seconds: float) -> str:
    """Whole seconds: a header that changes twice a second is hard to read."""
    return f"{int(seconds)}s" if seconds < 60 else duration(seconds)
