"""The messages that a link publishes, and the events that it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Delivered(NamedTuple):
    """A message of a subscription. `ack` gets the whole event."""

    queue: str
    channel: int
    tag: int
    body: bytes
    headers: dict[str, Any]
    message_id: str | None
    redelivered: bool


class Connected(NamedTuple):
    """The connection is ready, and everything is declared and subscribed again."""

    version: str


class Disconnected(NamedTuple):
    """The connection broke, or could not be made. `fatal`: trying again will not help."""

    reason: str
    fatal: bool


class Blocked(NamedTuple):
    """The broker takes no messages (memory or disk alarm); an empty `reason`: it takes them."""

    reason: str


class Settled(NamedTuple):
    """A message with `notify` was confirmed; `routed`: a queue took it."""

    message: Message
    routed: bool


class Depth(NamedTuple):
    """The number of messages of a queue that wait for a consumer, and of its consumers."""

    queue: str
    ready: int
    consumers: int


class Unanswered(NamedTuple):
    """The broker answers for others, but not for this queue."""

    queue: str


LinkEvent = Delivered | Connected | Disconnected | Blocked | Settled | Depth | Unanswered


@dataclass(slots=True, eq=False)
class Message:
    """A message to publish. `lasting`: sent until it is confirmed; if not: once, if connected.

    With `notify`, its confirmation becomes an event. `settled` is None until the confirmation;
    after it, whether a queue took the message. `sent_at` and `asked_at` are by the monotonic
    clock; `asked_at` is the time of the first send on this connection; the broker may refuse the
    message and get it again. `bound_anew`: no queue took it, and its binding was made again.
    `may_hang`: its queue may have no leader, see `Outgoing`.
    """

    exchange: str
    key: str
    body: bytes
    headers: dict[str, Any] = field(default_factory=dict)
    id: str | None = None
    reply_to: str | None = None
    lasting: bool = True
    may_hang: bool = False
    notify: bool = False
    about: Any = None
    settled: bool | None = None
    returned: bool = False
    bound_anew: bool = False
    sent_at: float = 0.0
    asked_at: float = 0.0
