"""A worker's reports to the coordinators, gathered while earlier reports are on their way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from taipy_exec.broker.events import Message
from taipy_exec.broker.names import Names
from taipy_exec.event_log import EventLog
from taipy_exec.protocol.messages import Codec, JobBegun, Wire, encoded

journal = EventLog("worker")

# If fewer messages than this are on their way, a report goes at once; if not, it waits for the next
# confirmation, together with all that come until then. Two, so that the end of a job does not need
# to wait for the confirmation of its start.
_UNDER_WAY = 2
# But not longer than this (seconds): confirmations can be slow.
_LONGEST_WAIT = 0.05
# A start waits this long (seconds) for its end, to be sent together: each message costs the broker
# a write to its disk, and the end of a short job would wait for the write of its start.
_START_WAITS = 0.002
_MOST_REPORTS = 200
_LARGEST = 1_000_000


class Told(NamedTuple):
    """A report that the broker has confirmed; `routed`: the submission's queue took it."""

    submission: str
    kind: type[Wire]
    about: Any
    routed: bool


@dataclass(slots=True)
class _Line:
    """The reports to one submission, in order. `moved`: when its queue last took some."""

    waiting: deque[tuple[bytes, type[Wire], Any]] = field(default_factory=deque)
    since: float = 0.0
    under_way: int = 0
    moved: float = 0.0
    waits_until: float = 0.0


class Reporter:
    """Reports to the coordinators, to each in order, with few messages for many reports.

    After `patience` seconds without a confirmation, the reports to a submission are stuck.
    """

    def __init__(
        self,
        publish: Callable[..., None],
        names: Names,
        codec: Codec,
        patience: float = float("inf"),
    ) -> None:
        self._publish = publish
        self._names = names
        self._codec = codec
        self._patience = patience
        self._is_taken = False
        # When the latest confirmed message was sent, of those to any submission.
        self._confirmed = float("-inf")
        self._lines: dict[str, _Line] = {}

    def tell(self, submission: str, wire: Wire, about: Any = None) -> None:
        """Report this at the next `send`; `about` comes back when it is confirmed."""
        line = self._lines.setdefault(submission, _Line())
        if not line.waiting:
            line.since = time.monotonic()
        line.waits_until = 0.0
        line.waiting.append((encoded(wire), type(wire), about))

    def tell_start(self, submission: str, epoch: str, wire: JobBegun, about: Any) -> bool:
        """Report a start soon, together with its end if that follows quickly.

        The coordinator gets an early notice, by a message that the broker does not write to disk;
        then the result is True. But if reports wait already, the start goes with them.
        """
        line = self._lines.setdefault(submission, _Line())
        goes_at_once = line.under_way < _UNDER_WAY
        waits_until = line.waits_until
        if not line.waiting:
            waits_until = time.monotonic() + _START_WAITS
        self.tell(submission, wire, about)
        if goes_at_once:
            line.waits_until = waits_until
            body, headers = self._codec.dump(wire)
            key = self._names.coordinator(epoch)
            self._publish(
                Message(self._names.exchange, key, body, headers=dict(headers), lasting=False)
            )
        return goes_at_once

    def taken(self) -> None:
        """From now on, the broker takes messages."""
        self._is_taken = True
        now = time.monotonic()
        for line in self._lines.values():
            line.moved = now

    def not_taken(self) -> None:
        """From now on, no message can be confirmed: the connection is gone, or blocked."""
        self._is_taken = False

    def confirmed_elsewhere(self, sent_at: float) -> None:
        """The broker has confirmed a message of this time that was no report."""
        self._confirmed = max(self._confirmed, sent_at)

    def is_alone_stuck(self, submission: str) -> bool:
        """Whether this submission is stuck, and later messages to others are confirmed."""
        is_stuck = self.is_stuck(submission)
        return is_stuck and self._confirmed > self._lines[submission].moved + self._patience / 2

    def is_stuck(self, submission: str) -> bool:
        """Whether no report to this submission was confirmed for too long.

        The whole broker may be slow; no conclusion may cost more than a message.
        """
        line = self._lines.get(submission)
        if line is None or not line.under_way or not self._is_taken:
            return False
        return time.monotonic() - line.moved > self._patience

    @property
    def due(self) -> float:
        """When `send` must be called at the latest (monotonic clock)."""
        waiting = (line.waits_until for line in self._lines.values() if line.waits_until)
        return min(waiting, default=float("inf"))

    @property
    def is_done(self) -> bool:
        """Whether every report is confirmed."""
        return not self._lines

    def send(self) -> None:
        """Send the reports that may go now."""
        now = time.monotonic()
        for submission, line in self._lines.items():
            if now < line.waits_until:
                continue
            line.waits_until = 0.0
            is_late = now - line.since >= _LONGEST_WAIT
            while line.waiting and (line.under_way < _UNDER_WAY or is_late):
                self._send_some(submission, line)

    def send_all(self) -> None:
        """Send all reports: no further call will follow."""
        for submission, line in self._lines.items():
            while line.waiting:
                self._send_some(submission, line)

    def _send_some(self, submission: str, line: _Line) -> None:
        parts: list[bytes] = []
        about: list[tuple[type[Wire], Any]] = []
        size = 0
        while line.waiting and len(parts) < _MOST_REPORTS and size < _LARGEST:
            part, kind, subject = line.waiting.popleft()
            parts.append(part)
            size += len(part)
            about.append((kind, subject))
        if not line.under_way:
            line.moved = time.monotonic()
        line.under_way += 1
        journal.debug("report-queued", submission=submission, reports=len(parts), size=size)
        body, headers = self._codec.dump_all(parts)
        self._publish(
            Message(
                self._names.exchange,
                self._names.reports(submission),
                body,
                headers=dict(headers),
                may_hang=True,
                notify=True,
                about=(submission, about),
            )
        )

    def confirmed(self, message: Message, *, routed: bool) -> Iterator[Told]:
        """The reports in a message of this worker that the broker has confirmed."""
        submission, about = message.about
        self._confirmed = max(self._confirmed, message.sent_at)
        line = self._lines[submission]
        line.under_way -= 1
        line.moved = time.monotonic()
        if not line.under_way and not line.waiting:
            del self._lines[submission]
        for kind, subject in about:
            yield Told(submission, kind, subject, routed)
