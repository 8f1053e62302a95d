"""Find the jobs that are up to date, and record the writes of those that are not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from taipy_exec.config.mapped import PartConfig
from taipy_exec.data.node import DataNodeRef
from taipy_exec.engine.freshness import Freshness
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.retries import RETRIES, chain_of
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status
from taipy_exec.store.rows import Content, Edit
from taipy_exec.store.store import Store


class Writes(NamedTuple):
    """The writes of jobs that must be stored."""

    edits: list[Edit]
    contents: Sequence[Content]


# A key in the record of an output: the digest of the element, or of all elements.
_ELEMENT = "element"


class Skipping:
    """Checks if a job is up to date before it starts, and notes its writes when it has ended."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._made_from: dict[str, Mapping[str, object]] = {}
        self._edits: list[Edit] = []
        self._reusable: dict[str, set[str]] = {}

    def reuse(self, store: Store, plan: SubmissionPlan) -> None:
        """In a retry, equal elements that completed before do not run again."""
        record = plan.record
        if RETRIES not in record.properties or plan.mapped is None:
            return
        chain = chain_of(record, store.submissions_of(record.instance))
        self._reusable[record.id] = {
            job.id
            for other in chain
            if other.id != record.id
            for job in store.jobs(other.id)
            if job.status is Status.COMPLETED
        }

    def leave(self, submission: str) -> None:
        """Drop a submission that has ended."""
        self._reusable.pop(submission, None)

    def may_skip(self, plan: SubmissionPlan, job: JobRecord, now: float) -> bool:
        """Whether the job is up to date. If not, the sources of its outputs are noted."""
        task = plan.tasks[job.task]
        element = None
        if plan.mapped is not None:
            element = plan.mapped.digest(job.task)
        if not job.skippable and element is None:
            return False
        outputs = [plan.nodes[config.id] for config in task.outputs]
        is_same = element is None or self._is_of(element, outputs)
        inputs = (
            [plan.nodes[config.id] for config in task.inputs]
            if plan.mapped is None
            else plan.mapped.inputs(job.task)
        )
        if is_same and self._is_reusable(plan, job, inputs, outputs):
            return True
        may_stay = job.skippable and is_same and not plan.record.force
        if may_stay and self._freshness.why_run(task, inputs, outputs, now) is None:
            return True
        made_from = self._freshness.note_start(task, inputs)
        if element:
            made_from = {**(made_from or {}), _ELEMENT: element}
        if made_from is not None:
            self._made_from[job.id] = made_from
        return False

    def _is_of(self, element: str, outputs: Sequence[DataNodeRef]) -> bool:
        """Whether these outputs were made from this element, or from these elements."""
        if not element:
            return False
        for node in outputs:
            edit = self._freshness.recorded(node)
            known = json.loads(edit.made_from) if edit and edit.made_from else {}
            if known.get(_ELEMENT) != element:
                return False
        return True

    def _is_reusable(
        self,
        plan: SubmissionPlan,
        job: JobRecord,
        inputs: Sequence[DataNodeRef],
        outputs: Sequence[DataNodeRef],
    ) -> bool:
        """Whether an earlier submission of the chain made these results, from the same inputs."""
        reusable = self._reusable.get(job.submission)
        if not reusable or not outputs or not isinstance(plan.tasks[job.task], PartConfig):
            return False
        edits = [self._freshness.recorded(node) for node in outputs]
        written = all(edit is not None and edit.job in reusable for edit in edits)
        there = written and all(node.changed_at() is not None for node in outputs)
        return there and self._freshness.were_read_as_now(inputs, outputs)

    def note_outputs(
        self, plan: SubmissionPlan, job: JobRecord, at: float, source: str | None
    ) -> None:
        """Note the outputs that a job has written. `source`: digest of the function that ran."""
        made_from = self._made_from.get(job.id)
        for config in plan.tasks[job.task].outputs:
            node = plan.nodes[config.id]
            edit = Edit(node=node.id, at=at, job=job.id)
            if made_from is not None:
                edit = self._freshness.note_end(node, edit, made_from, source)
            self._edits.append(edit)
            self._freshness.note(edit)

    def forget(self, job: str) -> None:
        """Drop a job that has ended."""
        self._made_from.pop(job, None)

    def take(self) -> Writes:
        """The writes since the last call."""
        edits, self._edits = self._edits, []
        return Writes(edits, self._freshness.take_contents())
