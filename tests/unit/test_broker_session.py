"""A session at its end, with a connection that raises as pika does."""

from __future__ import annotations

import threading
from typing import Any

from pika.exceptions import ConnectionWrongStateError

from taipy_exec.broker.session import Session
from taipy_exec.config.broker_address import BrokerAddress


class Connection:
    """Is open until it is closed."""

    is_open = True

    def channel(self, on_open_callback: Any) -> None:
        if not self.is_open:
            raise ConnectionWrongStateError

    def close(self, *_: Any) -> None:
        if not self.is_open:
            raise ConnectionWrongStateError
        self.is_open = False


def test_while_a_connection_closes_nothing_is_opened_and_its_first_reason_counts() -> None:
    told: list[Any] = []
    lock = threading.Condition()
    session = Session(Connection(), BrokerAddress(), lock, told.append, threading.Event())
    session.measure("queue")
    session.close("the queue a was deleted", "a queue was deleted")
    session.close("the queue b was deleted", "a queue was deleted")
    session.measure("queue")
    assert session.refusal == "the queue a was deleted"
    assert told == []
