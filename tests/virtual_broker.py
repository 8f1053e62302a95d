"""RabbitMQ as cluster mode uses it, in memory and in virtual time, with every loss that counts.

A connection may break at any moment. Then messages and confirmations on their way are lost, what
was not acknowledged goes to another consumer, and the two ends notice it at different times.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from taipy_exec.broker.events import (
    Connected,
    Delivered,
    Depth,
    Disconnected,
    LinkEvent,
    Message,
    Settled,
)
from taipy_exec.broker.topology import Subscription

_LATENCY = (0.0005, 0.02)
_NOTICED = (0.0, 2.0)
_AWAY = (0.1, 6.0)
# A broker that was killed does not mark what it delivers again.
_UNMARKED = 0.3
_WIDTH = 1_000_000


class Clock:
    """The time of all processes of a simulation, in seconds; only the simulation moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1.7e9 + self.now


@dataclass
class _Queue:
    name: str
    is_stream: bool = False
    owner: VirtualLink | None = None
    messages: deque[tuple[Message, bool]] = field(default_factory=deque)
    stream: list[Message] = field(default_factory=list)
    consumers: list[VirtualLink] = field(default_factory=list)


class VirtualBroker:
    """Exchanges, queues and the messages on their way."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self.clock = clock
        self.chance = chance
        self.queues: dict[str, _Queue] = {}
        self.links: list[VirtualLink] = []
        self._bindings: dict[tuple[str, str], list[str]] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Call `action` at this time."""
        self._count += 1
        heapq.heappush(self._due, (when, self._count, action))

    @property
    def next_at(self) -> float:
        return self._due[0][0] if self._due else float("inf")

    def run_due(self) -> None:
        while self._due and self._due[0][0] <= self.clock.now:
            heapq.heappop(self._due)[2]()

    def run_all(self) -> None:
        """Let everything on its way arrive."""
        while self._due:
            heapq.heappop(self._due)[2]()

    def declare_base(self, names: Any) -> None:
        for key in ("dead", "jobs", "control"):
            name = getattr(names, key)
            self.queues[name] = _Queue(name, is_stream=key == "control")
            self._bindings.setdefault((names.exchange, key), []).append(name)

    def declare(self, subscription: Subscription, owner: VirtualLink) -> None:
        name = subscription.queue
        if subscription.declare and name not in self.queues:
            self.queues[name] = _Queue(name, owner=owner if subscription.exclusive else None)
            for exchange, key in subscription.bindings:
                self._bindings.setdefault((exchange, key), []).append(name)

    def delete(self, name: str) -> None:
        self.queues.pop(name, None)
        for bound in self._bindings.values():
            if name in bound:
                bound.remove(name)

    def route(self, message: Message) -> bool:
        """Put it into every queue that is bound to its key; whether there is one."""
        found = self._bindings.get((message.exchange, message.key), [])
        for name in found:
            queue = self.queues[name]
            if queue.is_stream:
                queue.stream.append(message)
            else:
                queue.messages.append((message, False))
            self.serve(queue)
        return bool(found)

    def serve(self, queue: _Queue) -> None:
        """Deliver what its consumers may get."""
        if queue.is_stream:
            for link in queue.consumers:
                link.read(queue)
            return
        while queue.messages:
            takers = [link for link in queue.consumers if link.takes(queue.name)]
            if not takers:
                return
            self.chance.choice(takers).deliver(queue, *queue.messages.popleft())


