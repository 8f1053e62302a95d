"""The one message schema for a job to run and for what became of it.

It names a task of the application's own configuration and nothing else: no code, no path.
"""

from __future__ import annotations

import time

# By name: a job may put something else in the place of `json.dumps`.
from json import dumps, loads
from typing import NamedTuple

from taipy_exec.model.job import Failure

VERSION = 1
# Characters, as `schema.Report` allows them.
_LONGEST = {"kind": 100, "type": 1000, "message": 20_000, "traceback": 200_000}


class JobOrder(NamedTuple):
    """One attempt of one job. `instance` and `cycle` say whose data nodes are meant.

    `entity` is the id of the task that a program of Taipy made of the configured one; empty for
    applications that are described by their configuration alone.
    """

    job: str
    task: str
    attempt: int
    submission: str
    instance: str
    cycle: str = ""
    entity: str = ""

    def dump(self) -> bytes:
        """As JSON."""
        return dumps(
            {
                "version": VERSION,
                "job": self.job,
                "task": self.task,
                "attempt": self.attempt,
                "submission": self.submission,
                "instance": self.instance,
                "cycle": self.cycle,
                **({"entity": self.entity} if self.entity else {}),
            }
        ).encode()

    @classmethod
    def load(cls, text: bytes) -> JobOrder:
        """From JSON. Raises ValueError where it is not such a message or of another version."""
        fields = loads(text)
        if not isinstance(fields, dict) or fields.pop("version", None) != VERSION:
            raise ValueError("not a job order of this version")
        try:
            return cls(**fields)
        except TypeError as error:
            raise ValueError(str(error)) from None


def with_beside(order: JobOrder, beside: bytes) -> bytes:
    """An order for a process of this machine, with what it gets beside it."""
    # JSON never holds such a byte.
    return order.dump() + b"\0" + beside if beside else order.dump()


def from_beside(message: bytes) -> tuple[JobOrder, bytes]:
    """What `with_beside` joined. Raises ValueError as `JobOrder.load` does."""
    text, _, beside = message.partition(b"\0")
    return JobOrder.load(text), beside


def _sendable(failure: Failure) -> dict[str, str | None]:
    """The failure within the limits of `schema.Report`, and without halves of characters."""
    sendable: dict[str, str | None] = {}
    for name, text in failure.as_json().items():
        longest = _LONGEST[name]
        if text is not None:
            text = text[:longest].encode(errors="backslashreplace").decode()[:longest]
        sendable[name] = text
    return sendable


class JobReport(NamedTuple):
    """What became of an attempt: `failure` is None where every output was written.

    `finished_at` is in seconds since the epoch, `duration` in seconds by a monotonic clock;
    `leaked` counts processes that the job left behind and that were stopped; `source` is the
    digest of the function's source where `cache = "content"` wants it and it is known; `final`:
    its task wants no other attempt after this failure; `spoiled` says what the job left in its
    process that the next one would notice, empty for nothing; `cpu_seconds`, of all processors, and
    `peak_memory`, in bytes, are None where nobody knows.
    """

    job: str
    attempt: int
    finished_at: float
    duration: float
    failure: Failure | None = None
    leaked: int = 0
    peak_memory: int | None = None
    source: str | None = None
    final: bool = False
    spoiled: str = ""
    cpu_seconds: float | None = None

    @classmethod
    def failed(cls, order: JobOrder, failure: Failure, duration: float = 0.0) -> JobReport:
        """An attempt that ended now, after `duration` seconds."""
        return cls(
            job=order.job,
            attempt=order.attempt,
            finished_at=time.time(),
            duration=duration,
            failure=failure,
        )

    def dump(self) -> bytes:
        """As JSON."""
        return dumps(self.as_json()).encode()

    def as_json(self) -> dict[str, object]:
        """The object that `schema.Report` describes."""
        return {
            "version": VERSION,
            "job": self.job,
            "attempt": self.attempt,
            "finished_at": self.finished_at,
            "duration": self.duration,
            "failure": _sendable(self.failure) if self.failure else None,
            "leaked": self.leaked,
            "peak_memory": self.peak_memory,
            "source": self.source,
            **({"final": True} if self.final else {}),
            **({"spoiled": self.spoiled} if self.spoiled else {}),
            **({} if self.cpu_seconds is None else {"cpu_seconds": self.cpu_seconds}),
        }
