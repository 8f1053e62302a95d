"""An open connection to the broker, as the parts of a link use it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from taipy_exec.broker.attempts import Patience
from taipy_exec.broker.events import Depth
from taipy_exec.broker.explanation import explain, is_fatal
from taipy_exec.broker.topology import Step
from taipy_exec.config.broker_address import BrokerAddress
from taipy_exec.event_log import EventLog

journal = EventLog("broker")

_WATCH_DELAY = 0.2
_SENT_TRIES = 20


class Session:
    """One connection from its opening to its end: its side channels, and why this side ends it.

    Only the link's thread uses it. Other threads may read `asides`, the number of side channels:
    `lock` is notified when one is closed. `tell` takes events; `closing` is set when the link is
    closed. `asked_at` is when the broker was asked to make this ready, or to close it; or 0.
    """

    def __init__(
        self,
        connection: Any,
        address: BrokerAddress,
        lock: threading.Condition,
        tell: Callable[..., None],
        closing: threading.Event,
    ) -> None:
        self.connection = connection
        self.place = address.place
        self.tell = tell
        self.refusal = ""
        self.is_refused_for_good = False
        self.asides = 0
        self.asked_at = time.monotonic()
        self.ready_at = 0.0
        self._address = address
        self._lock = lock
        self._closing = closing

    def channel(self, opened: Callable[[Any], None]) -> None:
        """Open a channel; nothing while the connection closes: the next session starts again."""
        if self.connection.is_open:
            self.connection.channel(on_open_callback=opened)

    def aside(self, step: Step, then: Callable[[], None] = lambda: None) -> None:
        """One step on its own channel, where a failure does no other harm; afterwards `then`."""
        self.asides += 1

        def closed(*_: object) -> None:
            with self._lock:
                self.asides -= 1
                self._lock.notify_all()
            then()

        def opened(channel: Any) -> None:
            channel.add_on_close_callback(closed)
            step(channel, lambda *_: channel.close())

        self.channel(opened)

    def measure(self, queue: str) -> None:
        """Report the depth of a queue, if it exists."""

        def measure(channel: Any, done: Callable[..., None]) -> None:
            def answered(frame: Any) -> None:
                found = frame.method
                self.tell(Depth(queue, found.message_count, found.consumer_count))
                done()

            channel.queue_declare(queue, passive=True, callback=answered)

        self.aside(measure)

    def look_sent(self, sent: threading.Event, tries: int = 0) -> None:
        """Set `sent` if all is sent, in this turn of the loop or one of the next."""
        if self.connection.has_sent_all:
            with self._lock:
                sent.set()
                self._lock.notify_all()
        elif tries < _SENT_TRIES:
            # It is normally sent in the next turn; if not, the network has a problem.
            delay = 0 if tries < 3 else 0.001
            self.connection.ioloop.call_later(delay, lambda: self.look_sent(sent, tries + 1))

    def watch(self, patience: Patience, oldest: Callable[[], Iterable[float | None]]) -> None:
        """Leave a node that answers or confirms too late, even if it still sends heartbeats.

        A channel of RabbitMQ may wait more than a minute for another node that is dead or cut off.
        RabbitMQ 3.10 refuses each message of a quorum queue until the node is back that led the
        queue when the channel was opened. `oldest` gives the times of more requests.
        """
        if self.connection.is_closed:
            return
        now = time.monotonic()
        since = min(filter(None, [self.asked_at, *oldest()]), default=now)
        if patience.is_over(since, now):
            self.leave("it confirms nothing, or does not answer")
        else:
            self.connection.ioloop.call_later(_WATCH_DELAY, lambda: self.watch(patience, oldest))

    # -- ends -----------------------------------------------------------------------------

    def refuse(self, reason: BaseException) -> None:
        """The broker closed a channel: connect again, or report it if that cannot help."""
        if self._closing.is_set() or not self.connection.is_open:
            return
        refusal = explain(reason, self._address)
        self.is_refused_for_good = is_fatal(reason)
        journal.info("channel-closed", broker=self.place, reason=refusal)
        self.asked_at = time.monotonic()
        self.close(refusal, "a channel was closed")

    def close(self, refusal: str, text: str) -> None:
        """Close the connection, with a text for the broker; the first reason counts."""
        if self.connection.is_open:
            self.refusal = refusal
            self.connection.close(320, text)

    def abandon(self, refusal: str) -> None:
        """Cut the connection: closing it may take for ever."""
        self.refusal = refusal
        self.connection.abandon()

    def leave(self, reason: str) -> None:
        """Switch to the broker's next node."""
        journal.info("node-left", broker=self.place, reason=reason)
        left = f"RabbitMQ at {self.place} is left for another node: {reason}"
        self.abandon(self.refusal or left)
