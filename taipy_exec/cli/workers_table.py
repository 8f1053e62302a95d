"""The workers of an application, its queue and its dead letters, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.render import new_table
from taipy_exec.model.job import short_id
from taipy_exec.operations.cluster import plain, serves
from taipy_exec.views.words import duration, several

if TYPE_CHECKING:
    from rich.console import RenderableType

    from taipy_exec.protocol.messages import Heartbeat


def workers_table(
    heartbeats: Sequence[Heartbeat], digest: str, application: str | None = None
) -> RenderableType:
    """One row for each worker, with the jobs that it runs.

    Without a configuration here (no `digest`), the configuration of a worker has the name of the
    `application`, with a part of its digest if the workers have different ones.
    """
    from rich.text import Text

    if not heartbeats:
        return Text("no workers")
    table = new_table()
    for title, extra in _COLUMNS.items():
        table.add_column(title, **extra)
    for heartbeat in heartbeats:
        running = [f"{plain(task)} {duration(taken)}" for _, task, taken in heartbeat.running]
        table.add_row(
            plain(heartbeat.worker),
            plain(heartbeat.state),
            f"{len(heartbeat.running)}/{heartbeat.slots}",
            ", ".join(running),
            str(heartbeat.done),
            str(heartbeat.failed),
            duration(heartbeat.uptime),
            _configuration(
                heartbeat, digest, application, alone=len({b.digest for b in heartbeats}) == 1
            ),
        )
    return table


def _configuration(
    heartbeat: Heartbeat, digest: str, application: str | None, *, alone: bool
) -> str:
    if digest:
        return "same" if serves(heartbeat, digest) else "other"
    if not application:
        return plain(heartbeat.digest)
    return plain(application if alone else f"{application} ({heartbeat.digest[:8]})")


_COLUMNS: Mapping[str, Any] = {
    "Worker": {"overflow": "fold"},
    "State": {"no_wrap": True},
    "Slots": {"justify": "right", "no_wrap": True},
    "Runs": {"overflow": "fold"},
    "Done": {"justify": "right", "no_wrap": True},
    "Failed": {"justify": "right", "no_wrap": True},
    "Up": {"justify": "right", "no_wrap": True},
    "Configuration": {"no_wrap": True},
}


def queue_line(queue: Mapping[str, Any]) -> str:
    """`queue taipy-exec.v1.app.jobs: 3 ready, 2 running, 0 dead, 1 worker`."""
    workers = several(queue["workers"], "worker")
    return (
        f"queue {queue['name']}: {queue['ready']} ready, {queue['running']} running, "
        f"{queue['dead']} dead, {workers}"
    )


def dead_letters_table(found: Sequence[Mapping[str, Any]]) -> RenderableType:
    """A row for each dead letter."""
    table = new_table()
    for title in ("N", "Time", "Task", "Job", "Worker", "Reason"):
        table.add_column(
            title,
            overflow="fold",
            no_wrap=title == "N",
            justify="right" if title == "N" else "left",
        )
    for letter in found:
        table.add_row(
            str(letter["number"]),
            (letter["at"] or "").partition(".")[0].replace("T", " "),
            letter["task"] or "",
            short_id(letter["job"]) if letter["job"] else "",
            letter["worker"] or "",
            letter["reason"],
        )
    return table
