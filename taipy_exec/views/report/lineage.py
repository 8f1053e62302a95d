"""The origin and the use of data: each data node with its writer, its time and its readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from taipy_exec.config.application import AppConfig, ScenarioConfig
from taipy_exec.data.node import DataNodeRef
from taipy_exec.engine.instances import instance_nodes
from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status
from taipy_exec.store.rows import Edit, Instance
from taipy_exec.store.store import Store

# A file's time of change and the stored time of the same write are taken one after the other.
_SAME_WRITE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A data node of the scenario instance of a submission.

    `writers` and `readers` are tasks of the submission. `written_at` and `written_by` (a job's id,
    an editor, or None for an unknown one) are those of the last write by this submission, or of
    the last one at all; `changed_since` is the time of a write after that. `is_missing`: there is
    no file, and it was never written.
    """

    node: str
    storage_type: str
    scope: str
    place: str
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    written_at: float | None = None
    written_by: str | None = None
    comment: str | None = None
    changed_since: float | None = None
    is_missing: bool = False

    @property
    def is_result(self) -> bool:
        """Whether a job of the submission writes it and none reads it."""
        return bool(self.writers) and not self.readers

    @property
    def is_input(self) -> bool:
        """Whether no job of the submission writes it."""
        return not self.writers


def lineage(
    store: Store,
    config: AppConfig,
    scenario: ScenarioConfig,
    instance: Instance,
    graph: JobGraph,
    jobs: Sequence[JobRecord],
    redacted: Callable[[str], str],
) -> tuple[Lineage, ...]:
    """The data nodes of the instance in the order of their use. No server is asked."""
    nodes = instance_nodes(config, scenario, instance)
    writers: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    for task in graph.tasks:
        for name in dict.fromkeys(task.outputs):
            writers.setdefault(name, []).append(task.id)
        for name in dict.fromkeys(task.inputs):
            readers.setdefault(name, []).append(task.id)
    last = store.last_edits([node.id for node in nodes.values()])
    by_task = {job.task: job for job in jobs}
    found = []
    for name, node in nodes.items():
        latest = last.get(node.id)
        own = _own_edit(store, node, latest, by_task, writers.get(name, ()))
        edit = own or latest
        at, by, since = _written(node, edit, latest)
        found.append(
            Lineage(
                node=name,
                storage_type=node.config.storage_type,
                scope=node.config.scope.name,
                place=redacted(_place(config, node)),
                writers=tuple(writers.get(name, ())),
                readers=tuple(readers.get(name, ())),
                written_at=at,
                written_by=by,
                comment=redacted(edit.comment) if edit and edit.comment and by else None,
                changed_since=since,
                is_missing=at is None and _has_file(node),
            )
        )
    return tuple(found)


def _own_edit(
    store: Store,
    node: DataNodeRef,
    latest: Edit | None,
    jobs: Mapping[str, JobRecord],
    writers: Sequence[str],
) -> Edit | None:
    """The last edit by a job of this submission."""
    mine = {
        jobs[task].id for task in writers if task in jobs and jobs[task].status is Status.COMPLETED
    }
    if not mine or latest is None:
        return None
    if latest.job in mine:
        return latest
    return next((edit for edit in reversed(store.edits(node.id)) if edit.job in mine), None)


def _written(
    node: DataNodeRef, edit: Edit | None, latest: Edit | None
) -> tuple[float | None, str | None, float | None]:
    """The time and writer of the last write, and the time of a later change, from the file."""
    changed = _file_changed_at(node)
    if edit is None:
        return changed, None, None
    again = [latest.at] if latest is not None else []
    if changed is not None:
        again.append(changed)
    since = max((at for at in again if at > edit.at + _SAME_WRITE), default=None)
    return edit.at, edit.job or edit.editor, since


def _file_changed_at(node: DataNodeRef) -> float | None:
    """The time of change of the data node's own file. A database is not asked."""
    if node.path is None or not _has_file(node):
        return None
    try:
        return node.path.stat().st_mtime
    except OSError:
        return None


def _has_file(node: DataNodeRef) -> bool:
    return node.path is not None and not node.config.sqlite_path


def _place(config: AppConfig, node: DataNodeRef) -> str:
    if node.path is not None and node.path.is_relative_to(config.root):
        return str(node.path.relative_to(config.root))
    return node.place
