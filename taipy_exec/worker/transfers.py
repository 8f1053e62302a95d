"""Moves orders to another queue, or to the end of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taipy_exec.broker.events import Delivered, Message
from taipy_exec.broker.names import Names


class Transfers:
    """Copies messages to another queue; the caller acknowledges the original after the confirm.

    `under_way` is the number of copies that are not confirmed yet.
    """

    def __init__(self, publish: Callable[..., None], names: Names) -> None:
        self._publish = publish
        self._names = names
        self.under_way = 0

    def bury(self, delivery: Delivered, reason: str, worker: str) -> None:
        """Move a message to the dead letters, with the reason."""
        headers = {"taipy-exec-reason": reason, "taipy-exec-worker": worker}
        self._move(delivery, "dead", headers, None)

    def requeue(self, delivery: Delivered, submission: str) -> None:
        """Move an order to the end of the jobs queue, for any worker."""
        reply_to = self._names.reports(submission)
        self._move(delivery, "jobs", dict(delivery.headers), reply_to)

    def confirmed(self) -> None:
        """The broker has confirmed one of the copies."""
        self.under_way -= 1

    def _move(
        self, delivery: Delivered, key: str, headers: dict[str, Any], reply_to: str | None
    ) -> None:
        self.under_way += 1
        self._publish(
            Message(
                self._names.exchange,
                key,
                delivery.body,
                headers=headers,
                id=delivery.message_id,
                reply_to=reply_to,
                notify=True,
                about=delivery,
            )
        )