class VirtualLink:
    """Takes the place of `broker.link.Link`."""

    def __init__(
        self,
        broker: VirtualBroker,
        subscriptions: Iterable[Subscription],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.broker = broker
        self.is_connected = False
        self.reconnects = -1
        self.is_gone = False
        self._is_cut = False
        self._wake = wake
        self._wanted = {s.queue: s for s in subscriptions}
        self._events: list[LinkEvent] = []
        self._waiting: deque[Message] = deque()
        self._unconfirmed: deque[Message] = deque()
        self._unacked: dict[str, dict[int, Message]] = {}
        self._read: dict[str, int] = {}
        self._tag = 0
        # The broker's side of the connection: it may end before this side notices.
        self._era = 0
        self._reached = [0.0, 0.0]
        broker.links.append(self)
        self._connect()

    # -- what Link has ----------------------------------------------------------------------

    def take(self) -> list[LinkEvent]:
        events, self._events = self._events, []
        return events

    def publish(self, *messages: Message) -> None:
        for message in messages:
            if self.is_connected:
                self._send(message)
            elif message.lasting:
                self._waiting.append(message)

    def ack(self, *deliveries: Delivered) -> None:
        era = self._era
        for one in deliveries:
            if one.channel == era:
                self._later(0, era, lambda one=one: self._acknowledged(one))  # type: ignore[misc]

    def subscribe(self, subscription: Subscription) -> None:
        self._wanted[subscription.queue] = subscription
        if self.is_connected:
            era = self._era
            self._later(0, era, lambda: self._consume(subscription))

    def unsubscribe(self, queue: str, *, delete: bool = False) -> None:
        self._wanted.pop(queue, None)
        found = self.broker.queues.get(queue)
        if found is not None and self in found.consumers:
            found.consumers.remove(self)
        if delete:
            self.broker.delete(queue)

    def leave_node(self, reason: str) -> None: ...

    def measure(self, queue: str) -> None:
        found = self.broker.queues.get(queue)
        if found is not None and self.is_connected:
            self._tell(Depth(queue, len(found.messages), len(found.consumers)))

    def wait_subscribed(self, queue: str, timeout: float) -> bool:
        self._consume(self._wanted[queue])
        return True

    def wait_sent(self, timeout: float) -> None: ...

    def wait_settled(self, messages: Sequence[Message], timeout: float) -> bool:
        """The process waits and does nothing else: here no time passes for others."""
        for message in messages:
            if message in self._waiting:
                self._waiting.remove(message)
            message.settled = self.broker.route(message)
        return True

    def wait_connected(self, timeout: float, tell: Any = None) -> None: ...

    def close(self, timeout: float = 5.0) -> None:
        if not self.is_gone:
            self.broker.run_all()
            self.die()

    has_deleted_all = True

    # -- what the simulation does -------------------------------------------------------------

    def die(self) -> None:
        """Its process is gone."""
        self.is_gone = True
        self.is_connected = False
        self._broken()

    def cut(self) -> None:
        """The connection breaks; this side notices later, and connects again."""
        if self.is_gone or self._is_cut:
            return
        self._is_cut = True
        chance, now = self.broker.chance, self.broker.clock.now
        self._broken()
        noticed = now + chance.uniform(*_NOTICED)
        self.broker.at(noticed, self._notice)
        self.broker.at(noticed + chance.uniform(*_AWAY), self._connect)

    # -- inside -----------------------------------------------------------------------------

    def _tell(self, event: LinkEvent) -> None:
        self._events.append(event)
        self._wake()

    def _later(self, direction: int, era: int, action: Callable[[], None]) -> None:
        """Call `action` after the way to the other side, in order, if the connection holds."""
        at = self.broker.clock.now + self.broker.chance.uniform(*_LATENCY)
        self._reached[direction] = at = max(at, self._reached[direction])

        def arrive() -> None:
            if era == self._era and not self.is_gone:
                action()

        self.broker.at(at, arrive)

    def _connect(self) -> None:
        if self.is_gone or self.is_connected:
            return
        self.is_connected = True
        self._is_cut = False
        self.reconnects += 1
        self._tell(Connected("virtual"))
        for subscription in list(self._wanted.values()):
            self._consume(subscription)
        left, self._waiting = self._waiting, deque()
        for message in left:
            self._send(message)

    def _broken(self) -> None:
        """The broker's side: void deliveries go back, exclusive queues are gone."""
        self._era += 1
        for queue in list(self.broker.queues.values()):
            if queue.owner is self:
                self.broker.delete(queue.name)
            elif self in queue.consumers:
                queue.consumers.remove(self)
        unacked, self._unacked = self._unacked, {}
        self._read.clear()
        for name, messages in unacked.items():
            found = self.broker.queues.get(name)
            if found is None:
                continue
            marked = self.broker.chance.random() >= _UNMARKED
            found.messages.extendleft((m, marked) for m in reversed(list(messages.values())))
            self.broker.serve(found)

    def _notice(self) -> None:
        if self.is_gone:
            return
        self.is_connected = False
        self._waiting.extendleft(m for m in reversed(self._unconfirmed) if m.lasting)
        self._unconfirmed.clear()
        self._tell(Disconnected("cut", fatal=False))

    def _send(self, message: Message) -> None:
        message.sent_at = message.asked_at = self.broker.clock.now
        self._unconfirmed.append(message)
        era = self._era

        def arrived() -> None:
            routed = self.broker.route(message)
            self._later(1, era, lambda: confirmed(routed))

        def confirmed(routed: bool) -> None:
            if message in self._unconfirmed:
                self._unconfirmed.remove(message)
                message.settled = routed
                if message.notify:
                    self._tell(Settled(message, routed))

        self._later(0, era, arrived)

    def _consume(self, subscription: Subscription) -> None:
        self.broker.declare(subscription, self)
        queue = self.broker.queues[subscription.queue]
        if self not in queue.consumers:
            queue.consumers.append(self)
        self.broker.serve(queue)

    def takes(self, queue: str) -> bool:
        wanted = self._wanted.get(queue)
        return wanted is not None and len(self._unacked.get(queue, ())) < wanted.prefetch

    def deliver(self, queue: _Queue, message: Message, redelivered: bool) -> None:
        self._tag += 1
        tag, era, name = self._tag, self._era, queue.name
        if self._wanted[name].acknowledged:
            self._unacked.setdefault(name, {})[tag] = message
        event = Delivered(name, era, tag, message.body, message.headers, message.id, redelivered)
        self._later(1, era, lambda: self._tell(event))

    def read(self, queue: _Queue) -> None:
        """Deliver the rest of a stream."""
        era = self._era
        for offset in range(self._read.get(queue.name, 0), len(queue.stream)):
            message = queue.stream[offset]
            headers = {**message.headers, "x-stream-offset": offset}
            event = Delivered(queue.name, era, 0, message.body, headers, message.id, False)
            self._later(1, era, lambda event=event: self._tell(event))  # type: ignore[misc]
        self._read[queue.name] = len(queue.stream)

    def _acknowledged(self, one: Delivered) -> None:
        self._unacked.get(one.queue, {}).pop(one.tag, None)
        queue = self.broker.queues.get(one.queue)
        if queue is not None and not queue.is_stream:
            self.broker.serve(queue)
