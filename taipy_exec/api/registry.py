"""Data about entities that only this process has: subscribers and its own submissions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from taipy_exec.api.submission import Submission

Callback = Callable[..., Any]


class Subscriber(NamedTuple):
    """A callback for each change of a job's status, and its arguments before the job."""

    callback: Callback
    params: list[Any]


class Registry:
    """The submissions of this process, and the subscribers, by the ids of their entities."""

    submissions: dict[str, Submission] = {}
    subscribers: dict[str, list[Subscriber]] = {}

    @classmethod
    def forget(cls, entity: str) -> None:
        """Forget deleted entities."""
        cls.submissions.pop(entity, None)
        cls.subscribers.pop(entity, None)
