"""A dead letter as JSON."""

from __future__ import annotations

from typing import Any

from taipy_exec.broker.inspection import DeadLetter
from taipy_exec.protocol.messages import BadMessage, Codec, Order
from taipy_exec.views.json_objects import when


def dead_letter_fields(number: int, letter: DeadLetter, application: str) -> dict[str, Any]:
    """One dead letter as JSON. Job and task are None if it is not a message of taipy-exec."""
    order = None
    try:
        message = Codec(application).load(letter.body, letter.headers)
        order = message if isinstance(message, Order) else None
    except BadMessage:
        pass
    return {
        "number": number,
        "reason": str(letter.reason)[:1000],
        "at": when(letter.at),
        "worker": str(letter.worker)[:200] if letter.worker else None,
        "job": order.job if order else None,
        "task": order.task if order else None,
        "attempt": order.attempt if order else None,
        "submission": order.submission if order else None,
        "size": len(letter.body),
    }
