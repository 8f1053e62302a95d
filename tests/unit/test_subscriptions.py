"""Queues that never answer, in sessions that only pretend: the test answers, and lets time pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from taipy_exec.broker.events import Unanswered
from taipy_exec.broker.subscriptions import Subscriptions
from taipy_exec.broker.topology import Step, Subscription


class Channel:
    """Notes requests; all but those to consume are answered at once."""

    is_open = True

    def __init__(self, asked: list[str]) -> None:
        self._asked = asked
        self.consumed: Callable[[], None] = lambda: None

    def add_on_close_callback(self, callback: Any) -> None: ...

    add_on_cancel_callback = add_on_close_callback

    def queue_delete(self, queue: str, callback: Callable[..., None]) -> None:
        self._asked.append("delete")
        callback()

    def queue_declare(self, *_: Any, callback: Callable[..., None], **__: Any) -> None:
        self._asked.append("declare")
        callback()

    def basic_qos(self, prefetch_count: int, callback: Callable[..., None]) -> None:
        callback()

    def basic_consume(self, *_: Any, callback: Callable[..., None], **__: Any) -> str:
        self._asked.append("consume")
        self.consumed = callback
        return "tag"


class Session:
    """What `Subscriptions` uses of one; `pass_time` calls what is due."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.told: list[Any] = []
        self.abandoned: list[str] = []
        self.tell = self.told.append
        self.abandon = self.abandoned.append
        self._due: list[Callable[[], None]] = []
        ioloop = SimpleNamespace(call_later=lambda delay, action: self._due.append(action))
        self.connection = SimpleNamespace(ioloop=ioloop)
        self.opened = Channel(self.asked)

    def channel(self, opened: Callable[[Any], None]) -> None:
        opened(self.opened)

    def aside(self, step: Step, then: Callable[[], None]) -> None:
        step(self.opened, lambda *_: then())

    def pass_time(self) -> None:
        due, self._due = self._due, []
        for action in due:
            action()


def subscribed(*, replaceable: bool) -> Subscriptions:
    wanted = Subscription(queue="q", prefetch=1, declare=True, replaceable=replaceable)
    return Subscriptions(threading.Condition(), [wanted], 10.0)


def begin(subscriptions: Subscriptions) -> Any:
    session: Any = Session()
    subscriptions.begin(session)
    subscriptions.subscribe_all(lambda: None)
    return session


def test_a_queue_that_answers_is_active_and_is_not_asked_for_again() -> None:
    subscriptions = subscribed(replaceable=True)
    session = begin(subscriptions)
    assert subscriptions.oldest is not None
    session.opened.consumed()
    session.pass_time()
    assert session.asked == ["declare", "consume"]
    assert subscriptions.active == {"q"}
    assert subscriptions.oldest is None


def test_a_queue_that_alone_does_not_answer_is_deleted_and_made_again() -> None:
    subscriptions = subscribed(replaceable=True)
    first = begin(subscriptions)
    first.pass_time()
    assert first.asked == ["declare", "consume", "declare"]
    first.pass_time()
    assert len(first.abandoned) == 1
    second = begin(subscriptions)
    second.opened.consumed()
    assert second.asked == ["delete", "declare", "consume"]
    assert begin(subscriptions).asked == ["declare", "consume"]


def test_a_queue_that_must_stay_is_reported_and_the_connection_stays() -> None:
    session = begin(subscribed(replaceable=False))
    session.pass_time()
    session.pass_time()
    assert session.told == [Unanswered("q")]
    assert session.abandoned == []


@pytest.mark.parametrize(("failures", "asked"), [(2, ["declare"]), (3, ["delete", "declare"])])
def test_a_queue_at_which_the_broker_fails_again_and_again_is_made_again(
    failures: int, asked: list[str]
) -> None:
    subscriptions = subscribed(replaceable=True)
    for _ in range(failures):
        begin(subscriptions)
        subscriptions.broker_failed()
    assert begin(subscriptions).asked == [*asked, "consume"]
