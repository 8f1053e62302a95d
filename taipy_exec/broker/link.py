"""One connection to the broker that is made again when it breaks, with its own thread.

pika's connections belong to one thread, here the link's. Other threads give it messages, and take
events from it. Messages that were not confirmed when a connection broke are published again on the
next connection, so a receiver may get them twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from pika.exceptions import AMQPError

from taipy_exec.broker.attempts import Attempts, Patience
from taipy_exec.broker.connection import GatheringConnection
from taipy_exec.broker.events import Connected, Delivered, Disconnected, LinkEvent, Message
from taipy_exec.broker.explanation import INTERNAL_ERROR, broker_hint, explain, is_fatal
from taipy_exec.broker.parameters import parameters
from taipy_exec.broker.publisher import Publisher
from taipy_exec.broker.session import Session
from taipy_exec.broker.subscriptions import Subscriptions
from taipy_exec.broker.topology import Step, Subscription
from taipy_exec.config.broker_address import BrokerAddress, redact
from taipy_exec.config.cluster import ClusterConfig
from taipy_exec.errors import BrokerError
from taipy_exec.event_log import EventLog

journal = EventLog("broker")

# After this time (seconds) without a first connection, the waiting caller gets the reason.
_MOMENT = 1.0

# pika logs every failed attempt; taipy-exec reports it by events.
logging.getLogger("pika").setLevel(logging.CRITICAL)


class Link:
    """A connection with one channel to publish on and one for each subscription."""

    def __init__(
        self,
        cluster: ClusterConfig,
        steps: Sequence[Step],
        subscriptions: Iterable[Subscription] = (),
        *,
        wake: Callable[[], None] = lambda: None,
        name: str = "taipy-exec",
    ) -> None:
        self._cluster = cluster
        self._wake = wake
        # Guards what the link's thread shares with others, also in the parts of the link.
        self._lock = threading.Condition()
        self._events: deque[LinkEvent] = deque()
        self._calls: deque[Callable[[], None]] = deque()
        self._calls_due = self._flush_due = False
        self._closing = threading.Event()
        self._generation = 0
        self.is_connected = False
        self._connection: Any = None
        # Only the link's thread uses the parts, except as they allow.
        self._patience = Patience(cluster.patience)
        self._publisher = Publisher(self._lock, steps, self._patience.answered)
        self._subscriptions = Subscriptions(self._lock, subscriptions, cluster.queue_patience)
        # A session stays until another connection opens. The first session has no connection.
        self._session = Session(None, cluster.addresses[0], self._lock, self._tell, self._closing)
        self._thread = threading.Thread(
            target=self._live, args=(name,), name=f"{name}-link", daemon=True
        )
        self._thread.start()

    # -- from any thread ------------------------------------------------------------------

    def take(self) -> list[LinkEvent]:
        """The events since the last call."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
        return events

    def publish(self, *messages: Message) -> None:
        """Send these in order, now or when the connection is back."""
        if not messages:
            return
        with self._lock:
            self._publisher.outgoing.put(m for m in messages if m.lasting or self.is_connected)
        self._call_flush()

    def ack(self, *deliveries: Delivered) -> None:
        """Acknowledge messages; those of an earlier connection are void and ignored."""
        if deliveries:
            self._call(lambda: self._subscriptions.acknowledge(deliveries))

    def subscribe(self, subscription: Subscription) -> None:
        """Consume from another queue, or from the same one with another prefetch."""
        self._call(lambda: self._subscriptions.subscribe(subscription))

    def unsubscribe(self, queue: str, *, delete: bool = False) -> None:
        """Stop consuming from a queue, and with `delete` remove it.

        Earlier deliveries can still be acknowledged. If this connection breaks, deleting is tried
        again on the next one.
        """
        if delete:
            with self._lock:
                self._subscriptions.to_delete.add(queue)
        self._call(lambda: self._subscriptions.unsubscribe(queue, delete=delete))

    def leave_node(self, reason: str) -> None:
        """Switch to the broker's next node, if it has others: this one does not work properly."""
        generation = self._generation

        def leave() -> None:
            if generation == self._generation:
                self._session.leave(reason)

        if self.is_connected and len(self._cluster.addresses) > 1:
            self._call(leave)

    def measure(self, queue: str) -> None:
        """Ask for the depth of a queue; the answer is a `Depth`, or none if there is no queue."""
        self._call(lambda: self._session.measure(queue))

    def wait_subscribed(self, queue: str, timeout: float) -> bool:
        """Wait until a subscription is active and its queue declared; False when time is up."""
        with self._lock:
            return self._lock.wait_for(lambda: queue in self._subscriptions.active, timeout)

    def wait_sent(self, timeout: float) -> None:
        """Wait until the operating system has taken what was published, at most `timeout`."""
        sent = threading.Event()
        self._call(lambda: self._session.look_sent(sent))
        with self._lock:
            self._lock.wait_for(lambda: sent.is_set() or not self.is_connected, timeout)

    def wait_settled(self, messages: Sequence[Message], timeout: float) -> bool:
        """Wait until the broker has confirmed all of these; False when time is up."""
        deadline = time.monotonic() + timeout
        with self._lock:
            while any(m.settled is None for m in messages):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._lock.wait(left)
        return True

    def wait_connected(
        self, timeout: float, tell: Callable[[str], None] = lambda reason: None
    ) -> None:
        """Wait for the first connection. Raises BrokerError if there is none in time.

        `tell` gets the reason once, if it takes more than a moment.
        """
        deadline = time.monotonic() + timeout
        tell_at = deadline - timeout + _MOMENT
        reason = "it does not answer"
        with self._lock:
            while not self.is_connected:
                for event in self._events:
                    if isinstance(event, Disconnected):
                        reason = event.reason
                        if event.fatal:
                            raise BrokerError(reason, broker_hint(self._cluster, reason))
                left = deadline - time.monotonic()
                if left <= 0:
                    raise BrokerError(reason, broker_hint(self._cluster))
                if time.monotonic() >= tell_at:
                    tell_at = float("inf")
                    tell(reason)
                self._lock.wait(min(left, _MOMENT))

    def close(self, timeout: float = 5.0) -> None:
        """Send the remaining messages, delete the queues marked for it, and disconnect.

        Both take at most `timeout` seconds. Without a connection it waits for the deletions only.
        """
        deadline = time.monotonic() + timeout
        self._call_flush()
        with self._lock:
            while self._subscriptions.to_delete or (self.is_connected and self._is_busy()):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._lock.wait(min(left, 0.05))
            self._closing.set()
            connection = self._connection
            if connection is not None:
                connection.ioloop.add_callback_threadsafe(lambda: _close(connection))
        self._thread.join(max(deadline - time.monotonic(), 1.0))

    @property
    def reconnects(self) -> int:
        """The number of times that the connection was made again."""
        return max(self._generation - 1, 0)

    @property
    def has_deleted_all(self) -> bool:
        """Whether every queue that was marked for deletion is deleted."""
        return not self._subscriptions.to_delete

    def _is_busy(self) -> bool:
        return bool(self._publisher.outgoing or self._calls or self._session.asides)

    def _call_flush(self) -> None:
        with self._lock:
            if self._flush_due or not self.is_connected:
                return
            self._flush_due = True
        self._call(self._flush)

    def _call(self, action: Callable[[], None]) -> None:
        """Run `action` in the link's thread, now or at the next connection."""
        with self._lock:
            self._calls.append(action)
            if self._calls_due or not self.is_connected:
                return
            self._calls_due = True
            self._connection.ioloop.add_callback_threadsafe(self._do_calls)

    # -- the link's thread ----------------------------------------------------------------

    def _tell(self, *events: LinkEvent) -> None:
        with self._lock:
            self._events.extend(events)
            self._lock.notify_all()
        self._wake()

    def _do_calls(self) -> None:
        while True:
            with self._lock:
                if not self._calls or not self.is_connected:
                    self._calls_due = False
                    self._lock.notify_all()
                    return
                action = self._calls.popleft()
            action()

    def _flush(self) -> None:
        with self._lock:
            self._flush_due = False
        self._publisher.outgoing.send()

    def _live(self, name: str) -> None:
        attempts = Attempts(self._cluster.addresses)
        while not self._closing.is_set():
            address = attempts.next()
            was = self._generation
            journal.debug("connecting", broker=address.place, name=name)
            try:
                connection = GatheringConnection(
                    parameters(address, self._cluster, name),
                    on_open_callback=partial(self._on_open, address),
                    on_open_error_callback=partial(self._on_open_error, address),
                    on_close_callback=partial(self._on_close, address),
                )
            except (OSError, AMQPError, BrokerError) as error:
                self._lost(address, error)
            else:
                self._run(address, connection)
            pause = attempts.ended(
                time.monotonic() - self._session.ready_at if self._generation != was else 0.0
            )
            if pause and not self._closing.is_set():
                journal.debug("connect-delayed", seconds=pause)
                self._closing.wait(pause)

    def _run(self, address: BrokerAddress, connection: Any) -> None:
        """Run a connection to its end. After an error, the link can connect again."""
        with self._lock:
            self._connection = connection
        try:
            # `close` has either seen the connection, or set this before.
            if not self._closing.is_set():
                connection.ioloop.start()
        except Exception as error:
            journal.info("connection-failed", broker=address.place, error=repr(error))
            with suppress(Exception):
                connection.abandon()
            self._lost(address, error)
        with self._lock:
            self._connection = None
        connection.ioloop.close()

    def _on_open(self, address: BrokerAddress, connection: Any) -> None:
        session = Session(connection, address, self._lock, self._tell, self._closing)
        self._session = session
        self._subscriptions.begin(session)
        session.watch(
            self._patience, lambda: (self._subscriptions.oldest, self._publisher.outgoing.oldest)
        )
        self._publisher.begin(session, lambda: self._subscriptions.subscribe_all(self._on_ready))

    def _on_ready(self) -> None:
        session = self._session
        version = str((session.connection.server_properties or {}).get("version", "?"))
        session.asked_at = 0.0
        session.ready_at = time.monotonic()
        with self._lock:
            self.is_connected = True
            self._generation += 1
            left = list(self._subscriptions.to_delete)
        journal.info("connected", broker=session.place, version=version, reconnects=self.reconnects)
        self._tell(Connected(version))
        for queue in left:
            self._subscriptions.delete(queue)
        self._do_calls()
        self._flush()

    def _on_open_error(self, address: BrokerAddress, connection: Any, error: Any) -> None:
        self._lost(address, error)
        connection.ioloop.stop()

    def _on_close(self, address: BrokerAddress, connection: Any, reason: Any) -> None:
        if getattr(reason, "reply_code", 0) == INTERNAL_ERROR:
            self._subscriptions.broker_failed()
        self._lost(address, reason)
        connection.ioloop.stop()

    def _lost(self, address: BrokerAddress, error: BaseException) -> None:
        with self._lock:
            was_connected, self.is_connected = self.is_connected, False
            self._calls_due = self._flush_due = False
            self._subscriptions.active.clear()
            self._publisher.outgoing.lost()
        if self._closing.is_set():
            return
        session = self._session
        text = session.refusal or explain(error, address)
        fatal = self._generation == 0 and (session.is_refused_for_good or is_fatal(error))
        reason = redact(text, self._cluster.addresses)
        if was_connected:
            journal.info("disconnected", broker=address.place, reason=reason)
        else:
            journal.debug("connect-failed", broker=address.place, reason=reason)
        self._tell(Disconnected(reason, fatal))


def _close(connection: Any) -> None:
    if not (connection.is_closed or connection.is_closing):
        connection.close()
