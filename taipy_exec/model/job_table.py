"""The job table: every job of the coordinator with what it waits for. Memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from taipy_exec.errors import ImpossibleTransition
from taipy_exec.model.event import Begun, Change, Starting, Stop
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import ALLOWED, DONE, WAITING, Reason, Status


class JobTable:
    """Jobs, submissions and the edges between jobs.

    Three kinds of edge: a *follower* reads what a job of its own submission writes, and is
    abandoned when that job fails; a job in `behind` only waits for another's end, because both
    use the same data node (two writers, or another submission of the same scenario instance);
    a *copy* does the same work for its submission of a sweep as another job for its own. It ends
    together with that job: skipped if that is done, abandoned if that fails. If that job is
    canceled, the first copy takes its place.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, JobRecord] = {}
        self.submissions: dict[str, SubmissionRecord] = {}
        self.followers: dict[str, list[str]] = {}
        self.behind: dict[str, list[str]] = {}
        self.copies: dict[str, list[str]] = {}
        self._original: dict[str, str] = {}
        self._unexpanded: dict[str, str] = {}
        self._due_expansions: list[str] = []
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
        """Put a submission on the job table. `jobs` come in topological order.

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
                self._original[job.id] = originals[job.id]
                waits.add(originals[job.id])
            else:
                for earlier in self._conflicts(job):
                    if earlier not in waits:
                        self.behind[earlier].append(job.id)
                        waits.add(earlier)
            if unexpanded and job.id in unexpanded:
                self._unexpanded[job.id] = unexpanded[job.id]
                if not is_copy:
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
        """Put the jobs of a mapped task's elements on the job table; `collect` waits for them.

        Whatever waits for the end of `collect` also waits for them: after a failure `collect` is
        abandoned at once, while other elements still run.
        """
        submission = self.submissions[self.jobs[collect].submission]
        later = [id for id in self.behind[collect] if id in self.waits]
        for job in elements:
            former = {id for node in job.outputs for id in self._unfinished(self._writers, node)}
            self.jobs[job.id] = job
            self.followers[job.id] = [collect]
            self.behind[job.id] = list(later)
            self.waits[job.id] = former
            for id in former:
                self.behind[id].append(job.id)
            self.unwritten[job.id] = set()
            submission.counts[job.status] = submission.counts.get(job.status, 0) + 1
            self._note_use(job)
        ids = tuple(job.id for job in elements)
        for id in later:
            self.waits[id].update(ids)
        self._unexpanded.pop(collect, None)
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

    def is_copy(self, job: str) -> bool:
        """Whether another job still does this job's work."""
        return job in self._original

    def takes_over_waits(self, original: str, heir: str) -> set[str]:
        """The jobs that a copy waits for when it takes the place of a canceled job.

        The heir waits for the same unfinished users of the data nodes as that job did, and for
        its elements if it collects results.
        """
        users = {id for id in self.waits[original] if original in self.behind.get(id, ())}
        return users | {_expansion(heir)} if heir in self._unexpanded else users

    def _end_for_copies(self, job: JobRecord, change: Change) -> None:
        self._original.pop(job.id, None)
        copies = self.waiting_copies(job.id)
        self.copies.pop(job.id, None)
        for other in copies:
            self.waits[other].discard(job.id)
        if copies and change.after not in DONE and not _is_failure(change):
            self._take_over(job.id, *copies)

    def _take_over(self, original: str, heir: str, *rest: str) -> None:
        """The heir takes the place of a canceled job among the jobs that use its data nodes."""
        del self._original[heir]
        for id in (waits := self.takes_over_waits(original, heir)):
            if id in self.behind:
                self.behind[id].append(heir)
        self.waits[heir].update(waits)
        self._note_use(self.jobs[heir])
        for id in self.behind[original]:
            if id in self.waits and id != heir and not self.jobs[id].status.is_final:
                self.waits[id].add(heir)
                self.behind[heir].append(id)
        if rest:
            self.copies[heir] = list(rest)
        for id in rest:
            self._original[id] = heir
            self.waits[id].add(heir)
        split = self._unexpanded.get(heir)
        if split is not None and self.jobs[split].status in DONE:
            self._due_expansions.append(split)

    def take_due_expansions(self) -> list[str]:
        """The jobs that counted elements for a collector that has taken over since the last call.

        The elements of the canceled collector belong to that, so its heir needs its own.
        """
        found, self._due_expansions = self._due_expansions, []
        return found

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
        for job in jobs:
            self.copies.pop(job, None)
            self._original.pop(job, None)
            self._unexpanded.pop(job, None)
            for index in (self.jobs, self.followers, self.behind, self.waits, self.unwritten):
                index.pop(job, None)


def _expansion(collect: str) -> str:
    """A collecting job waits for this until the number of elements is known; not a job's id."""
    return f"expansion of {collect}"


def _is_failure(change: Change) -> bool:
    return change.after is Status.FAILED or change.reason == Reason.UPSTREAM_FAILED
