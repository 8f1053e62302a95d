"""What this process alone knows of entities: who subscribed, and submissions as they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from taipy_exec.api.submission import Submission

Callback = Callable[..., Any]


class Subscriber(NamedTuple):
    """Who is told of each change of a job's status, and with which arguments before the job."""

    callback: Callback
    params: list[Any]


class Registry:
    """Submissions that this process has made, and subscribers, by the ids of their entities."""

    submissions: dict[str, Submission] = {}
    subscribers: dict[str, list[Subscriber]] = {}

    @classmethod
    def forget(cls, entity: str) -> None:
        """Forget what was deleted."""
        cls.submissions.pop(entity, None)
        cls.subscribers.pop(entity, None)
