"""Messages on their way to the broker: those that wait to be sent or are not confirmed yet."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Any

import pika

from taipy_exec.broker.events import Message
from taipy_exec.event_log import EventLog

journal = EventLog("broker")

# A worker that lives for months reports to many submissions; to forget one costs a round trip.
_MOST_PROVEN = 1000


class Outgoing:
    """Messages stay in order, also over broken connections: none overtakes an earlier one.

    RabbitMQ handles no more messages of a channel after one for a queue without a leader. So
    `prove` sends the first message of a connection to a queue that `may_hang` on a channel of its
    own, and all others to this queue wait until it is confirmed.

    `lock` guards what threads other than the link's may see, and is notified when that changes.
    `bind` is called with the exchange and the key of a message that no queue took: its binding may
    have been removed. `bound` is the answer; then such messages are sent once more.
    """

    def __init__(
        self,
        lock: threading.Condition,
        bind: Callable[[str, str], None] = lambda exchange, key: None,
        prove: Callable[[Message], None] = lambda message: None,
    ) -> None:
        self.is_blocked = False
        self._bind = bind
        self._prove = prove
        self._proven: set[str] = set()
        # By key: the message that is on its way on its own channel, then those that wait for it.
        self._unproven: dict[str, list[Message]] = {}
        # By exchange and key: returned messages that wait for their binding.
        self._unrouted: dict[tuple[str, str], list[Message]] = {}
        self._lock = lock
        self._waiting: deque[Message] = deque()
        self._unconfirmed: dict[int, Message] = {}
        self._channel: Any = None
        self._next_tag = 1

    def __bool__(self) -> bool:
        """Whether anything is still to be sent or confirmed."""
        return bool(self._waiting or self._unconfirmed or self._unrouted or self._unproven)

    @property
    def oldest(self) -> float | None:
        """When the oldest unconfirmed message was first sent on this connection.

        None if there is none, or if the broker has said that it takes no messages.
        """
        if self.is_blocked:
            return None
        with self._lock:
            sent = [*self._unconfirmed.values(), *(found[0] for found in self._unproven.values())]
            asked = [m.asked_at for m in (*sent, *self._waiting)]
        return min(filter(None, asked), default=None)

    def put(self, messages: Iterable[Message]) -> None:
        """Queue these for sending. From any thread, under the lock."""
        self._waiting.extend(messages)

    # -- the link's thread ----------------------------------------------------------------

    def opened(self, channel: Any) -> None:
        """A channel for publishing is open, with confirms."""
        self._channel = channel
        self._next_tag = 1

    def lost(self) -> None:
        """The connection is gone; unconfirmed messages go to the front, in their old order."""
        self._channel = None
        self.is_blocked = False
        self._proven.clear()
        with self._lock:
            for messages in self._unproven.values():
                self._put_back(messages)
            self._unproven.clear()
            self._put_back(self._unconfirmed.values())
            self._unconfirmed.clear()
            for messages in self._unrouted.values():
                self._put_back(messages)
            self._unrouted.clear()
            for message in self._waiting:
                message.asked_at = 0.0

    def _put_back(self, messages: Iterable[Message]) -> None:
        self._waiting.extendleft(m for m in reversed(list(messages)) if m.lasting)

    def send(self) -> None:
        """Send all waiting messages, if that is possible now."""
        with self._lock:
            if self._channel is None or not self._channel.is_open or self.is_blocked:
                return
            batch = list(self._waiting)
            self._waiting.clear()
        now = time.monotonic()
        for message in batch:
            if message.may_hang and message.key not in self._proven:
                self._send_alone(message, now)
                continue
            self._unconfirmed[self._next_tag] = message
            publish(self._channel, message, self._next_tag, now)
            self._next_tag += 1

    def _send_alone(self, message: Message, now: float) -> None:
        """Send the first message to its queue on a channel of its own; the others wait."""
        with self._lock:
            waiting = self._unproven.setdefault(message.key, [])
            waiting.append(message)
        if len(waiting) == 1:
            message.asked_at = message.asked_at or now
            self._prove(message)

    def proven(self, message: Message, method: Any) -> list[Message] | None:
        """As `confirmed`, for a message that was sent on its own channel."""
        with self._lock:
            waiting = self._unproven.pop(message.key, [])
            if isinstance(method, pika.spec.Basic.Nack):
                self._put_back(waiting)
                return None
            if len(self._proven) >= _MOST_PROVEN:
                self._proven.clear()
            self._proven.add(message.key)
            self._put_back(waiting[1:])
            return self._settle(waiting[:1])

    def returned(self, channel: Any, method: Any, properties: Any, body: Any) -> None:
        """No queue took a message; its confirmation follows."""
        message = self._unconfirmed.get(int(properties.correlation_id))
        if message is not None:
            journal.info("message-unroutable", exchange=message.exchange, key=message.key)
            message.returned = True

    def confirmed(self, method: Any) -> list[Message] | None:
        """The messages that a confirmation settles; None if they must be sent again."""
        tag = method.delivery_tag
        tags = list(takewhile(lambda t: t <= tag, self._unconfirmed)) if method.multiple else [tag]
        done = [self._unconfirmed.pop(t) for t in tags if t in self._unconfirmed]
        with self._lock:
            if isinstance(method, pika.spec.Basic.Nack):
                self._put_back(done)
                return None
            return self._settle(done)

    def _settle(self, done: Iterable[Message]) -> list[Message]:
        settled = [message for message in done if not self._is_held_back(message)]
        for message in settled:
            message.settled = not message.returned
        self._lock.notify_all()
        return settled

    def _is_held_back(self, message: Message) -> bool:
        """Whether a returned message waits for its binding; once for each message."""
        if not message.returned or message.bound_anew:
            return False
        message.bound_anew = True
        place = message.exchange, message.key
        if place not in self._unrouted:
            self._unrouted[place] = []
            self._bind(*place)
        self._unrouted[place].append(message)
        return True

    def bound(self, exchange: str, key: str) -> None:
        """The binding exists again, or cannot be made: send the messages that wait for it."""
        with self._lock:
            self._put_back(self._unrouted.pop((exchange, key), ()))
        self.send()


def publish(channel: Any, message: Message, tag: int, now: float) -> None:
    """Send a message on a channel with confirms, as its message number `tag`."""
    message.returned = False
    message.sent_at = now
    message.asked_at = message.asked_at or now
    channel.basic_publish(
        message.exchange,
        message.key,
        message.body,
        pika.BasicProperties(
            content_type="application/json",
            delivery_mode=2 if message.lasting else 1,
            message_id=message.id,
            timestamp=int(time.time()),
            correlation_id=str(tag),
            reply_to=message.reply_to,
            headers=message.headers,
        ),
        mandatory=message.lasting,
    )
