"""What is published over a link, and what it tells of what has happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Delivered(NamedTuple):
    """A message of a subscription. `ack` takes the whole event."""

    queue: str
    channel: int
    tag: int
    body: bytes
    headers: dict[str, Any]
    message_id: str | None
    redelivered: bool


class Connected(NamedTuple):
    """The connection stands, and everything is declared and subscribed again."""

    version: str


class Disconnected(NamedTuple):
    """The connection broke, or could not be made. `fatal`: to try again will not help."""

    reason: str
    fatal: bool


class Blocked(NamedTuple):
    """The broker takes no messages now (memory or disk alarm); `reason` empty: it does again."""

    reason: str


class Settled(NamedTuple):
    """A message that wanted to know has been confirmed; `routed`: some queue took it."""

    message: Message
    routed: bool


class Depth(NamedTuple):
    """How many messages of a queue wait for a consumer, and how many consumers it has."""

    queue: str
    ready: int
    consumers: int


LinkEvent = Delivered | Connected | Disconnected | Blocked | Settled | Depth


@dataclass(slots=True, eq=False)
class Message:
    """Something to publish. `lasting` is sent until it is confirmed; else once, if connected.

    With `notify` its confirmation becomes an event. `settled` is None until then, and says
    afterwards whether a queue took it. `sent_at` is by the monotonic clock, and so is `asked_at`:
    when it was first sent on this connection, which it is again where the broker refuses it.
    `bound_anew`: no queue took it at first, and its binding was made again.
    """

    exchange: str
    key: str
    body: bytes
    headers: dict[str, Any] = field(default_factory=dict)
    id: str | None = None
    reply_to: str | None = None
    lasting: bool = True
    notify: bool = False
    about: Any = None
    settled: bool | None = None
    returned: bool = False
    bound_anew: bool = False
    sent_at: float = 0.0
    asked_at: float = 0.0
