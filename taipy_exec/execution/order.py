"""The one message schema for a job to run (the order) and for its result (the report).

It names only a task of the application's own configuration. It contains no code and no path.
"""

from __future__ import annotations

import time

# Imported by name: a job may replace `json.dumps`.
from json import dumps, loads
from typing import NamedTuple

from taipy_exec.model.job import Failure

VERSION = 1
# The most characters, as in `schema.Report`.
_LONGEST = {"kind": 100, "type": 1000, "message": 20_000, "traceback": 200_000}


class JobOrder(NamedTuple):
    """One attempt of one job. `instance` and `cycle` own its data nodes.

    `entity` is the id of the task that a Taipy program made from the configured task. It is empty
    for applications that consist of a configuration only. `element` is the digest of the element
    that a job of a mapped task is for. It is empty if there is none, or if it is not known.
    """

    job: str
    task: str
    attempt: int
    submission: str
    instance: str
    cycle: str = ""
    entity: str = ""
    element: str = ""

    def dump(self) -> bytes:
        """The order as JSON."""
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
                **({"element": self.element} if self.element else {}),
            }
        ).encode()

    @classmethod
    def load(cls, text: bytes) -> JobOrder:
        """Read an order from JSON. Raises ValueError for another message or another version."""
        fields = loads(text)
        if not isinstance(fields, dict) or fields.pop("version", None) != VERSION:
            raise ValueError("not a job order of this version")
        try:
            return cls(**fields)
        except TypeError as error:
            raise ValueError(str(error)) from None


def with_beside(order: JobOrder, beside: bytes) -> bytes:
    """An order for a process of this machine, together with the bytes in `beside`."""
    # JSON never contains a zero byte.
    return order.dump() + b"\0" + beside if beside else order.dump()


def from_beside(message: bytes) -> tuple[JobOrder, bytes]:
    """The parts that `with_beside` joined. Raises ValueError as `JobOrder.load` does."""
    text, _, beside = message.partition(b"\0")
    return JobOrder.load(text), beside


def _sendable(failure: Failure) -> dict[str, str | None]:
    """The failure, cut to the limits of `schema.Report`, without invalid characters."""
    sendable: dict[str, str | None] = {}
    for name, text in failure.as_json().items():
        longest = _LONGEST[name]
        if text is not None:
            text = text[:longest].encode(errors="backslashreplace").decode()[:longest]
        sendable[name] = text
    return sendable


class JobReport(NamedTuple):
    """The result of an attempt. `failure` is None if every output was written.

    `finished_at` is in seconds since the epoch, `duration` in seconds of a monotonic clock.
    `leaked` counts processes that the job left and that were stopped. `source` is the digest of
    the function's source, if `cache = "content"` needs it and it is known. `final`: the task gets
    no other attempt after this failure. `spoiled` names changes of the process that the next job
    would notice; empty for none. `cpu_seconds` (all processors) and `peak_memory` (bytes) are None
    if unknown.
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
        """The report as JSON."""
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
