"""Which jobs are up to date, and what is recorded of those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from taipy_exec.engine.freshness import Freshness
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.job import JobRecord
from taipy_exec.store.rows import Content, Edit


class Writes(NamedTuple):
    """What is to be stored of the writes of jobs."""

    edits: list[Edit]
    contents: Sequence[Content]


class Skipping:
    """Asks for freshness when a job is about to start, and notes its writes when it has ended."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._made_from: dict[str, Mapping[str, object]] = {}
        self._edits: list[Edit] = []

    def may_skip(self, plan: SubmissionPlan, job: JobRecord, now: float) -> bool:
        """Whether it is up to date. If not, it runs, and what it is made from is noted."""
        if not job.skippable:
            return False
        task = plan.tasks[job.task]
        inputs = [plan.nodes[config.id] for config in task.inputs]
        outputs = [plan.nodes[config.id] for config in task.outputs]
        if not plan.record.force and self._freshness.why_run(task, inputs, outputs, now) is None:
            return True
        made_from = self._freshness.note_start(task, inputs)
        if made_from is not None:
            self._made_from[job.id] = made_from
        return False

    def note_outputs(
        self, plan: SubmissionPlan, job: JobRecord, at: float, source: str | None
    ) -> None:
        """The job has written its outputs; `source` is the digest of the function that ran."""
        made_from = self._made_from.get(job.id)
        for config in plan.tasks[job.task].outputs:
            node = plan.nodes[config.id]
            edit = Edit(node=node.id, at=at, job=job.id)
            if made_from is not None:
                edit = self._freshness.note_end(node, edit, made_from, source)
            self._edits.append(edit)
            self._freshness.note(edit)

    def forget(self, job: str) -> None:
        """The job has ended."""
        self._made_from.pop(job, None)

    def take(self) -> Writes:
        """What is to be stored since the last time."""
        edits, self._edits = self._edits, []
        return Writes(edits, self._freshness.take_contents())
