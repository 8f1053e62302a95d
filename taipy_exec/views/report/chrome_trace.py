"""The report as a trace for chrome://tracing, Perfetto and others that read its JSON."""

from __future__ import annotations

import json
from typing import Any

from taipy_exec.model.status import Status
from taipy_exec.views.json_objects import when
from taipy_exec.views.report.content import JobStory, Report
from taipy_exec.views.report.slots import Slot, slots, waiting
from taipy_exec.views.words import reason_text


def chrome_trace(report: Report) -> str:
    """An object with `traceEvents`: a process for each host, a thread for each slot.

    Times are microseconds from the submission on. Waiting is shown as asynchronous events, and as
    the number of jobs that wait.
    """
    zero = report.record.created_at
    events: list[dict[str, Any]] = []
    hosts: dict[str, int] = {}
    for number, slot in enumerate(slots(report.stories), 1):
        if slot.host not in hosts:
            hosts[slot.host] = len(hosts) + 1
            events.append(_named("process_name", hosts[slot.host], 0, slot.host))
        process = hosts[slot.host]
        events.append(_named("thread_name", process, number, f"slot {number}"))
        events += _slot_events(slot, process, number, zero)
    for at, count in waiting(report.stories, report.made_at):
        events.append(
            {
                "name": "waiting for a slot",
                "ph": "C",
                "ts": _micros(at - zero),
                "pid": 1,
                "args": {"jobs": count},
            }
        )
    record = report.record
    return json.dumps(
        {
            "traceEvents": events,
            "displayTimeUnit": "ms",
            "otherData": {
                "submission": record.id,
                "scenario": record.scenario,
                "status": record.status.name,
                "mode": record.mode,
                "created_at": when(zero),
            },
        },
        ensure_ascii=True,
    )


def _slot_events(slot: Slot, process: int, thread: int, zero: float) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for run in slot.runs:
        base = {"name": run.story.job.task, "pid": process, "tid": thread}
        if run.waits_from < run.begin:
            wait = {**base, "cat": "waiting", "id": run.story.job.id}
            events += [
                {**wait, "ph": "b", "ts": _micros(run.waits_from - zero)},
                {**wait, "ph": "e", "ts": _micros(run.begin - zero)},
            ]
        events.append(
            {
                **base,
                "cat": "job",
                "ph": "X",
                "ts": _micros(run.begin - zero),
                "dur": _micros(run.end - run.begin),
                "args": _arguments(run.story),
                **({"cname": "terrible"} if run.story.job.status is Status.FAILED else {}),
            }
        )
    return events


def _arguments(story: JobStory) -> dict[str, Any]:
    job = story.job
    return {
        "job": job.id,
        "status": job.status.name,
        "reason": reason_text(job) or None,
        "attempt": job.attempt,
        "worker": job.worker,
        "seconds": story.ran,
    }


def _named(kind: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
