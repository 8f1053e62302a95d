"""The board: every job of the coordinator with what it waits for. Memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from taipy_exec.errors import ImpossibleTransition
from taipy_exec.model.event import Begun, Change, Starting, Stop
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import ALLOWED, DONE, WAITING, Reason, Status


class Board:
    """Jobs, submissions and the edges between jobs.

    Three kinds of edge: a *follower* reads what a job of its own submission writes, and is
    abandoned when that job fails; a job in `behind` only waits for another's end, because both
    use the same data node (two writers, or another submission of the same scenario instance);
    a *copy* does the same work for its submission of a sweep as another job for its own. It is
    `made` once that job is done, and abandoned when that job fails. If that job is canceled, the
    first copy takes its place.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, JobRecord] = {}
        self.submissions: dict[str, SubmissionRecord] = {}
        self.followers: dict[str, list[str]] = {}
        self.behind: dict[str, list[str]] = {}
        self.copies: dict[str, list[str]] = {}
        self.made: set[str] = set()
        self._splits: dict[str, str] = {}
        self.waits: dict[str, set[str]] = {}
        self.unwritten: dict[str, set[str]] = {}
        self.awaiting: dict[str, set[str]] = {}
        self.stopping: dict[str, str] = {}
        self._writers: dict[str, list[str]] = {}
        self._readers: dict[str, list[str]] = {}

    def admit(
        self,
        submission: SubmissionRecord,
        jobs: Sequence[JobRecord],
        predecessors: Mapping[str, Iterable[str]],
        unwritten: frozenset[str] = frozenset(),
        unexpanded: Mapping[str, str] | None = None,
        copies: Mapping[str, str] | None = None,
    ) -> None:
        """Put a submission on the board. `jobs` come in topological order.

        `predecessors` maps job id to job ids of the same submission; `unwritten` holds the ids
        of data nodes that have no value now. A resumed submission includes jobs that have ended.
        `unexpanded` maps the job that collects the results of a mapped task to the job that counts
        its elements: the collecting job also waits for `expand`. `copies` maps a job id to the job
        of an earlier submission that does the same work.
        """
        originals = copies or {}
        self.submissions[submission.id] = submission
        submission.jobs = tuple(job.id for job in jobs)
        submission.counts = {}
        written_before: set[str] = set()
        for job in jobs:
            self.jobs[job.id] = job
            self.followers[job.id] = []
            self.behind[job.id] = []
            counts = submission.counts
            counts[job.status] = counts.get(job.status, 0) + 1
            if job.status.is_final:
                written_before.update(job.outputs)
                self.waits[job.id] = set()
                self.unwritten[job.id] = set()
                continue
            waits = set()
            for earlier in predecessors.get(job.id, ()):
                self.followers[earlier].append(job.id)
                if not self.jobs[earlier].status.is_final:
                    waits.add(earlier)
            original = self.jobs.get(originals.get(job.id, ""))
            is_copy = original is not None and not original.status.is_final
            if is_copy:
                self.copies.setdefault(originals[job.id], []).append(job.id)
                waits.add(originals[job.id])
            else:
                for earlier in self._conflicts(job):
                    if earlier not in waits:
                        self.behind[earlier].append(job.id)
                        waits.add(earlier)
            if unexpanded and job.id in unexpanded:
                if is_copy:
                    self._splits[job.id] = unexpanded[job.id]
                else:
                    waits.add(_expansion(job.id))
            self.waits[job.id] = waits
            missing = {n for n in job.inputs if n in unwritten and n not in written_before}
            written_before.update(job.outputs)
            self.unwritten[job.id] = missing
            for node in missing:
                self.awaiting.setdefault(node, set()).add(job.id)
            if not is_copy:
                self._note_use(job)

    def _note_use(self, job: JobRecord) -> None:
        """Jobs that come later wait for this one where both touch the same data node."""
        for node in job.outputs:
            self._writers.setdefault(node, []).append(job.id)
        for node in job.inputs:
            self._readers.setdefault(node, []).append(job.id)

    def expand(self, collect: str, elements: Sequence[JobRecord]) -> None:
        """Put the jobs of a mapped task's elements on the board; `collect` waits for them."""
        submission = self.submissions[self.jobs[collect].submission]
        for job in elements:
            self.jobs[job.id] = job
            self.followers[job.id] = [collect]
            self.behind[job.id] = []
            self.waits[job.id] = set()
            self.unwritten[job.id] = set()
            submission.counts[job.status] = submission.counts.get(job.status, 0) + 1
        ids = tuple(job.id for job in elements)
        place = submission.jobs.index(collect)
        submission.jobs = (*submission.jobs[:place], *ids, *submission.jobs[place:])
        self.waits[collect].update(ids)
        self.waits[collect].discard(_expansion(collect))

    def _conflicts(self, job: JobRecord) -> Iterable[str]:
        """Unfinished earlier jobs that must end before this job may use its data nodes.

        A reader that waits for the value that this job writes is not one of them.
        """
        for node in job.outputs:
            yield from self._unfinished(self._writers, node)
            for reader in self._unfinished(self._readers, node):
                if node not in self.unwritten[reader]:
                    yield reader
        for node in job.inputs:
            yield from self._unfinished(self._writers, node)

    def _unfinished(self, index: dict[str, list[str]], node: str) -> list[str]:
        found = index.get(node)
        if not found:
            return []
        alive = [j for j in found if j in self.jobs and not self.jobs[j].status.is_final]
        index[node] = alive
        return list(alive)

    def apply(self, changes: Iterable[Change], stops: Iterable[Stop] = ()) -> None:
        """Apply what `decide` decided. Raises `ImpossibleTransition`, and does not change the job,
        if its status does not allow the step."""
        for change in changes:
            self._apply_one(change)
        for stop in stops:
            self.stopping[stop.job] = stop.reason

    def _apply_one(self, change: Change) -> None:
        job = self.jobs[change.job]
        after = change.after
        if job.status is not change.before or after not in ALLOWED.get(job.status, ()):
            raise ImpossibleTransition(
                f"job {job.id} cannot go from {job.status.name} to {after.name}: "
                f"expected {change.before.name}, attempt {job.attempt}, reason {job.reason}"
            )
        counts = self.submissions[job.submission].counts
        counts[job.status] -= 1
        counts[after] = counts.get(after, 0) + 1
        job.status = after
        job.reason = change.reason
        job.attempt = change.attempt
        if after is Status.RUNNING:
            job.started_at = change.at
            job.worker = change.worker
        elif after is Status.PENDING:
            job.pending_at = change.at
            if change.before is Status.RUNNING:
                job.started_at = job.worker = None
                self.stopping.pop(job.id, None)
        elif after is Status.BLOCKED:
            job.blocked_at = change.at
        else:
            self._end(job, change)

    def _end(self, job: JobRecord, change: Change) -> None:
        job.finished_at = change.at
        job.failure = change.failure
        job.duration = change.duration
        job.peak_memory = change.peak_memory
        job.cpu_seconds = change.cpu_seconds
        self.stopping.pop(job.id, None)
        for other in self.followers[job.id]:
            self.waits[other].discard(job.id)
        for other in self.behind[job.id]:
            if other in self.waits:
                self.waits[other].discard(job.id)
        for node in self.unwritten[job.id]:
            self.awaiting.get(node, set()).discard(job.id)
        self._end_for_copies(job, change)
        if change.after in DONE:
            self.mark_written(job.outputs)

    def note_start(self, event: Starting | Begun) -> JobRecord | None:
        """The job, which counts as started at that time; None if the event comes too late.

        While its process is being started its reason says so, unless it has another one.
        """
        job = self.jobs.get(event.job)
        if job is None or job.status is not Status.RUNNING or job.attempt != event.attempt:
            return None
        if job.reason in (None, Reason.STARTING):
            job.reason = Reason.STARTING if isinstance(event, Starting) else None
        job.started_at = event.at
        return job

    def waiting_copies(self, job: str) -> list[str]:
        """The copies of a job that have not ended."""
        found = self.copies.get(job, ())
        return [id for id in found if id in self.jobs and self.jobs[id].status in WAITING]

    def can_take_over(self, copy: str) -> bool:
        """Whether a copy can do the work: not if it collects results that another one made."""
        split = self._splits.get(copy)
        return split is None or not self.jobs[split].status.is_final

    def _end_for_copies(self, job: JobRecord, change: Change) -> None:
        copies = self.waiting_copies(job.id)
        self.copies.pop(job.id, None)
        for other in copies:
            self.waits[other].discard(job.id)
        if change.after in DONE:
            self.made.update(copies)
        elif copies and not _is_failure(change):
            heir, *rest = copies
            self._note_use(self.jobs[heir])
            if heir in self._splits:
                self.waits[heir].add(_expansion(heir))
            self.copies[heir] = rest
            for other in rest:
                self.waits[other].add(heir)

    def mark_written(self, nodes: Iterable[str]) -> None:
        """These data nodes have a value now; no job waits for their first one any longer."""
        if not self.awaiting:
            return
        for node in nodes:
            for job in self.awaiting.pop(node, ()):
                self.unwritten[job].discard(node)

    def forget(self, submission_id: str) -> None:
        """Remove an ended submission, so that a long-running process does not grow."""
        jobs = self.submissions.pop(submission_id).jobs
        nodes = {n for j in jobs for n in (*self.jobs[j].outputs, *self.jobs[j].inputs)}
        for users in (self._writers, self._readers):
            for node in nodes & users.keys():
                if not self._unfinished(users, node):
                    del users[node]
        self.made.difference_update(jobs)
        for job in jobs:
            self.copies.pop(job, None)
            self._splits.pop(job, None)
            for index in (self.jobs, self.followers, self.behind, self.waits, self.unwritten):
                index.pop(job, None)


def _expansion(collect: str) -> str:
    """A collecting job waits for this until the number of elements is known; not a job's id."""
    return f"expansion of {collect}"


def _is_failure(change: Change) -> bool:
    return change.after is Status.FAILED or change.reason == Reason.UPSTREAM_FAILED
