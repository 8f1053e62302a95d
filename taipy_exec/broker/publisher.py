"""The channel on which a link publishes, and the confirmations that come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from taipy_exec.broker.events import Blocked, Message, Settled
from taipy_exec.broker.outgoing import Outgoing, publish
from taipy_exec.broker.session import Session
from taipy_exec.broker.topology import Step, binding_step, run_steps
from taipy_exec.event_log import EventLog

journal = EventLog("broker")

_NACK_DELAY = 0.2


class Publisher:
    """Does the `steps` and sends the messages of `outgoing`, on one channel of each session.

    Only the link's thread uses it, except as `outgoing` allows. `answered` is called when no
    message waits for the broker.
    """

    def __init__(
        self, lock: threading.Condition, steps: Sequence[Step], answered: Callable[[], None]
    ) -> None:
        self.outgoing = Outgoing(lock, self._bind_anew, self._prove)
        self._steps = steps
        self._answered = answered
        self._session: Session

    def begin(self, session: Session, then: Callable[[], None]) -> None:
        """Open the channel of a new session, do the steps, and call `then`."""
        self._session = session
        connection = session.connection
        connection.add_on_connection_blocked_callback(
            lambda _, method: self._on_blocked(method.method.reason or "no reason given")
        )
        connection.add_on_connection_unblocked_callback(lambda *_: self._on_blocked(""))

        def opened(channel: Any) -> None:
            channel.add_on_close_callback(lambda _, reason: session.refuse(reason))
            channel.add_on_return_callback(self.outgoing.returned)
            self.outgoing.opened(channel)
            run_steps(channel, [*self._steps, confirm], then)

        def confirm(channel: Any, done: Callable[..., None]) -> None:
            channel.confirm_delivery(self._on_confirm, callback=done)

        session.channel(opened)

    def _bind_anew(self, exchange: str, key: str) -> None:
        """Bind a queue again if it exists: its binding may have been removed."""
        step = binding_step(exchange, key)
        self._session.aside(step, lambda: self.outgoing.bound(exchange, key))

    def _prove(self, message: Message) -> None:
        """Send a message on a channel of its own: its queue may have no leader."""
        session = self._session
        is_done = False

        def opened(channel: Any) -> None:
            channel.add_on_close_callback(closed)
            channel.add_on_return_callback(lambda *_: setattr(message, "returned", True))
            channel.confirm_delivery(
                lambda frame: confirmed(channel, frame), callback=lambda _: send(channel)
            )

        def send(channel: Any) -> None:
            publish(channel, message, 1, time.monotonic())

        def confirmed(channel: Any, frame: Any) -> None:
            nonlocal is_done
            is_done = True
            channel.close()
            self._on_settled(self.outgoing.proven(message, frame.method))
            self.outgoing.send()

        def closed(channel: Any, reason: Any) -> None:
            if not is_done:
                session.refuse(reason)

        session.channel(opened)

    def _on_confirm(self, frame: Any) -> None:
        self._on_settled(self.outgoing.confirmed(frame.method))

    def _on_settled(self, settled: list[Message] | None) -> None:
        if not self.outgoing:
            self._answered()
        if settled is None:
            journal.info("messages-refused", broker=self._session.place)
            self._session.connection.ioloop.call_later(_NACK_DELAY, self.outgoing.send)
            return
        events = [Settled(message, bool(message.settled)) for message in settled if message.notify]
        if events:
            self._session.tell(*events)

    def _on_blocked(self, reason: str) -> None:
        self.outgoing.is_blocked = bool(reason)
        if reason:
            journal.info("blocked", broker=self._session.place, reason=reason)
        else:
            journal.info("unblocked", broker=self._session.place)
        self._session.tell(Blocked(reason))
        if not reason:
            self.outgoing.send()
